/**
 * What of a simulated camera moves. There is no time in a simulator: a camera under way goes one step further whenever it hears something.
 * Angles and zoom in the steps of a Sony EVI-D70: 170° to each side, 30° down, 90° up, 18 times.
 */

export interface Place {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

const PAN_MAX = 0x08db;
const TILT_MIN = -0x0190;
const TILT_MAX = 0x04b0;
const ZOOM_MAX = 0x4000;
const home: Place = { pan: 0, tilt: 0, zoom: 0 };
/** Steps of a turn and of a zoom at speed 1 between two messages. */
const TURN = 4;
const ZOOM = 0x100;
const PRESETS = 6;

export class SimulatedMotion {
  #place: Place = home;
  /** Speeds, signed: right, up and in are positive. */
  #going: Place = home;
  /** Whoever installed it left these. */
  readonly #presets = new Map<number, Place>(
    Array.from({ length: PRESETS }, (_, at) => [at, { pan: at * 200 - 400, tilt: at * -40, zoom: at * 0x400 }]),
  );
  /** The one it stands on. */
  #preset: number | null = null;
  #lastStop: 'pan-tilt' | 'zoom' | null = null;
  #stops = 0;

  get place(): Place {
    return this.#place;
  }

  get facts(): Readonly<Record<string, unknown>> {
    const { pan, tilt, zoom } = this.#going;
    return {
      moving: pan !== 0 || tilt !== 0 || zoom !== 0,
      going: this.#going,
      ...this.#place,
      preset: this.#preset,
      presets: [...this.#presets.keys()],
      lastStop: this.#lastStop,
      stops: this.#stops,
    };
  }

  step(): void {
    const { pan, tilt, zoom } = this.#going;
    if (pan === 0 && tilt === 0 && zoom === 0) return;
    this.#place = within({ pan: this.#place.pan + pan * TURN, tilt: this.#place.tilt + tilt * TURN, zoom: this.#place.zoom + zoom * ZOOM });
  }

  turn(pan: number, tilt: number): void {
    if (pan === 0 && tilt === 0) this.#stopped('pan-tilt');
    else this.#preset = null;
    this.#going = { ...this.#going, pan, tilt };
  }

  zoom(speed: number): void {
    if (speed === 0) this.#stopped('zoom');
    else this.#preset = null;
    this.#going = { ...this.#going, zoom: speed };
  }

  /** Straight to a place; what was going stops there. */
  go(to: Partial<Place>): void {
    this.#place = within({ ...this.#place, ...to });
    this.#going = to.zoom === undefined ? { ...home, zoom: this.#going.zoom } : to.pan === undefined ? { ...this.#going, zoom: 0 } : home;
    this.#preset = null;
  }

  store(preset: number): void {
    this.#presets.set(preset, this.#place);
  }

  forget(preset: number): void {
    this.#presets.delete(preset);
  }

  /** One that was never stored is where the camera stood when it left the factory. */
  recall(preset: number): void {
    this.go(this.#presets.get(preset) ?? home);
    this.#preset = preset;
  }

  /** Without power it stands still; then it finds its way home. Presets are kept. */
  restart(): void {
    this.#going = home;
    this.#place = home;
    this.#preset = null;
  }

  halt(): void {
    this.#going = home;
  }

  #stopped(what: 'pan-tilt' | 'zoom'): void {
    this.#lastStop = what;
    this.#stops++;
  }
}

const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, Math.round(value)));

const within = ({ pan, tilt, zoom }: Place): Place => ({
  pan: clamp(pan, -PAN_MAX, PAN_MAX),
  tilt: clamp(tilt, TILT_MIN, TILT_MAX),
  zoom: clamp(zoom, 0, ZOOM_MAX),
});
