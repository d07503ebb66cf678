/**
 * A camera that understands VISCA packets, whatever they came by. Bytes as in Sony's "EVI-D70 Technical Manual" and "VISCA Command List":
 * an ACK when a command is taken, a completion when it is done, two sockets for what is under way.
 */
import { later, now, type Said } from '../wire/simulator.ts';
import { large, SimulatedMotion, small } from './simulated-motion.ts';

/** What a reply travels in. */
export type Wrap = (packet: Uint8Array) => Uint8Array;

/** A recall, an absolute move, a power switch: the completion comes so much later. */
const LATE_MS = 250;
/** Sony, EVI-D70, ROM 3.05, two sockets. */
const VERSION = [0x00, 0x20, 0x04, 0x0e, 0x03, 0x05, 0x02] as const;
const SYNTAX = 0x02;
const FULL = 0x03;
const CANCELLED = 0x04;
const NO_SOCKET = 0x05;
const NOT_NOW = 0x41;

/** What a command or an inquiry comes to. */
type Outcome =
  | { readonly is: 'done' }
  | { readonly is: 'late' }
  | { readonly is: 'tells'; readonly bytes: readonly number[] }
  | { readonly is: 'error'; readonly code: number };

const done: Outcome = { is: 'done' };
const late: Outcome = { is: 'late' };
const tells = (...bytes: readonly number[]): Outcome => ({ is: 'tells', bytes });
const error = (code: number): Outcome => ({ is: 'error', code });

interface Held {
  readonly socket: number;
  readonly wrap: Wrap;
}

export class SimulatedCamera {
  readonly #address: number;
  /** Some answer with `ack-only`, `completion-only` or not at all: `silent`. Inquiries are always answered. `srg-x…`, `brc-x…`: pan has five digits. */
  readonly #model: string;
  readonly #motion: SimulatedMotion;
  #on = true;
  #focusAuto = true;
  /** Starting: answers nothing. Warming: refuses all but questions for power. */
  #condition: 'ready' | 'booting' | 'warming' = 'ready';
  /** Commands take until somebody says `finish`. */
  #slow = false;
  #held: readonly Held[] = [];
  #busy = 0;
  /** The next late command takes this socket; the one before it may still be under way in the other. */
  #socket = 1;
  #commands = 0;

  constructor(address: number, model: string) {
    this.#address = address;
    this.#model = model.toLowerCase();
    this.#motion = new SimulatedMotion(this.#wide ? large : small);
  }

  get facts(): Readonly<Record<string, unknown>> {
    return {
      address: this.#address,
      power: this.#on ? 'on' : 'off',
      condition: this.#condition,
      focus: this.#focusAuto ? 'auto' : 'manual',
      sockets: this.#held.map(({ socket }) => socket),
      commands: this.#commands,
      ...this.#motion.facts,
    };
  }

  /** It has just got its power: it says nothing and hears nothing. */
  get deaf(): boolean {
    return this.#condition === 'booting';
  }

