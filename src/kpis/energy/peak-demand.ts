import { HOUR_MS, QUARTER_MS } from '../../base/index.ts';
import type { KpiDefinition, KpiHour, KpiSeries, KpiWindow } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, threeQuarters, wholeIntervals, wholeSeries } from '../hours.ts';
import { COINCIDENT_PEAK, peakOf } from '../spatial-rules.ts';

/**
 * Highest demand of clock-aligned 15-minute intervals of the local day, kW. A register that is read less often than
 * every 15 minutes has no 15-minute demand; its hours are used, and the note of the method says so (KPI.md 5).
 */
export const peakDemand: KpiDefinition = {
  id: 'peak-demand',
  code: '',
  title: 'Peak demand, 15 minutes',
  domain: 'energy',
  unit: 'kW',
  unitLabel: 'kW',
  window: 'day',
  direction: 'lower',
  decimals: 1,
  bands: [],
  scopes: ['device', 'zone', 'city'],
  method:
    'highest energy of a clock-aligned 15-minute interval, as kW; registers read less often than that count with their hours; note: start of the interval',
  completeness: 'at least 75 % of the intervals of the day, measured whole',
  source: 'clock-aligned interval demand of electricity metering',
  quantities: ['energy_import'],
  spatial: COINCIDENT_PEAK,
  reachHours: EXPECTED_AFTER_HOURS,
  looksAt: ['hours', 'quarters'],
  device: (device, window) => {
    if (device.facts.role !== 'customer' && device.facts.role !== 'grid') return null;
    const phases = wholeSeries(device, 'energy_import', window);
    if (phases.length === 0) return null;
    const intervalMs = phases.some(({ series }) => series.expectEveryMs > QUARTER_MS) ? HOUR_MS : QUARTER_MS;
    const curve = demandCurve(phases, window, intervalMs);
    const peak = peakOf(curve);
    const expectedCount = Math.round((window.endMs - window.startMs) / QUARTER_MS);
    const validCount = curve.size;
    return {
      value: peak?.value ?? null,
      validCount,
      expectedCount,
      valid: peak !== undefined && validCount >= threeQuarters(expectedCount),
      note: peak?.note ?? '',
      curve,
    };
  },
};

/** Demand in kW by quarter-hour; whole intervals only. An hourly value stands for its four quarters. */
function demandCurve(phases: readonly KpiSeries[], window: KpiWindow, intervalMs: number): Map<number, number> {
  const { startMs, endMs } = window;
  const intervals = phases.map((series) =>
    intervalMs === QUARTER_MS ? series.quarters(startMs, endMs) : series.hours(startMs, endMs),
  );
  const curve = new Map<number, number>();
  for (const interval of wholeIntervals(intervals, isWhole).values()) {
    const demandKW = (interval.value * HOUR_MS) / (interval.endMs - interval.startMs);
    for (let atMs = interval.startMs; atMs < interval.endMs; atMs += QUARTER_MS) curve.set(atMs, demandKW);
  }
  return curve;
}

function isWhole(interval: KpiHour): boolean {
  return interval.pane.increaseCoveredMs >= interval.endMs - interval.startMs;
}
