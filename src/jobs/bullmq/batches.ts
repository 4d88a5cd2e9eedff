import { randomUUID } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { Queue, QueueEvents } from 'bullmq';
import { OperatingError } from '../../base/index.ts';
import { connectForWork, letGo, type RedisClient, type RedisPlace, within } from '../../redis/index.ts';
import type { Batches } from '../batches.ts';

/** The queue of all batches. */
export const BATCHES = 'batches';

/** What lies in a job: the packed columns, as JSON can carry them. */
export interface BatchData {
  /** Of the program: another one may give other bits. */
  readonly version: string;
  /** Base64 of what `compressed` made. */
  readonly columns: string;
}

/** Columns of readings shrink to a tenth, which costs less than to carry them. */
export function compressed(bytes: Uint8Array): Buffer {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

/** What a batch may unpack to, bytes. */
const UNPACKED_BYTES_MAX = 1 << 28;

export function decompressed(bytes: Uint8Array): Buffer {
  return zstdDecompressSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX });
}

/** Where a worker leaves what it made; it goes by itself when nobody fetches it. */
export function resultKey(prefix: string, id: string): string {
  return `${prefix}:${BATCHES}:result:${id}`;
}

export const RESULT_KEPT_S = 3_600;

export interface BatchesOptions {
  readonly redis: RedisPlace;
  readonly version: string;
  /** Told when Redis cannot be used; it is tried again all the time. */
  readonly onProblem: (error: Error) => void;
}

/** Some megabytes each, and as many workers have something to do. */
const WIDTH_MAX = 8;

/** Work that throws is no passing fault, but the memory of a worker may be. */
const ATTEMPTS = 5;
const RETRY_MS = 1_000;

/** Events tell of the end of a batch; one that was missed while Redis was away is found by looking, at the second look. */
const LOOK_EVERY_MS = 5_000;
const EVENTS_KEPT = 1_000;
const CLOSE_MS_MAX = 2_000;

interface Pending {
  readonly resolve: (result: Uint8Array) => void;
  readonly reject: (error: Error) => void;
  readonly kind: string;
  readonly input: Uint8Array;
  /** There was neither a job nor a result at the last look. */
  isMissed: boolean;
}

/** Batches in Redis. */
export interface BullBatches extends Batches {
  /** For a board. */
  readonly queue: Queue;
}

/** Batches in Redis, for `startBatchWorker` in any number of processes. A Redis that is away is waited for. */
export function createBullBatches(options: BatchesOptions): BullBatches {
  return new RedisBatches(options);
}

class RedisBatches implements BullBatches {
  readonly widthMax = WIDTH_MAX;
  readonly #options: BatchesOptions;
  readonly #redis: RedisClient;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #pending = new Map<string, Pending>();
  readonly #look: NodeJS.Timeout;
  /** While Redis is away a look takes as long. */
  #isLooking = false;

  constructor(options: BatchesOptions) {
    const { redis, onProblem } = options;
    this.#options = options;
    this.#redis = connectForWork(redis, onProblem);
    const common = { connection: this.#redis, prefix: redis.prefix };
    this.#queue = new Queue(BATCHES, { ...common, streams: { events: { maxLen: EVENTS_KEPT } } });
    this.#events = new QueueEvents(BATCHES, common);
    this.#queue.on('error', onProblem);
    this.#events.on('error', onProblem);
    this.#events.on('completed', ({ jobId }) => void this.#fetch(jobId));
    this.#events.on('failed', ({ jobId, failedReason }) => this.#fail(jobId, failedReason));
    this.#look = setInterval(() => void this.#lookForMissed(), LOOK_EVERY_MS);
    this.#look.unref();
  }

  get queue(): Queue {
    return this.#queue;
  }

  async run(kind: string, input: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    const id = randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      const pending = { resolve, reject, kind, input, isMissed: false };
      this.#pending.set(id, pending);
      this.#add(id, pending);
      return await promise;
    } catch (error) {
      // Nobody waits for it any more.
      void this.#queue.remove(id).catch(() => undefined);
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#pending.delete(id);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#look);
    const closed = new OperatingError('jobs_closed', 'the process stops');
    for (const { reject } of this.#pending.values()) reject(closed);
    // Both wait for Redis, which may be away.
    const ended = Promise.allSettled([this.#events.close(), this.#queue.close()]);
    await within(CLOSE_MS_MAX, ended);
    letGo(this.#redis);
  }

  /** One that is there already stays as it is. */
  #add(id: string, { kind, input, reject }: Pending): void {
    const { version } = this.#options;
    const columns = compressed(input).toString('base64');
    const added = this.#queue.add(kind, { version, columns } satisfies BatchData, {
      ...{ jobId: id, attempts: ATTEMPTS, backoff: { type: 'fixed', delay: RETRY_MS } },
      ...{ removeOnComplete: true, removeOnFail: true },
    });
    added.catch(reject);
  }

  async #fetch(id: string): Promise<void> {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    try {
      const result = await this.#redis.getdelBuffer(resultKey(this.#options.redis.prefix, id));
      if (result !== null) pending.resolve(decompressed(result));
    } catch (error) {
      this.#options.onProblem(error as Error);
    }
  }

  #fail(id: string, why: string): void {
    const pending = this.#pending.get(id);
    pending?.reject(new OperatingError('batch_failed', `cannot do a batch ${pending.kind}: ${why}`));
  }

  async #lookForMissed(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    await this.#lookAtAll();
    this.#isLooking = false;
  }

  async #lookAtAll(): Promise<void> {
    for (const [id, pending] of [...this.#pending]) {
      try {
        const isThere = (await this.#redis.exists(this.#queue.toKey(id))) === 1;
        await this.#fetch(id);
        // Redis forgot it, or its result was lost on the way: it is given again.
        if (!isThere && pending.isMissed && this.#pending.has(id)) this.#add(id, pending);
        pending.isMissed = !isThere && !pending.isMissed;
      } catch (error) {
        this.#options.onProblem(error as Error);
      }
    }
  }
}
