import { HOUR_MS } from '../../../src/base/index.ts';
import { expectedSlotsOf, type Pane, type QuantityKind, type Series } from '../../../src/model/index.ts';

/** A series of one reading a minute. */
export function seriesOf(kind: QuantityKind, expectEveryMs = 60_000): Series {
  return { id: 1, device: 'd', quantity: 'q', channel: '', unit: '1', kind, domain: 'air', expectEveryMs };
}

/**
 * A pane of a gauge, delta or level series in which every reading had one value.
 *
 * @param filled share of the expected readings that are there, 0 to 1
 */
export function paneOf(startMs: number, value: number, lengthMs = HOUR_MS, filled = 1, expectEveryMs = 60_000): Pane {
  const expectedSlots = expectedSlotsOf(0, lengthMs, expectEveryMs);
  const count = Math.round(filled * expectedSlots);
  return {
    startMs,
    endMs: startMs + lengthMs,
    count,
    invalidCount: expectedSlots - count,
    coveredSlots: count,
    expectedSlots,
    sum: value * count,
    sumSin: 0,
    min: value,
    max: value,
    firstMs: startMs,
    first: value,
    lastMs: startMs + lengthMs - expectEveryMs,
    last: value,
    increase: 0,
    increaseCoveredMs: 0,
    increaseAtEnd: 0,
    deltaCount: 0,
    counterEvents: 0,
    revision: 0,
    final: true,
  };
}

export const at = (text: string): number => Temporal.Instant.from(text).epochMilliseconds;
