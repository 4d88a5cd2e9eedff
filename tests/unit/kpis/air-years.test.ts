import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../../src/base/index.ts';
import type { DayRecord } from '../../../src/kpis/day-ledger.ts';
import type { Part } from '../../../src/kpis/index.ts';
import { elapsedDays, rollingUpTo } from '../../../src/kpis/long-windows.ts';
import { NO_FACTS } from '../../../src/model/index.ts';
import { at, kpi, NO_DEVICE_FACTS, SETTINGS } from './support/fakes.ts';
import { MADRID } from './support/years.ts';

const YEAR = { startMs: at('2025-12-31T23:00:00Z'), endMs: at('2026-12-31T23:00:00Z') };

type Said = Partial<DayRecord> & Pick<DayRecord, 'value'>;

/** Starts of the local days of Madrid from an instant on. */
function daysFrom(startMs: number, count: number): number[] {
  const starts = [startMs];
  while (starts.length < count) starts.push(MADRID.dayEnd(starts.at(-1)!));
  return starts;
}

function record(startMs: number, said: Said): DayRecord {
  const whole = { validCount: 24, expectedCount: 24, valid: true, numerator: Number.NaN, denominator: Number.NaN };
  return { startMs, ...whole, amounts: {}, ...said };
}

/** What a KPI makes of the days of 2026 from 1 January on; `null` is a day that said nothing. */
function yearOf(id: string, days: readonly (number | Said | null)[], before: readonly DayRecord[] = []): Part {
  const starts = daysFrom(YEAR.startMs, days.length + 1);
  const records = days.flatMap((said, index) => {
    if (said === null) return [];
    return [record(starts[index]!, typeof said === 'number' ? { value: said } : said)];
  });
  return foldOf(id, YEAR, records, starts.at(-1)! + HOUR_MS, before);
}

function foldOf(
  id: string,
  bounds: { readonly startMs: number; readonly endMs: number },
  records: readonly DayRecord[],
  nowMs: number,
  before: readonly DayRecord[] = [],
): Part {
  const { days } = kpi(id);
  if (days === undefined) throw new Error(`${id} is not made of days`);
  const window = { ...bounds, calendar: MADRID, nowMs, settings: SETTINGS, cityFacts: NO_FACTS };
  return days.fold(records, { window, ...elapsedDays(MADRID, bounds, nowMs), before });
}

const repeat = <T>(count: number, value: T): T[] => Array<T>(count).fill(value);

describe('annual means of pollutants', () => {
  it('weigh hours alike: a day of 12 hours counts half of a whole one', () => {
    // (10 · 24 + 40 · 12) / 36 = 20
    const part = yearOf('air-no2-year', [10, { value: 40, validCount: 12, valid: false }]);
    expect(part).toMatchObject({ value: 20, validCount: 36, expectedCount: 48, valid: false });
  });

  it('need 90 % of the hours of the days that have ended, of 23 hours in March too', () => {
    // 100 days have ended, the last Sunday of March had 23 hours: 2399 hours, 90 % are 2159.1.
    const with2160 = yearOf('air-pm10-year', [...repeat(90, 20), ...repeat(10, null)]);
    expect(with2160).toMatchObject({ value: 20, validCount: 2160, expectedCount: 2399, valid: true });
    const with2159 = yearOf('air-pm10-year', [...repeat(89, 20), { value: 20, validCount: 23 }, ...repeat(10, null)]);
    expect(with2159).toMatchObject({ validCount: 2159, valid: false });
  });

  it('are those that U4SSC reports as EN: EN: AQ: 1C, and benzene', () => {
    for (const pollutant of ['pm10', 'pm2-5', 'no2', 'so2', 'o3']) {
      for (const window of ['365d', 'year']) expect(kpi(`air-${pollutant}-${window}`).code).toBe('EN: EN: AQ: 1C');
    }
    expect(kpi('air-benzene-year').bands.map(({ upTo }) => upTo)).toEqual([3.4, 5, Number.POSITIVE_INFINITY]);
  });
});

