/** What a simulated Extron matrix holds: ties, mutes and presets, and how it words them. Source: Extron "DXP HDMI Series User Guide" 68-1370, SIS tables. */

export type Layer = 'all' | 'video' | 'rgb' | 'audio';
export type SisError = 'E01' | 'E10' | 'E11' | 'E12' | 'E13';

export const PRESETS = 32;

const words: Readonly<Record<Layer, string>> = { all: 'All', video: 'Vid', rgb: 'RGB', audio: 'Aud' };

interface Ties {
  /** Input of each output, 0 for none. */
  readonly video: readonly number[];
  readonly audio: readonly number[];
}

export class Matrix {
  readonly inputs: number;
  readonly outputs: number;
  #ties: Ties;
  readonly #presets = new Map<number, Ties>();
  #videoMuted: readonly boolean[];
  #audioMuted: readonly boolean[];
  preset: number | null = null;

  constructor(inputs: number, outputs: number) {
    this.inputs = inputs;
    this.outputs = outputs;
    const straight = Array.from({ length: outputs }, (_, at) => (at < inputs ? at + 1 : 0));
    this.#ties = { video: straight, audio: straight };
    this.#videoMuted = straight.map(() => false);
    this.#audioMuted = this.#videoMuted;
  }

  get ties(): Ties {
    return this.#ties;
  }
  get videoMuted(): readonly boolean[] {
    return this.#videoMuted;
  }
  get audioMuted(): readonly boolean[] {
    return this.#audioMuted;
  }
  get presets(): readonly number[] {
    return [...this.#presets.keys()];
  }

  /** Frames with ten or more of anything write two digits. */
  number(value: number): string {
    return String(value).padStart(Math.max(this.inputs, this.outputs) > 9 ? 2 : 1, '0');
  }

  /** @param output null: all of them. */
  tie(input: number, output: number | null, layer: Layer): string | SisError {
    if (input > this.inputs) return 'E01';
    if (output !== null && !this.#has(output)) return 'E12';
    const put = (ties: readonly number[]): readonly number[] => ties.map((old, at) => (output === null || at === output - 1 ? input : old));
    const { video, audio } = this.#ties;
    this.#ties = { video: layer === 'audio' ? video : put(video), audio: layer === 'all' || layer === 'audio' ? put(audio) : audio };
    this.preset = null;
    return output === null ? `In${this.number(input)} ${words[layer]}` : this.#tied(output, input, layer);
  }

  /** @param tagged as verbose modes 2 and 3 have it. */
  read(output: number, layer: Layer, tagged: boolean): string | SisError {
    if (!this.#has(output)) return 'E12';
    const input = (layer === 'audio' ? this.#ties.audio : this.#ties.video)[output - 1] ?? 0;
    return tagged ? this.#tied(output, input, layer) : this.number(input);
  }

  save(preset: number): string | SisError {
    if (preset < 1 || preset > PRESETS) return 'E11';
    this.#presets.set(preset, this.#ties);
    return `Spr${this.number(preset)}`;
  }

  recall(preset: number): string | SisError {
    const ties = this.#presets.get(preset);
    if (ties === undefined) return 'E11';
    this.#ties = ties;
    this.preset = preset;
    return `Rpr${this.number(preset)}`;
  }

  /** @param on null: reads. */
  mute(output: number, what: 'video' | 'audio', on: boolean | null, tagged: boolean): string | SisError {
    if (!this.#has(output)) return 'E12';
    if (on !== null) {
      const put = (muted: readonly boolean[]): readonly boolean[] => muted.map((old, at) => (at === output - 1 ? on : old));
      if (what === 'video') this.#videoMuted = put(this.#videoMuted);
      else this.#audioMuted = put(this.#audioMuted);
    }
    const is = (what === 'video' ? this.#videoMuted : this.#audioMuted)[output - 1] === true ? '1' : '0';
    return on === null && !tagged ? is : `${what === 'video' ? 'Vmt' : 'Amt'}${this.number(output)}*${is}`;
  }

  #has(output: number): boolean {
    return output >= 1 && output <= this.outputs;
  }

  #tied(output: number, input: number, layer: Layer): string {
    return `Out${this.number(output)} In${this.number(input)} ${words[layer]}`;
  }
}
