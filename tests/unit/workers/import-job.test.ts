import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manualClock, OperatingError } from '../../../src/base/index.ts';
import type { AcceptMessage } from '../../../src/broker/index.ts';
import type { Job, JobContext } from '../../../src/jobs/index.ts';
import type { Message, Reading } from '../../../src/model/index.ts';
import { createDuckdbStore } from '../../../src/store/duckdb/index.ts';
import type { Store } from '../../../src/store/index.ts';
import { type ImportJobSources, type ImportResult, importJob } from '../../../src/workers/import-job.ts';
import { importOrder } from '../../../src/workers/import-order.ts';
import { type JobLoad, OnTheirWay } from '../../../src/workers/job-pace.ts';
import { builtInCompiled, intakeOf, NOON_MS } from '../intake/support.ts';

const FIRST_MS = NOON_MS - 10 * 86_400_000;
const IDLE: JobLoad = { lateWaiting: 0, engineSequence: 1e9, recordsBehind: 0, isBlocked: false };

let data: string;
let store: Store;
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'vitals-import-'));
  mkdirSync(join(data, 'imports'));
  store = createDuckdbStore({
    ...{ file: join(data, 'store.duckdb'), memoryBytesMax: 256 << 20, threads: 1, clock: manualClock(NOON_MS) },
  });
  await store.open();
});
afterAll(async () => {
  await store.close();
  rmSync(data, { recursive: true, force: true });
});

const iso = (atMs: number) => new Date(atMs).toISOString();
const intake = intakeOf(builtInCompiled());

/** A minute a row, of 7 devices in turn. */
function rowsOf(count: number): string[] {
  return Array.from({ length: count }, (_, row) => `d${row % 7},pm10,${iso(FIRST_MS + row * 60_000)},${row}`);
}

function write(name: string, content: string | Uint8Array): string {
  writeFileSync(join(data, 'imports', name), content);
  return name;
}

interface Bench {
  readonly messages: Message[];
  readonly checkpoints: unknown[];
  readonly progress: number[];
  run(): Promise<ImportResult>;
  readings(): Reading[];
}

interface BenchOptions extends Partial<ImportJobSources> {
  readonly checkpoint?: unknown;
  readonly signal?: AbortSignal;
  readonly columns?: Record<string, string>;
}

function benchOf(name: string, { checkpoint = null, signal, columns = {}, ...more }: BenchOptions = {}): Bench {
  const messages: Message[] = [];
  const checkpoints: unknown[] = [];
  const progress: number[] = [];
  const context: JobContext = {
    job: { id: '17', input: importOrder(data, name, columns), checkpoint } as Job,
    progress: async (ratio) => void progress.push(ratio),
    checkpoint: async (value) => void checkpoints.push(structuredClone(value)),
    signal: signal ?? new AbortController().signal,
  };
  const sources: ImportJobSources = {
    ...{
      clock: manualClock(NOON_MS),
      store: () => store,
      load: () => IDLE,
      lateMax: 1_000_000,
      onTheirWay: new OnTheirWay(),
    },
    accept: (message, done) => {
      messages.push(message);
      done();
    },
    journal: { heldBy: async () => messages.length },
    openIntake: () => intake,
    payloadBytesMax: 64 * 1024,
    rebuiltFromMs: () => Number.NEGATIVE_INFINITY,
    ...more,
  };
  const readings = () => messages.flatMap((message) => readingsIn(message));
  return {
    messages,
    checkpoints,
    progress,
    readings,
    run: async () => (await importJob(sources)(context)) as ImportResult,
  };
}

function readingsIn(message: Message): readonly Reading[] {
  const decoded = intake(message);
  expect(decoded).toMatchObject({ kind: 'decoded', profile: 'city-vitals-import', rejects: [] });
  return decoded.kind === 'decoded' ? decoded.readings : [];
}

