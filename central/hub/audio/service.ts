/**
 * The mixer of one meeting: keeps the worker alive, listens to levels ten times a second, sets the matrix, and says which output each site
 * hears. The order is what keeps a site from hearing itself: a new speaker is moved to its own output before its voice is mixed in, and
 * moved back only when its voice has run out.
 */
import { EventEmitter } from 'node:events';
import type { WorkerEvent } from '../../../hardware/gstreamer/events.ts';
import type { Worker } from '../../../hardware/gstreamer/worker.ts';
import type { Clock, Timer } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import { onAir } from '../../../protocol/plan.ts';
import type { Plan, PlanHub } from '../../../protocol/schema/plan.ts';
import type { Part } from '../../../protocol/schema/reported.ts';
import { incarnate } from '../../../protocol/ssrc.ts';
import { bannedAt, banRules, crashedBy, noBans, slotOf } from '../bans.ts';
import { Domain, type Loss } from '../domain.ts';
import { attached, mixOutputs, type Output } from '../forward/table.ts';
import { assignSlots } from '../mosaic/layout.ts';
import { event, type Note } from '../note.ts';
import { because } from '../report/because.ts';
import { matrixText, mixMatrix } from './matrix.ts';
import { mixerPipeline, slotSourceId } from './pipeline.ts';
import { hears, isSpeaking, levelOf, noSpeakers, reduceSpeakers, type Speakers, type SpeakersInput } from './speakers.ts';

export interface AudioServiceOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly note: Note;
  /** The relay's loopback input for the mixes. */
  readonly relayPort: number;
  readonly incarnation: number;
  readonly plan: Plan;
  readonly hub: PlanHub;
  /** Makes the relay do what `ports` and `hears` say; resolves when it does. */
  readonly forward: () => Promise<void>;
  readonly faults?: boolean;
}

export interface AudioEvents {
  /** `ports` has changed. */
  ports: [];
}

const tickMs = 100;
/** Slots are made in steps, so that a site that joins seldom costs a rebuilt mixer. */
const slotStep = 16;

export class Audio extends EventEmitter<AudioEvents> {
  readonly #options: AudioServiceOptions;
  readonly #domain: Domain;
  readonly #log: Log;
  #plan: Plan;
  #slotCount: number;
  #slots: ReadonlyMap<string, number> = new Map();
  #ports: readonly number[] = [];
  #bans = noBans;
  #speakers: Speakers = noSpeakers;
  #hears: ReadonlyMap<string, Output> = new Map();
  #matrix = '';
  #timer: Timer | null = null;
  #moving: Promise<void> | null = null;

