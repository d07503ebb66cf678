/**
 * The site's picture and voice from wherever they come: keeps an uplink on the source that is right now, the configured one or a camera that
 * central wants, and joins what the device says with what the media engine sees. One path for "this source is not well because": `doubt`.
 */
import type { Clock } from '../protocol/clock.ts';
import { brief, type Result } from '../protocol/fault.ts';
import type { Log } from '../protocol/log.ts';
import type { DeviceWish } from '../protocol/schema/devices.ts';
import type { EventBody } from '../protocol/schema/event.ts';
import type { Part } from '../protocol/schema/reported.ts';
import type { EdgeTelemetry } from '../protocol/schema/telemetry.ts';
import type { CallSays } from './devices/caller.ts';
import type { DeviceLook } from './devices/look.ts';
import { withoutSecret } from './devices/report.ts';
import type { Limits } from './media/adapt/levels.ts';
import { type Choice, choosePicture, keptStream, type Stream, streams } from './media/choose.ts';
import { sourceHealth } from './media/health.ts';
import type { Feed } from './media/picture.ts';
import { describeSource } from './media/source.ts';
import type { UplinkWant } from './media/streams.ts';
import { together, Uplink, type UplinkOptions } from './media/uplink.ts';

export interface SitePictureOptions extends Omit<UplinkOptions, keyof Feed | 'told'> {
  /** As configured. */
  readonly own: Feed;
  /** How a device stands; null: there is none of that id. */
  readonly look: (device: string) => DeviceLook | null;
  /** What there is to say of the call of a codec whose picture comes through the configured capture; null: there is no such codec. */
  readonly call: () => CallSays | null;
  /** For a box whose own source needs none. */
  readonly findEncoder: () => Promise<Result<Feed['encoder']>>;
  /** What is reported is another. */
  readonly changed: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

export class SitePicture {
  readonly #options: SitePictureOptions;
  #uplink: Uplink;
  #want: UplinkWant | null = null;
  #wish: DeviceWish | null = null;
  /** More wishes than there is a picture for. */
  #toomany: string | null = null;
  #stream: Stream | null = null;
  /** Since when the camera has neither answered nor sent a picture; null: it does. Monotonic. */
  #deadSince: number | null = null;
  #choice: Choice;
  /** What was told last was that a codec's call is lost. */
  #doubted = false;
  #encoder: Feed['encoder'];
  #finding = false;
  #stopped = false;
  #limits: Limits | null = null;
  /** Changes of the uplink go one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: SitePictureOptions) {
    this.#options = options;
    this.#encoder = options.own.encoder;
    this.#choice = { feed: options.own, device: null, missing: null };
    this.#uplink = this.#made(options.own, 'camera');
  }

  /** Sends what is wanted. */
  apply(want: UplinkWant | null): Promise<void> {
    this.#want = want;
    return this.#inTurn(() => this.#uplink.apply(want));
  }

