/** What a site sends: picture and voice, made by one worker where nothing of it can fail alone, by two where a camera or microphone can. */
import { BITRATE } from '../../hardware/gstreamer/encoder.ts';
import type { WorkerEvent } from '../../hardware/gstreamer/events.ts';
import { type Pipeline, pipeline } from '../../hardware/gstreamer/pipeline.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { brief, FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { Part as PartReport } from '../../protocol/schema/reported.ts';
import type { EdgeTelemetry } from '../../protocol/schema/telemetry.ts';
import type { Incarnations } from '../store/incarnations.ts';
import type { Limits } from './adapt/levels.ts';
import { cameraOrigin } from './capture.ts';
import { Device } from './device.ts';
import { Origins } from './origins.ts';
import { MediaPart } from './part.ts';
import {
  camerasOf,
  type Feed,
  mainGate,
  mainStream,
  type Parts,
  type PictureOptions,
  pictureParts,
  thinTile,
  tilePoint,
  tileStream,
} from './picture.ts';
import { bursts } from './sound/bursts.ts';
import type { SoundIn } from './sound/choose.ts';
import { microphoneOrigin, muteSwitch, syntheticVoice, voiceParts } from './sound/voice.ts';
import { isCamera } from './source.ts';
import { sameShape, type UplinkWant } from './streams.ts';
import { type SwitchNews, switchEvent } from './switching.ts';

export interface UplinkOptions extends PictureOptions {
  readonly node: string;
  readonly input: SoundIn;
  /** The microphone that takes the place of one that has failed; null: silence does. */
  readonly backupInput: SoundIn | null;
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

/** Whether cameras, or places for them, are part of the pipeline. */
const hasPlaces = ({ source }: Feed): boolean => source === null || isCamera(source);

export class Uplink {
  readonly #options: UplinkOptions;
  readonly #picture: MediaPart;
  /** The same as `picture` where one worker does both. */
  readonly #voice: MediaPart;
  /** What is ours in the pipelines: when it fails, it rests and is made again. */
  readonly #engines: ReadonlyMap<MediaPart, Device>;
  readonly #cameras: Origins;
  /** Null: the voice cannot fail. */
  readonly #microphones: Origins | null;
  #want: UplinkWant | null = null;
  #volume = 0;
  #breath: Timer | null = null;
  /** Whether the last event said that there is a picture; it is taken to be well until it is not. */
  #told: 'camera' | 'slate';
  #feed: Feed;
  #limits: Limits | null = null;
  #lastTiles: { readonly at: number; readonly buffers: number } | null = null;

