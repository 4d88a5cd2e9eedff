import { DAY_MS, HOUR_MS } from '../../base/index.ts';
import {
  annualComplete90,
  aot40OfDays,
  EU_2008,
  exceedsLimit,
  ozonePeakSeason,
  ozoneTargetDays,
  whoLevel,
} from '../arithmetic/index.ts';
import type { DayRecord } from '../day-ledger.ts';
import type { FoldSpan, KpiDefinition } from '../definition.ts';
import { overDays, partOfYear, validDays } from '../long-kpi.ts';
import { WORST } from '../spatial-rules.ts';
import { airAot40Day } from './aot40-day.ts';
import { airMda8 } from './mda8.ts';
import { whoBands } from './who-bands.ts';

const MAY = 5;
const JULY = 7;
const LIGHT_HOURS_A_DAY = 12;

/** AOT40 for the protection of vegetation. */
export const airAot40: readonly KpiDefinition[] = overDays({
  id: 'air-o3-aot40',
  title: 'O3, AOT40 of May to July',
  bands: [
    { name: 'long-term objective met', upTo: 6_000, color: '#2e9e6b' },
    { name: 'target value met', upTo: 18_000, color: '#e3c440' },
    { name: 'above target value', upTo: Number.POSITIVE_INFINITY, color: '#d6503f' },
  ],
  method:
    'sum of what exceeds 80 ug/m3 (40 ppb) in the valid hours from 08 to 20 Central European Time of the days of May to July that have ended, times possible hours over valid hours; bands: 18,000 (target, as the mean of five years) and 6,000',
  completeness: 'at least 90 % of these hours',
  source: 'Directive 2008/50/EC, annex VII (the two values unconfirmed)',
  spatial: WORST,
  windows: ['year'],
  of: airAot40Day,
  level: 'device',
  fold: (days, span) => {
    const season = daysOfMonths(span, MAY, JULY);
    const inSeason = days.filter(({ startMs }) => startMs >= season.startMs && startMs < season.endMs);
    const known = inSeason.map(({ value, validCount }) => ({ measured: value ?? 0, validHours: validCount }));
    const possible = LIGHT_HOURS_A_DAY * Math.round((season.endMs - season.startMs) / DAY_MS);
    const { estimate, valid } = aot40OfDays(known, possible);
    const validCount = known.reduce((sum, { validHours }) => sum + validHours, 0);
    return { value: estimate, validCount, expectedCount: possible, valid: valid && estimate !== null, note: '' };
  },
});

/** Ozone of the peak season: the whole months of the window, six in a row. */
export const airOzonePeakSeason: readonly KpiDefinition[] = overDays({
  id: 'air-o3-peak-season',
  title: 'O3, peak season',
  bands: whoBands(whoLevel('o3', 'peak season')),
  method:
    'highest mean over six whole months in a row of the valid daily maximum 8-hour means; none before six months of the window have ended',
  completeness: 'valid values for at least 90 % of the days that have ended',
  source: 'WHO global air quality guidelines 2021, table 0.1',
  of: airMda8('o3'),
  level: 'device',
  fold: (days, span) => {
    const valid = validDays(days);
    return partOfYear(ozonePeakSeason(wholeMonths(span, valid)), valid.length, span.days);
  },
});

const TARGET_UGM3 = EU_2008.limits.find(({ pollutant, kind }) => pollutant === 'o3' && kind === 'target')?.value ?? 120;

/** Days above the ozone target as the directives judge them. */
export const airOzoneTargetDays: readonly KpiDefinition[] = overDays({
  id: 'air-o3-target-days',
  title: 'O3, days above 120 \u00b5g/m\u00b3 in 8 hours, mean of three years',
  unit: '1',
  unitLabel: 'days',
  bands: [
    { name: 'within 18 a year', upTo: 18, color: '#2e9e6b' },
    { name: 'within 25 a year', upTo: 25, color: '#e3c440' },
    { name: 'more than 25 a year', upTo: Number.POSITIVE_INFINITY, color: '#d6503f' },
  ],
  method:
    'mean of the days above 120 (highest 8-hour mean, rounded) of this calendar year to date and of those of the two years before that have 90 % of their days; 25 allowed by 2008/50/EC, 18 by (EU) 2024/2881',
  completeness: 'valid values for at least 90 % of the days of this year that have ended',
  source: 'Directive 2008/50/EC, annex VII; Directive (EU) 2024/2881, annex I (18 days unconfirmed)',
  spatial: WORST,
  windows: ['year'],
  yearsBefore: 2,
  of: airMda8('o3'),
  level: 'device',
  fold: (days, span) => {
    const valid = validDays(days);
    const value = ozoneTargetDays([...countsBefore(span), valid.length === 0 ? null : daysAbove(valid)]);
    return partOfYear(value, valid.length, span.days);
  },
});

function daysAbove(days: readonly DayRecord[]): number {
  return days.filter(({ value }) => value !== null && exceedsLimit(value, TARGET_UGM3)).length;
}

/** Counts of the years before the window, oldest first; null for years with gaps. */
function countsBefore({ window: { calendar }, before = [] }: FoldSpan): (number | null)[] {
  const years = Map.groupBy(validDays(before), ({ startMs }) => calendar.yearStart(startMs));
  return [...years].map(([startMs, days]) => {
    const possible = Math.round((calendar.yearEnd(startMs) - startMs) / DAY_MS);
    return annualComplete90(days.length, possible) ? daysAbove(days) : null;
  });
}

/** The part of some months of the window's year that has ended, ms UTC; nothing before they begin. */
function daysOfMonths({ window, hours }: FoldSpan, first: number, last: number): { startMs: number; endMs: number } {
  let startMs = window.startMs;
  for (let month = 1; month < first; month++) startMs = window.calendar.monthEnd(startMs);
  let endMs = startMs;
  for (let month = first; month <= last; month++) endMs = window.calendar.monthEnd(endMs);
  const endedMs = window.startMs + hours * HOUR_MS;
  return { startMs, endMs: Math.max(startMs, Math.min(endMs, endedMs)) };
}

/** Values of the days of each month that lies wholly in what has ended of a window, in order. */
function wholeMonths({ window, hours }: FoldSpan, days: readonly DayRecord[]): number[][] {
  const { calendar, startMs } = window;
  const endedMs = startMs + hours * HOUR_MS;
  const byMonth = Map.groupBy(days, (day) => calendar.monthStart(day.startMs));
  const months: number[][] = [];
  const firstMs = calendar.monthStart(startMs) === startMs ? startMs : calendar.monthEnd(startMs);
  for (let monthMs = firstMs; calendar.monthEnd(monthMs) <= endedMs; monthMs = calendar.monthEnd(monthMs)) {
    months.push((byMonth.get(monthMs) ?? []).flatMap(({ value }) => (value === null ? [] : [value])));
  }
  return months;
}
