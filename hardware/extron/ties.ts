/** What a matrix shows where, as it is told: ties and mutes. */
import type { DeviceState } from '../../protocol/schema/device.ts';
import type { Reply } from './codec.ts';

export interface FrameSize {
  readonly inputs: number;
  readonly outputs: number;
}

/** No frame is larger: a number beyond that is a misreading. */
const MOST = 128;

export class Ties {
  #size: FrameSize | null = null;
  readonly #routes = new Map<number, number>();
  readonly #mutes = { video: new Map<number, boolean>(), audio: new Map<number, boolean>() };

  get size(): FrameSize | null {
    return this.#size;
  }

  /** How many sockets there are. */
  frame({ inputs, outputs }: FrameSize): void {
    if (inputs < 1 || outputs < 1 || inputs > MOST || outputs > MOST) return;
    this.#size = { inputs, outputs };
  }

  /** What a reply says of the state; null: nothing. A tie of sound alone is none that can be seen: routes are those of the picture. */
  told(reply: Reply): Partial<DeviceState> | null {
    if (reply.is === 'tie' && reply.layer !== 'audio') {
      for (const output of this.#outputs(reply.output)) this.#routes.set(output, reply.input);
      const sorted = [...this.#routes].toSorted(([a], [b]) => a - b);
      return { routes: Object.fromEntries(sorted.map(([output, input]) => [String(output), String(input)])) };
    }
    if (reply.is !== 'mute' || !this.#has(reply.output)) return null;
    this.#mutes[reply.layer].set(reply.output, reply.on);
    const all = this.#all(reply.layer);
    return reply.layer === 'video' ? { blank: all } : { speakerMuted: all };
  }

  #outputs(output: number | null): readonly number[] {
    if (output !== null) return this.#has(output) ? [output] : [];
    return Array.from({ length: this.#size?.outputs ?? 0 }, (_, at) => at + 1);
  }

  #has(output: number): boolean {
    return output >= 1 && output <= (this.#size?.outputs ?? MOST);
  }

  /** Muted as a whole, or not at all; null: some are, or some have not been told. */
  #all(layer: 'video' | 'audio'): boolean | null {
    const told = [...this.#mutes[layer].values()];
    if (told.length > 0 && !told.includes(true)) return false;
    return told.length >= (this.#size?.outputs ?? Number.POSITIVE_INFINITY) && !told.includes(false) ? true : null;
  }
}
