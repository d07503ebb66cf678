/**
 * An ONVIF camera as the box sees it: connecting, pauses, signs of life, acts, and motion that ends. The same manners as WiredDevice, over
 * requests instead of a line.
 */
import { EventEmitter } from 'node:events';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { brief, FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import {
  type ActResult,
  type Capability,
  type DeviceAct,
  type DeviceInfo,
  type DeviceState,
  type LinkState,
  unknownState,
} from '../../protocol/schema/device.ts';
import { refusal } from '../wire/allow.ts';
import type { DeviceEvents, Handle, PictureTrouble, Standing } from '../wire/device.ts';
import { Motion } from '../wire/motion.ts';
import type { Alarm } from './alarms.ts';
import { type Imaging, imaging } from './answers.ts';
import type { CamSettings } from './library.ts';
import { Session } from './session.ts';
import { escaped } from './xml.ts';

export interface AlarmEvents {
  /** The camera's own view of its picture: comes once for each change. */
  alarm: [alarm: Alarm];
}

export interface OnvifOptions extends CamSettings {
  /** For logs and faults. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Between signs of life. Default 5000. */
  readonly pollMs?: number;
}

/** As WiredDevice pauses after the first, second… failed try. */
const PAUSES_MS = [100, 250, 400] as const;
/** Knocking faster with a login that is refused ends in a lock-out on some makes. */
const REFUSED_PAUSE_MS = 30_000;
const SILENT_POLLS = 2;
const BEGIN_MS = 30_000;
const POLL_MS = 5000;
const STOP_MS = 500;
/** Another scene so soon after we have turned the camera is our own doing. */
const TURNED_MS = 30_000;

interface Life {
  readonly session: Session;
  over: boolean;
}

export class OnvifDevice extends EventEmitter<DeviceEvents> implements Handle {
  /** Signal loss, tampering, motion, failures. */
  readonly alarms = new EventEmitter<AlarmEvents>();
  readonly #options: OnvifOptions;
  readonly #motion: Motion;
  #standing: Standing = { link: 'disconnected', because: 'not started' };
  #state: DeviceState = unknownState;
  #info: DeviceInfo = { make: '', model: '', firmware: '', serial: '' };
  #capabilities: readonly Capability[] = [];
  #seen: number | null = null;
  #pictureTrouble: PictureTrouble | null = null;
  /** The alarm that stands is our own doing. */
  #excused = false;
  /** Monotonic. */
  #turnedAt = Number.NEGATIVE_INFINITY;
  #life: Life | null = null;
  #timer: Timer | null = null;
  #failures = 0;
  #complaint = '';
  #silent = 0;
  #running = false;

  constructor(options: OnvifOptions) {
    super();
    this.#options = options;
    this.#motion = new Motion(options.clock, options.name, async () => this.#life?.session.halt());
  }

  get standing(): Standing {
    return this.#standing;
  }
  get state(): DeviceState {
    return this.#state;
  }
  get info(): DeviceInfo {
    return this.#info;
  }
  /** None before it was reached for the first time: cameras differ too much for a guess. */
  get capabilities(): readonly Capability[] {
    return this.#capabilities;
  }
  get seen(): number | null {
    return this.#seen;
  }
  get pictureTrouble(): PictureTrouble | null {
    return this.#excused && this.#pictureTrouble === 'tampered with' ? null : this.#pictureTrouble;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#connect();
  }

  /** Stops what moves, then leaves. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#timer?.cancel();
    if (this.#motion.moving) await this.#motion.halt(STOP_MS);
    this.#motion.forget();
    const life = this.#life;
    if (life !== null) await this.#end(life);
    this.#stand('disconnected', 'stopped');
  }

  /** Carries out an act; never throws for what a camera, a network or a person can cause. */
  async execute(act: DeviceAct): Promise<ActResult> {
    const no = refusal(this.#capabilities, act);
    if (no !== null) return { outcome: 'rejected', because: no };
    if (act.do === 'move' || act.do === 'position' || act.do === 'presetRecall') this.#turnedAt = this.#options.clock.mono();
    return this.#try(async (session) => {
      if (act.do === 'move' && act.pan === 0 && act.tilt === 0 && act.zoom === 0) {
        await this.#motion.halt(STOP_MS);
        return { outcome: 'completed', because: 'stopped' };
      }
      const did = await (act.do === 'move' ? this.#move(session, act) : session.act(act));
      return { outcome: did, because: did === 'completed' ? 'the camera says so' : 'the camera has taken it' };
    });
  }

  async #move(session: Session, act: Extract<DeviceAct, { do: 'move' }>): ReturnType<Session['act']> {
    // Before it is sent: a move whose answer is lost moves all the same.
    const move = this.#motion.begun(act.limitMs);
    try {
      return await session.act(act);
    } finally {
      this.#motion.sent(move);
    }
  }

  /** In the camera's own units; null when it has no imaging or is not there. */
  async imaging(): Promise<Imaging | null> {
    const source = this.#life?.session.imagingSource ?? null;
    if (this.#life === null || this.#standing.link !== 'ok' || source === null) return null;
    try {
      return imaging(await this.#life.session.ask('getImagingSettings', [{ token: escaped(source) }]));
    } catch (error) {
      if (error instanceof FaultError) return null;
      throw error;
    }
  }

  /** Sets what is named. */
  async setImaging(wish: Partial<Record<keyof Imaging, number>>): Promise<ActResult> {
    return this.#try(async (session) => {
      const source = session.imagingSource;
      if (source === null) return { outcome: 'rejected', because: 'it has no imaging' };
      // As text: the library leaves out a 0.
      const values = Object.fromEntries(Object.entries(wish).map(([name, value]) => [name, String(value)]));
      await session.ask('setImagingSettings', [{ ...values, token: escaped(source) }]);
      return { outcome: 'completed', because: 'the camera says so' };
    });
  }

  async #try(run: (session: Session) => Promise<ActResult>): Promise<ActResult> {
    const life = this.#life;
    if (life === null || this.#standing.link !== 'ok') return { outcome: 'rejected', because: `not connected: ${this.#standing.because}` };
    try {
      return await run(life.session);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      const because = brief(error.fault).slice(0, 300);
      if (error.fault.code !== 'device.silent' && error.fault.code !== 'device.gone') return { outcome: 'rejected', because };
      // It may have been done: what is so now is asked for.
      void this.#poll(life);
      return { outcome: 'unknown', because };
    }
  }

  async #connect(): Promise<void> {
    const { name, clock, log, host, port } = this.#options;
    // A camera that is switched off is tried for hours: what is told of it stays the same.
    if (this.#failures === 0) this.#stand('connecting', `asking ${host}:${port}`);
    const life: Life = {
      session: new Session({
        name,
        settings: this.#options,
        clock,
        log,
        tell: (patch) => this.#during(life, () => this.#patch(patch)),
        inform: (info) => this.#during(life, () => this.#inform(info)),
        seen: () => this.#during(life, () => this.#word()),
        alarmed: (news, trouble) => this.#during(life, () => this.#alarmed(news, trouble)),
        gone: () => void this.#poll(life, true),
      }),
      over: false,
    };
    this.#life = life;
    const limit = clock.after(BEGIN_MS, `${name} begins`, () => void this.#lost(life, `nothing usable for ${BEGIN_MS} ms`));
    try {
      await life.session.begin();
      if (life.over) return;
      // Whatever moved when it was lost was stopped first thing.
      this.#motion.forget();
      this.#failures = 0;
      this.#silent = 0;
      this.#capabilities = life.session.capabilities;
      this.#stand('ok', 'answers');
      this.#pollLater(life);
    } catch (error) {
      if (error instanceof FaultError) await this.#lost(life, brief(error.fault), error.fault.code === 'device.login');
      else await this.#puzzled(life, error);
    } finally {
      limit.cancel();
    }
  }

  /** A bug, brought out by what the camera said: told loudly, but the box goes on, for a meeting hangs on this process. */
  #puzzled(life: Life, error: unknown): Promise<void> {
    this.#options.log.error({ err: error, device: this.#options.name }, 'an answer could not be understood, on a bug');
    return this.#lost(life, 'what it says could not be understood');
  }

  #during(life: Life, run: () => void): void {
    if (!life.over) run();
  }

  #pollLater(life: Life): void {
    const { clock, name, pollMs = POLL_MS } = this.#options;
    this.#timer?.cancel();
    this.#timer = clock.after(pollMs, `${name} is asked`, () => void this.#poll(life));
  }

  /** @param doubted something says that it went away: then anything but an answer proves it. */
  async #poll(life: Life, doubted = false): Promise<void> {
    if (life.over || this.#standing.link !== 'ok') return;
    this.#timer?.cancel();
    try {
      await life.session.poll();
      this.#silent = 0;
    } catch (error) {
      if (!(error instanceof FaultError)) return this.#puzzled(life, error);
      const { code } = error.fault;
      if (code === 'device.login') return this.#lost(life, brief(error.fault), true);
      if (doubted || code === 'device.gone' || ++this.#silent >= SILENT_POLLS) return this.#lost(life, brief(error.fault));
    }
    if (!life.over) this.#pollLater(life);
  }

  async #lost(life: Life, because: string, refused = false): Promise<void> {
    if (life.over) return;
    const ending = this.#end(life);
    if (this.#running) {
      const pause = refused ? REFUSED_PAUSE_MS : (PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length - 1)] ?? 400);
      this.#failures++;
      if (because !== this.#complaint) this.#options.log.warn({ device: this.#options.name, because, pause }, 'camera lost');
      this.#complaint = because;
      this.#stand(refused ? 'login-refused' : 'disconnected', because);
      this.#timer = this.#options.clock.after(pause, `${this.#options.name} is tried again`, () => void this.#connect());
    }
    await ending;
  }

  async #end(life: Life): Promise<void> {
    if (life.over) return;
    life.over = true;
    this.#timer?.cancel();
    if (this.#life === life) this.#life = null;
    await life.session.end();
  }

  #word(): void {
    this.#seen = this.#options.clock.now();
  }

  #alarmed(news: readonly Alarm[], trouble: PictureTrouble | null): void {
    if (this.#pictureTrouble !== 'tampered with') this.#excused = this.#options.clock.mono() - this.#turnedAt < TURNED_MS;
    this.#pictureTrouble = trouble;
    for (const alarm of news) this.alarms.emit('alarm', alarm);
  }

  #patch(patch: Partial<DeviceState>): void {
    this.#state = { ...this.#state, ...patch };
    this.emit('changed');
  }

  #inform(info: DeviceInfo): void {
    this.#info = info;
    this.emit('changed');
  }

  #stand(link: LinkState, because: string): void {
    // Nothing that was seen of a camera that is gone may be taken for what is so now.
    if (link !== 'ok' && link !== 'connecting' && this.#standing.link !== link) {
      this.#state = unknownState;
      this.#pictureTrouble = null;
    }
    this.#standing = { link, because: because.slice(0, 300) };
    this.emit('changed');
  }
}