  constructor(options: UplinkOptions) {
    this.#options = options;
    const { clock, log, tell, source, input, backupInput, told = 'camera' } = options;
    this.#feed = options;
    this.#told = told;
    const one = together(source, input);
    this.#picture = new MediaPart({ name: one ? 'uplink' : 'picture', clock, log, tell, ...(one ? {} : { rank: 'picture' }) });
    this.#voice = one ? this.#picture : new MediaPart({ name: 'voice', clock, log, tell, rank: 'sound' });
    this.#engines = new Map(this.#parts().map((part) => [part, new Device('pipeline', clock, () => void this.#make(part))]));
    const origins = (kind: 'camera' | 'microphone', part: MediaPart): Origins => {
      const made = new Origins({ kind, part, clock, log, lost: kind === 'camera' && told === 'slate', news: (news) => this.#news(news) });
      part.on('event', (event) => made.heard(event));
      part.on('crashed', ({ because, thread }) => made.crashed(because, thread));
      return made;
    };
    this.#cameras = origins('camera', this.#picture);
    this.#microphones = input.kind === 'device' ? origins('microphone', this.#voice) : null;
    this.#microphones?.want([input, backupInput].flatMap((each) => (each?.kind === 'device' ? [microphoneOrigin(each)] : [])));
    for (const part of this.#parts()) {
      part.on('playing', () => this.#begun(part));
      part.on('event', (event) => this.#heard(part, event));
      part.on('failed', (because) => this.#engines.get(part)?.failed(because, true));
    }
  }

  /** Sends what is wanted: makes pipelines when the shape changed, else only opens and shuts. What cannot start is told by `report`. */
  async apply(want: UplinkWant | null): Promise<void> {
    const before = this.#want;
    this.#want = want;
    if (want === null) return this.#rest();
    if (before === null || !sameShape(before.shape, want.shape)) {
      this.#breathe(this.#options.node);
      this.#wantCameras();
      await Promise.all(this.#parts().map((part) => this.#make(part)));
      return this.#fedByOurselves();
    }
    await Promise.all([
      before.gates.muted === want.gates.muted ? null : this.#voice.set(muteSwitch, 'mute', want.gates.muted),
      (before.gates.main === null) === (want.gates.main === null) ? null : this.#openMain(want.gates.main !== null),
    ]);
  }

  /**
   * Takes the picture from somewhere else from now on. Between cameras the pipeline stays, and who is on the air stays there until another is
   * ready. Only between sources of the same `together`: the number of workers stays.
   */
  async use(feed: Feed): Promise<void> {
    const before = this.#feed;
    this.#feed = feed;
    this.#wantCameras();
    const another = hasPlaces(before) !== hasPlaces(feed) || !hasPlaces(feed) || before.encoder?.element !== feed.encoder?.element;
    if (another || !this.#picture.playing) {
      this.#engines.get(this.#picture)?.reset();
      await this.#make(this.#picture);
    }
    this.#fedByOurselves();
  }

  /** The first camera's picture is not to be shown, and why, although it may come; null: it is again. The camera stays open. */
  doubt(because: string | null): void {
    this.#cameras.doubt(because);
  }

  /** A drill: the camera on the air is shut for `ms`. Null, or why not. */
  barCamera(ms: number): string | null {
    return hasPlaces(this.#feed) ? this.#cameras.bar(ms) : 'its picture is made by the box itself: no camera can fail';
  }

  /** Such a drill is over. */
  admitCamera(): void {
    this.#cameras.admit();
  }

  get feed(): Feed {
    return this.#feed;
  }

  /** What has been told of the picture. */
  get told(): 'camera' | 'slate' {
    return this.#told;
  }

  /** Whether the first of the cameras is on the air. */
  get delivering(): boolean {
    return this.#picture.playing && this.#cameras.standing.air === 0;
  }

  /** Whether the first of the cameras delivers, on the air or not. */
  get firstDelivers(): boolean {
    return this.#picture.playing && this.#cameras.firstDelivers;
  }

  /** What the way out has room for. A clip is sent as it is; an encoder that cannot change its rate keeps it until its pipeline is made anew. */
  async limit(limits: Limits): Promise<void> {
    const before = this.#limits;
    this.#limits = limits;
    const { source, encoder } = this.#feed;
    if (this.#want === null || source?.kind === 'clip' || encoder === null) return;
    const rate = BITRATE[encoder.element];
    await Promise.all([
      rate === null || before?.mainKbps === limits.mainKbps
        ? null
        : this.#picture.set(mainStream, rate.property, limits.mainKbps * rate.perKbps),
      before?.tileFps === limits.tileFps ? null : this.#picture.attach(thinTile(limits.tileFps)),
    ]);
  }

  /** Somebody needs an IDR. */
  keyframe(kind: 'main' | 'tile'): Promise<void> {
    return this.#picture.keyframe(kind === 'main' ? mainStream : tileStream);
  }

  /** Something is sent now. */
  get playing(): boolean {
    return this.#picture.playing;
  }

  /** Kills the workers; they come back by themselves. */
  restart(): void {
    for (const part of this.#parts()) part.kill();
  }

  async stop(): Promise<void> {
    this.#want = null;
    this.#quiet();
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
    const fps = Number(grown.toFixed(1));
    if (!hasPlaces(this.#feed)) return { state: 'live', fps, because: 'made here' };
    const { air, because, standby } = this.#cameras.standing;
    return {
      state: air === null ? 'slate' : 'live',
      fps,
      because: because.slice(0, 200),
      which: air,
      standby: standby.map((each) => ({ ...each, name: each.name.slice(0, 120), because: each.because.slice(0, 200) })),
    };
  }

  #parts(): readonly MediaPart[] {
    return this.#picture === this.#voice ? [this.#picture] : [this.#picture, this.#voice];
  }

  async #rest(): Promise<void> {
    this.#quiet();
    await Promise.all(this.#parts().map((part) => part.rest()));
  }

  #quiet(): void {
    this.#breath?.cancel();
    this.#cameras.rest();
    this.#microphones?.rest();
    for (const engine of this.#engines.values()) engine.reset();
  }

  #wantCameras(): void {
    const format = this.#want?.shape.main.format;
    if (format === undefined) return;
    this.#cameras.want(camerasOf(this.#feed).map(({ source, credentials }) => cameraOrigin(source, format, credentials)));
  }

  /** The recipe reads the present: what is wanted and what works when the pipeline is made, not when this was called. */
  #recipe(part: MediaPart): () => Pipeline {
    return () => {
      const want = this.#want;
      if (want === null) return pipeline([]);
      const incarnation = this.#options.incarnations.next();
      const made: Parts[] = [];
      if (part === this.#picture) {
        const now = { incarnation, mainOpen: want.gates.main !== null, limits: this.#limits };
        const sources = hasPlaces(this.#feed) ? this.#cameras.reflexes() : [];
        made.push(pictureParts(want.shape, { ...this.#options, ...this.#feed }, now), { chains: [], reflexes: sources });
      }
      if (part === this.#voice) {
        const now = { incarnation, muted: want.gates.muted, volume: this.#volume };
        made.push(voiceParts(want.shape, this.#options.input, this.#options.port, now));
        made.push({ chains: [], reflexes: this.#microphones?.reflexes() ?? [] });
      }
      return pipeline(
        made.flatMap(({ chains }) => chains),
        { reflexes: made.flatMap(({ reflexes }) => reflexes) },
      );
    };
  }

  /** What is made here cannot fail: whatever was told of a camera is over. */
  #fedByOurselves(): void {
    if (this.#want === null) return;
    if (hasPlaces(this.#feed)) {
      if (camerasOf(this.#feed).length === 0) this.#cameras.lost('no camera');
      return;
    }
    const from = this.#cameras.told;
    this.#cameras.well();
    if (this.#told === 'slate' || from !== 0)
      this.#news({ kind: 'camera', from, to: 0, label: null, because: 'another source took its place', seen: null });
  }

  /** The request for an IDR goes first, so that the first picture through the gate is one. */
  async #openMain(open: boolean): Promise<void> {
    await Promise.all([open ? this.#picture.keyframe(mainStream) : null, this.#picture.set(mainGate, 'drop', !open)]);
  }

  /** Makes a part's pipeline anew. One that cannot start is tried again after a rest. */
  async #make(part: MediaPart): Promise<void> {
    const engine = this.#engines.get(part);
    if (this.#want === null || engine?.open === false) return;
    try {
      await part.play(this.#recipe(part));
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      this.#options.log.warn({ fault: error.fault }, 'pipeline could not be started');
      engine?.failed(brief(error.fault), true);
    }
  }

  #begun(part: MediaPart): void {
    this.#engines.get(part)?.delivered();
    if (part === this.#picture && hasPlaces(this.#feed)) this.#cameras.begin();
    if (part === this.#voice) this.#microphones?.begin();
  }

  /** Sources fail in their cells: what fails outside is ours. */
  #heard(part: MediaPart, event: WorkerEvent): void {
    if (event.event === 'error') this.#engines.get(part)?.failed(`${event.element}: ${event.message}`, true);
  }

  #news(news: SwitchNews): void {
    if (news.kind === 'camera') this.#told = news.to === null ? 'slate' : 'camera';
    this.#options.tell(switchEvent(news, this.#want?.shape.meeting ?? null));
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
