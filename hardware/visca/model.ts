/** What differs between cameras that speak VISCA, by model. Pure data and the scales it gives. */

export interface ViscaModel {
  /** Greatest speeds; the least is 1. */
  readonly panSpeed: number;
  readonly tiltSpeed: number;
  /** Farthest positions in the camera's own units; pan to the right and tilt upwards are positive. */
  readonly pan: number;
  readonly tiltUp: number;
  readonly tiltDown: number;
  /** Optical tele end. */
  readonly zoom: number;
  /** Numbered from 0. */
  readonly presets: number;
  /** Five nibbles of pan and no tilt speed in absolute moves. */
  readonly wide: boolean;
  /** Listens to the broadcast header 88 only. */
  readonly broadcast: boolean;
  /** Never answers anything. */
  readonly silent: boolean;
}

/** EVI-H100, SRG-120/300 and the many that copy them: 14.4 steps to the degree, 170° to each side, 30° down, 90° up. */
const usual: ViscaModel = {
  panSpeed: 0x18,
  tiltSpeed: 0x17,
  pan: 0x0990,
  tiltUp: 0x0510,
  tiltDown: 0x01b0,
  zoom: 0x4000,
  presets: 16,
  wide: false,
  broadcast: false,
  silent: false,
};

/** Looked for at the beginning of the model's name; sources: Sony technical manuals of these models, Vaddio's of EVI-D70 and EVI-D80. */
const models: readonly (readonly [string, Partial<ViscaModel>])[] = [
  ['evi-d100', { tiltSpeed: 0x14, pan: 0x05a0, tiltUp: 0x0168, tiltDown: 0x0168, presets: 6 }],
  ['evi-d70', { pan: 0x08db, tiltUp: 0x04b0, tiltDown: 0x0190, presets: 6 }],
  ['evi-d8', { pan: 0x1e1b, tiltUp: 0x0ff0, tiltDown: 0x038b, presets: 6 }],
  ['evi-d9', { pan: 0x1e1b, tiltUp: 0x0ff0, tiltDown: 0x038b, presets: 6 }],
  ['evi-h100', { presets: 6 }],
  ['srg-x', { pan: 0x2200, tiltUp: 0x1200, tiltDown: 0x0400, presets: 100, wide: true }],
  ['brc-x', { pan: 0x2200, tiltUp: 0x1200, tiltDown: 0x0400, presets: 100, wide: true }],
  ['huddlecam', { broadcast: true }],
  ['vaddio', { broadcast: true }],
  ['silent', { silent: true }],
];

export function viscaModel(name: string): ViscaModel {
  const wanted = name.trim().toLowerCase();
  return { ...usual, ...models.find(([begin]) => wanted.startsWith(begin))?.[1] };
}

const held = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

/** -1…1 as a speed of the camera: 0 only for 0. */
export function speedOf(wish: number, most: number): number {
  return wish === 0 ? 0 : held(Math.round(Math.abs(wish) * most), 1, most);
}

/** -1…1 as a position; 0 is straight ahead, however unequal the two sides are. */
export function placeOf(wish: number, most: number, least: number): number {
  return Math.round(wish >= 0 ? wish * most : wish * least);
}

/** The reverse. */
export function wishOf(place: number, most: number, least: number): number {
  return held(place >= 0 ? place / most : place / least, -1, 1);
}

/** 0…1 of the optical range; the digital one beyond it counts as 1. */
export function zoomOf(place: number, most: number): number {
  return held(place / most, 0, 1);
}
