/**
 * The recorder of one meeting: a segment for each speaker and format, the mosaic while nobody speaks, a manifest beside them. A full disk
 * stops the recording with an alarm; the meeting knows nothing of it.
 */
import type { Worker } from '../../../hardware/gstreamer/worker.ts';
import type { Clock } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import { onAir } from '../../../protocol/plan.ts';
import type { ClockReading, RecordingManifest } from '../../../protocol/recording.ts';
import type { Plan, PlanHub } from '../../../protocol/schema/plan.ts';
import type { Part } from '../../../protocol/schema/reported.ts';
import type { Tap } from '../forward/table.ts';
import { event, type Note } from '../note.ts';
import { because } from '../report/because.ts';
import { type Take, Takes, takeAudio, type Wanted } from '../takes.ts';
import { Latest } from './latest.ts';
import {
  closedBytes,
  ended,
  newManifest,
  nextSegment,
  type Readings,
  segmentFile,
  withEnd,
  withHubs,
  withReadings,
  withSegment,
} from './manifest.ts';
import { recorderPipeline } from './pipeline.ts';
import type { Shelf } from './shelf.ts';

export interface RecorderOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly note: Note;
  readonly shelf: Shelf;
  readonly plan: Plan;
  readonly hub: PlanHub;
  readonly recording: NonNullable<Plan['recording']>;
  /** `taps` has changed. */
  readonly changed: () => void;
}

/** Readings of the clocks that are kept for each track of a segment. */
const maxReadings = 900;

export interface Segment extends Wanted {
  readonly site: string | null;
  readonly grantN: number;
}