  /** A packet that was for it: `header … FF`. */
  hear(packet: Uint8Array, wrap: Wrap): readonly Said[] {
    if (this.deaf) return [];
    const body = packet.subarray(1, -1);
    const answer = (...bytes: readonly number[]): Said => ({ bytes: wrap(this.#packet(...bytes)), afterMs: 0 });
    if (packet.length < 3 || packet.length > 16) return [answer(0x60, 0x01)];
    this.#motion.step();
    const text = Buffer.from(body).toString('hex');
    if (text === '010001') {
      this.#held = [];
      return [answer(0x50)];
    }
    const cancel = /^2([0-9a-f])$/.exec(text)?.[1];
    if (cancel !== undefined) return [this.#cancel(Number.parseInt(cancel, 16), wrap)];
    if (text.startsWith('09')) return [this.#inquiry(text, answer)];
    return this.#command(text, wrap, answer);
  }

  #inquiry(text: string, answer: (...bytes: readonly number[]) => Said): Said {
    const outcome = text === '090400' || text === '090002' || this.#usable ? this.#told(text) : error(NOT_NOW);
    return outcome.is === 'tells' ? answer(0x50, ...outcome.bytes) : answer(0x60, outcome.is === 'error' ? outcome.code : SYNTAX);
  }

  #told(text: string): Outcome {
    const { pan, tilt, zoom } = this.#motion.place;
    switch (text) {
      case '090400':
        return tells(this.#on ? 2 : 3);
      case '090447':
        return tells(...nibbles(zoom, 4));
      case '090438':
        return tells(this.#focusAuto ? 2 : 3);
      case '090612':
        return tells(...nibbles(pan, this.#wide ? 5 : 4), ...nibbles(tilt, 4));
      case '090002':
        return tells(...VERSION);
      default:
        return error(SYNTAX);
    }
  }

  #command(text: string, wrap: Wrap, answer: (...bytes: readonly number[]) => Said): readonly Said[] {
    if (this.#busy > 0) {
      this.#busy--;
      return [answer(0x60, FULL)];
    }
    const socket = this.#free();
    if (socket === null) return [answer(0x60, FULL)];
    const outcome = /^010400/.test(text) || this.#usable ? this.#carryOut(text) : error(NOT_NOW);
    if (outcome.is === 'error') return [outcome.code === NOT_NOW ? answer(0x60 | socket, NOT_NOW) : answer(0x60, outcome.code)];
    this.#commands++;
    if (this.#model === 'silent') return [];
    const ack = answer(0x40 | socket);
    if (this.#model === 'ack-only') return [ack];
    const taken = this.#model === 'completion-only' ? [] : [ack];
    const completion = wrap(this.#packet(0x50 | socket));
    if (outcome.is !== 'late') return [...taken, ...now(completion)];
    if (this.#slow) {
      this.#held = [...this.#held, { socket, wrap }];
      return taken;
    }
    this.#socket = 3 - socket;
    return [...taken, later(LATE_MS, completion)];
  }

  #carryOut(text: string): Outcome {
    const motion = this.#motion;
    const [, code = '', rest = ''] = /^01(04..|06..)(.*)$/.exec(text) ?? [];
    const bytes = [...Buffer.from(rest, 'hex')];
    const [first = -1, second = -1, third = -1, fourth = -1] = bytes;
    switch (`${code}/${bytes.length}`) {
      case '0400/1':
        return this.#power(first);
      case '0407/1':
        return this.#zoom(first);
      case '0447/4':
        motion.go({ zoom: unsigned(bytes) });
        return late;
      case '0438/1':
        if (first !== 2 && first !== 3) return error(SYNTAX);
        this.#focusAuto = first === 2;
        return done;
      case '0408/1':
        return this.#focusAuto ? error(NOT_NOW) : done;
      case '043f/2':
        return this.#preset(first, second);
      case '0601/4':
        return this.#drive(first, second, third, fourth);
      case '0602/10':
      case '0602/11':
      case '0603/10':
      case '0603/11':
        return this.#position(bytes, code === '0603');
      case '0604/0':
      case '0605/0':
        motion.go({ pan: 0, tilt: 0 });
        return late;
      default:
        return error(SYNTAX);
    }
  }

  #power(how: number): Outcome {
    if (how !== 2 && how !== 3) return error(SYNTAX);
    this.#on = how === 2;
    if (!this.#on) this.#motion.halt();
    return late;
  }

  #zoom(how: number): Outcome {
    const speed = (how & 0x0f) + 1;
    if (how === 0) this.#motion.zoom(0);
    else if (how === 2 || how === 3) this.#motion.zoom(how === 2 ? 4 : -4);
    else if (speed <= 8 && how >> 4 === 2) this.#motion.zoom(speed);
    else if (speed <= 8 && how >> 4 === 3) this.#motion.zoom(-speed);
    else return error(SYNTAX);
    return done;
  }

  #preset(what: number, number: number): Outcome {
    if (number >= (this.#wide ? 100 : 16) || what > 2) return error(SYNTAX);
    if (what === 2) this.#motion.recall(number);
    else if (what === 1) this.#motion.store(number);
    else this.#motion.forget(number);
    return what === 2 ? late : done;
  }

  #drive(panSpeed: number, tiltSpeed: number, pan: number, tilt: number): Outcome {
    const fits = [pan, tilt].every((way) => way >= 1 && way <= 3) && this.#speeds(panSpeed, tiltSpeed, 0);
    if (!fits) return error(SYNTAX);
    const side = pan === 3 ? 0 : pan === 1 ? -panSpeed : panSpeed;
    this.#motion.turn(side, tilt === 3 ? 0 : tilt === 1 ? tiltSpeed : -tiltSpeed);
    return done;
  }

  #position(bytes: readonly number[], relative: boolean): Outcome {
    const digits = this.#wide ? 5 : 4;
    const [panSpeed = 0, tiltSpeed = 0, ...rest] = bytes;
    const fits =
      rest.length === digits + 4 && rest.every((nibble) => nibble <= 0x0f) && this.#speeds(panSpeed, tiltSpeed, this.#wide ? 0 : 1);
    if (!fits || (this.#wide && tiltSpeed !== 0)) return error(SYNTAX);
    const [pan, tilt] = [signed(rest.slice(0, digits)), signed(rest.slice(digits))];
    const { place } = this.#motion;
    this.#motion.go(relative ? { pan: place.pan + pan, tilt: place.tilt + tilt } : { pan, tilt });
    return late;
  }

  /** 0 is sent with a stop. */
  #speeds(pan: number, tilt: number, least: number): boolean {
    return pan >= least && pan <= 0x18 && tilt >= least && tilt <= 0x17;
  }

  #cancel(socket: number, wrap: Wrap): Said {
    const under = this.#held.some((each) => each.socket === socket);
    this.#held = this.#held.filter((each) => each.socket !== socket);
    return { bytes: wrap(this.#packet(0x60 | (socket & 0x0f), under ? CANCELLED : NO_SOCKET)), afterMs: 0 };
  }

  #free(): number | null {
    if (this.#held.length === 0) return this.#socket;
    return [1, 2].find((socket) => this.#held.every((each) => each.socket !== socket)) ?? null;
  }

  get #usable(): boolean {
    return this.#on && this.#condition === 'ready';
  }

  get #wide(): boolean {
    return /^(?:srg|brc)-x/.test(this.#model);
  }

  /** See `events`; null: it knows nothing of the kind. */
  happen(what: string): readonly Said[] | null {
    const busy = /^busy (\d{1,3})$/.exec(what)?.[1];
    if (busy !== undefined) {
      this.#busy = Number(busy);
      return [];
    }
    switch (what) {
      case 'power on':
      case 'power off':
        this.#on = what === 'power on';
        if (!this.#on) this.#motion.halt();
        return [];
      case 'booting':
      case 'warming':
      case 'ready':
        this.#condition = what;
        return [];
      case 'slow':
        this.#slow = true;
        return [];
      case 'finish':
        return this.#finish();
      default:
        return null;
    }
  }

  #finish(): readonly Said[] {
    const ended = this.#held;
    this.#held = [];
    this.#slow = false;
    // The second first: nothing promises an order.
    return ended.toReversed().map(({ socket, wrap }) => ({ bytes: wrap(this.#packet(0x50 | socket)), afterMs: 0 }));
  }

  restart(): void {
    this.#motion.restart();
    this.#on = true;
    this.#condition = 'ready';
    this.#slow = false;
    this.#held = [];
    this.#busy = 0;
    this.#socket = 1;
    this.#focusAuto = true;
  }

  /** From the camera: `z0 … FF`. */
  #packet(...payload: readonly number[]): Uint8Array {
    return Uint8Array.of(0x80 | (this.#address << 4), ...payload, 0xff);
  }
}

/** What can happen at a camera. */
export const events = ['power on', 'power off', 'booting', 'warming', 'ready', 'busy N', 'slow', 'finish'] as const;

const unsigned = (digits: readonly number[]): number => digits.reduce((sum, digit) => sum * 16 + (digit & 0x0f), 0);

/** Two's complement, one nibble a byte. */
function signed(digits: readonly number[]): number {
  const value = unsigned(digits);
  const size = 16 ** digits.length;
  return value >= size / 2 ? value - size : value;
}

function nibbles(value: number, count: number): readonly number[] {
  const whole = value < 0 ? value + 16 ** count : value;
  return Array.from({ length: count }, (_, index) => Math.floor(whole / 16 ** (count - 1 - index)) & 0x0f);
}
