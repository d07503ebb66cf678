/** How much a peer may say: a bucket of tokens. Pure. */

export interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

export interface RateRules {
  readonly perSecond: number;
  readonly burst: number;
}

export const fullBucket = (at: number, { burst }: RateRules): Bucket => ({ tokens: burst, at });

/** The bucket after one message at `at` (monotonic ms), and whether the message is within bounds. */
export function spend(bucket: Bucket, at: number, { perSecond, burst }: RateRules): { readonly bucket: Bucket; readonly allowed: boolean } {
  const tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) / 1000) * perSecond);
  return tokens < 1 ? { bucket: { tokens, at }, allowed: false } : { bucket: { tokens: tokens - 1, at }, allowed: true };
}
