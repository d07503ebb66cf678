/** What a simulated camera sees: a meeting room in big squares, that moves with the head and heeds what the camera was set to. Pure. */
import type { Camera } from './camera.ts';
import { type Colour, jpeg } from './jpeg.ts';

const WALL: Colour = [170, 124, 132];
const SCREEN: Colour = [60, 180, 110];
const TABLE: Colour = [95, 100, 160];
const FLOOR: Colour = [70, 126, 130];
const MARK: Colour = [235, 128, 128];
const NOTHING: Colour = [16, 128, 128];

/** People at the table, by where they sit in the camera's own units, and what they wear. */
const PEOPLE: readonly (readonly [number, Colour])[] = [
  [-0.6, [110, 160, 100]],
  [-0.3, [140, 110, 170]],
  [0.1, [60, 130, 128]],
  [0.4, [180, 90, 150]],
  [0.7, [100, 120, 190]],
];

/** A point of the room; x to the right and y down, in the units of pan and tilt. */
function room(x: number, y: number): Colour {
  for (const [seat, shirt] of PEOPLE) {
    if (Math.hypot(x - seat, (y - 0.02) * 1.3) < 0.05) return [190, 115, 150];
    if (Math.abs(x - seat) < 0.09 && y > 0.05 && y < 0.22) return shirt;
  }
  if (y > 0.2 && y < 0.34) return TABLE;
  if (Math.abs(x) < 0.35 && y > -0.4 && y < -0.08) return SCREEN;
  return y < 0.3 ? [WALL[0] - 30 * Math.abs(x), WALL[1], WALL[2]] : FLOOR;
}

/** The picture now, with the seconds of the camera's clock in the first row, as bits. */
export function snapshot(camera: Camera, width: number, height: number): Buffer {
  const { pan, tilt, zoom } = camera.head.position;
  const { brightness, contrast, colorSaturation } = camera.imaging;
  const states = camera.notices.states;
  const seconds = Math.floor(camera.time() / 1000);
  const [columns, rows] = [Math.ceil(width / 8), Math.ceil(height / 8)];
  const field = 1 - 0.8 * zoom;
  const light = states.dark === true ? 0.15 : 1;
  return jpeg(width, height, (column, row) => {
    if (states['signal-loss'] === true) return NOTHING;
    if (row === 0 && column < 32) return ((seconds >>> (31 - column)) & 1) === 1 ? MARK : NOTHING;
    if (states.tamper === true) return [90, 128, 128];
    const x = pan + ((column + 0.5) / columns - 0.5) * field;
    const y = -tilt + ((row + 0.5) / rows - 0.5) * field * (rows / columns);
    const [luma, cb, cr] = room(x, y);
    const saturation = colorSaturation / 50;
    return [
      ((luma - 128) * (contrast / 50) + 128 + (brightness - 50)) * light,
      (cb - 128) * saturation + 128,
      (cr - 128) * saturation + 128,
    ];
  });
}