/** What is to be recorded: the speaker's picture, or the mosaic while nobody speaks. Pure. */
export function wantedSegment(plan: Plan, hub: PlanHub, sound: boolean): Segment {
  const site = plan.sites.find((each) => each.site === onAir(plan));
  const { ssrc, format } = site === undefined ? hub.streams.mosaic : site.streams.main;
  const key = `${ssrc} ${format.width}x${format.height} ${sound ? 'sound' : 'silent'}`;
  return { key, ssrc, sound, site: site?.site ?? null, grantN: plan.grant.n };
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #log: Log;
  #takes: Takes<Segment> | null = null;
  readonly #readings = new Map<number, { picture: ClockReading[]; sound: ClockReading[] }>();
  readonly #bytes = new Latest(() => this.#weigh(), 0);
  #plan: Plan;
  #sound = true;
  #allowed: { readonly yes: boolean; readonly because: string } = { yes: true, because: '' };
  #problem: string | null = null;
  #stopped = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#plan = options.plan;
    this.#log = options.log.child({ part: 'record', recording: options.recording.id });
  }

  get recording(): string {
    return this.#options.recording.id;
  }

  get taps(): readonly Tap[] {
    return this.#takes?.taps ?? [];
  }

  /** The process that writes now. */
  get worker(): Worker | null {
    return this.#takes?.worker ?? null;
  }

  get pids(): readonly number[] {
    return this.#takes?.pids ?? [];
  }

  async start(): Promise<void> {
    const { shelf, recording, plan, clock, log, meeting } = { ...this.#options, meeting: this.#options.plan.meeting };
    const before = await shelf.manifest(recording.id);
    const manifest = before === null ? newManifest(plan, recording, clock.now(), this.#options.hub.hub) : withHubs(before, plan);
    await shelf.write(manifest);
    this.#takes = new Takes<Segment>(
      {
        name: 'rec',
        meeting,
        clock,
        log,
        fds: 0,
        pipeline: (n, want) => recorderPipeline(shelf.path(recording.id, segmentFile(n)) ?? '/dev/null', want.sound),
        changed: this.#options.changed,
        prepared: async (take) => this.#listen(take),
        began: (take) => this.#began(take),
        ended: (take, why) => this.#ended(take, why),
      },
      nextSegment(manifest, await shelf.segments(recording.id)),
    );
    this.#aim();
  }

  apply(plan: Plan): void {
    this.#plan = plan;
    if (this.#manifest !== null) void this.#change((manifest) => withHubs(manifest, plan));
    this.#aim();
  }

  /** Whether everybody's mix is there to be recorded. */
  sound(there: boolean): void {
    this.#sound = there;
    this.#aim();
  }

  /** Whether the disk has room. */
  allow(yes: boolean, why: string): void {
    if (this.#allowed.yes === yes) return;
    this.#allowed = { yes, because: why };
    this.#note(yes ? 'info' : 'error', yes ? 'resumed' : 'failed', why, {});
    this.#aim();
  }

  switched(view: string): void {
    this.#takes?.switched(view);
  }

  /** Closes the files and the manifest. With `done` the recording has ended; without, this process ends and it may go on. */
  async stop(done: boolean): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#takes?.stop();
    if (this.#manifest === null) return;
    if (done) await this.#change((manifest) => ended(manifest, this.#options.clock.now()));
    if (done) this.#note('info', 'stopped', 'the chair ended it', {});
    this.#options.shelf.forget(this.recording);
  }

  part(): Part {
    const restarts = this.#takes?.failures ?? 0;
    if (!this.#allowed.yes) return { name: 'record', state: 'failed', because: this.#allowed.because, restarts };
    if (this.#takes?.rolling) return { name: 'record', state: 'running', because: 'records', restarts };
    return { name: 'record', state: 'starting', because: this.#problem ?? 'waits for the first picture', restarts };
  }

  /** Bytes on disk, as the disk last told; asks it again. */
  get bytes(): number {
    this.#bytes.ask().catch((error: unknown) => this.#log.error({ err: error }, 'recording was not weighed'));
    return this.#bytes.value;
  }

  async #weigh(): Promise<number> {
    const open = this.#manifest?.segments.filter(({ endedAt }) => endedAt === null) ?? [];
    const sizes = await Promise.all(open.map(({ file }) => this.#options.shelf.size(this.recording, file)));
    return sizes.reduce((sum, size) => sum + size, this.#manifest === null ? 0 : closedBytes(this.#manifest));
  }

  #aim(): void {
    if (this.#stopped) return;
    this.#takes?.apply(this.#allowed.yes ? wantedSegment(this.#plan, this.#options.hub, this.#sound) : null);
  }

  #began(take: Take<Segment>): void {
    if (this.#manifest === null) return;
    const { site, grantN } = take.want;
    this.#problem = null;
    this.#note(
      'info',
      this.#manifest.segments.length === 0 ? 'started' : 'segment',
      site === null ? 'nobody has the floor' : `${site} has the floor`,
      {
        segment: take.n,
        file: segmentFile(take.n),
        site,
      },
    );
    const readings = this.#readings.get(take.n);
    void this.#change((manifest) => withSegment(manifest, take.n, { site, grantN }, this.#options.clock.now(), readings));
  }

  async #ended(take: Take<Segment>, why: string | null): Promise<void> {
    if (this.#manifest === null) return;
    const at = this.#options.clock.now();
    const file = segmentFile(take.n);
    const bytes = await this.#options.shelf.size(this.recording, file);
    // No picture ever came: the file holds a header at most.
    if (!this.#manifest.segments.some((segment) => segment.file === file)) await this.#options.shelf.removeSegment(this.recording, file);
    if (why !== null) {
      this.#problem = why;
      this.#note('error', 'cut', why, { segment: take.n, file });
    }
    this.#readings.delete(take.n);
    await this.#change((manifest) => withEnd(manifest, take.n, at, bytes, why));
  }

  get #manifest(): RecordingManifest | null {
    return this.#options.shelf.opened(this.recording);
  }

  /** What the take's packets say of the time: before its first picture, and whenever the clocks have moved against each other. */
  #listen({ n, worker }: Take<Segment>): void {
    const readings: { picture: ClockReading[]; sound: ClockReading[] } = { picture: [], sound: [] };
    this.#readings.set(n, readings);
    worker.on('event', (heard) => {
      if (heard.event !== 'rtp-time' || this.#readings.get(n) !== readings) return;
      const track = heard.name === takeAudio ? readings.sound : readings.picture;
      track.push({ file: heard.pipelineMs, capture: heard.captureMs, hub: heard.wallMs });
      // The first is what a file is laid beside others by; of the rest the newest are kept.
      if (track.length > maxReadings) track.splice(1, 1);
      const known: Readings = readings;
      if (this.#manifest?.segments.some(({ file }) => file === segmentFile(n)))
        void this.#change((manifest) => withReadings(manifest, n, known));
    });
  }

  async #change(how: (manifest: RecordingManifest) => RecordingManifest): Promise<void> {
    const written = await this.#options.shelf.change(this.recording, how);
    if (!written.ok) this.#problem = because(new Error(written.fault.code));
  }

  #note(severity: 'info' | 'error', what: string, why: string, facts: Readonly<Record<string, string | number | boolean | null>>): void {
    this.#log.info({ what, because: why, ...facts }, 'recording changed');
    this.#options.note(event('recording', severity, what, why, this.#plan.meeting, { recording: this.recording, ...facts }));
  }
}
