/** What a site sends: picture and voice, made by one worker where nothing of it can fail alone, by two where a camera or microphone can. */
import type { WorkerEvent } from '../../hardware/gstreamer/events.ts';
import { type Pipeline, pipeline } from '../../hardware/gstreamer/pipeline.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { brief, FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { Part as PartReport } from '../../protocol/schema/reported.ts';
import type { EdgeTelemetry } from '../../protocol/schema/telemetry.ts';
import type { Incarnations } from '../store/incarnations.ts';
import { cameraPad, cameraPoint, sourceSelector, sourceWatch } from './capture.ts';
import { Device } from './device.ts';
import { MediaPart } from './part.ts';
import { type Feed, mainGate, mainStream, type Parts, type PictureOptions, pictureParts, tilePoint, tileStream } from './picture.ts';
import { bursts } from './sound/bursts.ts';
import type { SoundIn } from './sound/choose.ts';
import { muteSwitch, syntheticVoice, voiceParts } from './sound/voice.ts';
import { isCamera } from './source.ts';
import { sameShape, type UplinkWant } from './streams.ts';

export interface UplinkOptions extends PictureOptions {
  readonly node: string;
  readonly input: SoundIn;
  readonly incarnations: Incarnations;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (event: EventBody) => void;
  /** What was told of the picture by another one whose place this one takes. Default: that it is well. */
  readonly told?: 'camera' | 'slate';
}

/** One worker for picture and voice: only where neither can fail. The slate alone waits for a camera. */
export const together = (source: Feed['source'], input: SoundIn): boolean =>
  source !== null && !isCamera(source) && input.kind !== 'device';

/** Names of parts of the sending pipeline that are ours: when one of these fails, the camera is not to blame. */
const OURS = /^(main|tile|opus|audio|slate|picture|source|udpsink)/;

/** A camera that stopped may come back by itself for this long; then it is opened again. */
const PATIENCE_MS = 1500;

export class Uplink {
  readonly #options: UplinkOptions;
  readonly #picture: MediaPart;
  /** The same as `picture` where one worker does both. */
  readonly #voice: MediaPart;
  readonly #camera: Device;
  readonly #microphone: Device;
  #want: UplinkWant | null = null;
  #volume = 0;
  #breath: Timer | null = null;
  #onAir: 'camera' | 'slate' = 'slate';
  /** What the last event said; a camera is taken to be well until it is not. */
  #told: 'camera' | 'slate';
  #feed: Feed;
  /** Why the camera's picture is not to be shown although it comes; null: nobody says so. */
  #doubt: string | null = null;
  /** As the running pipeline has it. */
  #trusted = true;
  #patience: Timer | null = null;
  #lastTiles: { readonly at: number; readonly buffers: number } | null = null;

  constructor(options: UplinkOptions) {
    this.#options = options;
    const { clock, log, tell, source, input, told = 'camera' } = options;
    this.#feed = options;
    this.#told = told;
    const one = together(source, input);
    this.#picture = new MediaPart({ name: one ? 'uplink' : 'picture', clock, log, tell });
    this.#voice = one ? this.#picture : new MediaPart({ name: 'voice', clock, log, tell });
    this.#camera = new Device('camera', clock, () => void this.#make(this.#picture));
    this.#microphone = new Device('microphone', clock, () => void this.#make(this.#voice));
    this.#picture.on('event', (event) => this.#heard(event));
    this.#picture.on('crashed', ({ because }) => this.#camera.crashed(because));
    this.#picture.on('playing', () => this.#trust());
    if (!one) {
      this.#voice.on('event', (event) => this.#voiceHeard(event));
      this.#voice.on('crashed', ({ because }) => this.#microphone.crashed(because));
    }
  }

