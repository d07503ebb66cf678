/**
 * A device behind a line: opens it, lets the driver begin, asks for signs of life, comes back by itself, and keeps motion safe. One for every
 * make that speaks bytes; what differs is the Protocol.
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
import { refusal } from './allow.ts';
import { Exchange, Superseded } from './exchange.ts';
import { Motion } from './motion.ts';
import type { Line, Port } from './port.ts';
import type { Did, Manners, Protocol, Talk } from './protocol.ts';
import { Transcript } from './transcript.ts';

export interface DeviceOptions<M> {
  /** For logs and faults. */
  readonly name: string;
  readonly port: Port;
  /** Made anew for each connection. */
  readonly protocol: () => Protocol<M>;
  readonly manners: Manners;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Standing {
  readonly link: LinkState;
  readonly because: string;
}

export interface DeviceEvents {
  /** Link, state, info or capabilities are others now. */
  changed: [];
}

/** What a camera may say of its own picture. */
export type PictureTrouble = 'signal lost' | 'tampered with';

/** What the box sees of a device, whatever it is made of. */
export interface Handle extends EventEmitter<DeviceEvents> {
  start(): void;
  stop(): Promise<void>;
  execute(act: DeviceAct): Promise<ActResult>;
  readonly standing: Standing;
  readonly state: DeviceState;
  readonly info: DeviceInfo;
  readonly capabilities: readonly Capability[];
  /** Wall clock of the last word from it; null: never. */
  readonly seen: number | null;
  /** Why the device itself says that its picture is not to be shown; null or absent: it does not say so. */
  readonly pictureTrouble?: PictureTrouble | null;
}

/** Pauses after the first, second… failed try; the last repeats. A port that is back is in use again within two seconds: the slowest make takes 1.3 s to begin. */
const PAUSES_MS = [100, 250, 400] as const;
/** A device that refuses our login: knocking faster ends in a lock-out on some makes. */
const REFUSED_PAUSE_MS = 30_000;
/** So many polls in a row without a word: the line is taken for dead. */
const SILENT_POLLS = 2;
const STOP_MS = 500;
/** Closing a line may hang: the system waits for bytes that a dead adapter never takes. */
const CLOSE_MS = 1000;
/** Who was there for so long is taken for well when it goes; one that came and went more often than this in less is not run after. */
const STEADY_MS = 10_000;
const FLAPS_MAX = 3;
const FLAPPING_PAUSE_MS = 1500;

interface Session<M> {
  readonly protocol: Protocol<M>;
  readonly exchange: Exchange<M>;
  readonly talk: Talk<M>;
  readonly transcript: Transcript;
  line: Line | null;
  over: boolean;
}

export class WiredDevice<M> extends EventEmitter<DeviceEvents> implements Handle {
  readonly #options: DeviceOptions<M>;
  readonly #motion: Motion;
  #standing: Standing = { link: 'disconnected', because: 'not started' };
  #state: DeviceState = unknownState;
  #info: DeviceInfo = { make: '', model: '', firmware: '', serial: '' };
  #capabilities: readonly Capability[];
  #seen: number | null = null;
  #session: Session<M> | null = null;
  #timer: Timer | null = null;
  #failures = 0;
  /** Monotonic; null: it is not well now. */
  #wellSince: number | null = null;
  #flaps = 0;
  #complaint = '';
  #silent = 0;
  #running = false;

