/**
 * One meeting on this hub: its mosaic, mixer, recorder and previews, each a fault domain, and the table that ties them to the relay. None
 * of them is in the way of the floor.
 */
import type { Relay } from '../../hardware/relay/relay.ts';
import type { PreviewView } from '../../protocol/api.ts';
import type { Clock } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import { findSite } from '../../protocol/plan.ts';
import type { Plan, PlanHub } from '../../protocol/schema/plan.ts';
import type { Part } from '../../protocol/schema/reported.ts';
import { incarnate } from '../../protocol/ssrc.ts';
import { Audio } from './audio/service.ts';
import type { Input, InputPart, Inputs } from './forward/inputs.ts';
import { meetingTable, serves, type Table } from './forward/table.ts';
import { Thinning } from './forward/thinning.ts';
import { Mosaic } from './mosaic/service.ts';
import type { Note } from './note.ts';
import { Preview } from './preview/service.ts';
import { Singles } from './preview/singles.ts';
import { Recorder } from './record/service.ts';
import type { Shelf } from './record/shelf.ts';

export interface MeetingOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly note: Note;
  readonly relay: Relay;
  readonly inputs: Inputs;
  readonly shelf: Shelf;
  readonly plan: Plan;
  readonly hub: PlanHub;
  /** The table has changed; resolves when the relay does it. */
  readonly forward: () => Promise<void>;
  /** Somebody needs an IDR of this stream. */
  readonly ask: (ssrc: number) => void;
  /** A part's state has changed. */
  readonly changed: () => void;
  /** Allows drills in the workers. */
  readonly faults: boolean;
  /** When this meeting's former self has closed its recording, which may be the same. */
  readonly closed: Promise<void>;
}

/** What is waited for when a meeting ends. */
export interface Ending {
  /** Pictures and sound are over, their ports are free. */
  readonly parts: Promise<void>;
  /** Its recording is closed: that takes as long as the disk takes. */
  readonly closed: Promise<void>;
}

/** A site says every second that it needs this hub; one that is silent for so long has no need, or its word did not come. */
const wakeLastsMs = 15_000;
/** Sound that is away longer than this is left out of a recording, because a muxer waits for it. */
const soundPatienceMs = 3000;

export class Meeting {
  readonly hub: PlanHub;
  readonly #options: MeetingOptions;
  readonly #mosaic: Mosaic;
  readonly #audio: Audio;
  readonly #previews: ReadonlyMap<PreviewView, Preview>;
  /** Previews of single sites. */
  readonly singles: Singles;
  /** Who is sent less. */
  readonly thinning: Thinning;
  #recorder: Recorder | null = null;
  #recording: Promise<void>;
  #diskAllows: { readonly yes: boolean; readonly because: string } = { yes: true, because: '' };
  #plan: Plan;
  #soundLostAt: number | null = null;
  /** Sites that asked this hub, which stands by for them, to serve them; when they last did (monotonic ms). */
  readonly #awake = new Map<string, number>();

  readonly #inputs: Readonly<Record<InputPart, Input>>;

