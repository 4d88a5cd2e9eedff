import { crc32c } from '../../src/base/index.ts';

/** Numbers in [0, 1), the same for the same seed on every machine. */
export type Random = () => number;

/**
 * sfc32 (Chris Doty-Humphrey, PractRand): small, fast, passes the usual batteries. Not for secrets.
 *
 * @param seed any text or number; every byte of it counts
 */
export function seededRandom(seed: string | number): Random {
  const bytes = new TextEncoder().encode(String(seed));
  let a = crc32c(bytes) | 0;
  let b = crc32c(bytes, 0, bytes.length, 0x9e3779b9) | 0;
  let c = crc32c(bytes, 0, bytes.length, 0x243f6a88) | 0;
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // The first rounds still show the seed.
  for (let round = 0; round < 15; round++) next();
  return next;
}

/** Fisher and Yates, in place. */
export function shuffleInPlace<T>(items: T[], random: Random): void {
  for (let at = items.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    const held = items[at]!;
    items[at] = items[other]!;
    items[other] = held;
  }
}
