/**
 * The mosaic of one meeting: keeps the worker alive, gives each site a slot, shows what the plan says, and leaves out a site whose stream
 * crashed the decoder twice. Sends no packet itself: where each tile goes is said by `taps`, where the mosaic goes by the forward tables.
 */
import { EventEmitter } from 'node:events';
import type { WorkerEvent } from '../../../hardware/gstreamer/events.ts';
import type { Worker } from '../../../hardware/gstreamer/worker.ts';
import type { Clock, Timer } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import { mosaicPage, mosaicSlots } from '../../../protocol/plan.ts';
import type { Plan, PlanHub } from '../../../protocol/schema/plan.ts';
import type { Part } from '../../../protocol/schema/reported.ts';
import { incarnate } from '../../../protocol/ssrc.ts';
import { bannedAt, banRules, crashedBy, nextRelease, noBans, slotOf } from '../bans.ts';
import { Domain } from '../domain.ts';
import type { Tap } from '../forward/table.ts';
import { event, type Note } from '../note.ts';
import { because } from '../report/because.ts';
import { assignSlots, mosaicView } from './layout.ts';
import { encoderId, mosaicPipeline, outProbe, tileSourceId } from './pipeline.ts';
import { settings } from './places.ts';

export interface MosaicServiceOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly note: Note;
  /** The relay's loopback input for the mosaic. */
  readonly relayPort: number;
  /** First incarnation of the mosaic's SSRC: not that of an earlier process. */
  readonly incarnation: number;
  readonly plan: Plan;
  readonly hub: PlanHub;
  readonly faults?: boolean;
  /** Whether a site sends to this hub: of one that it only stands by for, a missing picture is no news. */
  readonly expects: (site: string) => boolean;
}

/** A site's last picture. */
export interface Still {
  readonly jpeg: Buffer;
  readonly ageMs: number;
}

/** A picture that the relay lets through has been decoded and composed after this time, with room to spare. */
const throughMs = 250;

const tapName = (slot: number): string => `tile.${slot}`;

export type TileState = 'live' | 'slate' | 'banned';

export interface MosaicEvents {
  /** `taps` has changed: the forward tables have to be made anew. */
  taps: [];
}

export class Mosaic extends EventEmitter<MosaicEvents> {
  readonly #options: MosaicServiceOptions;
  readonly #domain: Domain;
  readonly #log: Log;
  #plan: Plan;
  #slots: ReadonlyMap<string, number> = new Map();
  #ports: readonly number[] = [];
  #bans = noBans;
  /** Slots whose owner's picture flows. */
  readonly #live = new Set<number>();
  /** Slots into which pictures flow, whoever's; and base SSRCs of what the relay says it sends there. */
  readonly #flowing = new Set<number>();
  readonly #sent = new Map<number, number>();
  readonly #thumbs = new Map<string, { readonly jpeg: Buffer; readonly at: number }>();
  readonly #applied = new Map<string, string | number>();
  #syncing: Promise<void> | null = null;
  #dirty = false;
  #release: Timer | null = null;