  /** Sends what is wanted: makes pipelines when the shape changed, else only opens and shuts. What cannot start is told by `report`. */
  async apply(want: UplinkWant | null): Promise<void> {
    const before = this.#want;
    this.#want = want;
    if (want === null) return this.#rest();
    if (before === null || !sameShape(before.shape, want.shape)) {
      this.#breathe(this.#options.node);
      await Promise.all(this.#parts().map((part) => this.#make(part)));
      return this.#fedByOurselves();
    }
    await Promise.all([
      before.gates.muted === want.gates.muted ? null : this.#voice.set(muteSwitch, 'mute', want.gates.muted),
      (before.gates.main === null) === (want.gates.main === null) ? null : this.#openMain(want.gates.main !== null),
    ]);
  }

  /** Takes the picture from somewhere else from now on. Only between sources of the same `together`: the number of workers stays. */
  async use(feed: Feed): Promise<void> {
    this.#feed = feed;
    this.#patience?.cancel();
    this.#camera.reset();
    await this.#make(this.#picture);
    this.#fedByOurselves();
  }

  /** The camera's picture is not to be shown, and why, although it may come; null: it is again. The camera stays open. */
  doubt(because: string | null): void {
    if (because === this.#doubt) return;
    this.#doubt = because;
    if (because !== null) this.#patience?.cancel();
    // Also where the picture has stopped already: most cameras say why a moment later.
    if (because !== null && this.#want !== null && isCamera(this.#feed.source)) this.#tellSource('slate', because, null, true);
    this.#trust();
  }

  get feed(): Feed {
    return this.#feed;
  }

  /** What has been told of the picture. */
  get told(): 'camera' | 'slate' {
    return this.#told;
  }

  /** Whether a camera is on the air. */
  get delivering(): boolean {
    return this.#onAir === 'camera' && this.#picture.playing;
  }

  /** Somebody needs an IDR. */
  keyframe(kind: 'main' | 'tile'): Promise<void> {
    return this.#picture.keyframe(kind === 'main' ? mainStream : tileStream);
  }

  /** Kills the workers; they come back by themselves. */
  restart(): void {
    for (const part of this.#parts()) part.kill();
  }

  async stop(): Promise<void> {
    this.#want = null;
    this.#breath?.cancel();
    this.#patience?.cancel();
    this.#camera.reset();
    this.#microphone.reset();
    await Promise.all(this.#parts().map((part) => part.stop()));
  }

  get pids(): readonly number[] {
    return this.#parts().flatMap(({ pid }) => pid ?? []);
  }

  report(): readonly PartReport[] {
    return this.#parts().map((part) => part.report());
  }

  /** The numbers of the last second. */
  async sample(): Promise<EdgeTelemetry['source']> {
    if (this.#want === null || !this.#picture.playing)
      return { state: 'off', fps: 0, because: this.#picture.report().because.slice(0, 200) };
    const tiles = (await this.#picture.stats())?.points[tilePoint];
    const at = this.#options.clock.mono();
    const before = this.#lastTiles;
    this.#lastTiles = tiles === undefined ? null : { at, buffers: tiles.buffers };
    const grown =
      tiles === undefined || before === null || tiles.buffers < before.buffers
        ? 0
        : ((tiles.buffers - before.buffers) * 1000) / (at - before.at);
    const { source } = this.#feed;
    const slate = (source === null || isCamera(source)) && this.#onAir === 'slate';
    return { state: slate ? 'slate' : 'live', fps: Number(grown.toFixed(1)), because: this.#health(slate).slice(0, 200) };
  }

  #health(slate: boolean): string {
    const { source } = this.#feed;
    if (source === null) return 'no camera';
    if (!isCamera(source)) return 'made here';
    return this.#doubt ?? (slate && this.#camera.delivering ? 'its picture has stopped' : this.#camera.because);
  }

  #parts(): readonly MediaPart[] {
    return this.#picture === this.#voice ? [this.#picture] : [this.#picture, this.#voice];
  }

  async #rest(): Promise<void> {
    this.#breath?.cancel();
    this.#patience?.cancel();
    this.#camera.reset();
    this.#microphone.reset();
    await Promise.all(this.#parts().map((part) => part.rest()));
  }

  /** The recipe reads the present: what is wanted and what works when the pipeline is made, not when this was called. */
  #recipe(part: MediaPart): () => Pipeline {
    return () => {
      const want = this.#want;
      if (want === null) return pipeline([]);
      const incarnation = this.#options.incarnations.next();
      const made: Parts[] = [];
      if (part === this.#picture) {
        // Until the watchdog shows the camera.
        this.#onAir = 'slate';
        this.#trusted = this.#doubt === null;
        const now = { incarnation, mainOpen: want.gates.main !== null, camera: this.#camera.open, trusted: this.#trusted };
        made.push(pictureParts(want.shape, { ...this.#options, ...this.#feed }, now));
      }
      if (part === this.#voice) {
        const input: SoundIn = this.#microphone.open ? this.#options.input : { kind: 'silence', because: this.#microphone.because };
        made.push(voiceParts(want.shape, input, this.#options.port, { incarnation, muted: want.gates.muted, volume: this.#volume }));
      }
      return pipeline(
        made.flatMap(({ chains }) => chains),
        { reflexes: made.flatMap(({ reflexes }) => reflexes) },
      );
    };
  }

  /** Tells a running pipeline whether the camera is to be shown, if it was made believing otherwise. */
  #trust(): void {
    const trusted = this.#doubt === null;
    const { source } = this.#feed;
    // Where the camera is not part of the pipeline, the next one is made with what is so then.
    if (trusted === this.#trusted || !isCamera(source) || !this.#camera.open || !this.#picture.playing) return;
    this.#trusted = trusted;
    this.#picture
      .attach(sourceWatch(trusted))
      .catch((error: unknown) => this.#options.log.warn({ err: error }, 'source could not be watched'));
  }

  /** What is made here cannot fail: whatever was told of a camera is over. */
  #fedByOurselves(): void {
    const { source } = this.#feed;
    if (source === null && this.#want !== null) this.#tellSource('slate', 'no camera', null);
    if (source !== null && !isCamera(source)) this.#tellSource('camera', 'another source took its place', null);
  }

  /** The request for an IDR goes first, so that the first picture through the gate is one. */
  async #openMain(open: boolean): Promise<void> {
    await Promise.all([open ? this.#picture.keyframe(mainStream) : null, this.#picture.set(mainGate, 'drop', !open)]);
  }

  /** Makes a part's pipeline anew. With a device that keeps it from starting, the device rests and the pipeline is made without. */
  async #make(part: MediaPart): Promise<void> {
    if (this.#want === null) return;
    const device = part === this.#picture ? this.#camera : this.#microphone;
    const tried = device.open;
    try {
      await part.play(this.#recipe(part));
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      this.#options.log.warn({ fault: error.fault, tried }, 'pipeline could not be started');
      if (!tried) return;
      // An error event may have told already, as if something covered for it: nothing does, for nothing has started.
      if (!device.open) return this.#make(part);
      if (device === this.#camera) this.#cameraFailed(brief(error.fault), false);
      else device.failed(brief(error.fault), false);
    }
  }

  #heard(event: WorkerEvent): void {
    switch (event.event) {
      case 'source':
        if (event.selector === sourceSelector) this.#sourceChanged(event);
        break;
      case 'stalled':
        if (event.name === cameraPoint) this.#cameraFailed(`no picture for ${Math.round(event.gapMs)} ms`, true);
        break;
      case 'error':
        // What fails beside a camera is made again after a rest; a camera that fails leaves the slate on the air.
        this.#cameraFailed(`${event.element}: ${event.message}`, !isCamera(this.#feed.source) || !OURS.test(event.element));
        break;
      default:
    }
  }

  #voiceHeard(event: WorkerEvent): void {
    if (event.event === 'error') this.#microphone.failed(`${event.element}: ${event.message}`, false);
  }

  #sourceChanged({ pad, because, gapMs }: Extract<WorkerEvent, { event: 'source' }>): void {
    this.#onAir = pad === cameraPad ? 'camera' : 'slate';
    this.#patience?.cancel();
    if (this.#onAir === 'camera') this.#camera.delivered();
    else if (because === 'stalled' && this.#doubt === null)
      this.#patience = this.#options.clock.after(PATIENCE_MS, 'camera comes back by itself', () =>
        this.#cameraFailed(`no picture for ${PATIENCE_MS} ms`, true),
      );
    // Each may be there a moment before the other, when a pipeline or an order of sources is new: that is no news.
    const news = this.#doubt === null ? this.#onAir === 'camera' || because !== 'started' : this.#onAir === 'slate';
    if (news) this.#tellSource(this.#onAir, this.#doubt ?? `camera ${because}`, gapMs);
  }

  /** The camera has failed; `covered`: the slate is on the air without a new pipeline. */
  #cameraFailed(because: string, covered: boolean): void {
    this.#camera.failed(because, covered);
    if (isCamera(this.#feed.source) && this.#onAir === 'slate') this.#tellSource('slate', because, null);
  }

  #tellSource(to: 'camera' | 'slate', because: string, gapMs: number | null, again = false): void {
    const from = this.#told;
    if (to === from && !again) return;
    this.#told = to;
    this.#options.tell({
      kind: 'source',
      severity: to === 'slate' ? 'warning' : 'info',
      what: to === 'slate' ? 'lost' : 'returned',
      because: because.slice(0, 300),
      meeting: this.#want?.shape.meeting ?? null,
      facts: { from, to, gapMs: gapMs === null ? null : Math.round(gapMs) },
    });
  }

  /** Speaks and pauses, when the voice is a made one. */
  #breathe(name: string): void {
    this.#breath?.cancel();
    if (this.#options.input.kind !== 'synthetic') return;
    const talk = bursts(name);
    const next = (): void => {
      const { volume, forMs } = talk.next().value;
      this.#volume = volume;
      this.#voice
        .set(syntheticVoice, 'volume', volume)
        .catch((error: unknown) => this.#options.log.warn({ err: error }, 'voice could not be set'));
      this.#breath = this.#options.clock.after(forMs, 'voice breathes', next);
    };
    next();
  }
}
