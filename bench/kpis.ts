import { Worker } from 'node:worker_threads';
import { KPI_DEFINITIONS } from '../src/kpis/index.ts';
import { ENGINE_LIMITS } from '../src/workers/index.ts';
import type { BenchRow } from './bench-row.ts';
import type { KpisMeasured } from './kpis/city.ts';

/**
 * What it costs to recompute the KPIs of a city of 200 zones and 100,000 devices after a minute of readings: sensors
 * report each minute, meters each quarter of an hour. The hour that is measured begins with its change, and with the
 * minutes in which meters complete the hour before. Then the same after readings of one zone only. Some minutes.
 */
export async function run(): Promise<BenchRow[]> {
  const { all, oneZone, seriesCount } = await measured();
  const of = `minutes, ${seriesCount} series, ${KPI_DEFINITIONS.length} KPIs`;
  return [row('kpis-city', all, of), row('kpis-one-zone', oneZone, `${of}; readings of one zone of 200 only`)];
}

function measured(): Promise<KpisMeasured> {
  return new Promise((resolve, reject) => {
    // Windows, parts and values of a city so large take some gigabytes.
    const resourceLimits = { ...ENGINE_LIMITS, maxOldGenerationSizeMb: 12_000 };
    const worker = new Worker(new URL(`./kpis/city${import.meta.url.slice(-3)}`, import.meta.url), { resourceLimits });
    worker.on('message', (said: number | KpisMeasured) => {
      if (typeof said === 'number') process.stderr.write(`\rhour ${said} of history`);
      else {
        process.stderr.write('\n');
        resolve(said);
      }
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the measuring thread ended with code ${code}`)));
  });
}

/** @param cpuMs ascending */
function row(name: string, cpuMs: readonly number[], of: string): BenchRow & Record<string, unknown> {
  const median = cpuMs[cpuMs.length >> 1]!;
  const mean = cpuMs.reduce((sum, ms) => sum + ms, 0) / cpuMs.length;
  const highest = cpuMs.at(-1)!;
  const note = `median of ${cpuMs.length} ${of}; mean ${mean.toFixed(0)}, highest ${highest.toFixed(0)}`;
  return {
    name,
    case: name,
    unit: 'CPU-ms',
    value: median,
    cpuMs: median,
    cpuMsMean: mean,
    cpuMsHighest: highest,
    note,
  };
}
