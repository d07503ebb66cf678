/**
 * The mixer of one meeting: keeps the worker alive, chooses the speakers by what sites say of their loudness ten times a second, and says which
 * voice goes into which slot and which output each site hears. The order is what keeps a site from hearing itself: a new speaker is moved to
 * its own output before its voice goes in, and moved back only when its voice has run out.
 */
import { EventEmitter } from 'node:events';
import type { WorkerEvent } from '../../../hardware/gstreamer/events.ts';
import type { Worker } from '../../../hardware/gstreamer/worker.ts';
import type { Clock, Timer } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import { mutedIn, onAir } from '../../../protocol/plan.ts';
import type { Plan, PlanHub } from '../../../protocol/schema/plan.ts';
import type { Part } from '../../../protocol/schema/reported.ts';
import { incarnate, streamOf } from '../../../protocol/ssrc.ts';
import { bannedAt, banRules, crashedBy, nextRelease, noBans, slotOf } from '../bans.ts';
import { Domain, type Loss } from '../domain.ts';
import { attached, mixOutputs, type Output } from '../forward/table.ts';
import { event, type Note } from '../note.ts';
import { because } from '../report/because.ts';
import { mixerPipeline, slotSourceId } from './pipeline.ts';
import { hears, isSpeaking, levelOf, noSpeakers, reduceSpeakers, type Speakers, type SpeakersInput, speakerSlots } from './speakers.ts';

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

export class Audio extends EventEmitter<AudioEvents> {
  readonly #options: AudioServiceOptions;
  readonly #domain: Domain;
  readonly #log: Log;
  #plan: Plan;
  /** Site of each voice, by base SSRC. */
  #voices: ReadonlyMap<number, string> = new Map();
  /** Slot of each site whose voice goes into the mixer. */
  #seated: ReadonlyMap<string, number> = new Map();
  #ports: readonly number[] = [];
  #bans = noBans;
  /** When the next ban ends. */
  #release: number | null = null;
  #speakers: Speakers = noSpeakers;
  #hears: ReadonlyMap<string, Output> = new Map();
  #timer: Timer | null = null;
  #moving: Promise<void> | null = null;

  constructor(options: AudioServiceOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ part: 'audio', meeting: options.plan.meeting });
    this.#plan = options.plan;
    const outputs = mixOutputs(options.plan, options.hub);
    const { format } = options.hub.streams.mix;
    this.#domain = new Domain({
      name: 'audio',
      clock: options.clock,
      log: this.#log,
      rank: 'sound',
      faults: options.faults ?? false,
      make: (life) => {
        const ssrcs = outputs.map((ssrc) => incarnate(ssrc, options.incarnation + life)) as [number, number, number, number];
        return mixerPipeline({ kbps: format.kbps, frameMs: format.frameMs, ssrcs, relayPort: options.relayPort });
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

  /** Loopback port of each speaker's slot. */
  get ports(): ReadonlyMap<string, number> {
    return new Map([...this.#seated].flatMap(([site, slot]) => (this.#ports[slot] === undefined ? [] : [[site, this.#ports[slot]]])));
  }

  /** Which output each speaker hears; everybody else hears everybody. */
  get hears(): ReadonlyMap<string, Output> {
    return this.#hears;
  }

  async start(): Promise<void> {
    const { clock } = this.#options;
    this.#timer = clock.every(tickMs, 'choose speakers', () => {
      if (this.#release !== null && clock.mono() >= this.#release) this.#take(this.#plan);
      this.#step({ type: 'tick', at: clock.mono() });
    });
    await this.#domain.start();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#domain.stop();
  }

  apply(plan: Plan): void {
    this.#take(plan);
  }

  /** What sites said of their loudness, by base SSRC; of other meetings' too. */
  levels(levels: readonly { readonly ssrc: number; readonly db: number }[]): void {
    const at = this.#options.clock.mono();
    for (const { ssrc, db } of levels) {
      const site = this.#voices.get(ssrc);
      if (site !== undefined) this.#step({ type: 'level', site, db, at });
    }
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
    this.#voices = new Map(here.map(({ site, streams }) => [streamOf(streams.audio.ssrc), site]));
    const at = this.#options.clock.mono();
    const banned = bannedAt(this.#bans, at);
    this.#release = nextRelease(this.#bans, at);
    const allowed = here.filter(({ site }) => !mutedIn(plan, site) && !banned.has(site)).map(({ site }) => site);
    this.#step({ type: 'sites', allowed, floor: onAir(plan), at });
  }

  async #ready(worker: Worker): Promise<void> {
    const ports = await Promise.all(Array.from({ length: speakerSlots }, (_, slot) => worker.get(slotSourceId(slot), 'port')));
    this.#ports = ports.map(Number);
    this.#step({ type: 'mixer', runs: true, at: this.#options.clock.mono() });
    this.emit('ports');
  }

  #heard(heard: WorkerEvent): void {
    if (heard.event !== 'level') return;
    const slot = slotOf(heard.element);
    if (slot !== null) this.#step({ type: 'decoded', slot, db: Math.max(...heard.rms, -100), at: this.#options.clock.mono() });
  }

  #step(input: SpeakersInput): void {
    const before = this.#speakers;
    this.#speakers = reduceSpeakers(before, input);
    const { slots } = this.#speakers;
    if (slots === before.slots || same(slots, before.slots)) return;
    // A site that may be heard no more is silent now, whatever move is under way; whoever is new waits for its own output first.
    const fed = this.#seated.size;
    this.#seated = new Map([...this.#seated].filter(([site, slot]) => slots[slot]?.site === site));
    if (this.#seated.size < fed) this.emit('ports');
    this.#moving = (this.#moving ?? Promise.resolve())
      .then(() => this.#move())
      .catch((error: unknown) => {
        this.#log.warn({ because: because(error) }, 'speakers were not changed');
      });
  }

  async #move(): Promise<void> {
    const cooling = this.#speakers.slots.flatMap(({ cooling }) => cooling ?? []);
    this.#hears = hears(this.#speakers);
    await this.#options.forward();
    // Now, and not before, nothing of those who left comes in any more, and those who came listen to their own outputs.
    for (const site of cooling) this.#step({ type: 'unfed', site, at: this.#options.clock.mono() });
    const ready = this.#speakers.slots.flatMap(({ site }, slot): [string, number][] =>
      site !== null && this.#hears.get(site) === slot ? [[site, slot]] : [],
    );
    if (ready.length === this.#seated.size) return;
    this.#seated = new Map(ready);
    await this.#options.forward();
  }

  #lost({ because: why, culprit, final }: Loss & { readonly final: boolean }): void {
    const { note, clock } = this.#options;
    this.#ports = [];
    this.#step({ type: 'mixer', runs: false, at: clock.mono() });
    const slot = culprit === null ? undefined : this.#speakers.slots[slotOf(culprit) ?? -1];
    const site = slot?.site ?? slot?.cooling ?? null;
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
