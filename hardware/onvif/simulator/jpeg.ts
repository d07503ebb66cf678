/** JPEG of pictures made of flat 8×8 squares: each square is its mean alone, so there is nothing to transform. Baseline, ITU-T T.81. Pure. */

/** Luma and the two chroma differences, 0…255 each. */
export type Colour = readonly [y: number, cb: number, cr: number];

/** How many codes of each length, then what they stand for: the usual table of T.81 K.3 for means, and one for "nothing more" only. */
const MEAN_LENGTHS = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const MEAN_VALUES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const REST_LENGTHS = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/** With all divisors 8 the coded mean of a flat square is its colour less 128. */
const DIVISOR = 8;

/** @param at the colour of the square in this column and row. */
export function jpeg(width: number, height: number, at: (column: number, row: number) => Colour): Buffer {
  const [columns, rows] = [Math.ceil(width / 8), Math.ceil(height / 8)];
  const codes = meanCodes();
  const bits = bitWriter();
  const last = [0, 0, 0];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      at(column, row).forEach((value, component) => {
        const mean = Math.max(0, Math.min(255, Math.round(value))) - 128;
        const change = mean - (last[component] ?? 0);
        last[component] = mean;
        const size = change === 0 ? 0 : Math.floor(Math.log2(Math.abs(change))) + 1;
        const [code = 0, length = 0] = codes[size] ?? [];
        bits.put(code, length);
        bits.put(change < 0 ? change + 2 ** size - 1 : change, size);
        bits.put(0, 1);
      });
  const two = (value: number): readonly number[] => [value >> 8, value & 255];
  const segment = (marker: number, ...bytes: readonly number[]): readonly number[] => [0xff, marker, ...two(bytes.length + 2), ...bytes];
  return Buffer.from([
    ...[0xff, 0xd8],
    ...segment(0xe0, ...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0),
    ...segment(0xdb, 0, ...Array.from({ length: 64 }, () => DIVISOR)),
    ...segment(0xc0, 8, ...two(height), ...two(width), 3, ...[1, 2, 3].flatMap((component) => [component, 0x11, 0])),
    ...segment(0xc4, 0x00, ...MEAN_LENGTHS, ...MEAN_VALUES),
    ...segment(0xc4, 0x10, ...REST_LENGTHS, 0),
    ...segment(0xda, 3, ...[1, 2, 3].flatMap((component) => [component, 0]), 0, 63, 0),
    ...bits.end(),
    ...[0xff, 0xd9],
  ]);
}

/** Code and length for each size of change. */
function meanCodes(): readonly (readonly [number, number])[] {
  const codes: (readonly [number, number])[] = [];
  let code = 0;
  MEAN_LENGTHS.forEach((count, index) => {
    for (let of = 0; of < count; of++) codes.push([code++, index + 1]);
    code <<= 1;
  });
  return codes;
}

function bitWriter() {
  const bytes: number[] = [];
  let held = 0;
  let count = 0;
  const put = (value: number, length: number): void => {
    for (let at = length - 1; at >= 0; at--) {
      held = (held << 1) | ((value >> at) & 1);
      if (++count < 8) continue;
      bytes.push(held);
      // What looks like a marker is no marker.
      if (held === 0xff) bytes.push(0);
      held = 0;
      count = 0;
    }
  };
  return {
    put,
    end(): readonly number[] {
      while (count !== 0) put(1, 1);
      return bytes;
    },
  };
}
