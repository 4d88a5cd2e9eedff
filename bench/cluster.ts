import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRedisServer, REDIS_SERVER, type RunningProduct, startProduct } from '../harness/index.ts';
import { waitUntilLevel } from '../simulators/verify/index.ts';
import { systemClock } from '../src/base/index.ts';
import type { BenchRow } from './bench-row.ts';
import { CASES, cityFile, type PipelineCase } from './pipeline/cases.ts';
import { Publishers } from './pipeline/publishers.ts';
import { cpuSecondsOfProcess } from './processes.ts';

const LOADS = ['q1-50conn', 'gateway-50'];
const ENGINES = [1, 2, 3, 4];
const PARTITIONS = 16;
/**
 * A server runs for months, and each process compiles for itself: the same for all cases, and as much as so many engines
 * need.
 */
const WARM_UPS = Math.max(...ENGINES);
const WARM_UP_MS_MAX = 8_000;
/** So long that what happens every half a minute (snapshots, checkpoints of the store) has its share in each case. */
const FLOODS = 8;
const FLOOD_MS_MAX = 40_000;
/** Until the partitions are shared out. */
const SETTLE_MS = 6_000;
const MEMORY = '4gb';

/** CPU seconds of all threads, by what a process does, for a million messages. */
type Shares = Readonly<Record<'intake' | 'engine' | 'api' | 'redis' | 'single', number>>;

interface ClusterCase {
  /** Load and processes: `single`, or how many with the role engine. */
  readonly case: string;
  readonly load: string;
  /** 0: one process does everything, with a journal of files. */
  readonly engines: number;
  /** Of all processes, with Redis. */
  readonly messagesPerCpuSecond: number;
  readonly readingsPerCpuSecond: number;
  /** By the clock, until a store included everything. */
  readonly storedPerSecond: number;
  readonly cpuMicrosecondsPerMessage: Partial<Shares>;
}

/** Whose processor time is counted, and where messages go in and come out. */
interface City {
  readonly mqttUrl: string;
  readonly httpUrl: string;
  readonly pids: Partial<Readonly<Record<keyof Shares, readonly number[]>>>;
  stop(): Promise<void>;
}

/**
 * A city over several processes and Redis beside one process: what a message costs in all, and whose share it is. About
 * ten minutes.
 */
export async function run(): Promise<ClusterCase[]> {
  if (REDIS_SERVER === undefined) {
    process.stderr.write('redis-server is not installed: there is nothing to measure\n');
    return [];
  }
  const results: ClusterCase[] = [];
  for (const one of CASES.filter((each) => LOADS.includes(each.case))) {
    for (const engines of [0, ...ENGINES]) {
      const city = await (engines === 0 ? singleCity() : spreadCity(engines));
      try {
        const result = await measure(city, one, engines);
        process.stderr.write(`${JSON.stringify(result)}\n`);
        results.push(result);
      } finally {
        await city.stop();
      }
    }
  }
  return results;
}

async function measure(city: City, one: PipelineCase, engines: number): Promise<ClusterCase> {
  const { load } = one;
  const { readingsPerMessage } = load;
  const publishers = await Publishers.open(Number(new URL(city.mqttUrl).port), load);
  try {
    const warm = await publishers.flood(WARM_UPS * one.warmUpMessages, WARM_UPS * WARM_UP_MS_MAX);
    await level(city, warm.sent, readingsPerMessage);
    const before = spent(city);
    const startMs = systemClock.monotonicMs();
    const { sent } = await publishers.flood(FLOODS * one.messagesMax, FLOOD_MS_MAX);
    await level(city, warm.sent + sent, readingsPerMessage);
    const tookMs = systemClock.monotonicMs() - startMs;
    const after = spent(city);
    const cost = Object.fromEntries(
      Object.entries(after).map(([role, seconds]) => [role, ((seconds - before[role as keyof Shares]!) / sent) * 1e6]),
    );
    const all = Object.values(cost).reduce((sum, microseconds) => sum + microseconds, 0);
    return {
      case: `${load === CASES[0]!.load ? 'messages' : 'gateways'}-${engines === 0 ? 'single' : `${engines}-engines`}`,
      ...{ load: one.case, engines, messagesPerCpuSecond: Math.round(1e6 / all) },
      readingsPerCpuSecond: Math.round((1e6 / all) * readingsPerMessage),
      storedPerSecond: Math.round((sent / tookMs) * 1000),
      cpuMicrosecondsPerMessage: Object.fromEntries(
        Object.entries(cost).map(([role, microseconds]) => [role, Math.round(microseconds * 100) / 100]),
      ),
    };
  } finally {
    publishers.close();
  }
}

