import { loadFactor } from '../arithmetic/index.ts';
import type { CombinedPart, KpiDefinition, Part } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, threeQuarters } from '../hours.ts';
import { type IntervalCurve, sumCurves } from '../interval-curve.ts';
import { NO_PART } from '../spatial-rules.ts';
import { DEMAND_QUANTITIES, demandDay, demandPart, gridBeforeCustomers } from './demand.ts';

/** Mean demand over peak demand of the local day, from the same intervals as the peak (KPI.md 5). */
export const energyLoadFactor: KpiDefinition = {
  id: 'energy-load-factor',
  code: '',
  title: 'Load factor',
  domain: 'energy',
  unit: '1',
  unitLabel: 'mean kW / peak kW',
  window: 'day',
  direction: 'higher',
  decimals: 3,
  bands: [],
  scopes: ['device', 'zone', 'city'],
  method: 'mean demand / highest demand of the clock-aligned 15-minute intervals of the local day; null without load',
  completeness: 'at least 75 % of the intervals of the day, measured whole by every meter',
  source: 'load factor of electricity supply',
  quantities: DEMAND_QUANTITIES,
  spatial: gridBeforeCustomers(
    { zone: (parts) => ofSum(parts.map(({ part }) => part)), parent: (parts) => ofSum(parts.map(({ part }) => part)) },
    'that of the sum of all meters, interval by interval; intervals that a meter lacks are left out; valid only when no meter is missing',
  ),
  reachHours: EXPECTED_AFTER_HOURS,
  looksAt: ['hours', 'quarters'],
  device: (device, window) => {
    const day = demandDay(device, window);
    return day === null ? null : { ...demandPart(day, null), ...factorOf(day.curve, day.isComplete) };
  },
};

function ofSum(parts: readonly Part[]): CombinedPart {
  const whole = parts.filter(isWhole);
  const used = whole.length > 0 ? whole : parts.filter(({ curve }) => curve !== undefined && curve.size > 0);
  const curve = sumCurves(
    used.map((part) => part.curve!),
    true,
  );
  if (curve === undefined) return { ...NO_PART, expectedCount: parts.length, used: [] };
  const isComplete = whole.length === parts.length && curve.size >= threeQuarters(curve.cells.length);
  const counts = { validCount: whole.length, expectedCount: parts.length };
  return { ...factorOf(curve, isComplete), ...counts, note: '', curve, used };
}

/** Valid, or without load: such a meter has no factor of its own, and still a part in the sum. */
function isWhole({ valid, curve, denominator, validCount, expectedCount }: Part): boolean {
  return valid || (curve !== undefined && denominator === 0 && validCount >= threeQuarters(expectedCount));
}

/** Numerator: mean kW. Denominator: peak kW. */
function factorOf(curve: IntervalCurve, isComplete: boolean) {
  const demands: number[] = [];
  let peak = 0;
  for (const kw of curve.cells) {
    if (Number.isNaN(kw)) continue;
    demands.push(kw);
    if (kw > peak) peak = kw;
  }
  const value = loadFactor(demands);
  return { value, valid: value !== null && isComplete, numerator: (value ?? 0) * peak, denominator: peak };
}
