/** How fast something may happen, on average and at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

const KEYS_MAX = 20_000;

/**
 * Token buckets by key (an address, an identity). Bounded: the key used longest ago is forgotten, which gives it a full
 * bucket again.
 */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #keysMax: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, keysMax = KEYS_MAX) {
    this.#rate = rate;
    this.#keysMax = keysMax;
  }

  /** Takes a token if there is one. */
  take(key: string, nowMs: number): boolean {
    const bucket = this.#bucketOf(key, nowMs);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  /**
   * Takes what was used already, below zero too.
   *
   * @returns ms until the bucket is above zero again; 0 while it is
   */
  charge(key: string, tokens: number, nowMs: number): number {
    const bucket = this.#bucketOf(key, nowMs);
    bucket.tokens -= tokens;
    return bucket.tokens > 0 ? 0 : Math.ceil(((1 - bucket.tokens) / this.#rate.perSecond) * 1_000);
  }

  #bucketOf(key: string, nowMs: number): Bucket {
    const known = this.#buckets.get(key);
    const bucket = known ?? { tokens: this.#rate.burst, atMs: nowMs };
    if (known !== undefined) {
      const earned = ((nowMs - known.atMs) / 1_000) * this.#rate.perSecond;
      known.tokens = Math.min(this.#rate.burst, known.tokens + earned);
      known.atMs = nowMs;
      this.#buckets.delete(key);
    } else if (this.#buckets.size >= this.#keysMax) this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(key, bucket);
    return bucket;
  }
}
