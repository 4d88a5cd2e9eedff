/*
 * CRC-32C (Castagnoli), slicing-by-8: eight table look-ups a step of eight bytes.
 * Kounavis and Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC Generation", IEEE Trans. Computers 2008.
 */

const POLYNOMIAL_REFLECTED = 0x82f63b78;
const TABLES = buildTables();

/**
 * CRC-32C of `bytes[start, end)`.
 *
 * @param seed the result of an earlier call, to go on over several pieces; 0 for a new one
 * @returns an unsigned 32-bit number
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  let crc = ~seed;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const low = crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    crc =
      t7[low & 255]! ^
      t6[(low >>> 8) & 255]! ^
      t5[(low >>> 16) & 255]! ^
      t4[low >>> 24]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!;
  }
  for (; at < end; at++) crc = t0[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

type Table = Int32Array;

function buildTables(): [Table, Table, Table, Table, Table, Table, Table, Table] {
  const first = new Int32Array(256);
  for (let n = 0; n < 256; n++) {
    let crc = n;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL_REFLECTED : crc >>> 1;
    first[n] = crc;
  }
  const tables = [first];
  for (let k = 1; k < 8; k++) {
    const previous = tables[k - 1]!;
    tables.push(previous.map((crc) => first[crc & 255]! ^ (crc >>> 8)));
  }
  return tables as [Table, Table, Table, Table, Table, Table, Table, Table];
}
