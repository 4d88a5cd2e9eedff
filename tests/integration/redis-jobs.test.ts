import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import {
  freePort,
  killChild,
  openRedisServer,
  programFile,
  REDIS_SERVER,
  type ServerProcess,
} from '../../harness/index.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, systemClock } from '../../src/base/index.ts';
import { VERSION } from '../../src/commands/version.ts';
import { type BullJobs, createBullBatches, createBullJobs } from '../../src/jobs/bullmq/index.ts';
import type { Batches, Job } from '../../src/jobs/index.ts';
import { PANES, type PaneBatch, packPaneBatch, paneBatchWork } from '../../src/workers/pane-batch.ts';

const PROGRAM = programFile();
const PREFIX = '{town}';
const TIMING = { retryFirstMs: 50, retryLongestMs: 500, lockMs: 2_000, stalledEveryMs: 500 } as const;
const NEVER = new AbortController().signal;

describe.skipIf(REDIS_SERVER === undefined)('jobs in Redis (skipped where redis-server is not installed)', () => {
  let folder: string;
  let server: ServerProcess;
  const closers: (() => Promise<void>)[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vitals-redis-'));
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const start = async (): Promise<void> => {
    server = await openRedisServer(mkdtempSync(join(folder, 'redis-')));
    closers.push(() => server.kill());
  };
  const place = () => ({ url: `redis://127.0.0.1:${server.port}`, prefix: PREFIX });

  const openJobs = async (): Promise<BullJobs> => {
    const jobs = createBullJobs({ redis: place(), clock: systemClock, timing: TIMING, onProblem: () => undefined });
    await jobs.open();
    closers.push(() => jobs.close());
    return jobs;
  };

  const openBatches = (version = VERSION): Batches => {
    const batches = createBullBatches({ redis: place(), version, onProblem: () => undefined });
    closers.push(() => batches.close());
    return batches;
  };

  const startWorker = async (): Promise<ChildProcess> => {
    const config = join(folder, 'worker.yaml');
    const city = { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' };
    writeFileSync(
      config,
      stringify({ city, zones: [], log: { level: 'warn' }, jobs: { backend: 'bullmq', redis: place() } }),
    );
    const child = spawn(process.execPath, [PROGRAM, 'worker', '--config', config, '--announce']);
    closers.push(() => killChild(child));
    await once(child.stdout!, 'data');
    return child;
  };

  /** What harm is done to Redis while jobs are added and run. */
  const faults: Readonly<Record<string, (admin: Redis) => Promise<unknown>>> = {
    'killed and started again': async () => {
      await server.kill();
      await sleep(1_500);
      await server.start();
    },
    'paused for two seconds': (admin) => admin.client('PAUSE', 2_000, 'ALL'),
    'a replica that takes no writes for a second': async (admin) => {
      // Of a master that there is not: it keeps what it has.
      await admin.replicaof('127.0.0.1', await freePort());
      await sleep(1_000);
      await admin.replicaof('NO', 'ONE');
    },
    'all its clients thrown out': (admin) => admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
  };

  for (const [name, harm] of Object.entries(faults)) {
    test(`each job that was taken is done, and none is there twice: Redis ${name}`, async () => {
      await start();
      const jobs = await openJobs();
      const ran = new Map<number, number>();
      jobs.handle('count', async ({ job, checkpoint, progress }) => {
        await checkpoint({ seen: job.input });
        await sleep(5);
        await progress(0.5);
        ran.set(job.input as number, (ran.get(job.input as number) ?? 0) + 1);
        return job.input;
      });
      const admin = new Redis({ port: server.port, retryStrategy: () => 100, maxRetriesPerRequest: null });
      admin.on('error', () => undefined);
      closers.push(async () => admin.disconnect());
      const harmed = sleep(300).then(() => harm(admin));
      const ids = new Set<string>();
      let refused = 0;
      for (let number = 0; number < 150; ) {
        try {
          ids.add((await jobs.add('count', number, { deduplicationKey: `number ${number}`, attemptsMax: 10 })).id);
          number++;
          await sleep(10);
        } catch (error) {
          // As an operator who tries again; what was taken without an answer is found under its key, or done by now.
          expect(error).toMatchObject({ code: 'jobs_unreachable', retryable: true });
          refused++;
          await sleep(100);
        }
      }
      await harmed;
      const done = await untilEnded(jobs, [...ids]);
      expect(done.map(({ state, result }) => ({ state, result }))).toEqual(
        Array.from({ length: 150 }, (_, number) => ({ state: 'completed', result: number })),
      );
      expect(ran.size).toBe(150);
      const twice = [...ran.values()].filter((times) => times > 1).length;
      console.log(`Redis ${name}: 150 jobs done, ${refused} orders refused meanwhile, ${twice} run more than once`);
    }, 120_000);
  }

  test('a Redis that starts later is waited for; orders are refused until then', async () => {
    await start();
    await server.kill();
    const jobs = await openJobs();
    jobs.handle('late', async () => 'done');
    await expect(jobs.add('late', 1)).rejects.toMatchObject({ code: 'jobs_unreachable', retryable: true });
    await server.start();
    const { id } = await untilTaken(() => jobs.add('late', 1));
    expect((await untilEnded(jobs, [id]))[0]).toMatchObject({ state: 'completed', result: 'done' });
  }, 60_000);

  test('batches give the same bits by no, one and two workers, and when one of them is killed', async () => {
    const inputs = Array.from({ length: 24 }, (_, seed) => packPaneBatch(batchOf(seed)));
    const expected = inputs.map((input) => Buffer.from(paneBatchWork(input)));
    await start();
    const batches = openBatches();
    const all = () => Promise.all(inputs.map(async (input) => Buffer.from(await batches.run(PANES, input, NEVER))));
    await startWorker();
    expect(await all()).toEqual(expected);
    const victim = await startWorker();
    expect(await all()).toEqual(expected);
    const third = all();
    await sleep(20);
    await killChild(victim);
    expect(await third).toEqual(expected);
  }, 120_000);

  test('batches outlive a Redis that is killed', async () => {
    const inputs = Array.from({ length: 24 }, (_, seed) => packPaneBatch(batchOf(seed)));
    await start();
    const batches = openBatches();
    const all = Promise.all(inputs.map(async (input) => Buffer.from(await batches.run(PANES, input, NEVER))));
    await sleep(200);
    await server.kill();
    await server.start();
    await startWorker();
    expect(await all).toEqual(inputs.map((input) => Buffer.from(paneBatchWork(input))));
  }, 120_000);

  test('batches that Redis forgot are given again', async () => {
    const inputs = Array.from({ length: 4 }, (_, seed) => packPaneBatch(batchOf(seed)));
    await start();
    const batches = openBatches();
    const all = Promise.all(inputs.map(async (input) => Buffer.from(await batches.run(PANES, input, NEVER))));
    const admin = new Redis({ port: server.port });
    closers.push(async () => admin.disconnect());
    while ((await admin.llen(`${PREFIX}:batches:wait`)) < inputs.length) await sleep(20);
    await admin.flushall();
    await startWorker();
    expect(await all).toEqual(inputs.map((input) => Buffer.from(paneBatchWork(input))));
  }, 60_000);

  test('a batch of another version, of no kind and one that is cancelled are told of', async () => {
    await start();
    await startWorker();
    await expect(openBatches('0.0.0').run(PANES, packPaneBatch(batchOf(1)), NEVER)).rejects.toMatchObject({
      code: 'batch_failed',
      message: `cannot do a batch panes: it is of version 0.0.0, and this worker of version ${VERSION}`,
    });
    const batches = openBatches();
    await expect(batches.run('tea', new Uint8Array(8), NEVER)).rejects.toThrow('this worker does not know its kind');
    await expect(batches.run(PANES, new Uint8Array(8), NEVER)).rejects.toMatchObject({ code: 'batch_failed' });
    const abort = new AbortController();
    const run = batches.run(PANES, packPaneBatch(batchOf(1)), abort.signal);
    abort.abort(new Error('not any more'));
    await expect(run).rejects.toThrow('not any more');
  }, 60_000);
});

/** A day of readings of some series, different for each seed. */
function batchOf(seed: number): PaneBatch {
  const dayMs = Date.UTC(2026, 4, 4, 22) + seed * DAY_MS;
  const count = 1_440;
  const register = { rateMaxPerHour: 20, backflowTolerance: 0.1 };
  const series = ['gauge', 'level', 'angle', 'counter'] as const;
  const numbers = Array.from({ length: count }, (_, minute) => minute);
  return {
    timeZone: 'Europe/Madrid',
    series: series.map((kind, id) => ({
      ...{ id, fromMs: dayMs, toMs: dayMs + DAY_MS, count },
      rule: { kind, expectEveryMs: MINUTE_MS, counterGapMsMax: 3 * HOUR_MS, register },
    })),
    timeMs: Float64Array.from(series.flatMap(() => numbers.map((minute) => dayMs + minute * MINUTE_MS))),
    value: Float64Array.from(
      series.flatMap((kind) =>
        numbers.map((minute) =>
          kind === 'counter' ? (minute * (seed + 1)) / 100 : 40 + 30 * Math.sin(minute * (seed + 1)),
        ),
      ),
    ),
  };
}

async function untilEnded(jobs: BullJobs, ids: readonly string[]): Promise<Job[]> {
  const ended: Job[] = [];
  for (const id of ids) {
    for (;;) {
      const job = await untilTaken(() => jobs.get(id));
      if (job !== undefined && job.state !== 'waiting' && job.state !== 'active') {
        ended.push(job);
        break;
      }
      await sleep(50);
    }
  }
  return ended;
}

async function untilTaken<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      expect(error).toMatchObject({ code: 'jobs_unreachable' });
      await sleep(100);
    }
  }
}
