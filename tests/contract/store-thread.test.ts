import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BugError, OperatingError } from '../../src/base/index.ts';
import type { ReadingHistory, StoreBatch } from '../../src/store/index.ts';
import { openStoreThread, type StoreThread, StoreWriterClient } from '../../src/workers/store-client.ts';
import { serveWriterPort } from '../../src/workers/store-port.ts';
import { NaiveStore } from './naive-store.ts';
import { type StoreHarness, storeContract } from './store.contract.ts';
import { batchOf, paneOf, readingOf } from './store-rows.ts';

const EVER = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

function openAt(file: string): Promise<StoreThread> {
  return openStoreThread({ file, memoryBytesMax: 256 * 1024 * 1024, threads: 2 });
}

storeContract(
  'duckdb in its thread',
  async (): Promise<StoreHarness> => {
    const folder = mkdtempSync(join(tmpdir(), 'vitals-store-'));
    const file = join(folder, 'vitals.duckdb');
    let store = await openAt(file);
    return {
      store,
      reopen: async () => {
        await store.close();
        store = await openAt(file);
        return store;
      },
      dispose: async () => {
        await store.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
  2,
);

describe('the store thread', () => {
  let folder: string;
  let file: string;
  const threads: StoreThread[] = [];
  const writers: StoreWriterClient[] = [];
  const open = async () => {
    const thread = await openAt(file);
    threads.push(thread);
    return thread;
  };
  const writerOf = (thread: StoreThread) => {
    const writer = new StoreWriterClient(thread.writerPort());
    writers.push(writer);
    return writer;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vitals-store-'));
    file = join(folder, 'vitals.duckdb');
  });
  afterEach(async () => {
    for (const writer of writers.splice(0)) writer.close();
    for (const thread of threads.splice(0)) await thread.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('an error of opening keeps its class, code and sentence', async () => {
    file = '/dev/null/vitals.duckdb';
    const error = await open().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(OperatingError);
    expect(error).toMatchObject({ code: 'store_unwritable', retryable: false, message: expect.stringContaining(file) });
  });

  test('an engine in another thread writes through its port, and main reads what it wrote', async () => {
    const thread = await open();
    const port = thread.writerPort();
    const engine = new Worker(new URL('./store-engine-thread.ts', import.meta.url), {
      workerData: { port, batches: 30 },
      transferList: [port],
    });
    const ended = new Promise((resolve) => engine.once('exit', resolve));
    const report = await new Promise((resolve, reject) => engine.once('message', resolve).once('error', reject));
    expect(report).toEqual({ position: 30 });
    expect((await thread.readings(0, EVER, 100)).map((row) => row.sequence)).toEqual(
      Array.from({ length: 30 }, (_, at) => at + 1),
    );
    await ended;
  });

  test('a written batch hands its buffers over', async () => {
    const writer = writerOf(await open());
    const batch = batchOf(1, {
      readings: [readingOf({})],
      panes: [{ series: 0, level: 'hour', pane: paneOf({ sum: 7 }) }],
    });
    await writer.write(batch);
    expect(batch.readings.value.length).toBe(0);
    expect(batch.panes.sum.length).toBe(0);
    expect(writer.position).toBe(1);
  });

  test('after a batch that cannot be written nothing gets past it', async () => {
    const thread = await open();
    const writer = writerOf(thread);
    const results = await Promise.allSettled([
      writer.write(batchOf(1, { readings: [readingOf({ sequence: 1 })] })),
      writer.write(
        batchOf(2, {
          readings: [readingOf({ sequence: 2 })],
          panes: [{ series: 0, level: 'hour', pane: paneOf({ count: 0.5 }) }],
        }),
      ),
      writer.write(batchOf(3, { readings: [readingOf({ sequence: 3 })] })),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    await expect(writer.write(batchOf(4))).rejects.toMatchObject({ code: 'store_work_failed' });
    expect((await thread.stats()).position).toBe(1);
  });

  test('a broken invariant stays one on the other side', async () => {
    const writer = writerOf(await open());
    await expect(writer.write(batchOf(1, { readings: [readingOf({ sequence: 2 })] }))).rejects.toThrow(BugError);
  });

  test('batches that arrived are written before the thread ends, and later calls are refused', async () => {
    const thread = await open();
    await writerOf(thread).write(batchOf(1));
    const writes = [2, 3].map((position) => thread.write(batchOf(position)));
    await thread.close();
    await Promise.all(writes);
    await expect(thread.stats()).rejects.toMatchObject({ code: expect.stringMatching(/^store_/) });
    expect(await (await open()).open()).toEqual({ position: 3 });
  });

  test('a crash of the thread reaches every pending call, every writer and the listener', async () => {
    const thread = await open();
    const writer = writerOf(thread);
    const told = new Promise<OperatingError>((resolve) => thread.onError(resolve));
    thread.writerPort().postMessage(null);
    const outcomes = await Promise.allSettled([thread.write(batchOf(1)), thread.devices(), told]);
    expect((await told).code).toBe('store_thread_ended');
    expect(outcomes[2]?.status).toBe('fulfilled');
    await expect(thread.stats()).rejects.toMatchObject({ code: 'store_thread_ended' });
    await expect(writer.write(batchOf(2))).rejects.toMatchObject({
      code: expect.stringMatching(/^store_(thread_ended|closed)$/),
    });
    await thread.close();
    // The lock went with the thread.
    await (await open()).stats();
  });
});

describe('a writer port', () => {
  const ends: { close(): void }[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end.close();
  });
  const serve = (store: NaiveStore, wait: (forMs: number) => Promise<boolean>) => {
    const { port1, port2 } = new MessageChannel();
    const retries: number[] = [];
    serveWriterPort(port1, store, { wait, onRetry: (attempt) => retries.push(attempt) });
    const writer = new StoreWriterClient(port2);
    ends.push(writer, port1);
    return { writer, retries };
  };

  test('a passing fault is waited out, longer each time, and the order is kept', async () => {
    const store = new FaultyStore(7);
    const waits: number[] = [];
    const { writer, retries } = serve(store, async (forMs) => waits.push(forMs) > 0);
    await Promise.all([1, 2, 3].map((position) => writer.write(batchOf(position))));
    expect(store.written).toEqual([1, 2, 3]);
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000]);
    expect(retries).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('a question is answered behind the batches before it, a passing fault of it waited out, and its columns handed over', async () => {
    const store = new FaultyStore(2);
    const { writer, retries } = serve(store, async () => true);
    const span = { series: 0, fromMs: 0, toMs: 10, neighbours: 0 };
    const writes = [1, 2].map((at) =>
      writer.write(batchOf(at, { readings: [readingOf({ sequence: at, timeMs: at, value: at })] })),
    );
    store.questionFaults = 3;
    const history = await writer.readingsAround([span], 2);
    await Promise.all(writes);
    expect([...history.value]).toEqual([1, 2]);
    expect(retries).toEqual([1, 2, 1, 2, 3]);
    expect(store.answered?.value.length).toBe(0);
  });

  test('a question that fails for good leaves the batches behind it to be written', async () => {
    const store = new FaultyStore(0);
    const { writer } = serve(store, async () => true);
    const asked = writer.panesOf({ quantities: [], level: 'hour', fromMs: Number.NaN, toMs: 0 });
    const written = writer.write(batchOf(1));
    await expect(asked).rejects.toThrow(BugError);
    await written;
    expect(store.written).toEqual([1]);
  });

  test('when the store closes, waiting ends with the fault', async () => {
    const { writer } = serve(new FaultyStore(1_000), async () => false);
    await expect(writer.write(batchOf(1))).rejects.toMatchObject({ code: 'disk_full', retryable: true });
  });

  test('at most four batches are on their way; the fifth waits for a place', async () => {
    const store = new FaultyStore(0);
    const { port1, port2 } = new MessageChannel();
    const writer = new StoreWriterClient(port2);
    ends.push(writer, port1);
    const received: number[] = [];
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const full = new Promise<void>((resolve) =>
      port1.on('message', async (request: { id: number; args: [StoreBatch] }) => {
        received.push(request.args[0].position);
        if (received.length === 4) resolve();
        await released;
        port1.postMessage({ id: request.id, result: undefined, position: request.args[0].position });
      }),
    );
    const writes = [1, 2, 3, 4, 5, 6].map((position) => writer.write(batchOf(position)));
    await full;
    // Messages of a port arrive in order: had the fifth been sent, it would come before this echo.
    const echo = new Promise((resolve) => port2.once('message', resolve));
    port1.postMessage({ id: -1, result: undefined, position: 0 });
    await echo;
    expect(received).toEqual([1, 2, 3, 4]);
    release();
    await Promise.all(writes);
    expect(received).toEqual([1, 2, 3, 4, 5, 6]);
    expect(store.written).toEqual([]);
  });
});

/** Fails its first writes as a full disk would. */
class FaultyStore extends NaiveStore {
  readonly written: number[] = [];
  private faults: number;

  constructor(faults: number) {
    super();
    this.faults = faults;
  }

  questionFaults = 0;
  answered: ReadingHistory | undefined;

  override async readingsAround(...args: Parameters<NaiveStore['readingsAround']>) {
    if (this.questionFaults-- > 0) throw new OperatingError('disk_full', 'cannot read: no space', { retryable: true });
    this.answered = await super.readingsAround(...args);
    return this.answered;
  }

  override async panesOf(query: Parameters<NaiveStore['panesOf']>[0]) {
    if (Number.isNaN(query.fromMs)) throw new Error('a bound of a store query is not a number');
    return super.panesOf(query);
  }

  override async write(batch: StoreBatch) {
    if (this.faults-- > 0) throw new OperatingError('disk_full', 'cannot write: no space', { retryable: true });
    this.written.push(batch.position);
    await super.write(batch);
  }
}
