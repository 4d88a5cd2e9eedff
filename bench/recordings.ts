import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProduct } from '../harness/index.ts';
import { replay } from '../simulators/replay/index.ts';
import { systemClock } from '../src/base/index.ts';
import type { BenchRow } from './bench-row.ts';
import { cpuSecondsOfProcess } from './processes.ts';

const LEVEL_MS_MAX = 120_000;

/**
 * The whole way, MQTT QoS 1 to stored KPI values: a recording of one-minute noise and of hourly air into a product of
 * its own. CPU time is the product's, all threads, read from the kernel. About 30 s.
 */
export async function run(): Promise<BenchRow[]> {
  return [await measure('noise-canada', 1), await measure('air-madrid', 1), await measure('noise-canada', 50)];
}

async function measure(recording: string, batchCount: number): Promise<BenchRow> {
  const root = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '..' : '../..', import.meta.url));
  const dataFolder = mkdtempSync(join(tmpdir(), 'vitals-bench-'));
  const product = await startProduct({
    configFile: join(root, 'cities/demo/city.yaml'),
    dataFolder,
    set: ['windows.clock=event', 'windows.horizon=400d', 'windows.lateness=1h'],
  });
  try {
    const before = cpuSecondsOfProcess(product.pid);
    const summary = await replay({
      recording: join(root, 'simulators/recordings', recording),
      url: product.mqttUrl,
      batchCount,
    });
    await level(product.httpUrl);
    const cpuS = cpuSecondsOfProcess(product.pid) - before;
    return {
      name: `${recording}, ${batchCount} reading${batchCount === 1 ? '' : 's'} a message`,
      unit: 'readings/CPU-s',
      value: summary.readingsPublished / cpuS,
      note: `${summary.readingsPublished} readings, ${Math.round(summary.messagesPerS)} messages/s acknowledged durable`,
    };
  } finally {
    await product.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

async function level(httpUrl: string): Promise<void> {
  const startMs = systemClock.monotonicMs();
  for (;;) {
    const answer = (await (await fetch(`${httpUrl}/api/v1/accounting`)).json()) as {
      progress: { durableSequence: number; storeSequence: number };
    };
    if (answer.progress.storeSequence >= answer.progress.durableSequence) return;
    if (systemClock.monotonicMs() - startMs > LEVEL_MS_MAX) throw new Error('the product did not catch up');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
