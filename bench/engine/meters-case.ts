import { HOUR_MS, QUARTER_MS } from '../../src/base/index.ts';
import { createEngine } from './bench-engine.ts';
import { cpuSeconds } from './engine-run.ts';
import { residentBytes } from './figures.ts';
import { METERS_CASE } from './plans.ts';
import { STREAM_START_MS } from './stream.ts';

/** Quarter-hourly registers over a day and a quarter: what they take, and what their panes cost. */
export interface MetersCase {
  readonly case: string;
  readonly series: number;
  readonly eventHours: number;
  readonly readingsPerCpuSecond: number;
  /** Readings and records of panes as the engine counts them; names of series not included. */
  readonly bytesPerSeries: number;
  /** Memory of the process that came on top, with the compiler's and what is not collected yet. */
  readonly residentBytesPerSeries: number;
  /** Panes of a tick a quarter of an hour, a series. */
  readonly paneTickNsPerSeries: number;
}

/** One reading a quarter of an hour and meter, a tick behind each. */
export function measureMeters(): MetersCase {
  const { series, hours } = METERS_CASE;
  const before = residentBytes();
  const engine = createEngine(series);
  for (let at = 0; at < series; at++) {
    engine.intern({ device: `meter-${at}`, quantity: 'energy_import', channel: '', expectEveryMs: QUARTER_MS });
  }
  const batch = {
    count: series,
    series: Uint32Array.from({ length: series }, (_, at) => (at * 7_919) % series),
    timeMs: new Float64Array(series),
    value: new Float64Array(series),
    outcome: new Uint8Array(series),
  };
  let ingestS = 0;
  let tickS = 0;
  const steps = (hours * HOUR_MS) / QUARTER_MS;
  for (let step = 0; step < steps; step++) {
    batch.timeMs.fill(STREAM_START_MS + step * QUARTER_MS);
    for (let at = 0; at < series; at++) batch.value[at] = 1_000 + step * (0.1 + (batch.series[at]! % 50) / 100);
    const startS = cpuSeconds();
    engine.acceptColumns(batch);
    const ingestedS = cpuSeconds();
    engine.tick();
    ingestS += ingestedS - startS;
    tickS += cpuSeconds() - ingestedS;
  }
  const { readings, records } = engine.bytes;
  return {
    case: METERS_CASE.case,
    series,
    eventHours: hours,
    readingsPerCpuSecond: (steps * series) / ingestS,
    bytesPerSeries: (readings + records) / series,
    residentBytesPerSeries: (residentBytes() - before) / series,
    paneTickNsPerSeries: (tickS / steps / series) * 1e9,
  };
}