describe('an import', () => {
  it('hands every row over once, as messages of the order, in the order of the file', async () => {
    const bench = benchOf(write('all.csv', `device,quantity,time,value\n${rowsOf(4_321).join('\n')}\n`));
    const result = await bench.run();
    expect(result).toMatchObject({ rows: 4_321, readings: 4_321, tooOld: 0, refused: {}, columnsIgnored: [] });
    expect(result.messages).toBe(bench.messages.length);
    expect(bench.messages.length).toBeLessThan(30);
    expect(new Set(bench.messages.map(({ topic, clientId }) => `${topic} ${clientId}`))).toEqual(
      new Set(['import/17 import']),
    );
    expect(bench.readings().map(({ device, timeMs, value }) => [device, timeMs, value])).toEqual(
      Array.from({ length: 4_321 }, (_, row) => [`d${row % 7}`, FIRST_MS + row * 60_000, row]),
    );
    expect(bench.progress.at(-1)).toBe(1);
    expect(bench.progress).toEqual([...bench.progress].sort((a, b) => a - b));
  });

  it('reads a packed file with a byte order mark, CRLF, quotes and a column a quantity', async () => {
    const text = `\uFEFFtime;"device";no2;"pm10"\r\n${FIRST_MS};"a";1.5;\r\n"${iso(FIRST_MS + 1)}";b;;"-"\r\n`;
    const bench = benchOf(write('packed.csv.gz', gzipSync(text)));
    expect(await bench.run()).toMatchObject({ rows: 2, readings: 2, refused: {} });
    expect(bench.readings()).toMatchObject([
      { device: 'a', quantity: 'no2', value: 1.5, timeMs: FIRST_MS },
      { device: 'b', quantity: 'pm10', value: Number.NaN, timeMs: FIRST_MS + 1 },
    ]);
  });

  it('tells of rows that cannot be read, by reason and place, and hands over the others', async () => {
    const good = rowsOf(300);
    const bad = [
      'd1,pm10,yesterday,1',
      'd1,soot,2026-01-14T00:00:00Z,1',
      'd1,pm10,2026-01-14T00:00:00Z',
      'd 1,pm10,2026-01-14T00:00:00Z,1',
      'd1,pm10,2019-01-14T00:00:00Z,1',
      'd1,pm10,2026-01-14T00:00:00Z,"1',
      'd1,pm10,2026-01-14T00:00:00Z,"1,5"',
    ];
    const lines = ['device,quantity,time,value', ...good.slice(0, 150), ...bad, ...good.slice(150)];
    const bench = benchOf(write('bad.csv', lines.join('\n')));
    const result = await bench.run();
    expect(result).toMatchObject({ rows: 307, readings: 300 });
    expect(result.refused).toEqual({
      ...{ time_unreadable: 1, unknown_quantity: 1, malformed: 2, id_not_allowed: 1, time_too_old: 1 },
      value_not_finite: 1,
    });
    expect(result.refusedFirst).toHaveLength(7);
    expect(result.refusedFirst).toEqual(
      expect.arrayContaining([
        'line 152: time_unreadable: the time "yesterday" does not fit iso or unix_ms',
        'line 154: malformed: it has 3 values; 4 are expected',
        'line 157: malformed: there is text behind a quoted value',
        expect.stringMatching(/^line 156: time_too_old: /),
      ]),
    );
    expect(bench.readings()).toHaveLength(300);
  });

  it('names the first of many only, and counts them all', async () => {
    const bench = benchOf(write('worse.csv', `device,quantity,time,value\n${'d,pm10,never,1\n'.repeat(5_000)}`));
    const result = await bench.run();
    expect(result).toMatchObject({ rows: 5_000, readings: 0, messages: 0, refused: { time_unreadable: 5_000 } });
    expect(result.refusedFirst).toHaveLength(20);
    expect(bench.messages).toEqual([]);
  });

  it('tells of readings that are older than what panes can be made of', async () => {
    const bench = benchOf('all.csv', { rebuiltFromMs: () => FIRST_MS + 100 * 60_000 });
    expect(await bench.run()).toMatchObject({ readings: 4_321, tooOld: 100 });
  });

  it('goes on behind its checkpoint, with what was counted before', async () => {
    const whole = benchOf(write('resumed.csv', `device,quantity,time,value\nx\n${rowsOf(6_000).join('\n')}\n`));
    const result = await whole.run();
    expect(whole.checkpoints.length).toBeGreaterThan(2);
    for (const checkpoint of whole.checkpoints) {
      const rest = benchOf('resumed.csv', { checkpoint });
      expect(await rest.run()).toEqual(result);
      const { rows, readings } = checkpoint as ImportResult;
      expect(readings).toBe(rows - 1);
      expect(rest.readings()).toEqual(whole.readings().slice(readings));
    }
  });

  it('checks off no rows whose messages are not on disk', async () => {
    const full = new OperatingError('journal_failed', 'the disk broke');
    const fails: AcceptMessage = (message, done) => done(message.payload.length > 0 ? full : undefined);
    const bench = benchOf('all.csv', { accept: fails });
    await expect(bench.run()).rejects.toThrow('the disk broke');
    expect(bench.checkpoints).toEqual([]);
  });

  it('waits for a journal that is closed until it is stopped itself', async () => {
    const stop = new AbortController();
    const accept: AcceptMessage = (_message, done) => {
      done(new OperatingError('journal_closed', 'closed'));
      setImmediate(() => stop.abort(new Error('the process stops')));
    };
    const bench = benchOf('all.csv', { accept, signal: stop.signal });
    await expect(bench.run()).rejects.toThrow('the process stops');
  });

  it('waits while the engine is behind, and hands over no more than half of the late queue', async () => {
    const lateMax = 1_000;
    let onTheirWayMax = 0;
    let engine = 0;
    let looks = 0;
    const name = write('slow.csv', `device,quantity,time,value\n${rowsOf(1_500).join('\n')}\n`);
    const bench: Bench = benchOf(name, {
      lateMax,
      load: () => {
        const waiting = bench.messages.slice(engine).flatMap((message) => [...readingsIn(message)]).length;
        onTheirWayMax = Math.max(onTheirWayMax, waiting);
        // Every other look the engine has come one message further; it starts as far behind as it may.
        if (++looks % 2 === 0 && engine < bench.messages.length) engine++;
        return { ...IDLE, engineSequence: engine, isBlocked: looks < 3 };
      },
    });
    expect(await bench.run()).toMatchObject({ readings: 1_500 });
    expect(onTheirWayMax).toBeGreaterThan(250);
    expect(onTheirWayMax).toBeLessThanOrEqual(lateMax);
  }, 60_000);

  it('reads Parquet by the types of its columns, and goes on in its middle', async () => {
    const file = join(data, 'imports', 'rows.parquet');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(
      `COPY (SELECT make_timestamptz((${FIRST_MS} + r * 60000) * 1000) AS time, r::INTEGER % 7 AS device, 'pm10' AS quantity,
         CASE WHEN r = 5 THEN 'NaN'::DOUBLE ELSE r / 8 END AS value, 'suspect' AS quality, [r] AS list
       FROM range(4500) t(r)) TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    );
    connection.closeSync();
    instance.closeSync();
    const bench = benchOf('rows.parquet');
    const result = await bench.run();
    expect(result).toMatchObject({ rows: 4_500, readings: 4_500, refused: {}, columnsIgnored: ['list'] });
    expect(bench.readings().map(({ device, timeMs, value, quality }) => [device, timeMs, value, quality])).toEqual(
      Array.from({ length: 4_500 }, (_, row) => {
        const [value, quality] = row === 5 ? [Number.NaN, 1] : [row / 8, 3];
        return [String(row % 7), FIRST_MS + row * 60_000, value, quality];
      }),
    );
    const rest = benchOf('rows.parquet', { checkpoint: bench.checkpoints[0] });
    expect(await rest.run()).toEqual(result);
    expect(rest.readings()).toEqual(bench.readings().slice(2_000));
  });

  it('says in one sentence what is wrong with a file', async () => {
    const problem = (name: string, content: string | Uint8Array) => benchOf(write(name, content)).run();
    await expect(problem('p.parquet', 'no Parquet')).rejects.toMatchObject({ code: 'parquet_unreadable' });
    await expect(problem('g.csv.gz', 'not packed')).rejects.toMatchObject({ code: 'import_unreadable' });
    await expect(problem('e.csv', '')).rejects.toThrow('it is empty; its first line must name the columns');
    await expect(problem('c.csv', 'a,b\n1,2\n')).rejects.toMatchObject({ code: 'import_columns' });
    const cut = gzipSync(`device,quantity,time,value\n${rowsOf(9_000).join('\n')}\n`).subarray(0, -100);
    await expect(problem('cut.csv.gz', cut)).rejects.toMatchObject({ code: 'import_unreadable' });
  });
});