describe('days of a year above a level', () => {
  it('are counted after rounding to the decimals of the limit, valid days alone', () => {
    const days = [50.4, 50.5, 51, 50, { value: 90, validCount: 10, valid: false }, null];
    expect(yearOf('air-pm10-days-above-50-year', days)).toMatchObject({ value: 2, validCount: 4, expectedCount: 6 });
    expect(yearOf('air-pm10-days-above-45-year', [45.4, 45.5])).toMatchObject({ value: 1, valid: true });
    expect(yearOf('air-pm2-5-days-above-25-year', [25.4, 26])).toMatchObject({ value: 1 });
    expect(yearOf('air-no2-days-above-50-year', [50.4, 50.6])).toMatchObject({ value: 1 });
    expect(yearOf('air-so2-days-above-125-year', [125.4, 126])).toMatchObject({ value: 1 });
    expect(yearOf('air-so2-days-above-50-year', [49, 50.5])).toMatchObject({ value: 1 });
    expect(yearOf('air-co-days-above-4-year', [4.4, 4.6])).toMatchObject({ value: 1 });
    expect(yearOf('air-co-days-above-10-year', [10.4, 11, 12])).toMatchObject({ value: 2 });
    expect(yearOf('air-o3-days-above-120-year', [120.4, 121, 150])).toMatchObject({ value: 2 });
  });

  it('are counted without rounding against the WHO, but not for what binary arithmetic adds', () => {
    expect(yearOf('air-pm2-5-who-days-year', [15, 15 + 4e-15, 15.01])).toMatchObject({ value: 1 });
    expect(yearOf('air-pm10-who-days-year', [45, 45.1])).toMatchObject({ value: 1 });
    expect(yearOf('air-no2-who-days-year', [25, 25.1])).toMatchObject({ value: 1 });
    expect(yearOf('air-so2-who-days-year', [40, 40.1])).toMatchObject({ value: 1 });
    expect(yearOf('air-o3-who-days-year', [100, 100.1])).toMatchObject({ value: 1 });
    // 4.000000000000001 is what the mean of 4.1 and 3.9 twelve times may come to.
    expect(yearOf('air-co-who-days-year', [4.000000000000001, 4.1])).toMatchObject({ value: 1 });
  });

  it('are judged by what each law allows', () => {
    const bounds = (id: string) => kpi(id).bands.map(({ upTo }) => upTo);
    const more = Number.POSITIVE_INFINITY;
    expect(bounds('air-pm10-days-above-50-year')).toEqual([35, more]);
    expect(bounds('air-so2-days-above-125-year')).toEqual([3, more]);
    expect(bounds('air-o3-days-above-120-year')).toEqual([18, 25, more]);
    expect(bounds('air-no2-hours-above-200-year')).toEqual([3, 18, more]);
    expect(bounds('air-so2-hours-above-350-year')).toEqual([3, 24, more]);
    expect(bounds('air-o3-hours-above-240-year')).toEqual([0, more]);
    expect(bounds('air-co-days-above-10-year')).toEqual([0, more]);
  });

  it('are those of the worst station of a zone', () => {
    const { spatial } = kpi('air-pm10-days-above-50-year');
    const part = (value: number): Part => ({ value, validCount: 365, expectedCount: 365, valid: true, note: '' });
    const zone = { id: 'z', population: 1, fact: NO_FACTS };
    const parts = [3, 36, 20].map((value) => ({ part: part(value), facts: NO_DEVICE_FACTS }));
    expect(spatial.zone(parts, zone)).toMatchObject({ value: 36 });
    expect(kpi('air-pm10-year').spatial.zone(parts, zone).value).toBeCloseTo(59 / 3, 12);
  });
});

describe('hours of a year above a limit value', () => {
  it('add up, those of days with gaps too, and need 90 % of the hours', () => {
    const days = [
      { value: 2 },
      { value: 3, validCount: 5, valid: false },
      { value: null, validCount: 0, valid: false },
    ];
    expect(yearOf('air-no2-hours-above-200-year', days)).toMatchObject({
      value: 5,
      validCount: 29,
      expectedCount: 72,
      valid: false,
    });
    expect(yearOf('air-o3-hours-above-180-year', repeat(10, { value: 1 }))).toMatchObject({ value: 10, valid: true });
  });
});

describe('the 90.4 percentile of PM10', () => {
  it('is the 36th highest day of a whole year', () => {
    // Days of 1 to 365: the 36th highest is 330.
    const days = Array.from({ length: 365 }, (_, index) => ((index * 7) % 365) + 1);
    expect(yearOf('air-pm10-p90-4-year', days)).toMatchObject({ value: 330, validCount: 365, valid: true });
  });

  it('may be told from 14 % of the days', () => {
    // Of 100 days 14: floor(0.904 · 14) + 1 = 13th in ascending order.
    const days = [...Array.from({ length: 14 }, (_, index) => index + 1), ...repeat(86, null)];
    expect(yearOf('air-pm10-p90-4-year', days)).toMatchObject({ value: 13, validCount: 14, valid: true });
    expect(yearOf('air-pm10-p90-4-year', [...days, ...repeat(10, null)])).toMatchObject({ valid: false });
  });
});

