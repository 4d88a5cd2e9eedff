import { exactSum } from '../../base/index.ts';
import { exceedsLimit, exceedsWhoLevel, WHO_2021 } from '../arithmetic/index.ts';
import type { DayRecord } from '../day-ledger.ts';
import type { FoldSpan, KpiDefinition, Part } from '../definition.ts';
import { countOfDays, overDays, partOfYear } from '../long-kpi.ts';
import { WORST } from '../spatial-rules.ts';
import { airDayOf } from './day-of-pollutant.ts';
import { allowanceBands, allowanceText, euRules } from './eu-rules.ts';
import { airHoursAboveOf } from './hours-above.ts';
import { airMda8 } from './mda8.ts';
import { idPart, POLLUTANTS, type PollutantId } from './pollutants.ts';

/*
 * Hours and days of a calendar year above a limit value, as laws count them. The worst station decides for a zone and the
 * city: a limit value is to be met everywhere.
 */

const YEAR = ['year'] as const;
const EU_SOURCE =
  'Directive 2008/50/EC, annexes I, VII, XI and XII; Directive (EU) 2024/2881, annex I (its hourly allowances and the 18 days of ozone unconfirmed)';
const OF_DAYS = 'valid values for at least 90 % of the days that have ended';

/** Days whose mean is above a limit value of the EU. */
export const airDaysAbove: readonly KpiDefinition[] = euRules('day').flatMap((rule) =>
  overDays({
    ...countOf('days'),
    id: `air-${idPart(rule.pollutant)}-days-above-${rule.value}`,
    title: `${POLLUTANTS[rule.pollutant].name}, days above ${limitText(rule)}`,
    bands: allowanceBands(rule),
    method: `valid days of the calendar year whose mean, rounded to the decimals of the limit, is above ${limitText(rule)}; ${allowanceText(rule)}`,
    completeness: OF_DAYS,
    source: EU_SOURCE,
    of: airDayOf(rule.pollutant),
    fold: countOfDays((value) => exceedsLimit(value, rule.value)),
  }),
);

/** Days whose highest 8-hour mean is above a limit or target value of the EU. */
export const air8hDaysAbove: readonly KpiDefinition[] = euRules('day-max-8h').flatMap((rule) =>
  overDays({
    ...countOf('days'),
    id: `air-${idPart(rule.pollutant)}-days-above-${rule.value}`,
    title: `${POLLUTANTS[rule.pollutant].name}, days above ${limitText(rule)} in 8 hours`,
    bands: allowanceBands(rule),
    method: `valid days of the calendar year whose highest 8-hour mean, rounded to the decimals of the limit, is above ${limitText(rule)}; ${allowanceText(rule)}${rule.pollutant === 'o3' ? ' as the mean of three years' : ''}`,
    completeness: OF_DAYS,
    source: EU_SOURCE,
    of: airMda8(rule.pollutant === 'co' ? 'co' : 'o3'),
    fold: countOfDays((value) => exceedsLimit(value, rule.value)),
  }),
);

/** Hours above a limit value or threshold of the EU, of all valid hours: those of days with gaps count too. */
export const airYearHoursAbove: readonly KpiDefinition[] = euRules('hour').flatMap((rule) => {
  const of = airHoursAboveOf(rule);
  return overDays({
    ...countOf('hours'),
    id: of.id,
    title: `${POLLUTANTS[rule.pollutant].name}, hours above ${limitText(rule)}`,
    bands: allowanceBands(rule),
    method: `valid hours of the calendar year whose mean, rounded to the decimals of the limit, is above ${limitText(rule)}; ${allowanceText(rule)}`,
    completeness: 'at least 90 % of the hours of the days that have ended',
    source: EU_SOURCE,
    of,
    fold: sumOfHours,
  });
});

/** Guideline levels of 24 hours, and that of ozone for 8: other levels have the numbers of the EU. */
const WHO_LEVELS = WHO_2021.levels.filter(
  ({ averaging, pollutant }) => averaging === 'day' || (averaging === '8-hour' && pollutant === 'o3'),
);

/** Days above the guideline levels of the WHO; of a year three to four may be (99th percentile). */
export const airWhoDays: readonly KpiDefinition[] = WHO_LEVELS.flatMap((level) => {
  const pollutant = level.pollutant as PollutantId;
  const { name, unitLabel } = POLLUTANTS[pollutant];
  const value = `${level.guideline} ${unitLabel}`;
  const allowed = WHO_2021.exceedanceDaysAllowed;
  return overDays({
    ...countOf('days'),
    id: `air-${idPart(pollutant)}-who-days`,
    title: `${name}, days above the WHO guideline`,
    bands: [
      { name: `within ${allowed} a year`, upTo: allowed, color: '#2e9e6b' },
      { name: `more than ${allowed} a year`, upTo: Number.POSITIVE_INFINITY, color: '#d6503f' },
    ],
    method: `valid days of the calendar year whose ${level.averaging === 'day' ? 'mean' : 'highest 8-hour mean'} is above ${value}, not rounded; ${allowed} a year are taken for the 99th percentile`,
    completeness: OF_DAYS,
    source: WHO_2021.source,
    of: pollutant === 'o3' ? airMda8('o3') : airDayOf(pollutant),
    fold: countOfDays((mean) => exceedsWhoLevel(level, mean)),
  });
});

function countOf(unitLabel: 'days' | 'hours') {
  return { unit: '1', unitLabel, decimals: 0, spatial: WORST, level: 'device', windows: YEAR } as const;
}

function limitText({ pollutant, value }: { readonly pollutant: PollutantId; readonly value: number }): string {
  return `${value} ${POLLUTANTS[pollutant].unitLabel}`;
}

/** What the valid hours of all days add up to. */
function sumOfHours(days: readonly DayRecord[], { hours }: FoldSpan): Part {
  const known = days.filter(({ validCount }) => validCount > 0);
  const validCount = known.reduce((sum, day) => sum + day.validCount, 0);
  const value = known.length === 0 ? null : exactSum(known.map((day) => day.value ?? 0));
  return partOfYear(value, validCount, Math.round(hours));
}
