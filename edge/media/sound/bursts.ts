/**
 * When a synthetic voice speaks: turns of a few seconds with pauses between, different for every site, the same for every run.
 * Gives active-speaker detection something true to find where there is no microphone. Pure.
 */

/** A change of the synthetic voice: how loud it is (0–1) and for how long that stays so. */
export interface Burst {
  readonly volume: number;
  readonly forMs: number;
}

/** xorshift32 (Marsaglia 2003): repeatable, no security meaning. */
function next(state: number): number {
  let x = state;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x >>> 0;
}

function seedOf(name: string): number {
  let seed = 0x9e3779b9;
  for (const char of name) seed = (Math.imul(seed ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0) ^ (seed >>> 15);
  return seed >>> 0 || 1;
}

/**
 * An endless talk for the site `name`: a pause of 6–30 s (the first one shorter), speech of 2–9 s, and so on. Begins with the pause, so
 * that a meeting of many sites does not start with all of them speaking at once. Of thirteen about three speak at any time.
 */
export function* bursts(name: string): Generator<Burst, never> {
  let state = seedOf(name);
  const between = (low: number, high: number): number => {
    state = next(state);
    return low + ((high - low) * (state >>> 8)) / 0xffffff;
  };
  for (let pause: readonly [number, number] = [500, 9000]; ; pause = [6000, 30_000]) {
    yield { volume: 0, forMs: Math.round(between(...pause)) };
    yield { volume: Math.round(between(25, 90)) / 100, forMs: Math.round(between(2000, 9000)) };
  }
}
