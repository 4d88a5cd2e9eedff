import { type RecordFields, recordBytesOf } from '../record.ts';
import { COMMIT_RECORDS_MAX, encodeRecord } from './format.ts';

/** Called once for a record: without an error when it is durable. */
export type Done = (error?: Error) => void;

/** A commit closes when it holds about this many bytes; one larger record makes a commit of its own. */
export const COMMIT_BYTES_MAX = 4 << 20;
const CHUNK_BYTES = 256 << 10;
/** Chunks kept for the next commits. */
const SPARE_CHUNKS_MAX = 2 * (COMMIT_BYTES_MAX / CHUNK_BYTES);

/** Chunks of the usual size, used over and over so that a steady stream makes no garbage. */
export class ChunkPool {
  readonly #spare: Buffer[] = [];

  take(bytesMin: number): Buffer {
    if (bytesMin > CHUNK_BYTES) return Buffer.allocUnsafeSlow(bytesMin);
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
  }

  giveBack(chunk: Buffer): void {
    if (chunk.length === CHUNK_BYTES && this.#spare.length < SPARE_CHUNKS_MAX) this.#spare.push(chunk);
  }
}

/** Records encoded for one group commit: one write, one sync, then everybody's `done`. */
export class Batch {
  readonly dones: Done[] = [];
  bytes = 0;
  lastSequence = 0;
  /** The latest time of its records, ms UTC. */
  newestAtMs = 0;
  readonly #chunks: Buffer[] = [];
  readonly #used: number[] = [];
  readonly #pool: ChunkPool;

  constructor(pool: ChunkPool) {
    this.#pool = pool;
  }

  isFull(): boolean {
    return this.bytes >= COMMIT_BYTES_MAX || this.dones.length >= COMMIT_RECORDS_MAX;
  }

  add(fields: RecordFields, salt: number, done: Done): void {
    const recordBytes = recordBytesOf(fields);
    let last = this.#chunks.length - 1;
    if (last < 0 || this.#used[last]! + recordBytes > this.#chunks[last]!.length) {
      this.#chunks.push(this.#pool.take(recordBytes));
      this.#used.push(0);
      last++;
    }
    const at = this.#used[last]!;
    encodeRecord(this.#chunks[last]!, at, fields, this.dones.length, salt);
    this.#used[last] = at + recordBytes;
    this.bytes += recordBytes;
    this.lastSequence = fields.sequence;
    this.newestAtMs = Math.max(this.newestAtMs, fields.atMs);
    this.dones.push(done);
  }

  /** The encoded bytes, in order; valid until `release`. */
  buffers(): Uint8Array[] {
    return this.#chunks.map((chunk, index) => chunk.subarray(0, this.#used[index]));
  }

  release(): void {
    for (const chunk of this.#chunks) this.#pool.giveBack(chunk);
    this.#chunks.length = 0;
  }
}
