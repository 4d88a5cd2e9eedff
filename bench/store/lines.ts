import { Point } from '@influxdata/influxdb-client';
import { PaneColumnsBuilder } from '../../src/model/index.ts';
import { Lines } from '../../src/store/influx/index.ts';
import { cpuSecondsOf } from '../cpu.ts';
import type { StoreCase } from './cases.ts';
import { readingsFrom, seriesRow } from './embedded.ts';

const LINES = 2_000_000;
const ROWS_AT_ONCE = 20_000;
const LINES_A_BATCH = 5_000;
const UP_TO = { position: 0, stamp: 0 };

/** Line protocol of readings: ours, and as the points of InfluxDB's client write it. */
export async function measureLines(): Promise<StoreCase[]> {
  const parts = Array.from({ length: LINES / ROWS_AT_ONCE }, (_, at) => readingsFrom(at * ROWS_AT_ONCE, ROWS_AT_ONCE));
  const series = Array.from({ length: 1_000 }, (_, id) => seriesRow(id));
  const lines = new Lines({ series: (id) => series[id]!, zone: () => 'west', paneValue: () => null }, LINES_A_BATCH);
  const panes = new PaneColumnsBuilder().finish();
  let bytes = 0;
  const own = (): void => {
    for (const readings of parts) {
      for (const { text } of lines.batches({ upTo: UP_TO, kpis: [], panes, readings }))
        bytes += Buffer.byteLength(text);
    }
  };
  own();
  bytes = 0;
  const cpuSeconds = await cpuSecondsOf(own);
  let pointBytes = 0;
  const pointSeconds = await cpuSecondsOf(() => {
    for (const { count, series: ids, timeMs, value } of parts.slice(0, 20)) {
      for (let row = 0; row < count; row++) {
        const { device, quantity } = series[ids[row]!]!;
        const point = new Point('air_quality').tag('device', device).tag('level', 'raw').tag('quantity', quantity);
        point.tag('stat', 'reading').tag('zone', 'west').floatField('value', value[row]!).intField('count', 1);
        pointBytes += Buffer.byteLength(
          point
            .booleanField('present', true)
            .timestamp(timeMs[row]!)
            .toLineProtocol({ convertTime: (time) => String(time) }) ?? '',
        );
      }
    }
  });
  return [
    {
      case: 'line-protocol',
      linesPerCpuSecond: Math.round(LINES / cpuSeconds),
      note: `${LINES} readings, ${Math.round(bytes / LINES)} B a line, as UTF-8`,
    },
    {
      case: 'line-protocol, points of the client',
      linesPerCpuSecond: Math.round((20 * ROWS_AT_ONCE) / pointSeconds),
      note: `the same lines, ${Math.round(pointBytes / (20 * ROWS_AT_ONCE))} B`,
    },
  ];
}
