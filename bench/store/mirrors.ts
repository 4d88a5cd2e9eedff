import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InfluxDB } from 'influx';
import {
  INFLUXD,
  openInfluxd,
  openVictoriaMetrics,
  type ServerProcess,
  VICTORIA_METRICS,
} from '../../harness/index.ts';
import { DAY_MS, systemClock } from '../../src/base/index.ts';
import type { Mirror, MirrorLevel, Store } from '../../src/store/index.ts';
import { createInflux1Mirror } from '../../src/store/influx1/index.ts';
import { createInflux2Mirror } from '../../src/store/influx2/index.ts';
import { MirrorLoop } from '../../src/workers/index.ts';
import { cpuSecondsOf } from '../cpu.ts';
import { cpuSecondsOfProcess } from '../processes.ts';
import type { StoreCase } from './cases.ts';
import { readingsFrom, storeWithBacklog } from './embedded.ts';

/** A tenth of an hour at 10,000 readings/s. */
const BACKLOG = 3_600_000;
const CLIENT_POINTS = 200_000;
const POINTS_A_BATCH = 5_000;
const KEEP_MS: Readonly<Record<MirrorLevel, number>> = {
  raw: 4_000 * DAY_MS,
  quarter: 4_000 * DAY_MS,
  hour: 4_000 * DAY_MS,
  kpi: 4_000 * DAY_MS,
};

/** Catching up after an outage, on real servers; and what InfluxDB's own client makes of writing points. */
export async function measureMirrors(): Promise<StoreCase[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-bench-mirrors-'));
  const store = await storeWithBacklog(join(folder, 'store.duckdb'), BACKLOG);
  const cases: StoreCase[] = [];
  try {
    if (INFLUXD !== undefined) {
      const open = (url: string) => createInflux1Mirror({ url, database: 'bench', keepMs: KEEP_MS, timeoutMs: 30_000 });
      const server = await openInfluxd(emptyFolder(folder, 'influx'));
      cases.push(
        await catchUp('catch-up, influx1 on InfluxDB 1.6', store, open(server.url), server, join(folder, 'a')),
      );
      cases.push(await measureClient(server.url));
      await server.kill();
    }
    if (VICTORIA_METRICS !== undefined) {
      const server = await openVictoriaMetrics(emptyFolder(folder, 'victoria'));
      const mirror = createInflux2Mirror({
        ...{ url: server.url, org: '', bucket: 'bench', bucketPerLevel: false, query: 'none' },
        ...{ keepMs: KEEP_MS, timeoutMs: 30_000 },
      });
      cases.push(await catchUp('catch-up, influx2 on VictoriaMetrics', store, mirror, server, join(folder, 'b')));
      await server.kill();
    }
    return cases;
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function catchUp(
  name: string,
  store: Store,
  mirror: Mirror,
  server: ServerProcess,
  folder: string,
): Promise<StoreCase> {
  const loop = new MirrorLoop({
    ...{ name: 'bench', target: 'bench', mirror, source: store, folder, clock: systemClock, random: Math.random },
    zoneOf: () => 'west',
    wait: (forMs) => sleep(Math.min(forMs, 20)),
    onStanding: () => undefined,
    onWarning: (text) => process.stderr.write(`${text}\n`),
  });
  const startMs = systemClock.monotonicMs();
  const serverBefore = cpuSecondsOfProcess(server.pid);
  const { position } = await store.stats();
  const cpuSeconds = await cpuSecondsOf(async () => {
    const running = loop.run();
    while (loop.standing().position < position) await sleep(20);
    loop.stop();
    await running;
  });
  const seconds = (systemClock.monotonicMs() - startMs) / 1_000;
  const serverSeconds = cpuSecondsOfProcess(server.pid) - serverBefore;
  return {
    case: name,
    rowsPerSecond: Math.round(BACKLOG / seconds),
    rowsPerCpuSecond: Math.round(BACKLOG / cpuSeconds),
    note: `${BACKLOG} readings, from the embedded store to the answer; the server took ${serverSeconds.toFixed(1)} CPU-s`,
  };
}

/** `writePoints` of the package influx, which the mirror does without. */
async function measureClient(url: string): Promise<StoreCase> {
  const { hostname, port } = new URL(url);
  const client = new InfluxDB({ host: hostname, port: Number(port), database: 'client' });
  await client.createDatabase('client');
  const { count, series, timeMs, value } = readingsFrom(0, CLIENT_POINTS);
  const points = Array.from({ length: count }, (_, row) => ({
    measurement: 'air_quality',
    tags: { device: `air-${series[row]}`, quantity: 'pm2_5', level: 'raw', stat: 'reading', zone: 'west' },
    fields: { value: value[row]!, count: 1, present: true },
    timestamp: timeMs[row]!,
  }));
  const cpuSeconds = await cpuSecondsOf(async () => {
    for (let at = 0; at < count; at += POINTS_A_BATCH) {
      await client.writePoints(points.slice(at, at + POINTS_A_BATCH), { precision: 'ms' });
    }
  });
  return {
    case: 'writePoints of the package influx',
    rowsPerCpuSecond: Math.round(CLIENT_POINTS / cpuSeconds),
    note: `${CLIENT_POINTS} points that were made before, ${POINTS_A_BATCH} a request`,
  };
}

function emptyFolder(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}