  private constructor(options: MeetingOptions, inputs: Readonly<Record<InputPart, Input>>) {
    this.#options = options;
    this.#inputs = inputs;
    this.#plan = options.plan;
    this.#recording = options.closed;
    this.hub = options.hub;
    const { clock, log, note, plan, hub, faults } = options;
    const forward = (): Promise<void> => options.forward().then(options.changed);
    // Receivers may still know the streams of an earlier process: begin at another incarnation.
    const incarnation = Math.floor(clock.now() / 1000);
    const shared = { clock, log, note, plan, hub, faults, incarnation };
    const expects = (site: string): boolean => {
      const planned = findSite(this.#plan, site);
      return planned !== undefined && serves(planned, hub.hub, this.awake);
    };
    this.#mosaic = new Mosaic({ ...shared, relayPort: inputs.mosaic.port, expects });
    this.#mosaic.on('taps', forward);
    this.#audio = new Audio({ ...shared, relayPort: inputs.audio.port, forward: options.forward });
    this.#audio.on('ports', forward);
    const watched = { clock, log, plan, hub, changed: forward, ask: options.ask };
    const preview = (is: PreviewView): [PreviewView, Preview] => [is, new Preview({ ...watched, subject: { is } })];
    this.#previews = new Map([preview('mosaic'), preview('program')]);
    this.singles = new Singles(watched);
    this.thinning = new Thinning({ relay: options.relay, log, note, hub, changed: forward, ask: options.ask });
  }

  /** Opens the relay's inputs and makes the parts; they start in the background. @throws FaultError when the relay is not up. */
  static async begin(options: MeetingOptions): Promise<Meeting> {
    const { inputs } = options;
    const mosaic = await inputs.open('mosaic');
    const audio = await inputs.open('audio').catch(async (error: unknown) => {
      await inputs.close(mosaic);
      throw error;
    });
    const meeting = new Meeting(options, { mosaic, audio });
    void meeting.#mosaic.start();
    void meeting.#audio.start();
    meeting.#record();
    return meeting;
  }

  get plan(): Plan {
    return this.#plan;
  }

  get mosaic(): Mosaic {
    return this.#mosaic;
  }

  get audio(): Audio {
    return this.#audio;
  }

  get recorder(): Recorder | null {
    return this.#recorder;
  }

  preview(view: PreviewView): Preview | undefined {
    return this.#previews.get(view);
  }

  /** Takes a newer plan of the same meeting; resolves when the relay does what it says. */
  async apply(plan: Plan): Promise<void> {
    this.#plan = plan;
    // The floor first: everything below may take its time.
    const forwarded = this.#options.forward();
    this.#mosaic.apply(plan);
    this.#audio.apply(plan);
    for (const preview of this.#previews.values()) preview.apply(plan);
    this.singles.apply(plan);
    this.#record();
    await forwarded;
  }

  /** What the relay does for this meeting now. @param relayStarts how often the relay was started again. */
  table(keys: ReadonlyMap<string, string>, relayStarts: number): Table {
    const previews = [...[...this.#previews.values()].flatMap((each) => each.taps), ...this.singles.taps];
    const taps = [...this.#mosaic.taps, ...(this.#recorder?.taps ?? []), ...previews];
    const mixAs = incarnate(this.hub.streams.mix.ssrc, relayStarts);
    const { ports: audioPorts, hears } = this.#audio;
    const { thinned } = this.thinning;
    const inputs = { mosaic: this.#inputs.mosaic.name, audio: this.#inputs.audio.name };
    return meetingTable(this.#plan, this.hub, keys, { awake: this.awake, audioPorts, hears, mixAs, taps, inputs, thinned });
  }

  /** Sites that are served though the plan has them elsewhere. */
  get awake(): ReadonlySet<string> {
    return new Set(this.#awake.keys());
  }

  /** A site asks to be served, or not any more; true when that is news. */
  wake(site: string, on: boolean): boolean {
    const news = on !== this.#awake.has(site);
    if (on) this.#awake.set(site, this.#options.clock.mono());
    else this.#awake.delete(site);
    return news;
  }

  /** A view of the relay shows another stream (base SSRC). */
  switched(view: string, ssrc: number): void {
    this.#recorder?.switched(view);
    this.#mosaic.switched(view, ssrc);
    for (const preview of this.#previews.values()) preview.switched(view);
    this.singles.switched(view);
  }

  /** Once a second: what depends on time alone. */
  tick(): void {
    const at = this.#options.clock.mono();
    const forgotten = [...this.#awake].filter(([, when]) => at - when > wakeLastsMs);
    for (const [site] of forgotten) this.#awake.delete(site);
    if (forgotten.length > 0) void this.#options.forward();
    const there = this.#audio.part().state === 'running';
    this.#soundLostAt = there ? null : (this.#soundLostAt ?? at);
    const sound = this.#soundLostAt === null || at - this.#soundLostAt < soundPatienceMs;
    this.#recorder?.sound(sound);
    for (const preview of this.#previews.values()) preview.sound(sound);
  }

  /** Whether the disk has room for recordings. */
  disk(yes: boolean, because: string): void {
    this.#diskAllows = { yes, because };
    this.#recorder?.allow(yes, because);
  }

  parts(): readonly Part[] {
    return [this.#mosaic.part(), this.#audio.part(), ...(this.#recorder === null ? [] : [this.#recorder.part()])];
  }

  get pids(): readonly number[] {
    const workers = [this.#mosaic.worker.pid, this.#audio.worker.pid].filter((pid) => pid !== null);
    const previews = [...[...this.#previews.values()].flatMap((each) => each.pids), ...this.singles.pids];
    return [...workers, ...(this.#recorder?.pids ?? []), ...previews];
  }

  /** A drill kills the worker of this part. Null, or why not. */
  kill(part: 'mosaic' | 'mixer' | 'recorder'): string | null {
    const worker = part === 'mosaic' ? this.#mosaic.worker : part === 'mixer' ? this.#audio.worker : (this.#recorder?.worker ?? null);
    if (worker === null) return 'nothing is recorded';
    if (worker.pid === null) return `the ${part} does not run`;
    worker.kill('SIGKILL');
    return null;
  }

  /** @param done the meeting has ended; otherwise this process ends and another may go on. */
  end(done: boolean): Ending {
    this.thinning.stop();
    return { parts: this.#stop(done), closed: this.#recording.then(() => this.#recorder?.stop(done)) };
  }

  async #stop(done: boolean): Promise<void> {
    await Promise.all([
      ...[...this.#previews.values()].map((preview) => preview.stop()),
      this.singles.stop(),
      this.#mosaic.stop(),
      this.#audio.stop(),
    ]);
    if (done) for (const input of Object.values(this.#inputs)) await this.#options.inputs.close(input);
  }

  #record(): void {
    const { recording } = this.#plan;
    const running = this.#recorder;
    if (running !== null && running.recording === recording?.id) {
      running.apply(this.#plan);
      return;
    }
    this.#recorder = null;
    const { clock, log, note, shelf } = this.#options;
    const next =
      recording === null
        ? null
        : new Recorder({
            clock,
            log,
            note,
            shelf,
            plan: this.#plan,
            hub: this.hub,
            recording,
            changed: () => void this.#options.forward().then(this.#options.changed),
          });
    this.#recorder = next;
    next?.allow(this.#diskAllows.yes, this.#diskAllows.because);
    // One after the other: the same recording may be ended and begun again.
    this.#recording = this.#recording
      .then(() => running?.stop(true))
      .then(() => next?.start())
      .catch((error: unknown) => log.error({ err: error }, 'recorder did not start'));
  }
}
