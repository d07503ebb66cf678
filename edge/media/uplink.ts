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
import { cameraPad, cameraPoint, sourceSelector } from './capture.ts';
import { Device } from './device.ts';
import { MediaPart } from './part.ts';
import { mainGate, mainStream, type Parts, type PictureOptions, pictureParts, tilePoint, tileStream } from './picture.ts';
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
}

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
  #told: 'camera' | 'slate' = 'camera';
  #patience: Timer | null = null;
  #lastTiles: { readonly at: number; readonly buffers: number } | null = null;

  constructor(options: UplinkOptions) {
    this.#options = options;
    const { clock, log, tell, source, input } = options;
    const together = !isCamera(source) && input.kind !== 'device';
    this.#picture = new MediaPart({ name: together ? 'uplink' : 'picture', clock, log, tell });
    this.#voice = together ? this.#picture : new MediaPart({ name: 'voice', clock, log, tell });
    this.#camera = new Device('camera', clock, () => void this.#make(this.#picture));
    this.#microphone = new Device('microphone', clock, () => void this.#make(this.#voice));
    this.#picture.on('event', (event) => this.#heard(event));
    this.#picture.on('crashed', ({ because }) => this.#camera.crashed(because));
    if (!together) {
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
      return;
    }
    await Promise.all([
      before.gates.muted === want.gates.muted ? null : this.#voice.set(muteSwitch, 'mute', want.gates.muted),
      (before.gates.main === null) === (want.gates.main === null) ? null : this.#openMain(want.gates.main !== null),
    ]);
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
    const camera = isCamera(this.#options.source);
    return {
      state: camera && this.#onAir === 'slate' ? 'slate' : 'live',
      fps: Number(grown.toFixed(1)),
      because: (camera ? this.#camera.because : 'made here').slice(0, 200),
    };
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
        made.push(pictureParts(want.shape, this.#options, { incarnation, mainOpen: want.gates.main !== null, camera: this.#camera.open }));
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
        this.#cameraFailed(`${event.element}: ${event.message}`, !isCamera(this.#options.source) || !OURS.test(event.element));
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
    else if (because === 'stalled')
      this.#patience = this.#options.clock.after(PATIENCE_MS, 'camera comes back by itself', () =>
        this.#cameraFailed(`no picture for ${PATIENCE_MS} ms`, true),
      );
    // The slate is there a moment before the camera in every new pipeline: that is no loss.
    if (this.#onAir === 'camera' || because !== 'started') this.#tellSource(this.#onAir, `camera ${because}`, gapMs);
  }

  /** The camera has failed; `covered`: the slate is on the air without a new pipeline. */
  #cameraFailed(because: string, covered: boolean): void {
    this.#camera.failed(because, covered);
    if (isCamera(this.#options.source) && this.#onAir === 'slate') this.#tellSource('slate', because, null);
  }

  #tellSource(to: 'camera' | 'slate', because: string, gapMs: number | null): void {
    const from = this.#told;
    if (to === from) return;
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
