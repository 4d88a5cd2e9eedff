import { expect, it } from 'vitest';
import { calendarOf, DAY_MS, HOUR_MS } from '../../../src/base/index.ts';
import { PaneColumnsBuilder } from '../../../src/model/index.ts';
import { emptyPane } from '../../../src/windows/pane-of-readings.ts';
import { LateSeries } from '../../../src/workers/late-series.ts';

const SERIES = {
  ...{ id: 3, device: 'meter-1', quantity: 'water_volume', channel: '', unit: 'm3' },
  ...({ kind: 'counter', domain: 'water', expectEveryMs: 60_000 } as const),
} as const;

it('late readings of two days of a series each find what was told of its hours', () => {
  const calendar = calendarOf('UTC');
  const [one, two] = [0, DAY_MS].map((timeMs) => new LateSeries(SERIES, Float64Array.of(timeMs), new Set(), calendar));
  const found = new PaneColumnsBuilder();
  // The increase of a register reaches from one day into the other.
  for (const startMs of [0, DAY_MS]) {
    found.add(SERIES.id, 'hour', { ...emptyPane(startMs, startMs + HOUR_MS, 60_000), revision: 1 });
  }
  LateSeries.distributePanes([one!, two!], found.finish());
  const told = [one!, two!].map((late) => late.takeStored().told);
  const revisions = told.map((panes) => [0, DAY_MS].map((startMs) => panes.pane('hour', startMs)?.revision));
  expect(revisions).toEqual([
    [1, 1],
    [1, 1],
  ]);
});
