import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calendarOf, HOUR_MS } from '../../../src/base/index.ts';
import type { KpiHour } from '../../../src/kpis/index.ts';
import { IntervalCache } from '../../../src/workers/interval-cache.ts';

const MADE = { coveredSlots: 1, expectedSlots: 1, isRead: true, isHeard: true, isFull: true, isCrossed: false };
const seen = (hours: readonly KpiHour[]) => hours.map(({ startMs, value, valid }) => [startMs / HOUR_MS, value, valid]);

describe('hours that are held', () => {
  it('are those that memory says now, whatever changed and whichever spans were asked for', () => {
    const change = fc.record({ hour: fc.nat(47), value: fc.option(fc.nat(9)), ask: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const memory = new Map<number, number>();
        const cache = new IntervalCache(calendarOf('UTC'));
        const fold = (fromMs: number, toMs: number): readonly KpiHour[] =>
          [...memory]
            .map(([hour, value]) => ({ startMs: hour * HOUR_MS, endMs: (hour + 1) * HOUR_MS, value, valid: value > 4 }))
            .filter(({ startMs }) => startMs >= fromMs && startMs < toMs)
            .sort((a, b) => a.startMs - b.startMs)
            .map((hour) => ({ ...hour, made: MADE, coveredSlots: 1 }) as unknown as KpiHour);
        for (const { hour, value, ask } of changes) {
          if (value === null) memory.delete(hour);
          else memory.set(hour, value);
          cache.forget(3, hour * HOUR_MS);
          const [fromMs, toMs] = [4 * ask * HOUR_MS, (4 * ask + 24) * HOUR_MS];
          expect(seen(cache.hoursHeld(3, fromMs, toMs, { expectEveryMs: HOUR_MS, fold }))).toEqual(
            seen(fold(fromMs, toMs)),
          );
        }
      }),
    );
  });
});