function spent({ pids }: City): Partial<Shares> {
  return Object.fromEntries(
    Object.entries(pids).map(([role, all]) => [role, all.reduce((sum, pid) => sum + cpuSecondsOfProcess(pid), 0)]),
  );
}

/** Every reading must be counted. */
async function level({ httpUrl }: City, messages: number, readingsPerMessage: number): Promise<void> {
  const { readings } = await waitUntilLevel(httpUrl, { messagesMin: messages, stallMsMax: 60_000 });
  if (readings.counted === messages * readingsPerMessage) return;
  throw new Error(`${messages * readingsPerMessage} readings were published: ${JSON.stringify(readings)}`);
}

async function singleCity(): Promise<City> {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-bench-'));
  const configFile = join(folder, 'city.yaml');
  writeFileSync(configFile, cityFile());
  const product = await startProduct({ configFile, dataFolder: join(folder, 'data') });
  const { mqttUrl, httpUrl, pid } = product;
  return { mqttUrl, httpUrl, pids: { single: [pid] }, stop: () => stopAll(folder, [product]) };
}

async function spreadCity(engineCount: number): Promise<City> {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-bench-cluster-'));
  const redis = await openRedisServer(join(folder, 'redis'), { more: ['--maxmemory', MEMORY] });
  const configFile = join(folder, 'city.yaml');
  const spread = {
    journal: { backend: 'redis', partitions: PARTITIONS },
    jobs: { backend: 'bullmq', redis: { url: `redis://127.0.0.1:${redis.port}` } },
  };
  writeFileSync(configFile, JSON.stringify({ ...JSON.parse(cityFile()), ...spread }));
  const start = (name: string, roles: string) => startProduct({ configFile, dataFolder: join(folder, name), roles });
  const running: RunningProduct[] = [];
  const started = async (name: string, roles: string): Promise<RunningProduct> => {
    const product = await start(name, roles);
    running.push(product);
    return product;
  };
  const intake = await started('intake', 'intake');
  const engines: RunningProduct[] = [];
  for (let index = 0; index < engineCount; index++) engines.push(await started(`engine-${index}`, 'engine'));
  const api = await started('api', 'api');
  await sleep(SETTLE_MS);
  return {
    ...{ mqttUrl: intake.mqttUrl, httpUrl: api.httpUrl },
    pids: { intake: [intake.pid], engine: engines.map(({ pid }) => pid), api: [api.pid], redis: [redis.pid] },
    stop: () => stopAll(folder, running, () => redis.kill()),
  };
}

async function stopAll(folder: string, products: readonly RunningProduct[], last?: () => Promise<void>): Promise<void> {
  for (const product of products) await product.stop();
  await last?.();
  rmSync(folder, { recursive: true, force: true });
}

/** The cases as lines of the table. */
export function rows(results: readonly object[]): BenchRow[] {
  return (results as readonly ClusterCase[]).map((result) => ({
    name: result.case,
    value: result.messagesPerCpuSecond,
    unit: 'messages/CPU-s',
    note: `${result.readingsPerCpuSecond} readings/CPU-s, ${result.storedPerSecond}/s stored by the clock; us a message: ${Object.entries(
      result.cpuMicrosecondsPerMessage,
    )
      .map(([role, microseconds]) => `${role} ${microseconds}`)
      .join(', ')}`,
  }));
}
