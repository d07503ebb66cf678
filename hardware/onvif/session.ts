/** One connection with a camera: what is asked at its beginning, each question with the login put right, and what is asked from time to time. */
import type { Clock } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import type { Capability, DeviceAct, DeviceInfo, DeviceState, DeviceStream } from '../../protocol/schema/device.ts';
import type { PictureTrouble } from '../wire/device.ts';
import type { Did } from '../wire/protocol.ts';
import { rehosted } from './address.ts';
import type { Alarm } from './alarms.ts';
import { deviceInformation, mediaUri, type Profile, profiles, type Service, services } from './answers.ts';
import { ask, type Method } from './call.ts';
import { type CamSettings, type Opened, openCam, setClock } from './library.ts';
import { Mover, optional } from './mover.ts';
import { PullPoint } from './pull.ts';
import { type Element, escaped } from './xml.ts';

export interface SessionOptions {
  readonly name: string;
  readonly settings: CamSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (patch: Partial<DeviceState>) => void;
  readonly inform: (info: DeviceInfo) => void;
  readonly seen: () => void;
  readonly alarmed: (news: readonly Alarm[], trouble: PictureTrouble | null) => void;
  /** Something says that the camera went away. */
  readonly gone: () => void;
}

const LIMIT_MS = 5000;
/** The library's own end comes first where there is one. */
const GRACE_MS = 500;
/** Once it is known that the camera's clock is what we think, a refused login is a refused login. */
const CLOCK_FRESH_MS = 2000;
const STREAMS_MAX = 16;
const PRESETS_EVERY_POLLS = 12;

export class Session {
  readonly #options: SessionOptions;
  readonly #opened: Opened;
  #services: ReadonlyMap<Service, string> = new Map();
  #profiles: readonly Profile[] = [];
  #mover: Mover | null = null;
  #pull: PullPoint | null = null;
  #clockReadAt = Number.NEGATIVE_INFINITY;
  #polls = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#opened = openCam(options.settings, LIMIT_MS);
    setClock(this.#opened.cam, options.clock.now());
  }

