/**
 * Pelco-D frames: FF, address, two command bytes, two data bytes, sum; and Pelco-P, which says the same in another wrapping. Source: Pelco
 * TF-0002; position answers from camera manuals of AViPAS AV-1281 and BenQ DVY23. Pure.
 */
import { type Framer, framer } from '../wire/framing.ts';

const SYNC = 0xff;
const LENGTH = 7;
const STX_P = 0xa0;
const ETX_P = 0xaf;

/** What a frame says, whichever way it goes. */
export interface PelcoFrame {
  /** As people count: from 1. */
  readonly address: number;
  readonly command1: number;
  readonly command2: number;
  readonly data1: number;
  readonly data2: number;
}

const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
const xor = (bytes: Uint8Array): number => bytes.reduce((all, byte) => all ^ byte, 0);

export function pelcoD({ address, command1, command2, data1, data2 }: PelcoFrame): Uint8Array {
  const said = Uint8Array.of(address, command1, command2, data1, data2);
  return Uint8Array.of(SYNC, ...said, sum(said));
}

/** Pelco-P counts addresses from 0. */
export function pelcoP({ address, command1, command2, data1, data2 }: PelcoFrame): Uint8Array {
  const said = Uint8Array.of(STX_P, address - 1, command1, command2, data1, data2, ETX_P);
  return Uint8Array.of(...said, xor(said));
}

/** Of exactly one Pelco-D frame; null when its length, first byte or sum is wrong. */
export function readPelcoD(bytes: Uint8Array): PelcoFrame | null {
  const [sync, address = 0, command1 = 0, command2 = 0, data1 = 0, data2 = 0, check] = bytes;
  if (bytes.length !== LENGTH || sync !== SYNC || check !== sum(bytes.subarray(1, LENGTH - 1))) return null;
  return { address, command1, command2, data1, data2 };
}

type Said = Omit<PelcoFrame, 'address'>;

const plain = (command2: number, data2 = 0): Said => ({ command1: 0, command2, data1: 0, data2 });

export const stop: Said = plain(0x00);
export const presetSet = (number: number): Said => plain(0x03, number);
export const presetClear = (number: number): Said => plain(0x05, number);
export const presetCall = (number: number): Said => plain(0x07, number);

export type Axis = 'pan' | 'tilt' | 'zoom';
/** What each axis is asked with, and what it answers with. */
export const axes: { readonly [Name in Axis]: { readonly query: number; readonly reply: number } } = {
  pan: { query: 0x51, reply: 0x59 },
  tilt: { query: 0x53, reply: 0x5b },
  zoom: { query: 0x55, reply: 0x5d },
};
export const query = (axis: Axis): Said => plain(axes[axis].query);

/** Position answers of the camera at `address`. Our own frames, that half-duplex adapters send back, are no sign of life; nor are those of others. */
export function pelcoFramer(address: number): Framer<PelcoFrame> {
  const replies = Object.values(axes).map(({ reply }) => reply);
  return framer<PelcoFrame>((bytes) => {
    if (bytes[0] !== SYNC) return { kind: 'skip', used: 1 };
    if (bytes.length < LENGTH) return { kind: 'wait' };
    const message = readPelcoD(bytes.subarray(0, LENGTH));
    if (message === null) return { kind: 'skip', used: 1 };
    const ours = message.address === address && message.command1 === 0 && replies.includes(message.command2);
    return ours ? { kind: 'message', used: LENGTH, message } : { kind: 'skip', used: LENGTH };
  }, LENGTH * 2);
}

const RIGHT = 0x02;
const LEFT = 0x04;
const UP = 0x08;
const DOWN = 0x10;
const TELE = 0x20;
const WIDE = 0x40;
const FAST = 0x3f;

const speed = (wish: number): number => (wish === 0 ? 0 : Math.max(1, Math.round(Math.abs(wish) * FAST)));

/** Each -1…1, to the right, up and tele positive; zoom has one speed. 0, 0, 0 is `stop`. */
export function drive(pan: number, tilt: number, zoom: number): Said {
  const across = pan === 0 ? 0 : pan > 0 ? RIGHT : LEFT;
  const up = tilt === 0 ? 0 : tilt > 0 ? UP : DOWN;
  const lens = zoom === 0 ? 0 : zoom > 0 ? TELE : WIDE;
  return { command1: 0, command2: across | up | lens, data1: speed(pan), data2: speed(tilt) };
}

export type FocusWay = 'near' | 'far';
/** Goes on until `stop`. */
export const focus = (way: FocusWay): Said => (way === 'near' ? { ...plain(0), command1: 0x01 } : plain(0x80));

const FULL_TURN = 36_000;
const held = (value: number): number => Math.min(1, Math.max(-1, value));

/** Hundredths of a degree, 0…35999, as -1…1: 0 straight ahead, ±1 backwards. */
export const panOf = (hundredths: number): number =>
  held((hundredths > FULL_TURN / 2 ? hundredths - FULL_TURN : hundredths) / (FULL_TURN / 2));

/** Hundredths of a degree below the horizon; above it they count down from a full turn. -1 is straight down. */
export const tiltOf = (hundredths: number): number => {
  const down = hundredths > FULL_TURN / 2 ? hundredths - FULL_TURN : hundredths;
  // `0 -`: not -0.
  return held(0 - down / (FULL_TURN / 4));
};

export const zoomOf = (place: number): number => place / 0xffff;
