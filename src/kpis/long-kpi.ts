import { exactSum } from '../base/index.ts';
import { annualComplete90, requiredValues90 } from './arithmetic/index.ts';
import type { DayRecord } from './day-ledger.ts';
import type { DayFold, FoldSpan, KpiDefinition, Part } from './definition.ts';
import type { LongWindow } from './long-windows.ts';

/*
 * KPIs of many days, made of a KPI of a day. Completeness is judged against the days of the window that have ended: a
 * year to date is complete when its days so far are, the last 365 days only after 365 of them.
 */

/** What a KPI of many days says of itself beside what the KPI of the day says. */
export interface LongKpi
  extends Pick<KpiDefinition, 'id' | 'title' | 'method' | 'completeness'>,
    Partial<
      Pick<
        KpiDefinition,
        'code' | 'unit' | 'unitLabel' | 'direction' | 'decimals' | 'bands' | 'scopes' | 'source' | 'spatial'
      >
    > {
  readonly of: KpiDefinition;
  readonly level: DayFold['level'];
  /** Both the last 365 days and the calendar year when absent. */
  readonly windows?: readonly LongWindow[];
  readonly yearsBefore?: DayFold['yearsBefore'];
  fold(days: readonly DayRecord[], span: FoldSpan): Part;
}

const SUFFIXES: Readonly<Record<LongWindow, readonly [id: string, title: string]>> = {
  'rolling-365d': ['365d', 'last 365 days'],
  year: ['year', 'year to date'],
  month: ['month', 'month to date'],
};

/** One definition for each window: `<id>-365d` and `<id>-year` (KPI.md 1.4). */
export function overDays(spec: LongKpi): KpiDefinition[] {
  const { of, level, fold, yearsBefore = 0, windows = ['rolling-365d', 'year'], ...info } = spec;
  return windows.map((window) => {
    const [id, title] = SUFFIXES[window];
    const { days: _none, live: _live, looksAt: _looks, ...day } = of;
    return {
      ...day,
      ...info,
      id: `${spec.id}-${id}`,
      title: `${spec.title}, ${title}`,
      window,
      reachHours: 0,
      days: { of, level, yearsBefore, fold },
      device: () => null,
    };
  });
}

/** The mean of all valid hours of the days, each hour alike (2008/50/EC: from hourly values, 90 % of them). */
export function meanOfHours(days: readonly DayRecord[], { hours }: FoldSpan): Part {
  const known = days.filter(({ value, validCount }) => value !== null && validCount > 0);
  const validCount = known.reduce((sum, day) => sum + day.validCount, 0);
  const sum = exactSum(known.map(({ value, validCount: hoursOfDay }) => (value ?? 0) * hoursOfDay));
  const value = validCount > 0 ? sum / validCount : null;
  return partOfYear(value, validCount, Math.round(hours));
}

/** Amounts of the valid days, added up; what days that are missing would add is not guessed. */
export function sumOfDays(days: readonly DayRecord[], span: FoldSpan): Part {
  const valid = validDays(days);
  return partOfYear(valid.length === 0 ? null : exactSum(valid.map(numberOf)), valid.length, span.days);
}

/** The plain mean of what the valid days said. */
export function meanOfDays(days: readonly DayRecord[], span: FoldSpan): Part {
  const valid = validDays(days);
  const value = valid.length === 0 ? null : exactSum(valid.map(numberOf)) / valid.length;
  return partOfYear(value, valid.length, span.days);
}

/** Levels of the valid days, averaged as energy (2002/49/EC, annex I: a year of equal weight for each day). */
export function energeticMeanOfDays(days: readonly DayRecord[], span: FoldSpan): Part {
  const valid = validDays(days);
  const energy = exactSum(valid.map((day) => 10 ** (numberOf(day) / 10))) / valid.length;
  return partOfYear(valid.length === 0 ? null : 10 * Math.log10(energy), valid.length, span.days);
}

/** Valid days that a rule picks. */
export function countOfDays(isCounted: (value: number) => boolean): LongKpi['fold'] {
  return (days, span) => {
    const valid = validDays(days);
    const count = valid.filter((day) => isCounted(numberOf(day))).length;
    return partOfYear(valid.length === 0 ? null : count, valid.length, span.days);
  };
}

/** Numerators over denominators of the valid days, each added up: a mean per head and day, a share. */
export function ratioOfDays(days: readonly DayRecord[], span: FoldSpan): Part {
  const valid = validDays(days);
  const numerator = exactSum(valid.map((day) => day.numerator));
  const denominator = exactSum(valid.map((day) => day.denominator));
  const value = denominator > 0 ? numerator / denominator : null;
  return { ...partOfYear(value, valid.length, span.days), numerator, denominator };
}

/** The sum of each amount over the valid days. */
export function amountsOf(days: readonly DayRecord[]): Record<string, number> {
  const amounts: Record<string, number[]> = {};
  for (const day of validDays(days)) {
    for (const [name, amount] of Object.entries(day.amounts)) {
      amounts[name] ??= [];
      amounts[name].push(amount);
    }
  }
  return Object.fromEntries(Object.entries(amounts).map(([name, all]) => [name, exactSum(all)]));
}

export function validDays(days: readonly DayRecord[]): readonly DayRecord[] {
  return days.filter(({ value, valid }) => valid && value !== null);
}

/** A part that is valid with 90 % of what was to be expected (KPI.md 6.2). */
export function partOfYear(value: number | null, validCount: number, expectedCount: number): Part {
  const valid = value !== null && validCount > 0 && annualComplete90(validCount, expectedCount);
  return { value, validCount, expectedCount, neededCount: requiredValues90(expectedCount), valid, note: '' };
}

function numberOf({ value }: DayRecord): number {
  return value ?? Number.NaN;
}
