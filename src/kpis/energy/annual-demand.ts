import { exactSum } from '../../base/index.ts';
import type { DayRecord } from '../day-ledger.ts';
import type { CombinedPart, FoldSpan, KpiDefinition, Part, SpatialRule } from '../definition.ts';
import { highestOfDays, overDays, partOfYear } from '../long-kpi.ts';
import { COINCIDENT_PEAK, NO_PART, peakOf } from '../spatial-rules.ts';
import { gridBeforeCustomers } from './demand.ts';
import { energyLoadFactor } from './load-factor.ts';
import { peakDemand } from './peak-demand.ts';

/* Of a zone's days the intervals are not kept: where several zones are put together, their peaks of one day are added. */

const VALID = 'at least 90 % of the days that have ended are valid';

/** Highest demand of a year. */
export const annualPeakDemand: readonly KpiDefinition[] = overDays({
  id: 'peak-demand',
  title: 'Peak demand, 15 minutes',
  scopes: ['zone', 'city'],
  method:
    'highest energy of a clock-aligned 15-minute interval of the valid local days, as kW; of several zones the peaks of each day are added, which is no less than the peak of their sum; note: the day',
  completeness: VALID,
  of: peakDemand,
  level: 'zone',
  spatial: gridBeforeCustomers(
    COINCIDENT_PEAK,
    'zone: highest day; city: the peaks of its zones are added day by day before the highest is taken (an upper bound: they need not fall together); valid only when no zone is missing',
  ),
  fold: highestOfDays,
});

const DAYS_OF_ZONES: Omit<SpatialRule, 'text'> = {
  zone: (parts) => ofZones(parts.map(({ part }) => part)),
  parent: (parts) => ofZones(parts.map(({ part }) => part)),
};

/** Mean demand over the peak of a year. */
export const annualLoadFactor: readonly KpiDefinition[] = overDays({
  id: 'energy-load-factor',
  title: 'Load factor',
  scopes: ['zone', 'city'],
  method:
    'mean demand of the local days / highest demand among them; of several zones the means and, day by day, the peaks are added: a lower bound; null without load',
  completeness: VALID,
  of: energyLoadFactor,
  level: 'zone',
  spatial: gridBeforeCustomers(
    DAYS_OF_ZONES,
    'zone: its own; city: mean demands of its zones added, over the highest day of their peaks added day by day (a lower bound); valid only when no zone is missing',
  ),
  fold: loadFactorOfDays,
});

/** The numerator of a day is its mean demand, the denominator its peak, kW. */
function loadFactorOfDays(days: readonly DayRecord[], span: FoldSpan): Part {
  const whole = days.filter(({ valid, denominator, validCount, expectedCount }) => {
    // A day without load has no factor, and still a mean of 0.
    return valid || (denominator === 0 && validCount === expectedCount);
  });
  if (whole.length === 0) return partOfYear(null, 0, span.days);
  const mean = exactSum(whole.map(({ numerator }) => numerator)) / whole.length;
  const curve = new Map(whole.map(({ startMs, denominator }) => [startMs, denominator]));
  const { value, numerator, denominator } = factorOf(mean, curve);
  const part = partOfYear(value, whole.length, span.days);
  return { ...part, curve, numerator, denominator, bulk: whole.at(-1)?.bulk === true };
}

function ofZones(parts: readonly Part[]): CombinedPart {
  const valid = parts.filter((part) => part.valid);
  const used = valid.length > 0 ? valid : parts.filter(({ value }) => value !== null);
  if (used.length === 0) return { ...NO_PART, expectedCount: parts.length, used: [] };
  const curve = new Map<number, number>();
  for (const part of used) {
    for (const [atMs, peak] of part.curve ?? []) curve.set(atMs, (curve.get(atMs) ?? 0) + (peak ?? 0));
  }
  const factor = factorOf(exactSum(used.map(({ numerator = 0 }) => numerator)), curve);
  const isValid = valid.length === parts.length && factor.value !== null;
  return { ...factor, validCount: valid.length, expectedCount: parts.length, valid: isValid, note: '', curve, used };
}

function factorOf(meanKW: number, peaks: ReadonlyMap<number, number>) {
  const peakKW = peakOf(peaks)?.value ?? 0;
  return { value: peakKW > 0 ? meanKW / peakKW : null, numerator: meanKW, denominator: peakKW };
}
