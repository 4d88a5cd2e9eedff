import fc from 'fast-check';
import { PANE_LEVELS } from '../../src/model/index.ts';
import type { DecodedAgain, StoreBatch } from '../../src/store/index.ts';
import { batchOf, columnsOf, deviceOf, kpiOf, paneOf, quarantineOf, readingOf, seriesOf } from './store-rows.ts';

/** One step of a random history of a store. */
export interface StoreStep {
  readonly batch: StoreBatch;
  readonly reopen: boolean;
  readonly trimBeforeMs: number | undefined;
}

/** Histories in a small world, so that keys meet: replays from any earlier point, revisions, late rows. */
export function batchesArbitrary(): fc.Arbitrary<StoreStep[]> {
  return fc.array(stepArbitrary(), { minLength: 1, maxLength: 8 });
}

const id = fc.nat({ max: 5 });
const timeMs = fc.integer({ min: -10, max: 50 });
const double = fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN, 5e-324));
const name = fc.constantFrom('a', 'b', "o'x", 'ü', '\u{ffff}', '\u{1f600}');
const flag = fc.boolean();

const series = fc.record({ id, device: name, channel: name }).map(seriesOf);
const device = fc.record({ device: name, silent: flag, lastEventMs: double }).map(deviceOf);
const pane = fc
  .record({ startMs: timeMs, sum: double, sumSin: double, last: double, final: flag, revision: id })
  .map(paneOf);
const paneRow = fc.record({ series: id, level: fc.constantFrom(...PANE_LEVELS), pane });
const kpi = fc
  .record({
    kpi: name,
    zone: fc.constantFrom('a', 'ü'),
    window: fc.constantFrom('hour' as const, 'day' as const),
    startMs: timeMs,
    revision: fc.nat({ max: 2 }),
    value: fc.option(double),
    band: fc.option(fc.nat({ max: 6 })),
  })
  .map(kpiOf);

function stepArbitrary(): fc.Arbitrary<StoreStep> {
  return fc.nat({ max: 20 }).chain((position) => {
    const sequence = fc.integer({ min: Math.max(0, position - 6), max: position });
    // In the journal's order, as the engine reads it; identities repeat, as late-filed ones do.
    const readings = fc
      .array(
        fc
          .record({
            series: id,
            timeMs,
            value: double,
            quality: fc.nat({ max: 4 }),
            status: fc.nat({ max: 2 }),
            sequence,
          })
          .map(readingOf),
      )
      .map((rows) => rows.sort((a, b) => a.sequence - b.sequence));
    const quarantine = fc.uniqueArray(
      fc.record({ sequence, index: fc.nat({ max: 9 }), device: name }).map(quarantineOf),
      {
        selector: (row) => `${row.sequence}.${row.index}`,
      },
    );
    const parts = fc.record({
      series: fc.array(series, { maxLength: 4 }),
      devices: fc.array(device, { maxLength: 4 }),
      panes: fc.array(paneRow, { maxLength: 12 }),
      kpis: fc.array(kpi, { maxLength: 12 }),
      readings,
      quarantine,
      again: fc.option(againArbitrary(position), { nil: undefined, freq: 2 }),
    });
    return fc.record({
      batch: parts.map(({ again, ...part }) => batchOf(position, again === undefined ? part : { ...part, again })),
      reopen: fc.boolean(),
      trimBeforeMs: fc.option(timeMs, { nil: undefined, freq: 6 }),
    });
  });
}

/** Some identities lose their rows, and some of these get others; some messages leave quarantine, or say something else. */
function againArbitrary(position: number): fc.Arbitrary<DecodedAgain> {
  const origin = fc.integer({ min: 0, max: position });
  const exchanged = fc.uniqueArray(
    fc.record({ series: id, timeMs, value: double, quality: fc.nat({ max: 4 }), sequence: origin, isGone: flag }),
    { selector: (row) => `${row.series} ${row.timeMs}`, maxLength: 8 },
  );
  return fc
    .record({ exchanged, messages: fc.uniqueArray(origin, { maxLength: 4 }) })
    .map(({ exchanged: rows, messages }) => ({
      messages,
      identities: {
        series: Int32Array.from(rows, (row) => row.series),
        timeMs: Float64Array.from(rows, (row) => row.timeMs),
      },
      readings: columnsOf(rows.filter(({ isGone }) => !isGone).map((row) => readingOf({ ...row, status: 3 }))),
      quarantine: messages.slice(0, 1).map((sequence) => quarantineOf({ sequence, index: 77 })),
    }));
}
