/**
 * A Samsung display that speaks MDC, by its own bytes. Facts: Samsung "Multiple Display Control" protocol 13.7c and the UD55A manual.
 *
 * Models: `pc` reports the PC variant of an HDMI input instead of the one it was switched to; `slow` answers nothing for a while after it
 * was switched on (some sets need 10 to 20 s), here for the next three commands.
 */
import type { DriverSettings } from '../wire/driver.ts';
import { now, type Said, type Simulator } from '../wire/simulator.ts';

const HEAD = 0xaa;
const REPLY = 0xff;
const BROADCAST = 0xfe;
const ACK = 0x41;
const NAK = 0x4e;
/** Code, id, length, sum around the data. */
const AROUND = 5;
/** No command of a display is longer; a larger length is noise. */
const DATA_MAX = 32;

const STATUS = 0x00;
const SERIAL = 0x0b;
const SOFTWARE = 0x0e;
const POWER = 0x11;
const VOLUME = 0x12;
const MUTE = 0x13;
const INPUT = 0x14;
const MODEL = 0x8a;
const PANEL = 0xf9;

const INPUTS = [0x14, 0x18, 0x21, 0x22, 0x23, 0x24, 0x25];
/** HDMI inputs and what they are called when the picture has PC timing. */
const PC_VARIANT: Readonly<Record<number, number>> = { 33: 0x22, 35: 0x24 };
const ASPECT = 0x00;
const SLOW_COMMANDS = 3;

const WRONG = 0x01;

interface Display {
  power: number;
  volume: number;
  mute: number;
  input: number;
  /** 1: the panel is dark although the set is on. */
  panel: number;
  /** So many commands are not answered yet. */
  deaf: number;
  /** The next command is rejected. */
  reject: boolean;
}

/** What the display says to a command, without frame: null is a rejection. */
function carriedOut(display: Display, command: number, data: Uint8Array, model: string): Uint8Array | null {
  const value = data[0];
  if (value === undefined) return shown(display, command, model);
  if (data.length !== 1) return null;
  switch (command) {
    case POWER:
      if (value > 1) return null;
      if (value === 1 && display.power === 0 && model === 'slow') display.deaf = SLOW_COMMANDS;
      display.power = value;
      display.panel = 0;
      break;
    case VOLUME:
      if (value > 100) return null;
      display.volume = value;
      break;
    case MUTE:
      if (value > 1) return null;
      display.mute = value;
      break;
    case INPUT:
      if (!INPUTS.includes(value)) return null;
      display.input = value;
      break;
    case PANEL:
      if (value > 1) return null;
      display.panel = value;
      break;
    default:
      return null;
  }
  return shown(display, command, model);
}

function shown(display: Display, command: number, model: string): Uint8Array | null {
  const input = model === 'pc' ? (PC_VARIANT[display.input] ?? display.input) : display.input;
  switch (command) {
    case STATUS:
      // The last two are timers.
      return Uint8Array.of(display.power, display.volume, display.mute, input, ASPECT, 0x00, 0x00);
    case POWER:
      return Uint8Array.of(display.power);
    case VOLUME:
      return Uint8Array.of(display.volume);
    case MUTE:
      return Uint8Array.of(display.mute);
    case INPUT:
      return Uint8Array.of(input);
    case PANEL:
      return Uint8Array.of(display.panel);
    case SERIAL:
      return Buffer.from('0KWZHNCN700123', 'latin1');
    case SOFTWARE:
      return Buffer.from('T-KTM2LAKUC-1021.0', 'latin1');
    case MODEL:
      return Buffer.from('QM55R', 'latin1');
    default:
      return null;
  }
}

function reply(id: number, command: number, value: Uint8Array | null): Uint8Array {
  const data = value === null ? Uint8Array.of(NAK, command, WRONG) : Uint8Array.of(ACK, command, ...value);
  const body = Uint8Array.of(REPLY, id, data.length, ...data);
  return Uint8Array.of(HEAD, ...body, sum(body));
}

const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => total + byte, 0) & 0xff;

/** A display that is on, with volume 6, on input PC. */
export function simulateMdc({ address, model }: DriverSettings): Simulator {
  const display: Display = { power: 1, volume: 6, mute: 0, input: 0x14, panel: 0, deaf: 0, reject: false };
  let held: Uint8Array = new Uint8Array(0);

  const obey = (id: number, command: number, data: Uint8Array): readonly Said[] => {
    if (id !== address && id !== BROADCAST) return [];
    if (display.deaf > 0) {
      display.deaf--;
      return [];
    }
    const value = display.reject ? null : carriedOut(display, command, data, model);
    display.reject = false;
    return id === BROADCAST ? [] : now(reply(id, command, value));
  };

  return {
    opened: () => [],
    closed() {
      held = new Uint8Array(0);
    },
    feed(bytes) {
      const said: Said[] = [];
      let rest = Uint8Array.of(...held, ...bytes);
      for (;;) {
        const at = rest.indexOf(HEAD);
        rest = rest.subarray(at < 0 ? rest.length : at);
        const [, command, id, length] = rest;
        const whole = (length ?? 0) + AROUND;
        if (command === undefined || id === undefined || length === undefined || (length <= DATA_MAX && rest.length < whole)) break;
        // A frame with a wrong sum is not answered; what follows its head may hold a right one.
        const right = length <= DATA_MAX && sum(rest.subarray(1, whole - 1)) === rest[whole - 1];
        if (right) said.push(...obey(id, command, rest.subarray(4, whole - 1)));
        rest = rest.subarray(right ? whole : 1);
      }
      held = rest.slice();
      return said;
    },
    happen(what) {
      const [, input] = /^remote input ([0-9a-f]{2})$/i.exec(what) ?? [];
      const [, volume] = /^remote volume (\d{1,3})$/.exec(what) ?? [];
      if (input !== undefined) display.input = Number.parseInt(input, 16);
      else if (volume !== undefined) display.volume = Math.min(100, Number(volume));
      else if (what === 'remote power on') display.power = 1;
      else if (what === 'remote power off') display.power = 0;
      else if (what === 'remote mute') display.mute = 1;
      else if (what === 'remote unmute') display.mute = 0;
      else if (what === 'reject') display.reject = true;
      else if (what === 'deaf') display.deaf = Number.POSITIVE_INFINITY;
      else if (what === 'hearing') display.deaf = 0;
      else
        throw new Error(
          `a display knows: remote power on, remote power off, remote mute, remote unmute, remote volume N, remote input XX, reject, deaf, hearing; not ${what}`,
        );
      // It never speaks unasked.
      return [];
    },
    restart() {
      held = new Uint8Array(0);
      Object.assign(display, { power: 0, mute: 0, panel: 0, deaf: 0, reject: false });
      return [];
    },
    get facts() {
      return {
        power: display.power === 1 ? 'on' : 'off',
        volume: display.volume,
        muted: display.mute === 1,
        input: display.input.toString(16).padStart(2, '0'),
        blank: display.panel === 1,
        address,
      };
    },
  };
}
