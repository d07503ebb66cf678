/** Distributions as every benchmark prints them. */

export interface Distribution {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

const rounded = (value: number): number => Math.round(value * 10) / 10;

/** Nearest-rank percentiles, rounded to a tenth; NaN-free: an empty list is an error, because a figure without samples is none. */
export function distribution(samples: readonly number[]): Distribution {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => rounded(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN);
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

export const median = (samples: readonly number[]): number => distribution(samples).p50;

/** The last line of every benchmark: one JSON object. */
export function print(result: { readonly bench: string; readonly [key: string]: unknown }): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