  constructor(options: MosaicServiceOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ part: 'mosaic', meeting: options.plan.meeting });
    this.#plan = options.plan;
    const { ssrc, format } = options.hub.streams.mosaic;
    this.#domain = new Domain({
      name: 'mosaic',
      rank: 'picture',
      clock: options.clock,
      log: this.#log,
      faults: options.faults ?? false,
      make: (life) => mosaicPipeline({ format, ssrc: incarnate(ssrc, options.incarnation + life), relayPort: options.relayPort }),
      ready: (worker) => this.#ready(worker),
    });
    this.#domain.on('event', (heard) => this.#heard(heard));
    this.#domain.on('lost', (loss) => this.#lost(loss));
    this.#domain.on('back', (info) => this.#back(info));
    this.#assign();
  }

  get worker(): Worker {
    return this.#domain.worker;
  }

  /** Where each tile of the page has to go. */
  get taps(): readonly Tap[] {
    const banned = this.#banned();
    return mosaicPage(this.#plan).flatMap(({ site, streams }): Tap[] => {
      const slot = this.#slots.get(site);
      const port = slot === undefined ? undefined : this.#ports[slot];
      if (slot === undefined || port === undefined) return [];
      return [{ name: tapName(slot), video: { port, ssrc: banned.has(site) ? null : streams.tile.ssrc }, audioPort: null }];
    });
  }

  start(): Promise<void> {
    return this.#domain.start();
  }

  async stop(): Promise<void> {
    this.#release?.cancel();
    await this.#domain.stop();
  }

  /** A new plan of the same meeting. */
  apply(plan: Plan): void {
    this.#plan = plan;
    this.#assign();
    this.#sync();
    this.emit('taps');
  }

  /**
   * A view of the relay shows another stream. Where pictures flowed before and after, nothing stalls and nothing begins to flow: this is all that
   * tells when a slot that changed hands has its new owner's picture.
   */
  switched(view: string, ssrc: number): void {
    const slot = this.#slotOfTap(view);
    if (slot === null) return;
    this.#sent.set(slot, ssrc);
    this.#options.clock.after(throughMs, 'a tile that changed hands is shown', () => {
      if (!this.#domain.playing || !this.#arrives(slot)) return;
      this.#flow(`tile_${slot}`, true, 0);
    });
  }

  /** Asks the encoder for an IDR: somebody joined or lost the picture. */
  keyframe(): void {
    if (!this.#domain.playing) return;
    this.worker.keyframe(encoderId).catch((error: unknown) => this.#log.debug({ because: because(error) }, 'mosaic keyframe was not made'));
  }

  part(): Part {
    return this.#domain.part();
  }

  /** What is seen of a site; null for one that is on another page. */
  tile(site: string): TileState | null {
    if (this.#banned().has(site)) return 'banned';
    const slot = this.#slots.get(site);
    if (slot === undefined) return null;
    return this.#live.has(slot) ? 'live' : 'slate';
  }

  /** The site's last picture, when it is not older than five seconds. */
  thumb(site: string): Still | null {
    const thumb = this.#thumbs.get(site);
    if (thumb === undefined) return null;
    const ageMs = this.#options.clock.mono() - thumb.at;
    return ageMs > 5000 ? null : { jpeg: thumb.jpeg, ageMs };
  }

  /** Pictures composed in the last second; 0 while it is down. */
  async fps(): Promise<number> {
    if (!this.#domain.playing) return 0;
    try {
      return (await this.worker.stats()).points[outProbe]?.fps ?? 0;
    } catch (error) {
      this.#log.debug({ because: because(error) }, 'mosaic did not tell its rate');
      return 0;
    }
  }

  #banned(): ReadonlySet<string> {
    return bannedAt(this.#bans, this.#options.clock.mono());
  }

  #assign(): void {
    const page = mosaicPage(this.#plan).map(({ site }) => site);
    const before = this.#slots;
    this.#slots = assignSlots(page, before, mosaicSlots);
    // A slot that changes hands shows nothing until its new owner's picture flows.
    for (const [site, slot] of before) if (this.#slots.get(site) !== slot) this.#live.delete(slot);
    // It may have changed back before the relay had anything to change.
    for (const slot of this.#slots.values()) if (this.#arrives(slot)) this.#live.add(slot);
  }

  #slotOfTap(view: string): number | null {
    const found = [...this.#slots.values()].find((slot) => view === `${this.#plan.meeting}.${tapName(slot)}`);
    return found ?? null;
  }

  /** What flows into a slot is its owner's. */
  #arrives(slot: number): boolean {
    const site = this.#siteAt(slot);
    const owner = this.#plan.sites.find((each) => each.site === site);
    return owner !== undefined && this.#flowing.has(slot) && this.#sent.get(slot) === owner.streams.tile.ssrc;
  }

  async #ready(worker: Worker): Promise<void> {
    this.#applied.clear();
    this.#live.clear();
    this.#flowing.clear();
    const ports = await Promise.all(Array.from({ length: mosaicSlots }, (_, slot) => worker.get(tileSourceId(slot), 'port')));
    this.#ports = ports.map(Number);
    await this.#set();
    this.emit('taps');
  }

  #sync(): void {
    this.#dirty = true;
    this.#syncing ??= this.#drain().finally(() => {
      this.#syncing = null;
    });
  }

  async #drain(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      if (!this.#domain.playing) return; // `ready` sets everything, `back` what has changed meanwhile
      try {
        await this.#set();
      } catch (error) {
        this.#log.warn({ because: because(error) }, 'mosaic could not be set');
      }
    }
  }

  /** Says to the worker what differs from what it was told. */
  async #set(): Promise<void> {
    const view = mosaicView(this.#plan, this.#slots, this.#banned());
    const changed = settings(view, this.#live).filter(
      ({ element, property, value }) => this.#applied.get(`${element} ${property}`) !== value,
    );
    for (const { element, property, value } of changed) this.#applied.set(`${element} ${property}`, value);
    await Promise.all(changed.map(({ element, property, value }) => this.worker.set(element, property, value)));
  }

  #siteAt(slot: number): string | null {
    return [...this.#slots].find(([, taken]) => taken === slot)?.[0] ?? null;
  }

  #heard(heard: WorkerEvent): void {
    if (heard.event === 'picture') {
      // Cut out of the composed picture: a slot that shows a slate has no picture of the site.
      const slot = slotOf(heard.name) ?? -1;
      const site = this.#live.has(slot) ? this.#siteAt(slot) : null;
      if (site !== null) this.#thumbs.set(site, { jpeg: Buffer.from(heard.data, 'base64'), at: this.#options.clock.mono() });
    } else if (heard.event === 'stalled' || heard.event === 'flowing') this.#flow(heard.name, heard.event === 'flowing', heard.gapMs);
  }

  #flow(name: string, flowing: boolean, gapMs: number): void {
    const slot = slotOf(name);
    if (slot !== null && flowing) this.#flowing.add(slot);
    else if (slot !== null) this.#flowing.delete(slot);
    const site = slot === null ? null : this.#siteAt(slot);
    if (slot === null || site === null || this.#live.has(slot) === flowing) return;
    if (flowing) this.#live.add(slot);
    else this.#live.delete(slot);
    this.#sync();
    this.#tileNote(site, slot, flowing ? 'live' : 'slate', flowing ? 'its picture flows' : `no picture for ${Math.round(gapMs)} ms`);
  }

  #tileNote(site: string, slot: number, what: TileState, why: string): void {
    if (this.#options.expects(site))
      this.#options.note(event('tile', what === 'live' ? 'info' : 'warning', what, why, this.#plan.meeting, { site, slot }));
  }

  #lost({ because: why, culprit, final }: { readonly because: string; readonly culprit: string | null; readonly final: boolean }): void {
    const { note, clock } = this.#options;
    this.#ports = [];
    this.#live.clear();
    this.#flowing.clear();
    const slot = culprit === null ? null : slotOf(culprit);
    const site = slot === null ? null : this.#siteAt(slot);
    note(event('process', 'error', final ? 'failed' : 'crashed', why, this.#plan.meeting, { program: 'mosaic', thread: culprit, site }));
    if (site !== null && slot !== null) {
      this.#bans = crashedBy(this.#bans, site, clock.mono());
      if (this.#banned().has(site))
        this.#tileNote(site, slot, 'banned', `its stream brought the decoder down ${banRules.crashes} times: ${why}`);
      this.#releaseLater();
    }
    this.emit('taps');
  }

  #releaseLater(): void {
    const at = this.#options.clock.mono();
    const next = nextRelease(this.#bans, at);
    this.#release?.cancel();
    if (next === null) return;
    this.#release = this.#options.clock.after(next - at, 'ban of a tile ends', () => {
      this.#sync();
      this.emit('taps');
      this.#releaseLater();
    });
  }

  #back({ life, outageMs }: { readonly life: number; readonly outageMs: number }): void {
    const facts = { program: 'mosaic', restarts: this.#domain.restarts, outageMs: Math.round(outageMs) };
    this.#options.note(event('process', 'info', life === 0 ? 'started' : 'restarted', this.part().because, this.#plan.meeting, facts));
    this.#sync();
  }
}