  constructor(options: DeviceOptions<M>) {
    super();
    this.#options = options;
    this.#capabilities = options.protocol().capabilities;
    this.#motion = new Motion(options.clock, options.name, () => this.#halt());
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
  get capabilities(): readonly Capability[] {
    return this.#capabilities;
  }
  get seen(): number | null {
    return this.#seen;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#connect();
  }

  /** Stops what moves, then lets go of the line. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#timer?.cancel();
    if (this.#motion.moving) await this.#motion.halt(STOP_MS);
    this.#motion.forget();
    await this.#end('stopped');
    this.#stand('disconnected', 'stopped');
  }

  /** Carries out an act; never throws for what a device, a line or a person can cause. */
  async execute(act: DeviceAct): Promise<ActResult> {
    const session = this.#session;
    if (act.do === 'raw') session?.transcript.asked();
    const result = await this.#execute(session, act);
    const answer = act.do === 'raw' ? session?.transcript.text() : undefined;
    return answer ? { ...result, answer } : result;
  }

  async #execute(session: Session<M> | null, act: DeviceAct): Promise<ActResult> {
    const no = refusal(this.#capabilities, act);
    if (no !== null) return { outcome: 'rejected', because: no };
    if (session === null || this.#standing.link !== 'ok')
      return { outcome: 'rejected', because: `not connected: ${this.#standing.because}` };
    try {
      if (act.do === 'move' && act.pan === 0 && act.tilt === 0 && act.zoom === 0) {
        await this.#motion.halt(STOP_MS);
        return { outcome: 'completed', because: 'stopped' };
      }
      const did = await (act.do === 'move' ? this.#move(session, act) : session.protocol.act(session.talk, act));
      return { outcome: did, because: did === 'completed' ? 'the device says so' : 'the device has taken it' };
    } catch (error) {
      return this.#outcome(error, session);
    }
  }

  async #move({ protocol, talk }: Session<M>, act: Extract<DeviceAct, { do: 'move' }>): Promise<Did> {
    // Before it is sent: a move whose answer is lost moves all the same.
    const move = this.#motion.begun(act.limitMs);
    try {
      return await protocol.act(talk, act);
    } finally {
      this.#motion.sent(move);
    }
  }

  #outcome(error: unknown, session: Session<M>): ActResult {
    if (error instanceof Superseded) return { outcome: 'superseded', because: error.message };
    if (!(error instanceof FaultError)) throw error;
    const { fault } = error;
    const because = brief(fault).slice(0, 300);
    if (fault.code !== 'device.silent' && fault.code !== 'device.gone') return { outcome: 'rejected', because };
    // It may have been done: what is so now is asked for.
    if (fault.code === 'device.silent') void this.#poll(session);
    return { outcome: 'unknown', because };
  }

  async #connect(): Promise<void> {
    const { port, protocol, manners, clock, name, log } = this.#options;
    // A device that is switched off is tried for hours: what is told of it stays the same.
    if (this.#failures === 0) this.#stand('connecting', `opening ${port.name}`);
    const speaking = protocol();
    const session: Session<M> = {
      protocol: speaking,
      exchange: new Exchange<M>({
        device: name,
        clock,
        gapMs: manners.gapMs,
        write: async (bytes) => {
          if (session.line === null) throw new FaultError({ code: 'device.gone', device: name, command: 'write', because: 'no line' });
          session.transcript.asked();
          await session.line.write(bytes);
        },
      }),
      talk: {
        ask: (question) => session.exchange.ask(question),
        tell: (patch) => this.#patch(patch),
        inform: (info) => this.#inform(info),
        state: () => this.#state,
        clock,
        log,
      },
      transcript: new Transcript(),
      line: null,
      over: false,
    };
    this.#session = session;
    const limit = clock.after(
      manners.beginMs,
      `${name} begins`,
      () => void this.#lost(session, `nothing usable for ${manners.beginMs} ms`),
    );
    try {
      session.line = await port.open({
        data: (bytes) => this.#data(session, bytes),
        ended: (because) => void this.#lost(session, because),
      });
      if (session.over) return await session.line.close();
      // Whatever moved when the line was lost, or before we came, stands still first.
      await speaking.halt?.(session.talk);
      this.#motion.forget();
      await speaking.begin(session.talk);
      limit.cancel();
      if (session.over) return;
      this.#wellSince = clock.mono();
      this.#silent = 0;
      this.#capabilities = speaking.capabilities;
      this.#stand('ok', 'answers');
      this.#pollLater(session);
    } catch (error) {
      if (error instanceof FaultError) await this.#lost(session, brief(error.fault), error.fault.code === 'device.login');
      else if (error instanceof Superseded) await this.#lost(session, error.message);
      else await this.#puzzled(session, error);
    } finally {
      limit.cancel();
    }
  }

  #data(session: Session<M>, bytes: Uint8Array): void {
    if (session.over) return;
    this.#seen = this.#options.clock.now();
    session.transcript.heard(bytes);
    try {
      for (const message of session.protocol.framer.push(bytes)) {
        this.#silent = 0;
        if (!session.exchange.take(message)) session.protocol.heard(session.talk, message);
      }
    } catch (error) {
      void this.#puzzled(session, error);
    }
  }

