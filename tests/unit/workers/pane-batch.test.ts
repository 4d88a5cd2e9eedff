import { expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS, QUARTER_MS } from '../../../src/base/index.ts';
import { type Pane, paneAt, paneLevelAt } from '../../../src/model/index.ts';
import type { PaneRule } from '../../../src/windows/index.ts';
import { type PaneBatch, packPaneBatch, paneBatchWork, unpackPanes } from '../../../src/workers/pane-batch.ts';

const DAY = Date.UTC(2026, 4, 4, 22);
const REGISTER = { rateMaxPerHour: 20, backflowTolerance: 0.1 } as const;
const rule = (kind: PaneRule['kind'], expectEveryMs: number): PaneRule => ({
  ...{ kind, expectEveryMs, counterGapMsMax: 3 * HOUR_MS, register: REGISTER },
});

function panesOf(batch: PaneBatch) {
  const columns = unpackPanes(paneBatchWork(packPaneBatch(batch)));
  return Array.from({ length: columns.rows }, (_, row) => ({
    series: columns.series[row]!,
    level: paneLevelAt(columns, row),
    pane: paneAt(columns, row) as Pane,
  }));
}

/** A gauge each minute from 0 on, and a register each half an hour with neighbours on both sides of the hour. */
const BATCH: PaneBatch = {
  timeZone: 'Europe/Madrid',
  series: [
    { id: 7, rule: rule('gauge', MINUTE_MS), fromMs: DAY, toMs: DAY + 2 * HOUR_MS, count: 61 },
    { id: 3, rule: rule('counter', HOUR_MS / 2), fromMs: DAY, toMs: DAY + HOUR_MS, count: 3 },
  ],
  timeMs: Float64Array.from([
    ...Array.from({ length: 61 }, (_, minute) => DAY + minute * MINUTE_MS),
    ...[DAY - HOUR_MS / 4, DAY + HOUR_MS / 4, DAY + (3 * HOUR_MS) / 4],
  ]),
  value: Float64Array.from([...Array.from({ length: 60 }, (_, minute) => minute), Number.NaN, 10, 11, 13]),
};

test('makes the panes of whole hours and their quarters', () => {
  const panes = panesOf(BATCH);
  const of = (series: number, level: string) => panes.filter((one) => one.series === series && one.level === level);
  expect(of(7, 'hour').map(({ pane }) => [pane.startMs, pane.count, pane.sum, pane.min, pane.max])).toEqual([
    [DAY, 60, 1770, 0, 59],
    [DAY + HOUR_MS, 0, 0, Number.NaN, Number.NaN],
  ]);
  expect(of(7, 'quarter').map(({ pane }) => [pane.startMs, pane.count, pane.invalidCount])).toEqual([
    ...[0, 1, 2, 3].map((quarter) => [DAY + quarter * QUARTER_MS, 15, 0]),
    [DAY + HOUR_MS, 0, 1],
  ]);
  // Half an hour of the first cubic metre lies before the hour, by a half; the second is whole in it.
  const [hour] = of(3, 'hour');
  expect(hour!.pane).toMatchObject({
    increase: 0.5 + 2,
    increaseCoveredMs: (3 * HOUR_MS) / 4,
    final: true,
    revision: 0,
  });
});

test('gives the same bits from bytes that begin anywhere', () => {
  const packed = packPaneBatch(BATCH);
  const expected = paneBatchWork(packed);
  for (const offset of [1, 3, 8]) {
    const moved = Buffer.alloc(packed.length + offset);
    moved.set(packed, offset);
    expect(Buffer.from(paneBatchWork(moved.subarray(offset)))).toEqual(Buffer.from(expected));
  }
});

test('refuses what is cut', () => {
  const packed = packPaneBatch(BATCH);
  expect(() => paneBatchWork(packed.subarray(0, packed.length - 8))).toThrow('the batch is cut');
});
