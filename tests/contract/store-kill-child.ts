// Writes batches to a store until it is killed; prints each position once it is acknowledged.
import { systemClock } from '../../src/base/index.ts';
import { createDuckdbStore } from '../../src/store/duckdb/index.ts';
import { batchOf, kpiOf, paneOf, quarantineOf, readingOf } from './store-rows.ts';

const ROWS_PER_BATCH = 200;
const [file] = process.argv.slice(2);
const store = createDuckdbStore({ file: file!, memoryBytesMax: 256 * 1024 * 1024, threads: 2, clock: systemClock });
let { position } = await store.open();
for (;;) {
  const first = position + 1;
  position += ROWS_PER_BATCH;
  const sequences = Array.from({ length: ROWS_PER_BATCH }, (_, at) => first + at);
  await store.write(
    batchOf(position, {
      readings: sequences.map((sequence) =>
        readingOf({ sequence, series: sequence % 50, timeMs: sequence * 1000, value: sequence / 7 }),
      ),
      panes: Array.from({ length: 50 }, (_, series) => ({
        series,
        level: 'hour' as const,
        pane: paneOf({ startMs: 0, count: position }),
      })),
      kpis: [kpiOf({ startMs: 0, value: position })],
      quarantine: [quarantineOf({ sequence: position })],
    }),
  );
  process.stdout.write(`${position}\n`);
}
