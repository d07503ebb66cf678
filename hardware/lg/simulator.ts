/**
 * An LG display with RS-232 control, by its own bytes. Facts: LG manuals of the 55LV5400, M4210 and 55WV70MS.
 *
 * Models: `silent` says nothing in standby, so that nobody can tell it from a set that is not there, but still obeys a power-on;
 * `pc` reports the name an input has with PC timing (A0) where it was switched to the other (90).
 */
import type { DriverSettings } from '../wire/driver.ts';
import { later, now, type Said, type Simulator } from '../wire/simulator.ts';

/** A power-on is acknowledged when the set is up, not before. */
const POWER_ON_MS = 2000;
/** Longest command in bytes; beyond that it is noise. */
const LIMIT = 32;
const ALL = 0x00;
const QUERY = 0xff;
const VOLUME_MAX = 0x64;
/** HDMI 1, HDMI 2 and DisplayPort, without and with PC timing. */
const INPUTS = [0x90, 0x91, 0xa0, 0xa1, 0xc0, 0xd0];
const WITH_PC_TIMING = 0x10;

interface Display {
  power: number;
  input: number;
  /** 1: the picture is dark. */
  blank: number;
  /** 0 is muted, 1 is not. */
  sound: number;
  volume: number;
  /** The next command is refused. */
  refuse: boolean;
}

const isFlag = (data: number): boolean => data === 0 || data === 1;

/** Both letters of a command to where its value goes, and what it may be. */
const SETTERS: Readonly<Record<string, readonly [key: 'power' | 'input' | 'blank' | 'sound' | 'volume', may: (data: number) => boolean]>> =
  {
    ka: ['power', isFlag],
    xb: ['input', (data) => INPUTS.includes(data)],
    kd: ['blank', isFlag],
    ke: ['sound', isFlag],
    kf: ['volume', (data) => data <= VOLUME_MAX],
  };

/** The value after the command; null: refused. */
function set(display: Display, command: string, data: number): number | null {
  const [key, may] = SETTERS[command] ?? [];
  if (key === undefined || may?.(data) !== true) return null;
  display[key] = data;
  return data;
}

function shown(display: Display, command: string, model: string): number | null {
  switch (command) {
    case 'ka':
      return display.power;
    case 'xb':
      return model === 'pc' ? pcName(display.input) : display.input;
    case 'kd':
      return display.blank;
    case 'ke':
      return display.sound;
    case 'kf':
      return display.volume;
    default:
      return null;
  }
}

const pcName = (input: number): number => (input === 0x90 || input === 0x91 || input === 0xc0 ? input + WITH_PC_TIMING : input);

const two = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

/** A display that is on, on HDMI 1, with volume 15 of 100. */
export function simulateLg({ address, model }: DriverSettings): Simulator {
  const display: Display = { power: 1, input: 0x90, blank: 0, sound: 1, volume: 0x0f, refuse: false };
  let held = '';

  const carriedOut = (command: string, data: number): number | null => {
    if (display.refuse) {
      display.refuse = false;
      return null;
    }
    if (data === QUERY) return shown(display, command, model);
    // In standby nothing but the power can be switched.
    if (display.power === 0 && command !== 'ka') return null;
    return set(display, command, data);
  };

  const obey = (line: string): readonly Said[] => {
    const [, first, second, id, data] = /([a-z])([a-z]) +([0-9a-f]{1,2}) +([0-9a-f]{1,2})$/i.exec(line.trim()) ?? [];
    if (first === undefined || second === undefined || id === undefined || data === undefined) return [];
    const to = Number.parseInt(id, 16);
    if (to !== address && to !== ALL) return [];
    const command = `${first}${second}`.toLowerCase();
    const value = Number.parseInt(data, 16);
    const wakes = command === 'ka' && value === 1 && display.power === 0;
    if (display.power === 0 && model === 'silent' && !wakes) return [];
    const result = carriedOut(command, value);
    if (to === ALL) return [];
    const reply = `${second.toLowerCase()} ${two(address)} ${result === null ? 'NG00' : `OK${two(result)}`}x`;
    return wakes && result !== null ? [later(POWER_ON_MS, reply)] : now(reply);
  };

  return {
    opened: () => [],
    closed() {
      held = '';
    },
    feed(bytes) {
      const lines = (held + Buffer.from(bytes).toString('latin1')).split('\r');
      held = (lines.pop() ?? '').slice(-LIMIT);
      return lines.flatMap(obey);
    },
    happen(what) {
      const [, input] = /^remote input ([0-9a-f]{2})$/i.exec(what) ?? [];
      const [, volume] = /^remote volume (\d{1,3})$/.exec(what) ?? [];
      if (input !== undefined) display.input = Number.parseInt(input, 16);
      else if (volume !== undefined) display.volume = Math.min(VOLUME_MAX, Number(volume));
      else if (what === 'remote power on') display.power = 1;
      else if (what === 'remote power off') display.power = 0;
      else if (what === 'remote mute') display.sound = 0;
      else if (what === 'remote unmute') display.sound = 1;
      else if (what === 'refuse') display.refuse = true;
      else
        throw new Error(
          `a display knows: remote power on, remote power off, remote mute, remote unmute, remote volume N, remote input XX, refuse; not ${what}`,
        );
      // It never speaks unasked.
      return [];
    },
    restart() {
      held = '';
      Object.assign(display, { power: 0, blank: 0, refuse: false });
      return [];
    },
    get facts() {
      return {
        power: display.power === 1 ? 'on' : 'off',
        input: two(display.input),
        blank: display.blank === 1,
        muted: display.sound === 0,
        volume: display.volume,
        address,
      };
    },
  };
}
