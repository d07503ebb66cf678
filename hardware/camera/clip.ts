/** An H.264 byte-stream file (Annex B) as access units that can be replayed for ever. Pure. */
import { failed, ok, type Result } from '../../protocol/fault.ts';
import { Bits, unescapeNal } from './bits.ts';
import { readSps } from './sps.ts';

/** What belongs to one picture. */
export interface AccessUnit {
  readonly nals: readonly Uint8Array[];
  /** A decoder can begin here. */
  readonly key: boolean;
}

export interface Clip {
  /** The first is a key picture. */
  readonly units: readonly AccessUnit[];
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Pictures a second as a fraction. */
  readonly rate: { readonly num: number; readonly den: number };
}

/** A clip is kept in memory. */
export const MAX_CLIP_BYTES = 64 * 1024 * 1024;
/** For a stream that does not say. */
const USUAL_RATE = { num: 25, den: 1 } as const;

const SLICE = 1;
const IDR = 5;
const SEI = 6;
const SPS = 7;
const PPS = 8;
const DELIMITER = 9;
/** Types above are RTP's own (RFC 6184 §5.2) and must not stand in a file. */
const MAX_TYPE = 23;
/** slice_type of bidirectional pictures, which are sent in another order than they are shown. */
const B_SLICES: readonly number[] = [1, 6];

const typeOf = (nal: Uint8Array): number => (nal[0] ?? 0) & 31;
const isPicture = (type: number): boolean => type >= SLICE && type <= IDR;

/** The NAL units between start codes of three or four bytes, trailing zeros taken off. */
export function splitNals(bytes: Uint8Array): readonly Uint8Array[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const code = Buffer.of(0, 0, 1);
  const nals: Uint8Array[] = [];
  let start = buffer.indexOf(code);
  while (start >= 0) {
    const next = buffer.indexOf(code, start + 3);
    let end = next < 0 ? buffer.length : next;
    while (end > start + 3 && buffer[end - 1] === 0) end -= 1;
    if (end > start + 3) nals.push(buffer.subarray(start + 3, end));
    start = next;
  }
  return nals;
}

/** Reads a clip. Faults are `input.invalid` with what is wrong with it, in words. */
export function parseClip(bytes: Uint8Array): Result<Clip> {
  const refuse = (reason: string) => failed({ code: 'input.invalid', path: '/clip', reason });
  if (bytes.length > MAX_CLIP_BYTES) return failed({ code: 'input.too-large', limit: 'clip', size: bytes.length, max: MAX_CLIP_BYTES });
  const nals = splitNals(bytes);
  const strange = nals.map(typeOf).find((type) => type === 0 || type > MAX_TYPE);
  if (strange !== undefined) return refuse(`it is no H.264 byte-stream: a NAL unit of type ${strange}`);
  const sps = nals.find((nal) => typeOf(nal) === SPS);
  const pps = nals.find((nal) => typeOf(nal) === PPS);
  if (sps === undefined || pps === undefined) return refuse('it is no H.264 byte-stream: it has no parameter sets');
  const described = readSps(sps);
  if (described === null) return refuse('its sequence parameter set cannot be read');
  if (nals.some(isBidirectional)) return refuse('it has B pictures, which cannot be sent in the order in which they are stored');
  const units = accessUnits(nals, sps, pps);
  const first = units.findIndex(({ key }) => key);
  if (first < 0) return refuse('it has no key picture');
  const { width, height, rate } = described;
  return ok({ units: units.slice(first), sps, pps, width, height, rate: rate ?? USUAL_RATE });
}

/** first_mb_in_slice and slice_type. */
function sliceHeader(nal: Uint8Array): readonly [number, number] {
  const bits = new Bits(unescapeNal(nal.subarray(0, 16)));
  return [bits.ue(), bits.ue()];
}

function isBidirectional(nal: Uint8Array): boolean {
  return typeOf(nal) === SLICE && B_SLICES.includes(sliceHeader(nal)[1]);
}

/** A unit ends where the next begins: at a delimiter, a parameter set or SEI after slices, or at a slice of macroblock 0 (§7.4.1.2.3). */
function accessUnits(nals: readonly Uint8Array[], sps: Uint8Array, pps: Uint8Array): readonly AccessUnit[] {
  const units: AccessUnit[] = [];
  let open: Uint8Array[] = [];
  let hasPicture = false;
  const close = (): void => {
    if (hasPicture) units.push(unitOf(open, sps, pps));
    open = [];
    hasPicture = false;
  };
  for (const nal of nals) {
    const type = typeOf(nal);
    const begins = type === DELIMITER || type === SPS || type === PPS || type === SEI || (isPicture(type) && sliceHeader(nal)[0] === 0);
    if (hasPicture && begins) close();
    open.push(nal);
    hasPicture ||= isPicture(type);
  }
  close();
  return units;
}

/** Key pictures carry their parameter sets, wherever a viewer joins. */
function unitOf(nals: readonly Uint8Array[], sps: Uint8Array, pps: Uint8Array): AccessUnit {
  const types = nals.map(typeOf);
  const key = types.includes(IDR);
  if (!key) return { nals, key };
  const missing = [...(types.includes(SPS) ? [] : [sps]), ...(types.includes(PPS) ? [] : [pps])];
  const [head, rest] = types[0] === DELIMITER ? [nals.slice(0, 1), nals.slice(1)] : [[], nals];
  return { nals: [...head, ...missing, ...rest], key };
}
