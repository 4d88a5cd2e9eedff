// The thread of a trial: computes a KPI over stored hours, which it asks the store for part by part, and writes the file.
import { parentPort, workerData } from 'node:worker_threads';
import { assert, isoTime } from '../base/index.ts';
import type { KpiDefinition } from '../kpis/index.ts';
import type { KpiValue } from '../model/index.ts';
import { StoreReaderClient } from './store-client.ts';
import { toPortError } from './store-protocol.ts';
import { writeTrialFile } from './trial-file.ts';
import { trialDefinition } from './trial-order.ts';
import type { TrialJobResult, TrialNotice, TrialRow, TrialThreadSettings } from './trial-protocol.ts';
import { trialSummary } from './trial-summary.ts';
import { type TrialResult, tryKpi } from './try-kpi.ts';

/** Hours that one question brings: the store answers others after some tens of milliseconds. */
const HOURS_PER_QUESTION = 50_000;

const port = parentPort;
assert(port !== null, 'the thread of a trial was started as a program');
const { city, order, readerPort, file } = workerData as TrialThreadSettings;
const tell = (notice: TrialNotice): void => port.postMessage(notice);
const store = new StoreReaderClient(readerPort);

try {
  const kpi = trialDefinition(city, order);
  const tried = await tryKpi(city, store, {
    ...{ kpi, fromMs: order.fromMs, toMs: order.toMs, scopes: order.scopes, hoursMax: HOURS_PER_QUESTION },
    onProgress: (done, count) => tell({ kind: 'progress', ratio: done / count }),
  });
  writeTrialFile(file, tried.values);
  tell({ kind: 'done', result: resultOf(kpi, tried) });
} catch (error) {
  tell({ kind: 'failed', error: toPortError(error) });
}
store.close();
port.close();

function resultOf(
  { id, title, unit, window }: KpiDefinition,
  { values, windowCount, seriesCount, newestMs }: TrialResult,
): TrialJobResult {
  return {
    kpi: { id, title, unit, window },
    scopes: order.scopes,
    ...trialSummary(values, windowCount),
    series: seriesCount,
    newest: Number.isFinite(newestMs) ? isoTime(newestMs) : null,
    first: rowOf(values[0]),
    last: rowOf(values.at(-1)),
    rows: values.length,
    file,
  };
}

function rowOf(said: KpiValue | undefined): TrialRow | null {
  if (said === undefined) return null;
  const { zone, startMs, endMs, value, valid, coverage, final } = said;
  return { zone, start: isoTime(startMs), end: isoTime(endMs), value, valid, coverage, final };
}
