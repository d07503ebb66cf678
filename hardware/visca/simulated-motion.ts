/**
 * What of a simulated camera moves. There is no time in a simulator: a camera under way goes one step further whenever it hears something.
 */

export interface Place {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

/** How far it goes, in its own steps. */
export interface Limits {
  /** To each side. */
  readonly pan: number;
  readonly up: number;
  readonly down: number;
}

/** Sony EVI-D70: 170° to each side, 90° up, 30° down. */
export const small: Limits = { pan: 0x08db, up: 0x04b0, down: 0x0190 };
/** Sony SRG-X400 and BRC-X400: DE00…2200 and FC00…1200. */
export const large: Limits = { pan: 0x2200, up: 0x1200, down: 0x0400 };
const ZOOM_MAX = 0x4000;
const home: Place = { pan: 0, tilt: 0, zoom: 0 };
/** Steps of a turn and of a zoom at speed 1 between two messages. */
const TURN = 4;
const ZOOM = 0x100;
const PRESETS = 6;

export class SimulatedMotion {
  readonly #limits: Limits;
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

  constructor(limits: Limits) {
    this.#limits = limits;
  }

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
    this.#place = within(this.#limits, {
      pan: this.#place.pan + pan * TURN,
      tilt: this.#place.tilt + tilt * TURN,
      zoom: this.#place.zoom + zoom * ZOOM,
    });
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
    this.#place = within(this.#limits, { ...this.#place, ...to });
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

const within = (limits: Limits, { pan, tilt, zoom }: Place): Place => ({
  pan: clamp(pan, -limits.pan, limits.pan),
  tilt: clamp(tilt, -limits.down, limits.up),
  zoom: clamp(zoom, 0, ZOOM_MAX),
});
