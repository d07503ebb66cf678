/**
 * The picture of a demo site, drawn as numbers: a person who sways in front of a wall, and the running time. One round fits the clip's
 * length exactly, so the last frame leads into the first. Pure; GStreamer scales it up, tints it and writes the site's name.
 */

export const DRAWN = { width: 320, height: 180 } as const;
const { width: W, height: H } = DRAWN;
/** Bytes of one I420 frame. */
export const FRAME_BYTES = (W * H * 3) / 2;

/** Segments a…g of the digits 0…9, bit 0 = a (top), clockwise, bit 6 = g (middle). */
const SEGMENTS = [0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f] as const;
const DIGIT_W = 14;
const DIGIT_H = 26;
const STROKE = 4;

/** Luma of wall, person, digits; chroma of a calm blue that the tint turns. The face has none, so it keeps its grey. */
const WALL_TOP = 52;
const WALL_BOTTOM = 92;
const COAT = 46;
const SKIN = 168;
const INK = 225;
const WALL_U = 144;
const WALL_V = 116;
const SKIN_U = 128;
const SKIN_V = 128;

/** The still part: a wall that gets lighter downwards, and a table edge. */
export function drawBackground(): Uint8Array {
  const frame = new Uint8Array(FRAME_BYTES);
  for (let y = 0; y < H; y++) {
    const wall = WALL_TOP + ((WALL_BOTTOM - WALL_TOP) * y) / H;
    frame.fill(y >= H - 22 ? 70 : Math.round(wall), y * W, (y + 1) * W);
  }
  frame.fill(WALL_U, W * H, W * H + (W * H) / 4);
  frame.fill(WALL_V, W * H + (W * H) / 4);
  return frame;
}

/** Draws frame `index` of `total` over a fresh copy of `background` into `frame`; `seconds` is the clip's length. */
export function drawFrame(frame: Uint8Array, background: Uint8Array, index: number, total: number, seconds: number): void {
  frame.set(background);
  const turn = (2 * Math.PI * index) / total;
  const sway = Math.round(18 * Math.sin(turn) + 5 * Math.sin(3 * turn));
  const nod = Math.round(3 * Math.sin(8 * turn));
  ellipse(frame, W / 2 + sway / 2, H - 18, 62, 56, COAT, WALL_U, WALL_V);
  ellipse(frame, W / 2 + sway, 84 + nod, 24, 31, SKIN, SKIN_U, SKIN_V);
  // The mouth opens four times a second: that is what moves when someone speaks.
  ellipse(frame, W / 2 + sway, 100 + nod, 8, 1 + Math.round(2 + 2 * Math.sin(4 * seconds * turn)), COAT, SKIN_U, SKIN_V);
  rows(frame, H - 22, H, 70);
  const tenths = Math.floor((index * seconds * 10) / total);
  digits(frame, [Math.floor(tenths / 100) % 10, Math.floor(tenths / 10) % 10, tenths % 10]);
}

/** The whole clip as one run of I420 frames. */
export function drawClip(frames: number, seconds: number): Uint8Array {
  const background = drawBackground();
  const all = new Uint8Array(FRAME_BYTES * frames);
  for (let i = 0; i < frames; i++) drawFrame(all.subarray(i * FRAME_BYTES, (i + 1) * FRAME_BYTES), background, i, frames, seconds);
  return all;
}

function rows(frame: Uint8Array, from: number, to: number, luma: number): void {
  frame.fill(luma, from * W, to * W);
}

function ellipse(frame: Uint8Array, cx: number, cy: number, rx: number, ry: number, luma: number, u: number, v: number): void {
  for (let dy = -ry; dy <= ry; dy++) {
    const y = Math.round(cy + dy);
    if (y < 0 || y >= H) continue;
    const half = Math.round(rx * Math.sqrt(Math.max(0, 1 - (dy * dy) / (ry * ry))));
    const from = Math.max(0, Math.round(cx) - half);
    const to = Math.min(W, Math.round(cx) + half);
    if (from >= to) continue;
    frame.fill(luma, y * W + from, y * W + to);
    if (y % 2 === 1) continue;
    const row = W * H + (y / 2) * (W / 2);
    frame.fill(u, row + (from >> 1), row + (to >> 1));
    frame.fill(v, row + (W * H) / 4 + (from >> 1), row + (W * H) / 4 + (to >> 1));
  }
}

function block(frame: Uint8Array, x: number, y: number, width: number, height: number): void {
  for (let line = y; line < y + height; line++) frame.fill(INK, line * W + x, line * W + x + width);
}

/** "SS.T" in the lower right corner. */
function digits(frame: Uint8Array, values: readonly number[]): void {
  const top = H - DIGIT_H - 28;
  values.forEach((value, i) => {
    const left = W - 74 + i * (DIGIT_W + 6) + (i === values.length - 1 ? 6 : 0);
    const mask = SEGMENTS[value] ?? 0;
    const half = DIGIT_H / 2;
    const strokes: readonly (readonly [number, number, number, number])[] = [
      [0, 0, DIGIT_W, STROKE],
      [DIGIT_W - STROKE, 0, STROKE, half],
      [DIGIT_W - STROKE, half, STROKE, half],
      [0, DIGIT_H - STROKE, DIGIT_W, STROKE],
      [0, half, STROKE, half],
      [0, 0, STROKE, half],
      [0, half - STROKE / 2, DIGIT_W, STROKE],
    ];
    strokes.forEach(([x, y, width, height], bit) => {
      if (mask & (1 << bit)) block(frame, left + x, top + y, width, height);
    });
  });
  block(frame, W - 33, top + DIGIT_H - STROKE, STROKE, STROKE);
}
