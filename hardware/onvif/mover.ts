/** The head of a camera: moves, positions, presets. Every token and name is escaped here, because the library does not. */
import { FaultError } from '../../protocol/fault.ts';
import type { Capability, DeviceState, Preset } from '../../protocol/schema/device.ts';
import { presets } from './answers.ts';
import type { Method } from './call.ts';
import { genericHead, type Head, head, into, intoUnit, position, speed } from './ptz.ts';
import { type Element, escaped, find } from './xml.ts';

export type Ask = (method: Method, options?: readonly unknown[]) => Promise<Element>;

export interface Vector {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

const PRESETS_MAX = 256;

export class Mover {
  readonly #ask: Ask;
  readonly #profileToken: string;
  #head: Head = genericHead;
  #presets: readonly Preset[] = [];
  /** Some refuse pan, tilt and zoom in one command. */
  #apart = false;
  #looks = false;

  /** @param profile token of a profile with a head. */
  constructor(ask: Ask, profile: string) {
    this.#ask = ask;
    this.#profileToken = escaped(profile);
  }

  get capabilities(): readonly Capability[] {
    const { velocity, velocityZoom, position: plane } = this.#head;
    const feedback = this.#looks ? 'poll' : 'none';
    const signed = (can: boolean) => ({ type: 'number' as const, min: can ? -1 : 0, max: can ? 1 : 0 });
    const preset = { type: 'text' as const, maxLength: 64 };
    const all: readonly (Capability | null)[] = [
      velocity === null && velocityZoom === null
        ? null
        : {
            id: 'move',
            feedback,
            ack: 'accepted',
            params: { pan: signed(velocity !== null), tilt: signed(velocity !== null), zoom: signed(velocityZoom !== null) },
          },
      plane === null
        ? null
        : {
            id: 'position',
            feedback,
            ack: 'accepted',
            params: { pan: signed(true), tilt: signed(true), zoom: { type: 'number', min: 0, max: 1 } },
          },
      { id: 'presetRecall', feedback, ack: 'accepted', params: { preset } },
      { id: 'presetStore', feedback: 'poll', ack: 'completed', params: { preset, name: preset } },
    ];
    return all.filter((each) => each !== null);
  }

  /** Stands still first; then learns what the head can do. A head that does not tell can do what all can. */
  async begin(): Promise<Partial<DeviceState>> {
    // Some refuse to stop what stands.
    await optional(this.#ask('stop', [this.#still]));
    const nodes = await optional(this.#ask('getNodes'));
    if (nodes !== null) this.#head = head(nodes);
    const where = await this.where();
    this.#looks = where.position !== null;
    return { ...where, ...(await this.presets()) };
  }

  async where(): Promise<Pick<DeviceState, 'position'>> {
    const status = await optional(this.#ask('getStatus', [{ profileToken: this.#profileToken }]));
    return { position: status === null ? null : position(status, this.#head) };
  }

  async presets(): Promise<Pick<DeviceState, 'presets'>> {
    const answer = await optional(this.#ask('getPresets', [{ profileToken: this.#profileToken }]));
    this.#presets = answer === null ? [] : presets(answer).slice(0, PRESETS_MAX);
    return { presets: [...this.#presets] };
  }

  /** @param limitMs told to the camera too, as a second fence: not all of them stop by it. */
  async move({ pan, tilt, zoom }: Vector, limitMs: number): Promise<void> {
    const { velocity, velocityZoom } = this.#head;
    const plane = velocity === null ? null : { x: speed(pan, velocity.x), y: speed(tilt, velocity.y) };
    const lens = velocityZoom === null ? null : speed(zoom, velocityZoom);
    const common = { profileToken: this.#profileToken, timeout: Math.ceil(limitMs / 1000) * 1000 };
    const turn = { ...common, ...plane, onlySendPanTilt: true };
    const lensOnly = { ...common, zoom: lens ?? 0, onlySendZoom: true };
    if (lens === null) return void (await this.#ask('continuousMove', [turn]));
    if (plane === null) return void (await this.#ask('continuousMove', [lensOnly]));
    if (!this.#apart) {
      try {
        return void (await this.#ask('continuousMove', [{ ...common, ...plane, zoom: lens }]));
      } catch (error) {
        if (!(error instanceof FaultError) || error.fault.code !== 'device.refused') throw error;
      }
    }
    await this.#ask('continuousMove', [turn]);
    await this.#ask('continuousMove', [lensOnly]);
    this.#apart = true;
  }

  async halt(): Promise<void> {
    await this.#ask('stop', [this.#still]);
  }

  get #still(): object {
    return { profileToken: this.#profileToken, panTilt: true, zoom: true };
  }

  async goto({ pan, tilt, zoom }: Vector): Promise<void> {
    const { position: plane, positionZoom } = this.#head;
    const [x, y] = plane === null ? [pan, tilt] : [into(pan, plane.x), into(tilt, plane.y)];
    await this.#ask('absoluteMove', [
      { profileToken: this.#profileToken, x, y, zoom: positionZoom === null ? 0 : intoUnit(zoom, positionZoom) },
    ]);
  }

  async recall(preset: string): Promise<void> {
    await this.#ask('gotoPreset', [{ profileToken: this.#profileToken, preset: escaped(preset) }]);
  }

  /** A token that the camera does not have yet cannot be chosen: it makes its own. */
  async store(preset: string, name: string): Promise<Pick<DeviceState, 'presets'>> {
    const known = this.#presets.some(({ id }) => id === preset);
    const presetName = escaped(name === '' ? preset : name);
    const answer = await this.#ask('setPreset', [
      { profileToken: this.#profileToken, presetName, ...(known ? { presetToken: escaped(preset) } : {}) },
    ]);
    const token = find(answer, 'presettoken')?.text ?? preset;
    const told = await this.presets();
    // Some tell of a new preset only later.
    if (told.presets?.some(({ id }) => id === token)) return told;
    this.#presets = [...this.#presets, { id: token.slice(0, 64), name: (name === '' ? preset : name).slice(0, 200) }];
    return { presets: [...this.#presets] };
  }
}

/** Null where the camera refuses: it has no such thing. */
export async function optional(asked: Promise<Element>): Promise<Element | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof FaultError && error.fault.code === 'device.refused') return null;
    throw error;
  }
}
