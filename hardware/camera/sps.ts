/** What a sequence parameter set says about the pictures: their size and their rate (ITU-T H.264 §7.3.2.1.1 and Annex E). Pure. */
import { Bits, unescapeNal } from './bits.ts';

export interface Sps {
  readonly width: number;
  readonly height: number;
  /** Pictures a second as a fraction, so that RTP time does not drift; null when the stream does not say. */
  readonly rate: { readonly num: number; readonly den: number } | null;
}

/** Profiles whose parameter sets carry chroma format and scaling lists. */
const HIGH = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/** aspect_ratio_idc that is followed by two numbers. */
const EXTENDED_SAR = 255;

/** Null when `nal` is no sequence parameter set that can be read to its end. */
export function readSps(nal: Uint8Array): Sps | null {
  const bits = new Bits(unescapeNal(nal));
  const profile = bits.u(8);
  bits.u(16); // constraints and level
  bits.ue(); // its number
  const chroma = HIGH.has(profile) ? highProfile(bits) : 1;
  bits.ue(); // log2_max_frame_num
  pictureOrder(bits);
  bits.ue(); // reference frames
  bits.bit(); // gaps allowed
  const columns = bits.ue() + 1;
  const rows = bits.ue() + 1;
  const progressive = bits.flag();
  if (!progressive) bits.bit();
  bits.bit(); // direct_8x8
  const [left, right, top, bottom] = bits.flag() ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0];
  const rate = bits.flag() ? timing(bits) : null;
  const fields = progressive ? 1 : 2;
  const stepX = chroma === 1 || chroma === 2 ? 2 : 1;
  const stepY = (chroma === 1 ? 2 : 1) * fields;
  const width = columns * 16 - stepX * (left + right);
  const height = rows * 16 * fields - stepY * (top + bottom);
  return bits.overrun || width < 16 || height < 16 || width > 16_384 || height > 16_384 ? null : { width, height, rate };
}

/** Returns the chroma format. */
function highProfile(bits: Bits): number {
  const chroma = bits.ue();
  if (chroma === 3) bits.bit();
  bits.ue();
  bits.ue(); // bit depths
  bits.bit();
  if (!bits.flag()) return chroma;
  const lists = chroma === 3 ? 12 : 8;
  for (let list = 0; list < lists; list++) if (bits.flag()) scalingList(bits, list < 6 ? 16 : 64);
  return chroma;
}

function scalingList(bits: Bits, size: number): void {
  let last = 8;
  for (let i = 0; i < size && last !== 0; i++) last = (last + bits.se() + 256) % 256;
}

function pictureOrder(bits: Bits): void {
  const kind = bits.ue();
  if (kind === 0) bits.ue();
  if (kind !== 1) return;
  bits.bit();
  bits.se();
  bits.se();
  const cycle = bits.ue();
  for (let i = 0; i < cycle && !bits.overrun; i++) bits.se();
}

/** The beginning of the VUI, up to the rate. */
function timing(bits: Bits): Sps['rate'] {
  if (bits.flag() && bits.u(8) === EXTENDED_SAR) bits.u(32);
  if (bits.flag()) bits.bit();
  if (bits.flag()) {
    bits.u(4);
    if (bits.flag()) bits.u(24);
  }
  if (bits.flag()) {
    bits.ue();
    bits.ue();
  }
  if (!bits.flag()) return null;
  const den = bits.u(32) * 2; // a tick is half a picture
  const num = bits.u(32);
  return den === 0 || num / den < 1 || num / den > 240 ? null : { num, den };
}
