import { HOUR_MS } from '../../base/index.ts';
import { expectedSlotsOf } from '../../model/index.ts';
import type { KpiDefinition, KpiHour, KpiSeries, KpiWindow } from '../definition.ts';
import { RATIO } from '../spatial-rules.ts';

/** Share of the expected readings of smart meters that arrived in the last 24 hours, of meters that reported at all. */
export const meterAvailability: KpiDefinition = {
  id: 'meter-availability',
  code: '',
  title: 'Smart meter availability',
  domain: 'network',
  unit: '%',
  unitLabel: '%',
  window: 'rolling-24h',
  direction: 'higher',
  decimals: 1,
  bands: [
    { name: 'poor', upTo: 90, color: '#d6503f' },
    { name: 'fair', upTo: 98, color: '#e3c440' },
    { name: 'good', upTo: Number.POSITIVE_INFINITY, color: '#2e9e6b' },
  ],
  scopes: ['zone', 'city'],
  method:
    'readings that meters delivered in the last 24 hours, of those that their reporting intervals ask for, over all meters that reported in them',
  completeness: 'a meter that reported in the last 24 hours',
  source: 'supports U4SSC EC: ICT: WS: 1C and EC: ICT: ES: 1C',
  quantities: ['water_volume', 'water_flow', 'energy_import', 'heat_energy', 'gas_volume'],
  spatial: RATIO,
  reachHours: 23,
  device: (device, window) => {
    if (device.facts.role === 'ambient' || device.facts.role === 'ignore') return null;
    const heard = device.series
      .map((one) => ({ everyMs: one.series.expectEveryMs, hours: readHours(one, window) }))
      .filter(({ hours }) => hours.length > 0);
    if (heard.length === 0) return null;
    const everyMs = heard.reduce((least, one) => Math.min(least, one.everyMs), Number.POSITIVE_INFINITY);
    // A meter slower than the window owes it one reading.
    const expectedCount = expectedSlotsOf(window.startMs, window.endMs, everyMs);
    const fastest = heard.filter((one) => one.everyMs === everyMs);
    const delivered = fastest.map(({ hours }) => slotsOf(hours, everyMs));
    const validCount = Math.min(expectedCount, Math.max(...delivered));
    return {
      value: (100 * validCount) / expectedCount,
      validCount,
      expectedCount,
      valid: true,
      note: '',
      numerator: 100 * validCount,
      denominator: expectedCount,
    };
  },
};

/** Hours in which the meter delivered, not those that a register's increase only reaches across. */
function readHours(series: KpiSeries, window: KpiWindow): readonly KpiHour[] {
  return series.hours(window.startMs, window.endMs).filter(({ made }) => made.isRead);
}

/**
 * Expected readings that came. Hours count their own; for a meter slower than hourly a reading fills the next slot when
 * it comes at least three quarters of the interval after the one before, as within hours.
 */
function slotsOf(hours: readonly KpiHour[], everyMs: number): number {
  if (everyMs <= HOUR_MS) return hours.reduce((sum, hour) => sum + hour.made.coveredSlots, 0);
  let count = 0;
  let slotMs = Number.NEGATIVE_INFINITY;
  for (const { pane } of hours) {
    if (pane.firstMs - slotMs < 0.75 * everyMs) continue;
    count++;
    slotMs = pane.firstMs;
  }
  return count;
}
