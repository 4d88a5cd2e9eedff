import { DAY_MS, exactSum, HOUR_MS } from '../base/index.ts';
import { annualComplete90, requiredValues90, yearlyMeanOfDays } from './arithmetic/index.ts';
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
        'code' | 'unit' | 'unitLabel' | 'direction' | 'decimals' | 'bands' | 'scopes' | 'source' | 'spatial' | 'facts'
      >
    > {
  readonly of: KpiDefinition;
  readonly level: DayFold['level'];
  /** Both the last 365 days and the calendar year when absent. */
  readonly windows?: readonly LongWindow[];
  readonly yearsBefore?: DayFold['yearsBefore'];
  /** How it is named instead of by its window: end of the id, and of the title. */
  readonly suffix?: readonly [id: string, title: string];
  fold(days: readonly DayRecord[], span: FoldSpan): Part;
}

const SUFFIXES: Readonly<Record<LongWindow, readonly [id: string, title: string]>> = {
  'rolling-365d': ['365d', 'last 365 days'],
  year: ['year', 'year to date'],
  month: ['month', 'month to date'],
};

/** One definition for each window: `<id>-365d` and `<id>-year` (KPI.md 1.4). */
export function overDays(spec: LongKpi): KpiDefinition[] {
  const { of, level, fold, yearsBefore = 0, windows = ['rolling-365d', 'year'], suffix, ...info } = spec;
  return windows.map((window) => {
    const [id, title] = suffix ?? SUFFIXES[window];
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
  const hoursOfDays = days.map(({ value, validCount }) => ({ mean: value, validHours: validCount }));
  const { mean, validCount, possibleCount } = yearlyMeanOfDays(hoursOfDays, Math.round(hours));
  return partOfYear(mean, validCount, possibleCount);
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

/**
 * A mean per head and day: numerators and denominators of the valid days, each weighted by the length of the day, which
 * makes a mean of rates one of amounts (KPI.md 4.1). Both are given of one mean day: a zone weighs by its people then,
 * and not by how many of its days are valid.
 */
export function rateOfDays(days: readonly DayRecord[], span: FoldSpan): Part {
  const valid = validDays(days);
  const lengths = lengthsOf(valid);
  const mean = (pick: 'numerator' | 'denominator') =>
    exactSum(valid.map((day, index) => day[pick] * lengths[index]!)) / exactSum(lengths);
  const [numerator, denominator] = [mean('numerator'), mean('denominator')];
  const part = partOfYear(denominator > 0 ? numerator / denominator : null, valid.length, span.days);
  if (valid.length === 0) return part;
  return { ...part, numerator, denominator, bulk: valid.at(-1)?.bulk === true };
}

/** The highest of the valid days; the curve holds what each day said, the note says which was the highest. */
export function highestOfDays(days: readonly DayRecord[], span: FoldSpan): Part {
  const valid = validDays(days);
  const highest = valid.reduce<DayRecord | undefined>(
    (most, day) => (most === undefined || numberOf(day) > numberOf(most) ? day : most),
    undefined,
  );
  const part = partOfYear(highest?.value ?? null, valid.length, span.days);
  if (highest === undefined) return part;
  const note = span.window.calendar.isoDate(highest.startMs);
  const curve = new Map(valid.map((day) => [day.startMs, numberOf(day)]));
  return { ...part, note, curve, bulk: valid.at(-1)?.bulk === true };
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

/** Longer than any day, those of clock changes too, and shorter than two, ms. */
const LONGEST_DAY_MS = 26 * HOUR_MS;

/** Lengths of days, ms: the distance to the day that follows, 24 hours where that one is missing. */
function lengthsOf(days: readonly DayRecord[]): number[] {
  return days.map(({ startMs }, index) => {
    const lengthMs = (days[index + 1]?.startMs ?? Number.POSITIVE_INFINITY) - startMs;
    return lengthMs < LONGEST_DAY_MS ? lengthMs : DAY_MS;
  });
}