  /** Looks for the device that shall be the picture among these. */
  wish(devices: readonly DeviceWish[]): void {
    const [first = null, ...more] = devices.filter(({ source }) => source === true);
    // Another camera, or the same at another place: what was known of its stream is worth nothing.
    if (JSON.stringify(first) !== JSON.stringify(this.#wish)) this.#stream = null;
    this.#wish = first;
    const others = more.map(({ name }) => name).join(', ');
    this.#toomany = first === null || more.length === 0 ? null : `one device can be the picture: ${first.name} is, and ${others} cannot`;
    this.consider();
  }

  /** To be called when a device has changed, and once a second: a picture that has stopped tells nobody. */
  consider(): void {
    if (this.#stopped) return;
    const { own, look, log, changed } = this.#options;
    const wish = this.#wish;
    const stands = wish === null ? null : look(wish.id);
    if (wish !== null && streams(wish)) this.#stream = keptStream(this.#stream, stands, this.#deadMs(stands));
    const before = this.#choice;
    const choice = choosePicture(own, wish === null ? null : { wish, look: stands, stream: this.#stream }, this.#encoder);
    const same = JSON.stringify(choice.feed) === JSON.stringify(before.feed);
    this.#choice = same ? { ...choice, feed: before.feed } : choice;
    if (this.#stream !== null && this.#encoder === null) this.#find();
    const { feed, device, missing } = this.#choice;
    if (!same) {
      log.info({ source: this.source, device, missing }, 'the picture comes from another source');
      void this.#inTurn(() => this.#use(feed));
    }
    const trouble = device === null ? null : (stands?.pictureTrouble ?? null);
    this.#uplink.doubt(trouble === null || wish === null ? (this.#call?.doubt ?? null) : `${wish.name} says: ${trouble}`);
    if (device !== before.device || missing !== before.missing) changed();
  }

  /** What the way out has room for, also for whatever source comes next. */
  limit(limits: Limits): Promise<void> {
    this.#limits = limits;
    return this.#uplink.limit(limits);
  }

  /** What is sent is made already. */
  get fixed(): boolean {
    return this.#uplink.feed.source?.kind === 'clip';
  }

  keyframe(kind: 'main' | 'tile'): Promise<void> {
    return this.#uplink.keyframe(kind);
  }

  restart(): void {
    this.#uplink.restart();
  }

  /** A drill: the workers die. Null, or why there is nothing to kill. */
  killWorkers(): string | null {
    if (!this.#uplink.playing) return 'nothing is sent now';
    this.#uplink.restart();
    return null;
  }

  /** A drill: the camera on the air is shut for `ms`. Null, or why not. */
  barCamera(ms: number): string | null {
    return this.#uplink.barCamera(ms);
  }

  admitCamera(): void {
    this.#uplink.admitCamera();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#want = null;
    await this.#turn;
    await this.#uplink.stop();
  }

  get pids(): readonly number[] {
    return this.#uplink.pids;
  }

  report(): readonly Part[] {
    return this.#uplink.report();
  }

  /** Whether the first of the cameras delivers, on the air or not. */
  get captured(): boolean {
    return this.#uplink.firstDelivers;
  }

  /** Why the picture is not what is wanted. */
  get troubles(): readonly string[] {
    return [this.#choice.missing, this.#toomany].filter((each) => each !== null);
  }

  /** In a few words and without secrets. */
  get source(): string {
    const { source } = this.#choice.feed;
    const text = source === null ? 'slate' : describeSource(source);
    const { password = '' } = this.#wish ?? {};
    return withoutSecret(text, this.#choice.device === null ? '' : password);
  }

  /** Null: what is sent has its format already. */
  get encoder(): Feed['encoder'] {
    const { source, encoder } = this.#choice.feed;
    return source?.kind === 'clip' ? null : encoder;
  }

  async sample(): Promise<EdgeTelemetry['source']> {
    const sample = await this.#uplink.sample();
    const secret = this.#wish?.password ?? '';
    const standby = sample.standby?.map((each) => ({
      ...each,
      because: withoutSecret(each.because, secret),
      name: withoutSecret(each.name, secret),
    }));
    return {
      ...sample,
      because: this.#explained(sample.state, sample.because, sample.which ?? 0).slice(0, 200),
      ...(standby === undefined ? {} : { standby }),
    };
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(run);
    this.#turn = turn.catch((error: unknown) => this.#options.log.error({ err: error }, 'the picture could not be changed'));
    return this.#turn;
  }

  #made(feed: Feed, told: 'camera' | 'slate'): Uplink {
    return new Uplink({ ...this.#options, ...feed, told, tell: (event) => this.#tell(event) });
  }

  /** The number of workers depends on the source: where it is another one, another uplink takes over, and the former ends when its successor sends. */
  async #use(feed: Feed): Promise<void> {
    // Overtaken by a newer choice while waiting for its turn, or by the end.
    if (feed !== this.#choice.feed || this.#stopped) return;
    const { input } = this.#options;
    const old = this.#uplink;
    if (together(feed.source, input) === together(old.feed.source, input)) return old.use(feed);
    this.#uplink = this.#made(feed, old.told);
    if (this.#limits !== null) await this.#uplink.limit(this.#limits);
    await this.#uplink.apply(this.#want);
    await old.stop();
    this.consider();
  }

  /** Of the codec that is the picture through the capture device. */
  get #call(): CallSays | null {
    const { device, missing } = this.#choice;
    const says = this.#options.call();
    return device === null && missing === null && says !== null && says.device === this.#wish?.id ? says : null;
  }

  #deadMs(stands: DeviceLook | null): number {
    const now = this.#options.clock.mono();
    const alive = stands?.link === 'ok' || (this.#choice.device !== null && this.#uplink.delivering);
    this.#deadSince = alive ? null : (this.#deadSince ?? now);
    return this.#deadSince === null ? 0 : now - this.#deadSince;
  }

  /** A box that sends a clip has not looked for an encoder at its start. */
  #find(): void {
    if (this.#finding) return;
    this.#finding = true;
    void this.#options.findEncoder().then((found) => {
      if (found.ok) this.#encoder = found.value;
      else this.#options.log.warn({ because: brief(found.fault) }, 'no encoder was found');
      this.consider();
    });
  }

  #tell(event: EventBody): void {
    const { what, because, facts } = event;
    if (event.kind !== 'source' || what.startsWith('microphone')) {
      this.#options.tell(event);
      return;
    }
    const call = this.#call;
    // A codec without a call sends its menu: viewers had nothing good since the call was lost, though pictures came all the time.
    const lost = call !== null && because === call.doubt;
    const bad = lost ? { badMs: Math.max(Number(facts.badMs ?? 0), Math.round(this.#options.clock.now() - call.goodAt)) } : {};
    const why = what === 'returned' && this.#doubted ? (call?.lifted ?? because) : because;
    this.#doubted = lost || (what !== 'returned' && this.#doubted);
    const said = this.#explained(what === 'lost' ? 'slate' : 'live', why, what === 'backup' ? 1 : 0).slice(0, 300);
    const secret = this.#wish?.password ?? '';
    const source = typeof facts.source === 'string' ? withoutSecret(facts.source, secret) : null;
    this.#options.tell({ ...event, because: said, facts: { ...facts, ...bad, source, device: this.#wish?.id ?? null } });
  }

  /** @param which place of what is on the air. What is wrong with the first is said already where another took its place. */
  #explained(state: EdgeTelemetry['source']['state'], because: string, which: number): string {
    const wish = this.#wish;
    if (wish === null) return because;
    if (which > 0) return withoutSecret(because, wish.password);
    // The slate that stands in says best whom it stands in for.
    if (state === 'slate' && because === this.#call?.doubt) return because;
    if (this.#choice.missing !== null && state !== 'off')
      return state === 'slate' ? this.#choice.missing : `${because}; ${this.#choice.missing}`;
    return sourceHealth(state, withoutSecret(because, wish.password), wish.name, this.#options.look(wish.id));
  }
}
