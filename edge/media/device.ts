/**
 * A camera or microphone that may fail, lie or vanish: when it is tried, when it rests, and what covers for it meanwhile. `reduce` is
 * pure; Device holds its timer.
 */
import type { Clock, Timer } from '../../protocol/clock.ts';

export interface DeviceLife {
  /** `open`: it is part of the pipeline. `resting`: left alone until the next try. */
  readonly phase: 'open' | 'resting';
  /** In a row; decides how long it rests. */
  readonly failures: number;
  /** Since when it has delivered without a failure; null: it has not yet. */
  readonly deliveredAt: number | null;
  readonly crashedAt: number | null;
  readonly because: string;
}

export type DeviceInput =
  | { readonly type: 'delivered'; readonly at: number }
  /** `covered`: something else is being sent in its place already. */
  | { readonly type: 'failed'; readonly at: number; readonly because: string; readonly covered: boolean }
  /** The whole process died with it; it is coming back and will ask what to open. */
  | { readonly type: 'crashed'; readonly at: number; readonly because: string }
  | { readonly type: 'rested'; readonly at: number };

/** `remake`: the pipeline is to be made anew, as `phase` says. */
export type DeviceEffect = { readonly do: 'remake' } | { readonly do: 'wait'; readonly forMs: number };

export interface DeviceStep {
  readonly life: DeviceLife;
  readonly effects: readonly DeviceEffect[];
}

export const freshDevice: DeviceLife = { phase: 'open', failures: 0, deliveredAt: null, crashedAt: null, because: 'as configured' };

/** Rests after the first, second… failure in a row; the last repeats. A retry costs the slate a fifth of a second, so it is not hurried. */
const restsMs = [500, 1000, 2000, 5000, 10_000] as const;
/** Delivered for this long: the next failure is the first again. */
const healthyMs = 10_000;
/** One crash is bad luck; a second one this soon is taken for the device's doing. */
const suspiciousMs = 10_000;

export function reduce(life: DeviceLife, input: DeviceInput): DeviceStep {
  switch (input.type) {
    case 'delivered':
      if (life.phase === 'resting') return { life, effects: [] };
      return { life: { ...life, deliveredAt: life.deliveredAt ?? input.at, because: 'delivers' }, effects: [] };
    case 'failed':
      if (life.phase === 'resting') return { life, effects: [] };
      return rest(life, input.at, input.because, input.covered ? [] : [{ do: 'remake' }]);
    case 'crashed': {
      const again = life.crashedAt !== null && input.at - life.crashedAt < suspiciousMs;
      const crashed = { ...life, crashedAt: input.at };
      if (!again || life.phase === 'resting') return { life: crashed, effects: [] };
      // No remake: the process asks again anyway, and finds the device resting.
      return rest(crashed, input.at, `the process died twice with it, last: ${input.because}`, []);
    }
    case 'rested':
      if (life.phase === 'open') return { life, effects: [] };
      return {
        life: { ...life, phase: 'open', deliveredAt: null, because: `tried again after: ${life.because}` },
        effects: [{ do: 'remake' }],
      };
    default:
      return input satisfies never;
  }
}

function rest(life: DeviceLife, at: number, because: string, effects: readonly DeviceEffect[]): DeviceStep {
  const healthy = life.deliveredAt !== null && at - life.deliveredAt >= healthyMs;
  const failures = healthy ? 1 : life.failures + 1;
  const forMs = restsMs[Math.min(failures, restsMs.length) - 1] ?? 0;
  return { life: { ...life, phase: 'resting', failures, deliveredAt: null, because }, effects: [...effects, { do: 'wait', forMs }] };
}

export class Device {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #remake: () => void;
  #life: DeviceLife = freshDevice;
  #timer: Timer | null = null;

  /** @param remake makes the pipeline anew; it reads `open`. */
  constructor(name: string, clock: Clock, remake: () => void) {
    this.#name = name;
    this.#clock = clock;
    this.#remake = remake;
  }

  /** Whether a pipeline that is made now shall have the device in it. */
  get open(): boolean {
    return this.#life.phase === 'open';
  }

  /** As far as it is known: it has not failed since it was opened and had delivered. */
  get delivering(): boolean {
    return this.#life.deliveredAt !== null;
  }

  get because(): string {
    return this.#life.because;
  }

  delivered(): void {
    this.#take({ type: 'delivered', at: this.#clock.mono() });
  }

  failed(because: string, covered: boolean): void {
    this.#take({ type: 'failed', at: this.#clock.mono(), because, covered });
  }

  crashed(because: string): void {
    this.#take({ type: 'crashed', at: this.#clock.mono(), because });
  }

  /** Forgets everything: nobody wants the device now. */
  reset(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#life = freshDevice;
  }

  #take(input: DeviceInput): void {
    const { life, effects } = reduce(this.#life, input);
    this.#life = life;
    for (const effect of effects) {
      switch (effect.do) {
        case 'remake':
          this.#remake();
          break;
        case 'wait':
          this.#timer?.cancel();
          this.#timer = this.#clock.after(effect.forMs, `${this.#name} rests`, () =>
            this.#take({ type: 'rested', at: this.#clock.mono() }),
          );
          break;
        default:
          effect satisfies never;
      }
    }
  }
}
