import { HOUR_MS, QUARTER_MS } from '../../base/index.ts';
import type { CombinedPart, KpiDevice, KpiHour, KpiSeries, KpiWindow, Part, SpatialRule } from '../definition.ts';
import { threeQuarters, type WholeInterval, wholeIntervals } from '../hours.ts';
import { IntervalCurve } from '../interval-curve.ts';
import { isDistrict, ownOrBelow } from '../meter-rule.ts';
import { remembered } from '../shared-work.ts';
import { importSeries } from './energy-day.ts';

/** Quantities that demand is made of. */
export const DEMAND_QUANTITIES = ['energy_import', 'energy_delta'] as const;

/** Demand of a meter by quarter-hour of a local day, with what was expected. */
export interface DemandDay {
  /** kW. */
  readonly curve: IntervalCurve;
  readonly expectedCount: number;
  readonly isComplete: boolean;
}

/**
 * Demand of clock-aligned quarter-hours of the local day; null for meters without a part in it. An hourly value stands
 * for its four quarters. Both KPIs of demand share it.
 */
export function demandDay(device: KpiDevice, window: KpiWindow): DemandDay | null {
  if (device.facts.role !== 'customer' && device.facts.role !== 'grid') return null;
  return remembered<DemandDay | null>('demand', device, window, () => {
    const phases = importSeries(device, window);
    if (phases.length === 0) return null;
    const curve = demandCurve(phases, window);
    const expectedCount = curve.cells.length;
    return { curve, expectedCount, isComplete: curve.size >= threeQuarters(expectedCount) };
  });
}

function demandCurve(phases: readonly KpiSeries[], window: KpiWindow): IntervalCurve {
  const { startMs, endMs } = window;
  const isRegister = phases[0]?.series.kind === 'counter';
  const isHourly = phases.some(({ series }) => series.expectEveryMs > QUARTER_MS);
  const intervals = phases.map((series) => (isHourly ? series.hours(startMs, endMs) : series.quarters(startMs, endMs)));
  const cells = Array<number>(Math.round((endMs - startMs) / QUARTER_MS)).fill(Number.NaN);
  for (const interval of wholeIntervals(intervals, isRegister ? isCrossed : isFull).values())
    fill(cells, startMs, interval);
  return new IntervalCurve(startMs, QUARTER_MS, cells);
}

function fill(cells: number[], dayStartMs: number, { startMs, endMs, value }: WholeInterval): void {
  const demandKW = (value * HOUR_MS) / (endMs - startMs);
  for (let atMs = startMs; atMs < endMs; atMs += QUARTER_MS) cells[(atMs - dayStartMs) / QUARTER_MS] = demandKW;
}

/** The increase of a register reaches across the whole interval. */
function isCrossed({ made }: KpiHour): boolean {
  return made.isCrossed;
}

/** Every expected part of an interval's energy came. */
function isFull({ made }: KpiHour): boolean {
  return made.isFull;
}

/**
 * A zone's grid meters see the demand of its customers: where it has any, they alone count. So do those of the city
 * itself, where nobody lives outside of its zones.
 */
export function gridBeforeCustomers(rule: Omit<SpatialRule, 'text'>, text: string): SpatialRule {
  return {
    text: `${text}; a zone\u2019s grid meters, where it has any, instead of its customers\u2019`,
    zone: (parts, zone): CombinedPart => {
      const grid = parts.filter(({ facts }) => isDistrict(facts));
      return grid.length === 0 ? rule.zone(parts, zone) : { ...rule.zone(grid, zone), bulk: true };
    },
    parent: (parts): CombinedPart =>
      rule.parent(ownOrBelow(parts, ({ part, population }) => part.bulk === true && population === 0)),
  };
}

/** What a demand says by itself. */
export function demandPart(day: DemandDay, value: number | null, note = ''): Part {
  const { curve, expectedCount, isComplete } = day;
  return { value, validCount: curve.size, expectedCount, valid: value !== null && isComplete, note, curve };
}