  constructor(options: AudioServiceOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ part: 'audio', meeting: options.plan.meeting });
    this.#plan = options.plan;
    this.#slotCount = slotStep;
    const outputs = mixOutputs(options.plan, options.hub);
    const { format } = options.hub.streams.mix;
    this.#domain = new Domain({
      name: 'audio',
      clock: options.clock,
      log: this.#log,
      faults: options.faults ?? false,
      make: (life) => {
        const ssrcs = outputs.map((ssrc) => incarnate(ssrc, options.incarnation + life)) as [number, number, number, number];
        return mixerPipeline({ slots: this.#slotCount, kbps: format.kbps, frameMs: format.frameMs, ssrcs, relayPort: options.relayPort });
      },
      ready: (worker) => this.#ready(worker),
    });
    this.#domain.on('event', (heard) => this.#heard(heard));
    this.#domain.on('lost', (loss) => this.#lost(loss));
    this.#domain.on('back', ({ life, outageMs }) => {
      const facts = { program: 'audio', restarts: this.#domain.restarts, outageMs: Math.round(outageMs) };
      options.note(event('process', 'info', life === 0 ? 'started' : 'restarted', this.part().because, this.#plan.meeting, facts));
    });
    this.#take(options.plan);
  }

  get worker(): Worker {
    return this.#domain.worker;
  }

  /** Loopback port of each site's slot. */
  get ports(): ReadonlyMap<string, number> {
    const banned = bannedAt(this.#bans, this.#options.clock.mono());
    const open = [...this.#slots].map(([site, slot]): [string, number | undefined] => [
      site,
      banned.has(site) ? undefined : this.#ports[slot],
    ]);
    return new Map(open.filter((pair): pair is [string, number] => pair[1] !== undefined));
  }

  /** Which output each speaker hears; everybody else hears everybody. */
  get hears(): ReadonlyMap<string, Output> {
    return this.#hears;
  }

  async start(): Promise<void> {
    this.#timer = this.#options.clock.every(tickMs, 'choose speakers', () => this.#step({ type: 'tick', at: this.#options.clock.mono() }));
    await this.#domain.start();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#domain.stop();
  }

  apply(plan: Plan): void {
    const before = this.#slotCount;
    this.#take(plan);
    if (this.#slotCount !== before) void this.#domain.rebuild(`the meeting needs ${this.#slotCount} slots`);
    this.emit('ports');
  }

  part(): Part {
    return this.#domain.part();
  }

  levelDb(site: string): number {
    return levelOf(this.#speakers, site, this.#options.clock.mono());
  }

  speaking(site: string): boolean {
    return isSpeaking(this.#speakers, site, this.#options.clock.mono());
  }

  #take(plan: Plan): void {
    this.#plan = plan;
    const here = attached(plan, this.#options.hub.hub);
    this.#slotCount = Math.max(this.#slotCount, Math.ceil(here.length / slotStep) * slotStep);
    this.#slots = assignSlots(
      here.map(({ site }) => site),
      this.#slots,
      this.#slotCount,
    );
    const at = this.#options.clock.mono();
    const banned = bannedAt(this.#bans, at);
    const allowed = here.filter(({ site, muted }) => !muted && !banned.has(site)).map(({ site }) => site);
    this.#step({ type: 'sites', allowed, floor: onAir(plan), at });
  }

  async #ready(worker: Worker): Promise<void> {
    const ports = await Promise.all(Array.from({ length: this.#slotCount }, (_, slot) => worker.get(slotSourceId(slot), 'port')));
    this.#ports = ports.map(Number);
    this.#matrix = '';
    this.emit('ports');
    await this.#mix();
  }

  #heard(heard: WorkerEvent): void {
    if (heard.event !== 'level') return;
    const slot = slotOf(heard.element);
    const site = [...this.#slots].find(([, taken]) => taken === slot)?.[0];
    if (site !== undefined) this.#step({ type: 'level', site, db: Math.max(...heard.rms, -100), at: this.#options.clock.mono() });
  }

  #step(input: SpeakersInput): void {
    const before = this.#speakers;
    this.#speakers = reduceSpeakers(before, input);
    if (this.#speakers.slots === before.slots || same(this.#speakers.slots, before.slots)) return;
    // A site that may be heard no more is silent now; whoever is new waits for its own output first.
    this.#moving = (this.#moving ?? Promise.resolve())
      .then(() => this.#move())
      .catch((error: unknown) => {
        this.#log.warn({ because: because(error) }, 'speakers were not changed');
      });
  }

  async #move(): Promise<void> {
    const listens = hears(this.#speakers);
    await this.#mix(listens);
    if (!sameMap(listens, this.#hears)) {
      this.#hears = listens;
      await this.#options.forward();
    }
    await this.#mix();
  }

  /** Sets the matrix: everybody in a slot, or (with `among`) those of them who listen to their own output already. */
  async #mix(among: ReadonlyMap<string, Output> | null = null): Promise<void> {
    if (this.#ports.length === 0) return;
    const safe = (site: string, slot: number): boolean => among === null || (this.#hears.get(site) === slot && among.get(site) === slot);
    const inputs = this.#speakers.slots.map(({ site }, slot) =>
      site !== null && safe(site, slot) ? (this.#slots.get(site) ?? null) : null,
    );
    const matrix = matrixText(mixMatrix(this.#slotCount + 1, inputs));
    if (matrix === this.#matrix) return;
    this.#matrix = matrix;
    await this.worker.set('mix', 'matrix', matrix);
  }

  #lost({ because: why, culprit, final }: Loss & { readonly final: boolean }): void {
    const { note, clock } = this.#options;
    this.#ports = [];
    this.#matrix = '';
    const slot = culprit === null ? null : slotOf(culprit);
    const site = slot === null ? null : ([...this.#slots].find(([, taken]) => taken === slot)?.[0] ?? null);
    note(event('process', 'error', final ? 'failed' : 'crashed', why, this.#plan.meeting, { program: 'audio', thread: culprit, site }));
    if (site !== null) {
      this.#bans = crashedBy(this.#bans, site, clock.mono());
      if (bannedAt(this.#bans, clock.mono()).has(site)) {
        note(
          event('tile', 'warning', 'silenced', `its sound brought the mixer down ${banRules.crashes} times: ${why}`, this.#plan.meeting, {
            site,
          }),
        );
        this.#take(this.#plan);
      }
    }
    this.emit('ports');
  }
}

const same = (a: Speakers['slots'], b: Speakers['slots']): boolean =>
  a.every((slot, index) => slot.site === b[index]?.site && slot.cooling === b[index]?.cooling);
const sameMap = (a: ReadonlyMap<string, Output>, b: ReadonlyMap<string, Output>): boolean =>
  a.size === b.size && [...a].every(([site, output]) => b.get(site) === output);
