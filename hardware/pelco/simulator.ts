/**
 * A dome on a Pelco-D bus: seven bytes a command, a sum at the end, and no word back. Source: Pelco, "D Protocol Manual" (TF-0002). Or on a
 * Pelco-P bus, where the same five bytes stand between other marks and addresses begin at 0.
 * There is no time in a simulator: a dome under way goes one step further whenever it hears a whole frame, for itself or for another.
 */
import type { DriverSettings } from '../wire/driver.ts';
import { now, type Said, type Simulator } from '../wire/simulator.ts';

const SYNC = 0xff;

/** How a command is wrapped. */
interface Wrapping {
  readonly sync: number;
  readonly length: number;
  /** Whether a frame of that length is whole. */
  readonly whole: (frame: readonly number[]) => boolean;
  readonly firstAddress: number;
}

const wrappingD: Wrapping = {
  sync: SYNC,
  length: 7,
  whole: (frame) => sum(frame.slice(1, 6)) === frame[6],
  firstAddress: 1,
};
const wrappingP: Wrapping = {
  sync: 0xa0,
  length: 8,
  whole: (frame) => frame[6] === 0xaf && frame.slice(0, 7).reduce((all, byte) => all ^ byte, 0) === frame[7],
  firstAddress: 0,
};

/** Hundredths of a degree. Pan goes round; tilt from level to straight down. */
const ROUND = 36_000;
const TILT_MAX = 9000;
const ZOOM_MAX = 0xffff;
/** Hundredths of a degree at speed 1, and zoom steps, between two frames. */
const STEP = 10;
const ZOOM_STEP = 0x800;
const SPEED_MAX = 0x3f;
const PRESETS = 6;
const TURBO = 0xff;

interface Place {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

const still: Place = { pan: 0, tilt: 0, zoom: 0 };

/**
 * `model` `position`: it answers questions for its position, as few do; `pelco-p`: it speaks that.
 * `happen`: `power off`, `power on`, `hand PAN TILT` (it is turned by hand).
 */
export function simulatePelco({ address, model }: DriverSettings): Simulator {
  const wrapping = /(?:^|[- ])p$/i.test(model.trim()) ? wrappingP : wrappingD;
  let held: number[] = [];
  let powered = true;
  let on = true;
  let place: Place = still;
  let going: Place = still;
  let preset: number | null = null;
  let lastStop: 'all' | null = null;
  let stops = 0;
  let frames = 0;
  let wrong = 0;
  // Whoever installed it left these.
  const presets = new Map<number, Place>(
    Array.from({ length: PRESETS }, (_, at) => [at + 1, { pan: at * 4500, tilt: at * 1000, zoom: 0 }]),
  );

  const reply = (code: number, value: number): readonly Said[] => {
    if (model !== 'position') return [];
    const body = [address, 0x00, code, value >> 8, value & 0xff];
    return now(Uint8Array.of(SYNC, ...body, sum(body)));
  };

  const extended = (command: number, data: number): readonly Said[] => {
    switch (command) {
      case 0x03:
        presets.set(data, place);
        return [];
      case 0x05:
        presets.delete(data);
        return [];
      case 0x07:
        // One that was never set does nothing.
        if (!presets.has(data)) return [];
        place = presets.get(data) ?? place;
        going = still;
        preset = data;
        return [];
      case 0x51:
        return reply(0x59, place.pan);
      case 0x53:
        return reply(0x5b, place.tilt);
      case 0x55:
        return reply(0x5d, place.zoom);
      default:
        return [];
    }
  };

  const move = (command: number, panSpeed: number, tiltSpeed: number): void => {
    going = {
      pan: way(command, 0x02, 0x04) * (panSpeed === TURBO ? SPEED_MAX + 1 : Math.min(panSpeed, SPEED_MAX)),
      // Down is positive.
      tilt: way(command, 0x10, 0x08) * Math.min(tiltSpeed, SPEED_MAX),
      zoom: way(command, 0x20, 0x40),
    };
    if (going.pan !== 0 || going.tilt !== 0 || going.zoom !== 0) preset = null;
  };

  const obey = ([, to = 0, first = 0, second = 0, data1 = 0, data2 = 0]: readonly number[]): readonly Said[] => {
    place = stepped(place, going);
    if (to - wrapping.firstAddress + 1 !== address || !powered) return [];
    frames++;
    if ((first & 0x08) !== 0 && wrapping === wrappingD) {
      // The camera behind the dome; the sense bit says which way.
      on = (first & 0x80) !== 0;
      if (!on) going = still;
      return [];
    }
    if (first === 0 && second === 0) {
      going = still;
      lastStop = 'all';
      stops++;
      return [];
    }
    if ((second & 0x01) !== 0) return extended(second, data2);
    if (on) move(second, data1, data2);
    return [];
  };

  /** A frame is what has the right sum; otherwise the next mark may be the beginning. */
  const take = (byte: number): readonly Said[] => {
    held.push(byte);
    while (held.length > 0 && held[0] !== wrapping.sync) held.shift();
    if (held.length < wrapping.length) return [];
    const frame = held;
    if (wrapping.whole(frame)) {
      held = [];
      return obey(frame);
    }
    wrong++;
    const next = frame.indexOf(wrapping.sync, 1);
    held = next < 0 ? [] : frame.slice(next);
    return [];
  };

  return {
    opened: () => [],
    closed: () => {},
    feed: (bytes) => Array.from(bytes, take).flat(),
    happen(what) {
      const hand = /^hand (\d{1,5}) (\d{1,4})$/.exec(what);
      if (hand !== null) place = { ...place, pan: Number(hand[1]) % ROUND, tilt: Math.min(Number(hand[2]), TILT_MAX) };
      else if (what === 'power off' || what === 'power on') {
        powered = what === 'power on';
        going = still;
      } else throw new Error(`${what}: it knows power off, power on, hand PAN TILT`);
      return [];
    },
    restart() {
      held = [];
      powered = true;
      on = true;
      place = still;
      going = still;
      preset = null;
      return [];
    },
    get facts() {
      return {
        address,
        power: powered && on ? 'on' : 'off',
        moving: going.pan !== 0 || going.tilt !== 0 || going.zoom !== 0,
        going,
        ...place,
        preset,
        presets: [...presets.keys()],
        lastStop,
        stops,
        frames,
        wrong,
      };
    },
  };
}

const sum = (body: readonly number[]): number => body.reduce((total, byte) => (total + byte) & 0xff, 0);

/** 1, -1 or 0; both at once is nothing. */
const way = (command: number, more: number, less: number): number => ((command & more) !== 0 ? 1 : 0) - ((command & less) !== 0 ? 1 : 0);

function stepped(place: Place, going: Place): Place {
  return {
    pan: (place.pan + going.pan * STEP + ROUND) % ROUND,
    tilt: Math.min(TILT_MAX, Math.max(0, place.tilt + going.tilt * STEP)),
    zoom: Math.min(ZOOM_MAX, Math.max(0, place.zoom + going.zoom * ZOOM_STEP)),
  };
}