  get capabilities(): readonly Capability[] {
    return [...(this.#mover?.capabilities ?? []), { id: 'reboot', feedback: 'none', ack: 'accepted', params: {} }];
  }

  /** Token of the video source that imaging is about; null: this camera has no imaging. */
  get imagingSource(): string | null {
    const source = this.#profiles.find((each) => each.source !== '')?.source;
    return this.#services.has('imaging') && source !== undefined ? source : null;
  }

  /** @throws FaultError `device.login` when it refuses us. */
  async begin(): Promise<void> {
    await this.#readClock();
    // The only proof of a login: everything else may answer, empty, to a wrong one.
    this.#options.inform(deviceInformation(await this.ask('getDeviceInformation')));
    this.#services = services((await optional(this.ask('getServices', [true]))) ?? (await this.ask('getCapabilities')));
    const { cam } = this.#opened;
    cam.uri = Object.fromEntries([...this.#services].map(([service, path]) => [service, { path }]));
    this.#profiles = await this.#askProfiles();
    const turning = this.#profiles.find(({ ptz }) => ptz);
    if (this.#services.has('ptz') && turning !== undefined) {
      this.#mover = new Mover((method, options) => this.ask(method, options), turning.token);
      this.#options.tell(await this.#mover.begin());
    }
    this.#options.tell({ streams: await this.#askStreams() });
    if (this.#services.has('events')) this.#listen();
  }

  async poll(): Promise<void> {
    await this.#readClock();
    await this.ask('getDeviceInformation');
    if (this.#mover === null) return;
    this.#options.tell(await this.#mover.where());
    if (++this.#polls % PRESETS_EVERY_POLLS === 0) this.#options.tell(await this.#mover.presets());
  }

  async act(act: DeviceAct): Promise<Did> {
    if (act.do === 'reboot') {
      await this.ask('systemReboot');
      return 'accepted';
    }
    const mover = this.#mover;
    if (mover === null) throw this.#refused(act.do, 'it has no head');
    switch (act.do) {
      case 'move':
        await mover.move(act, act.limitMs);
        return 'accepted';
      case 'position':
        await mover.goto(act);
        return 'accepted';
      case 'presetRecall':
        await mover.recall(act.preset);
        return 'accepted';
      case 'presetStore':
        this.#options.tell(await mover.store(act.preset, act.name));
        return 'completed';
      default:
        throw this.#refused(act.do, 'it cannot do that');
    }
  }

  /** Nothing to do for a camera without a head. */
  async halt(): Promise<void> {
    await this.#mover?.halt();
  }

  /** Idempotent. Requests that are open end with `device.gone`. */
  async end(): Promise<void> {
    await this.#pull?.stop();
    this.#opened.close();
  }

  /**
   * Asks; when the login is refused, looks at the camera's clock again and asks once more: cameras that set their clock after they started
   * refuse what was right before.
   * @throws FaultError; `device.login` only from getDeviceInformation: elsewhere it means that this user may not do this.
   */
  async ask(method: Method, options: readonly unknown[] = [], limitMs = LIMIT_MS + GRACE_MS): Promise<Element> {
    try {
      return await this.#once(method, options, limitMs);
    } catch (error) {
      if (!isLogin(error)) throw error;
      if (this.#options.clock.mono() - this.#clockReadAt < CLOCK_FRESH_MS) throw this.#forbidden(method, error);
    }
    await this.#readClock();
    try {
      return await this.#once(method, options, limitMs);
    } catch (error) {
      throw isLogin(error) ? this.#forbidden(method, error) : error;
    }
  }

  async #once(method: Method, options: readonly unknown[], limitMs: number): Promise<Element> {
    const { name: device, clock } = this.#options;
    const { answer } = await ask(this.#opened.cam, method, options, { device, clock, limitMs });
    this.#options.seen();
    return answer;
  }

  async #readClock(): Promise<void> {
    const { name: device, clock, seen } = this.#options;
    const { data } = await ask(this.#opened.cam, 'getSystemDateAndTime', [], { device, clock, limitMs: 2 * LIMIT_MS + GRACE_MS });
    seen();
    this.#clockReadAt = clock.mono();
    const time = typeof data === 'object' && data !== null ? Number(data) : Number.NaN;
    setClock(this.#opened.cam, Number.isFinite(time) ? time : clock.now());
  }

  /** H.265 is only in Media2. Some cameras offer Media2 and then refuse it. */
  async #askProfiles(): Promise<readonly Profile[]> {
    const { cam } = this.#opened;
    for (const media2 of [true, false]) {
      if (!this.#services.has(media2 ? 'media2' : 'media')) continue;
      cam.media2Support = media2;
      const answer = await optional(this.ask('getProfiles'));
      const found = answer === null ? [] : profiles(answer);
      if (found.length > 0) return found;
    }
    return [];
  }

  async #askStreams(): Promise<DeviceStream[]> {
    const { host, secure } = this.#options.settings;
    const streams: DeviceStream[] = [];
    const add = (uri: string | null, { width, height }: Profile, encoding: string): void => {
      if (uri !== null) streams.push({ uri, encoding, width, height });
    };
    for (const profile of this.#profiles.filter(({ encoding }) => encoding !== '').slice(0, STREAMS_MAX)) {
      const profileToken = escaped(profile.token);
      const stream = await optional(this.ask('getStreamUri', [{ protocol: 'RTSP', stream: 'RTP-Unicast', profileToken }]));
      if (stream !== null) add(rehosted(mediaUri(stream), host, 'rtsp'), profile, profile.encoding);
    }
    const [first] = this.#profiles;
    const snapshot = first === undefined ? null : await optional(this.ask('getSnapshotUri', [{ profileToken: escaped(first.token) }]));
    if (snapshot !== null && first !== undefined) add(rehosted(mediaUri(snapshot), host, secure ? 'https' : 'http'), first, 'snapshot');
    return streams;
  }

  #listen(): void {
    const { name, clock, log, tell, alarmed, gone } = this.#options;
    this.#pull = new PullPoint({
      device: name,
      opened: this.#opened,
      ask: (method, options, limitMs) => this.ask(method, options, limitMs),
      clock,
      log,
      alarmed: (news, book) => {
        // First: whoever is told of the complaints looks at it.
        alarmed(news, book.pictureTrouble());
        tell({ complaints: [...book.complaints()] });
      },
      gone,
    });
    this.#pull.start();
  }

  #refused(command: string, because: string): FaultError {
    return new FaultError({ code: 'device.refused', device: this.#options.name, command, because });
  }

  #forbidden(method: Method, error: FaultError): FaultError {
    return method === 'getDeviceInformation' ? error : this.#refused(method, `not allowed for this user: ${error.message}`);
  }
}

const isLogin = (error: unknown): error is FaultError => error instanceof FaultError && error.fault.code === 'device.login';
