/**
 * A number of a standard normal distribution that depends on nothing but its arguments, so that a device's value at an
 * instant is the same however the simulation got there.
 */
export function normalAt(seed: number, index: number, channel: number): number {
  const first = (hash(seed, index, channel) + 1) / (2 ** 32 + 1);
  const second = hash(seed ^ 0x51ed270b, index, channel) / 2 ** 32;
  return Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * second);
}

/** A number in [0, 1) that depends on nothing but its arguments. */
export function uniformAt(seed: number, index: number, channel: number): number {
  return hash(seed, index, channel) / 2 ** 32;
}

/** murmur3 over three words. */
function hash(a: number, b: number, c: number): number {
  let h = a | 0;
  for (const word of [b | 0, Math.floor(b / 2 ** 32) | 0, c | 0]) {
    let k = Math.imul(word, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
    h = ((h << 13) | (h >>> 19)) >>> 0;
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
