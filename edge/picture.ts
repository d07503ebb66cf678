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
import type { DeviceLook } from './devices/look.ts';
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
  #encoder: Feed['encoder'];
  #finding = false;
  #stopped = false;
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
    this.#uplink.doubt(trouble === null || wish === null ? null : `${wish.name} says: ${trouble}`);
    if (device !== before.device || missing !== before.missing) changed();
  }

  keyframe(kind: 'main' | 'tile'): Promise<void> {
    return this.#uplink.keyframe(kind);
  }

  restart(): void {
    this.#uplink.restart();
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
    return { ...sample, because: this.#explained(sample.state, sample.because).slice(0, 200) };
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
    await this.#uplink.apply(this.#want);
    await old.stop();
    this.consider();
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
    const said = this.#explained(what === 'lost' ? 'slate' : 'live', because).slice(0, 300);
    this.#options.tell(event.kind === 'source' ? { ...event, because: said, facts: { ...facts, device: this.#wish?.id ?? null } } : event);
  }

  #explained(state: EdgeTelemetry['source']['state'], because: string): string {
    const wish = this.#wish;
    if (wish === null) return because;
    // The slate that stands in says best whom it stands in for.
    if (this.#choice.missing !== null && state !== 'off')
      return state === 'slate' ? this.#choice.missing : `${because}; ${this.#choice.missing}`;
    return sourceHealth(state, withoutSecret(because, wish.password), wish.name, this.#options.look(wish.id));
  }
}

/** Some makes want the password within the address of the stream, and give it out like that. */
export const withoutSecret = (text: string, secret: string): string => (secret === '' ? text : text.replaceAll(secret, '***'));