  /** A bug in a driver, brought out by what its device said: told loudly, but the box goes on, for a meeting hangs on this process. */
  #puzzled(session: Session<M>, error: unknown): Promise<void> {
    this.#options.log.error({ err: error, device: this.#options.name }, 'an answer could not be understood, on a bug');
    return this.#lost(session, 'what it says could not be understood');
  }

  #pollLater(session: Session<M>): void {
    if (session.over) return;
    const { clock, manners, name } = this.#options;
    this.#timer?.cancel();
    this.#timer = clock.after(manners.pollMs, `${name} is asked`, () => void this.#poll(session));
  }

  async #poll(session: Session<M>): Promise<void> {
    if (session.over) return;
    this.#timer?.cancel();
    try {
      await session.protocol.poll(session.talk);
      this.#silent = 0;
    } catch (error) {
      if (error instanceof Superseded) return this.#pollLater(session);
      if (!(error instanceof FaultError)) return this.#puzzled(session, error);
      const { code } = error.fault;
      const dead = code === 'device.gone' || (code === 'device.silent' && ++this.#silent >= SILENT_POLLS);
      // A line that has ended was told of already; then this changes nothing.
      if (dead || code === 'device.login') return this.#lost(session, brief(error.fault), code === 'device.login');
    }
    this.#pollLater(session);
  }

  /** The line is of no use any more: what was known is doubtful, and the next one is tried after a pause. */
  async #lost(session: Session<M>, because: string, refused = false): Promise<void> {
    if (session.over) return;
    await this.#end(because, session);
    if (!this.#running) return;
    const wellMs = this.#wellSince === null ? null : this.#options.clock.mono() - this.#wellSince;
    this.#wellSince = null;
    if (wellMs !== null) this.#failures = 0;
    this.#flaps = wellMs === null ? this.#flaps : wellMs >= STEADY_MS ? 0 : this.#flaps + 1;
    const usual = this.#flaps > FLAPS_MAX ? FLAPPING_PAUSE_MS : (PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length - 1)] ?? 400);
    const pause = refused ? REFUSED_PAUSE_MS : usual;
    this.#failures++;
    if (because !== this.#complaint) this.#options.log.warn({ device: this.#options.name, because, pause }, 'device lost');
    this.#complaint = because;
    this.#stand(refused ? 'login-refused' : 'disconnected', because);
    this.#timer = this.#options.clock.after(pause, `${this.#options.name} is tried again`, () => void this.#connect());
  }

  async #end(because: string, session = this.#session): Promise<void> {
    if (session === null || session.over) return;
    session.over = true;
    this.#timer?.cancel();
    session.exchange.end(because);
    if (this.#session === session) this.#session = null;
    if (session.line !== null) await this.#closed(session.line);
  }

  async #closed(line: Line): Promise<void> {
    const { clock, name } = this.#options;
    await new Promise<void>((resolve) => {
      const limit = clock.after(CLOSE_MS, `${name} is closed`, resolve);
      void line.close().then(() => {
        limit.cancel();
        resolve();
      });
    });
  }

  async #halt(): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    await session.protocol.halt?.(session.talk);
  }

  #patch(patch: Partial<DeviceState>): void {
    this.#state = { ...this.#state, ...patch };
    this.emit('changed');
  }

  #inform(info: Partial<DeviceInfo>): void {
    this.#info = { ...this.#info, ...info };
    this.emit('changed');
  }

  #stand(link: LinkState, because: string): void {
    // Nothing that was seen through a line that is gone may be taken for what is so now.
    if ((link === 'disconnected' || link === 'login-refused') && this.#standing.link !== link) this.#state = unknownState;
    this.#standing = { link, because: because.slice(0, 300) };
    this.emit('changed');
  }
}
