import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killChild, openRedisServer, programFile, REDIS_SERVER } from '../harness/index.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, systemClock } from '../src/base/index.ts';
import { createBullBatches } from '../src/jobs/bullmq/index.ts';
import type { Batches } from '../src/jobs/index.ts';
import { createInlineBatches } from '../src/jobs/inline/index.ts';
import { PANES, type PaneBatch, type PaneBatchSeries, packPaneBatch, paneBatchWork } from '../src/workers/index.ts';
import type { BenchRow } from './bench-row.ts';
import { cpuSecondsOfProcess } from './processes.ts';

/** Readings of one minute of 35 series over a day: 50,400 in a batch. */
const SERIES = 35;
const READINGS_PER_SERIES = DAY_MS / MINUTE_MS;
const BATCHES = 80;
const READINGS = SERIES * READINGS_PER_SERIES * BATCHES;
const PREFIX = '{bench}';

interface JobsCase {
  readonly case: string;
  /** By the clock, from the first batch to the last result. */
  readonly readingsPerSecond: number;
  /** Of all processes: this one, the workers and Redis. */
  readonly readingsPerCpuSecond: number;
  readonly orderCpuSeconds: number;
  readonly workerCpuSeconds: number;
  readonly redisCpuSeconds: number;
}

/** Packed batches of readings to panes: in this process, and through BullMQ by one and two workers. About a minute. */
export async function run(): Promise<JobsCase[]> {
  const inputs = Array.from({ length: BATCHES }, (_, at) => packPaneBatch(batchOf(at)));
  const cases = [await measure('inline', createInlineBatches({ [PANES]: paneBatchWork }), inputs, [], undefined)];
  if (REDIS_SERVER === undefined) {
    process.stderr.write('redis-server is not installed: only the process itself is measured\n');
    return cases;
  }
  const folder = mkdtempSync(join(tmpdir(), 'vitals-bench-jobs-'));
  const server = await openRedisServer(join(folder, 'redis'), { sync: 'everysec' });
  const redis = { url: `redis://127.0.0.1:${server.port}`, prefix: PREFIX };
  const workers: ChildProcess[] = [];
  try {
    for (const count of [1, 2]) {
      workers.push(await startWorker(folder, redis));
      const batches = createBullBatches({
        redis,
        version: programVersion(),
        onProblem: (error) => console.error(error.message),
      });
      cases.push(await measure(`bullmq-${count}-worker${count > 1 ? 's' : ''}`, batches, inputs, workers, server.pid));
    }
  } finally {
    for (const worker of workers) await killChild(worker);
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
  return cases;
}

/** A line for each figure of each case. */
export function rows(results: readonly object[]): BenchRow[] {
  return (results as readonly JobsCase[]).flatMap(({ case: name, ...figures }) =>
    Object.entries(figures).map(([figure, value]) => ({ name, unit: figure, value })),
  );
}

async function measure(
  name: string,
  batches: Batches,
  inputs: readonly Uint8Array[],
  workers: readonly ChildProcess[],
  redisPid: number | undefined,
): Promise<JobsCase> {
  const { signal } = new AbortController();
  await batches.run(PANES, inputs[0]!, signal);
  const cpu = () => ({
    order: cpuSecondsOfProcess(process.pid),
    worker: workers.reduce((sum, { pid }) => sum + cpuSecondsOfProcess(pid!), 0),
    redis: redisPid === undefined ? 0 : cpuSecondsOfProcess(redisPid),
  });
  const before = cpu();
  const startedAtMs = systemClock.monotonicMs();
  const waiting = inputs.values();
  const lane = async (): Promise<void> => {
    for (const input of waiting) await batches.run(PANES, input, signal);
  };
  await Promise.all(Array.from({ length: batches.widthMax }, lane));
  const seconds = (systemClock.monotonicMs() - startedAtMs) / 1_000;
  const after = cpu();
  await batches.close();
  const [order, worker, redis] = [after.order - before.order, after.worker - before.worker, after.redis - before.redis];
  return {
    case: name,
    readingsPerSecond: Math.round(READINGS / seconds),
    readingsPerCpuSecond: Math.round(READINGS / (order + worker + redis)),
    orderCpuSeconds: order,
    workerCpuSeconds: worker,
    redisCpuSeconds: redis,
  };
}

async function startWorker(folder: string, redis: { url: string; prefix: string }): Promise<ChildProcess> {
  const config = join(folder, 'city.yaml');
  const city = { id: 'bench', name: 'Bench', timeZone: 'Europe/Madrid' };
  writeFileSync(
    config,
    JSON.stringify({ city, zones: [], log: { level: 'warn' }, jobs: { backend: 'bullmq', redis } }),
  );
  const child = spawn(process.execPath, [programFile(), 'worker', '--config', config, '--announce']);
  await once(child.stdout!, 'data');
  return child;
}

/** A worker of another version refuses what it is sent. */
function programVersion(): string {
  return (JSON.parse(readFileSync(join(programFile(), '../../package.json'), 'utf8')) as { version: string }).version;
}

function batchOf(seed: number): PaneBatch {
  const fromMs = Date.UTC(2026, 0, 1, 23) + seed * DAY_MS;
  const rule: PaneBatchSeries['rule'] = {
    ...{ kind: 'gauge', expectEveryMs: MINUTE_MS, counterGapMsMax: 3 * HOUR_MS },
    register: { rateMaxPerHour: 20, backflowTolerance: 0.1 },
  };
  const times = Array.from({ length: READINGS_PER_SERIES }, (_, minute) => fromMs + minute * MINUTE_MS);
  return {
    timeZone: 'Europe/Madrid',
    series: Array.from({ length: SERIES }, (_, id) => ({
      ...{ id, rule, fromMs, toMs: fromMs + DAY_MS, count: READINGS_PER_SERIES },
    })),
    timeMs: Float64Array.from({ length: SERIES * READINGS_PER_SERIES }, (_, row) => times[row % READINGS_PER_SERIES]!),
    value: Float64Array.from(
      { length: SERIES * READINGS_PER_SERIES },
      (_, row) => Math.round(120 + 100 * Math.sin((row * (seed + 1)) / 50)) / 10,
    ),
  };
}