describe('AOT40 of May to July', () => {
  const month = (count: number, value: number | null, validCount = 12): (Said | null)[] =>
    repeat(count, value === null ? null : { value, validCount, expectedCount: 12 });
  const SPRING = [...month(120, 500)];

  it('counts the days of the season alone, and scales them to its possible hours', () => {
    // 92 days of 12 hours: 1104. Of 10 days nothing was measured, so 82 · 100 over 984 hours is 9200 over 1104.
    const days = [...SPRING, ...month(82, 100), ...month(10, null), ...month(153, 500)];
    expect(yearOf('air-o3-aot40-year', days)).toMatchObject({ validCount: 984, expectedCount: 1104, valid: false });
    expect(yearOf('air-o3-aot40-year', days).value).toBeCloseTo(9200, 9);
    const whole = [...SPRING, ...month(92, 100, 11), ...month(153, 500)];
    expect(yearOf('air-o3-aot40-year', whole)).toMatchObject({ validCount: 1012, valid: true });
    expect(yearOf('air-o3-aot40-year', whole).value).toBeCloseTo((9200 * 12) / 11, 9);
  });

  it('says nothing before May, and in the season what its days came to', () => {
    expect(yearOf('air-o3-aot40-year', SPRING)).toMatchObject({ value: null, expectedCount: 0, valid: false });
    const early = yearOf('air-o3-aot40-year', [...SPRING, ...month(10, 100)]);
    expect(early).toMatchObject({ value: 1000, expectedCount: 120, valid: true });
  });
});

describe('ozone of the peak season', () => {
  const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  const months = (values: readonly number[]) => values.flatMap((value, month) => repeat(LENGTHS[month]!, value));

  it('is the highest mean of six months in a row', () => {
    // April to September: (30·80 + 31·90 + 30·100 + 31·110 + 31·90 + 30·80) / 183
    const days = months([40, 40, 60, 80, 90, 100, 110, 90, 80, 50, 40, 40]);
    const mean = (2400 + 2790 + 3000 + 3410 + 2790 + 2400) / 183;
    expect(yearOf('air-o3-peak-season-year', days).value).toBeCloseTo(mean, 9);
    expect(yearOf('air-o3-peak-season-year', days).valid).toBe(true);
  });

  it('waits until six whole months have ended', () => {
    expect(yearOf('air-o3-peak-season-year', months([50, 50, 50, 50, 50])).value).toBeNull();
    expect(yearOf('air-o3-peak-season-year', months([50, 50, 50, 50, 50, 50]).slice(0, -1)).value).toBeNull();
    expect(yearOf('air-o3-peak-season-year', months([50, 50, 50, 50, 50, 50])).value).toBe(50);
  });

  it('takes whole months of the last 365 days, across the turn of the year', () => {
    // Up to 15 May 2026: whole months are June to April; October to March are the warm ones here.
    const endMs = at('2026-05-14T22:00:00Z');
    const bounds = rollingUpTo(MADRID, endMs);
    const warm = new Set([10, 11, 12, 1, 2, 3]);
    const records = daysFrom(bounds.startMs, 365).map((startMs) => {
      const date = MADRID.isoDate(startMs);
      const isPartial = date.startsWith('2025-05') || date.startsWith('2026-05');
      return record(startMs, { value: isPartial ? 999 : warm.has(Number(date.slice(5, 7))) ? 90 : 30 });
    });
    expect(foldOf('air-o3-peak-season-365d', bounds, records, endMs + HOUR_MS)).toMatchObject({
      value: 90,
      validCount: 365,
      valid: true,
    });
  });
});

describe('days above the ozone target', () => {
  const count = (year: number, above: number, missing: number): DayRecord[] => {
    const startMs = MADRID.yearStart(at(`${year}-06-01T00:00:00Z`));
    return daysFrom(startMs, 365 - missing).map((dayMs, index) => record(dayMs, { value: index < above ? 130 : 90 }));
  };

  it('are the mean of this year and the two before', () => {
    const before = [...count(2024, 30, 0), ...count(2025, 24, 0)];
    const days = [...repeat(21, 121), ...repeat(100, 80)];
    expect(yearOf('air-o3-target-days-year', days, before)).toMatchObject({ value: 25, validCount: 121, valid: true });
  });

  it('leave years out that lack more than 10 % of their days', () => {
    const before = [...count(2024, 30, 37), ...count(2025, 24, 36)];
    expect(yearOf('air-o3-target-days-year', repeat(10, 130), before)).toMatchObject({ value: 17 });
    expect(yearOf('air-o3-target-days-year', repeat(10, 130))).toMatchObject({ value: 10 });
  });
});

describe('KPIs of years of air', () => {
  it('are made of the days of each device', () => {
    for (const id of ['air-pm10-year', 'air-no2-hours-above-200-year', 'air-o3-aot40-year', 'air-pm10-p90-4-year']) {
      expect(kpi(id).days?.level, id).toBe('device');
      expect(kpi(id).window, id).toBe('year');
    }
    expect(kpi('air-o3-target-days-year').days?.yearsBefore).toBe(2);
  });
});
