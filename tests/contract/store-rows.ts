import {
  type KpiValue,
  type Pane,
  type PaneColumns,
  PaneColumnsBuilder,
  type PaneLevel,
  type Series,
} from '../../src/model/index.ts';
import type { DeviceRow, QuarantineRow, ReadingColumns, StoreBatch, StoredReading } from '../../src/store/index.ts';

/** A pane of a series, as tests write it down. */
export interface PaneRow {
  readonly series: number;
  readonly level: PaneLevel;
  readonly pane: Pane;
}

/** A batch with nothing in it but what is given. */
export function batchOf(
  position: number,
  parts: Partial<Omit<StoreBatch, 'readings' | 'panes'>> & {
    readings?: readonly StoredReading[];
    panes?: readonly PaneRow[];
  } = {},
): StoreBatch {
  const { readings = [], panes = [], ...rest } = parts;
  return {
    position,
    series: [],
    devices: [],
    kpis: [],
    quarantine: [],
    ...rest,
    readings: columnsOf(readings),
    panes: paneColumnsOf(panes),
  };
}

export function paneColumnsOf(rows: readonly PaneRow[]): PaneColumns {
  const builder = new PaneColumnsBuilder();
  for (const { series, level, pane } of rows) builder.add(series, level, pane);
  return builder.finish();
}

export function columnsOf(readings: readonly StoredReading[]): ReadingColumns {
  return {
    count: readings.length,
    series: Int32Array.from(readings, (row) => row.series),
    timeMs: Float64Array.from(readings, (row) => row.timeMs),
    value: Float64Array.from(readings, (row) => row.value),
    quality: Uint8Array.from(readings, (row) => row.quality),
    status: Uint8Array.from(readings, (row) => row.status),
    sequence: Float64Array.from(readings, (row) => row.sequence),
  };
}

export function readingOf(part: Partial<StoredReading>): StoredReading {
  return { series: 0, timeMs: 1_768_478_400_000, value: 1, quality: 4, status: 0, sequence: 1, ...part };
}

export function paneOf(part: Partial<Pane>): Pane {
  return {
    startMs: 1_768_478_400_000,
    endMs: 1_768_482_000_000,
    count: 60,
    invalidCount: 0,
    coveredSlots: 60,
    expectedSlots: 60,
    sum: 600.1,
    sumSin: 0,
    min: 1,
    max: 20,
    firstMs: 1_768_478_400_000,
    first: 1,
    lastMs: 1_768_481_940_000,
    last: 20,
    increase: 0,
    increaseCoveredMs: 0,
    increaseAtEnd: 0,
    deltaCount: 0,
    counterEvents: 0,
    revision: 0,
    final: false,
    ...part,
  };
}

export function kpiOf(part: Partial<KpiValue>): KpiValue {
  return {
    kpi: 'air-pm2-5-hour',
    zone: 'centre',
    window: 'hour',
    startMs: 1_768_478_400_000,
    endMs: 1_768_482_000_000,
    value: 12.5,
    band: 2,
    validCount: 3,
    expectedCount: 4,
    coverage: 0.75,
    valid: true,
    deviceCount: 3,
    coveredPopulation: 120_000,
    revision: 0,
    final: false,
    watermarkMs: 1_768_481_000_000,
    method: 'EAQI 2024/25',
    note: 'pm2_5',
    ...part,
  };
}

export function quarantineOf(part: Partial<QuarantineRow>): QuarantineRow {
  return {
    sequence: 1,
    index: -1,
    receivedAtMs: 1_768_478_400_123,
    reason: 'malformed',
    detail: 'cannot read the payload: unexpected end',
    topic: 'city/air/7',
    clientId: 'sensor-7',
    device: '',
    payloadBytes: 17,
    payloadHead: '{"pm2_5": 1',
    ...part,
  };
}

export function seriesOf(part: Partial<Series>): Series {
  return {
    id: 0,
    device: 'air-7',
    quantity: 'pm2_5',
    channel: '',
    unit: 'ug/m3',
    kind: 'gauge',
    domain: 'air',
    expectEveryMs: 60_000,
    ...part,
  };
}

export function deviceOf(part: Partial<DeviceRow>): DeviceRow {
  return {
    device: 'air-7',
    profile: 'acme/air-1',
    gateway: '',
    zone: 'centre',
    firstSeenMs: 1_768_478_400_000,
    lastEventMs: 1_768_481_940_000,
    lastReceivedMs: 1_768_481_941_000,
    readingCount: 60,
    silent: false,
    ...part,
  };
}
