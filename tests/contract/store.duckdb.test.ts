import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BugError, manualClock, type OperatingError } from '../../src/base/index.ts';
import { createDuckdbStore } from '../../src/store/duckdb/index.ts';
import type { Store } from '../../src/store/index.ts';
import { NaiveStore } from './naive-store.ts';
import { type StoreHarness, storeContract } from './store.contract.ts';
import { batchOf, kpiOf, paneColumnsOf, paneOf, quarantineOf, readingOf } from './store-rows.ts';

const EVER = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

function storeAt(file: string): Store {
  return createDuckdbStore({
    file,
    memoryBytesMax: 256 * 1024 * 1024,
    threads: 2,
    clock: manualClock(1_768_478_400_000),
  });
}

storeContract('duckdb', async (): Promise<StoreHarness> => {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-store-'));
  const file = join(folder, 'new', 'vitals.duckdb');
  let store = storeAt(file);
  await store.open();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = storeAt(file);
      await store.open();
      return store;
    },
    dispose: async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

storeContract('naive, in memory', async (): Promise<StoreHarness> => {
  const store = new NaiveStore();
  return { store, reopen: async () => store, dispose: async () => undefined };
});

describe('the DuckDB file', () => {
  let folder: string;
  let file: string;
  const opened: Store[] = [];
  const children: ChildProcess[] = [];
  const open = async (): Promise<Store> => {
    const store = storeAt(file);
    opened.push(store);
    await store.open();
    return store;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vitals-store-'));
    file = join(folder, 'vitals.duckdb');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const store of opened.splice(0)) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  /** Starts the writing child; resolves `enough` once it acknowledged so many batches. */
  const startWriter = (batches: number) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'store-kill-child.ts'), file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const state = { acknowledged: 0, errors: '' };
    child.stderr!.on('data', (text) => {
      state.errors += text;
    });
    const enough = new Promise<void>((resolve, reject) => {
      let count = 0;
      child.stdout!.on('data', (text: Buffer) => {
        const lines = text.toString().trim().split('\n');
        count += lines.length;
        state.acknowledged = Number(lines.at(-1));
        if (count >= batches) resolve();
      });
      child.on('exit', () => reject(new Error(`the writer ended: ${state.errors}`)));
    });
    const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
    return { child, state, enough, ended };
  };
  const refusal = async (): Promise<OperatingError> =>
    open().then(
      () => expect.fail('the store opened'),
      (error) => error,
    );

  test('killed in the middle of writing, it includes exactly what its position says', {
    timeout: 120_000,
  }, async () => {
    for (const batches of [3, 1, 12, 7, 25]) {
      const { child, state, enough, ended } = startWriter(batches);
      await enough;
      child.kill('SIGKILL');
      await ended;
      const store = await open();
      const { position } = await store.open();
      // The kill may fall between the commit and its acknowledgement, never before an acknowledged one.
      expect(position).toBeGreaterThanOrEqual(state.acknowledged);
      expect((await store.stats()).readingCount).toBe(position);
      const sequences = (await Promise.all(Array.from({ length: 50 }, (_, id) => store.readings(id, EVER, 100_000))))
        .flat()
        .map((row) => row.sequence);
      expect(new Set(sequences).size).toBe(position);
      expect(Math.max(...sequences)).toBe(position);
      expect((await store.quarantine({ limit: 10_000 })).map((row) => row.sequence)).toEqual(
        Array.from({ length: position / 200 }, (_, at) => position - at * 200),
      );
      expect((await store.latestKpis())[0]?.value).toBe(position);
      for (const id of [0, 49])
        expect((await store.panes(id, 'hour', EVER)).map((pane) => pane.count)).toEqual([position]);
      expect((await store.latest([])).reduce((newest, row) => Math.max(newest, row.sequence), 0)).toBe(position);
      await store.close();
    }
  });

  test('a second process is refused and told who holds it', async () => {
    const { child, enough } = startWriter(1);
    await enough;
    const error = await refusal();
    expect(error).toMatchObject({ code: 'store_locked', retryable: false });
    expect(error.message).toContain(`process ${child.pid}`);
    expect(error.message).toContain(file);
  });

  test('a second opening in the same process is refused, and possible again after closing', async () => {
    const first = await open();
    expect((await refusal()).code).toBe('store_locked');
    await first.write(batchOf(1));
    await first.close();
    expect(await (await open()).open()).toEqual({ position: 1 });
  });

  test('a place that cannot be written is refused with its path', async () => {
    writeFileSync(join(folder, 'plain'), 'x');
    file = join(folder, 'plain', 'vitals.duckdb');
    const error = await refusal();
    expect(error.code).toBe('store_unwritable');
    expect(error.message).toContain(file);
    file = folder;
    expect((await refusal()).code).toBe('store_unwritable');
  });

  test('a file that is no database gives one sentence, and stays as it is', async () => {
    const bytes = 'not a database '.repeat(1_000);
    writeFileSync(file, bytes);
    const error = await refusal();
    expect(error.code).toBe('store_damaged');
    expect(error.message).toMatch(/^cannot open the store .*vitals\.duckdb: .*start again/);
    expect(error.message).not.toContain('\n');
    expect(readFileSync(file, 'utf8')).toBe(bytes);
  });

  test('a file cut short or scribbled over gives one sentence', async () => {
    const store = await open();
    for (let at = 0; at < 5; at++) {
      await store.write(
        batchOf(at * 500 + 500, {
          readings: Array.from({ length: 500 }, (_, row) =>
            readingOf({ sequence: at * 500 + row + 1, timeMs: row, value: Math.sin(row) }),
          ),
        }),
      );
    }
    await store.close();
    const whole = readFileSync(file);
    truncateSync(file, 8_000);
    expect((await refusal()).code).toBe('store_damaged');
    const scribbled = Buffer.from(whole);
    scribbled.fill(0x5a, 4_200, 12_200);
    writeFileSync(file, scribbled);
    expect((await refusal()).code).toBe('store_damaged');
    writeFileSync(file, whole);
    expect(await (await open()).open()).toEqual({ position: 2_500 });
  });

  test('a file of a newer program, or of something else, is refused and left alone', async () => {
    await (await open()).close();
    const change = async (sql: string) => {
      const instance = await DuckDBInstance.create(file);
      const connection = await instance.connect();
      await connection.run(sql);
      connection.closeSync();
      instance.closeSync();
    };
    await change('UPDATE meta SET schema_version = 99');
    expect(await refusal()).toMatchObject({ code: 'store_schema_newer', message: expect.stringContaining('99') });
    file = join(folder, 'other.duckdb');
    await change('CREATE TABLE books (title VARCHAR)');
    expect(await refusal()).toMatchObject({ code: 'store_damaged', message: expect.stringContaining('books') });
  });

  test('a file of the first schema is brought up to date and keeps its rows', async () => {
    const store = await open();
    await store.write(
      batchOf(3, {
        readings: [readingOf({ sequence: 3 })],
        panes: [{ series: 0, level: 'hour', pane: paneOf({}) }],
        kpis: [kpiOf({})],
      }),
    );
    await store.close();
    const instance = await DuckDBInstance.create(file);
    const connection = await instance.connect();
    await connection.run('CREATE TABLE panes_day AS FROM panes_hour');
    await connection.run('ALTER TABLE kpis DROP COLUMN reason');
    await connection.run('ALTER TABLE meta DROP COLUMN basis');
    await connection.run('UPDATE meta SET schema_version = 1');
    connection.closeSync();
    instance.closeSync();
    const again = await open();
    expect(await again.open()).toEqual({ position: 3 });
    expect(await again.panes(0, 'hour', EVER)).toEqual([paneOf({})]);
    expect(await again.latestKpis()).toEqual([kpiOf({})]);
    const revised = kpiOf({ revision: 1, reason: 'facts' });
    await again.write(batchOf(4, { kpis: [revised], basis: 'b' }));
    expect(await again.latestKpis()).toEqual([revised]);
    await again.close();
    const looked = await DuckDBInstance.create(file);
    const look = await looked.connect();
    const versions = (await look.runAndReadAll('SELECT schema_version FROM meta')).getRows();
    const days = (await look.runAndReadAll("SELECT * FROM duckdb_tables() WHERE table_name = 'panes_day'")).getRows();
    look.closeSync();
    looked.closeSync();
    expect([versions, days]).toEqual([[[5]], []]);
  });

  test('a batch that fails in its middle leaves nothing, and the next one works', async () => {
    const store = await open();
    await store.write(batchOf(1, { readings: [readingOf({ sequence: 1 })], kpis: [kpiOf({ value: 1 })] }));
    const bad = batchOf(2, {
      readings: [readingOf({ sequence: 2, timeMs: 7 })],
      panes: [{ series: 0, level: 'hour', pane: paneOf({ count: 0.5 }) }],
      kpis: [kpiOf({ value: 2 })],
      quarantine: [quarantineOf({ sequence: 2 })],
    });
    await expect(store.write(bad)).rejects.toMatchObject({ code: 'store_work_failed', retryable: false });
    expect((await store.stats()).readingCount).toBe(1);
    expect(await store.readings(0, EVER, 9)).toHaveLength(1);
    expect((await store.latestKpis())[0]?.value).toBe(1);
    await store.write({ ...bad, panes: paneColumnsOf([]) });
    await store.close();
    const again = await open();
    expect(await again.open()).toEqual({ position: 2 });
    expect(await again.readings(0, EVER, 9)).toHaveLength(2);
    expect((await again.kpis(EVER))[0]?.value).toBe(2);
  });

  test('rows beyond the position of their batch are a broken engine', async () => {
    const store = await open();
    await expect(store.write(batchOf(1, { readings: [readingOf({ sequence: 2 })] }))).rejects.toThrow(BugError);
    await expect(store.write(batchOf(1, { quarantine: [quarantineOf({ sequence: 2 })] }))).rejects.toThrow(BugError);
    expect(await store.stats()).toMatchObject({ position: 0, readingCount: 0 });
  });

  test('many small batches keep the newest readings through their own table', async () => {
    const store = await open();
    for (let sequence = 1; sequence <= 150; sequence++) {
      await store.write(
        batchOf(sequence, {
          readings: [readingOf({ sequence, series: sequence % 7, timeMs: sequence, value: -sequence })],
        }),
      );
    }
    const before = await store.latest([]);
    expect(before.map((row) => row.sequence).sort((a, b) => a - b)).toEqual([144, 145, 146, 147, 148, 149, 150]);
    await store.close();
    expect(await (await open()).latest([])).toEqual(before);
  });

  test('reads see whole batches while others are written', async () => {
    const store = await open();
    let writing = true;
    const writes = (async () => {
      for (let at = 1; at <= 30; at++) {
        const readings = Array.from({ length: 100 }, (_, row) => readingOf({ sequence: at, timeMs: at * 1000 + row }));
        await store.write(
          batchOf(at, { readings, panes: [{ series: 0, level: 'hour', pane: paneOf({ count: at }) }] }),
        );
      }
      writing = false;
    })();
    while (writing) {
      const [rows, panes] = await Promise.all([store.readings(0, EVER, 100_000), store.panes(0, 'hour', EVER)]);
      expect(rows.length % 100).toBe(0);
      expect(panes.length).toBeLessThanOrEqual(1);
    }
    await writes;
  });

  test('after closing, questions and writes are refused', async () => {
    const store = await open();
    await store.close();
    await expect(store.devices()).rejects.toMatchObject({ code: 'store_closed' });
    await expect(store.write(batchOf(1))).rejects.toMatchObject({ code: 'store_closed' });
  });
});
