import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS } from '../../../src/base/index.ts';
import { citySchema } from '../../../src/config/index.ts';
import type { JobContext } from '../../../src/jobs/index.ts';
import type { KpiValue } from '../../../src/model/index.ts';
import type { KpiQuery } from '../../../src/store/index.ts';
import { type AlarmAsked, type AlarmJobResult, alarmJob, alarmOrder } from '../../../src/workers/alarm-job.ts';

const START_MS = Date.UTC(2026, 0, 1);
const CITY = citySchema.parse({
  city: { id: 'town', name: 'Town', timeZone: 'UTC' },
  zones: [{ id: 'west', name: 'West', population: 1_000 }],
});
const ASKED: AlarmAsked = {
  ...{ kpi: 'air-pm2-5-hour', zone: 'west', condition: 'above', threshold: 8 },
  ...{ holdForMs: 0, clearForMs: 0, coverageMin: 1, fromMs: START_MS, toMs: START_MS + 100 * DAY_MS },
};

/** A peak every 100 hours. */
const VALUES = Array.from({ length: 2_500 }, (_, hour): KpiValue => {
  const startMs = START_MS + (hour - 50) * HOUR_MS;
  const said = {
    value: hour % 100 === 99 ? 9 : 1,
    valid: true,
    coverage: 1,
    expectedCount: 1,
    revision: 0,
    final: true,
  };
  return { startMs, endMs: startMs + HOUR_MS, ...said } as KpiValue;
});

interface Seen {
  readonly queries: KpiQuery[];
  readonly told: number[];
}

async function evaluate(asked: AlarmAsked, signal = new AbortController().signal): Promise<AlarmJobResult & Seen> {
  const seen: Seen = { queries: [], told: [] };
  const kpis = async (query: KpiQuery) => {
    seen.queries.push(query);
    const { fromMs, toMs, limit } = query;
    return VALUES.filter(({ startMs }) => startMs >= fromMs && startMs < toMs).slice(0, limit);
  };
  const context = {
    ...{ job: { input: alarmOrder(CITY, asked) }, signal, checkpoint: async () => undefined },
    progress: async (ratio: number) => void seen.told.push(ratio),
  };
  const result = await alarmJob({ store: () => ({ kpis }) })(context as unknown as JobContext);
  return { ...(result as AlarmJobResult), ...seen };
}

describe('the job of an alarm', () => {
  it('reads page by page, each window once, and only those that end in the time', async () => {
    const { queries, told, windows, used, gaps, episodeCount, episodes } = await evaluate(ASKED);
    const inTime = VALUES.filter(({ endMs }) => endMs > ASKED.fromMs && endMs <= ASKED.toMs);
    expect([windows, used, gaps]).toEqual([inTime.length, inTime.length, 0]);
    expect(queries.length).toBe(3);
    expect(queries[0]).toMatchObject({ kpi: 'air-pm2-5-hour', zone: 'west', window: 'hour' });
    expect(told.every((ratio) => ratio >= 0 && ratio <= 1)).toBe(true);
    expect(episodeCount).toBe(inTime.filter(({ value }) => value === 9).length);
    expect(episodes[0]).toEqual({
      ...{ from: '2026-01-03T02:00:00.000Z', firedAt: '2026-01-03T02:00:00.000Z' },
      ...{ clearedAt: '2026-01-03T03:00:00.000Z', windows: 1, provisional: false },
      peak: { value: 9, start: '2026-01-03T01:00:00.000Z', end: '2026-01-03T02:00:00.000Z' },
    });
  });

  it('takes a window that ends with the time, and not one that ends where it begins', async () => {
    const { windows } = await evaluate({ ...ASKED, toMs: START_MS + 3 * HOUR_MS });
    expect(windows).toBe(3);
  });

  it('ends when it is cancelled', async () => {
    const abort = new AbortController();
    abort.abort(new Error('cancelled'));
    await expect(evaluate(ASKED, abort.signal)).rejects.toThrow('cancelled');
  });
});

describe('an alarm', () => {
  it.each([
    [{ clearThreshold: 9 }, 'alarm_invalid', 'cannot clear at 9 what fires above 8; allowed is it or less'],
    [{ condition: 'below', clearThreshold: 7 }, 'alarm_invalid', 'allowed is it or more'],
    [{ kpi: 'own-none' }, 'kpi_unknown', 'it is no KPI that is computed here'],
    [{ zone: 'east' }, 'scope_unknown', 'known are town, west'],
    [{ toMs: START_MS + 4_001 * DAY_MS }, 'days_too_many', 'more than 4000 days'],
  ] as const)('with %o is refused', (change, code, message) => {
    const order = () => alarmOrder(CITY, { ...ASKED, ...change });
    expect(order).toThrow(message);
    expect(order).toThrow(expect.objectContaining({ code }));
  });

  it('clears at its threshold when nothing else is said', () => {
    expect(alarmOrder(CITY, ASKED)).toMatchObject({ clearThreshold: 8, window: 'hour' });
    expect(alarmOrder(CITY, { ...ASKED, clearThreshold: 5 })).toMatchObject({ clearThreshold: 5 });
  });
});
