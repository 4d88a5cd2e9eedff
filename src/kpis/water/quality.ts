import { HOUR_MS } from '../../base/index.ts';
import { expectedSlotsOf } from '../../model/index.ts';
import { complies } from '../arithmetic/index.ts';
import type { KpiDefinition, KpiDevice, KpiWindow } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, hoursOf, mainSeries, threeQuarters } from '../hours.ts';
import { RATIO } from '../spatial-rules.ts';

/** Quantities of water quality that limits can be set for. */
const QUALITY = ['ph', 'turbidity', 'free_chlorine', 'conductivity', 'water_temperature'] as const;

/**
 * Share of samples inside the limits, a sample being the valid hourly means of a probe. A supporting value: U4SSC
 * EN: EN: WS: 1C counts households under an audited Water Safety Plan, which no probe can see (KPI.md 4.5).
 */
export const waterQuality: KpiDefinition = {
  id: 'water-quality-compliance',
  code: '',
  title: 'Water quality within limits (supporting, not EN: EN: WS: 1C)',
  domain: 'water',
  unit: '%',
  unitLabel: '% of samples',
  window: 'day',
  direction: 'higher',
  decimals: 1,
  bands: [
    { name: 'limits exceeded', upTo: 99.999_999, color: '#d6503f' },
    { name: 'all within limits', upTo: Number.POSITIVE_INFINITY, color: '#2e9e6b' },
  ],
  scopes: ['device', 'zone', 'city'],
  method:
    'hours of the local day in which every hourly mean that was measured lies inside the limits of the city (by default pH 6.5 to 8.5, turbidity up to 5 NTU, free chlorine 0.2 to 5 mg/l), of all hours with a mean',
  completeness: 'hourly means for at least 75 % of the day, or of the samples that a slower probe is expected to send',
  source: 'WHO guidelines for drinking-water quality; supporting value only',
  quantities: QUALITY,
  spatial: RATIO,
  reachHours: EXPECTED_AFTER_HOURS,
  device: (device, window) => {
    const samples = samplesOf(device, window);
    if (samples === undefined) return null;
    const { limits } = window.settings.water;
    const verdicts = [...samples.byHour.values()].map((sample) => complies(sample, limits));
    const judged = verdicts.filter((verdict) => verdict !== null);
    const good = judged.filter((verdict) => verdict).length;
    return {
      value: judged.length > 0 ? (100 * good) / judged.length : null,
      validCount: Math.min(judged.length, samples.expectedCount),
      expectedCount: samples.expectedCount,
      valid: judged.length > 0 && judged.length >= threeQuarters(samples.expectedCount),
      note: '',
      numerator: 100 * good,
      denominator: judged.length,
    };
  },
};

interface Samples {
  /** Hourly means by quantity, by the start of the hour. */
  readonly byHour: ReadonlyMap<number, Readonly<Record<string, number>>>;
  readonly expectedCount: number;
}

/** Undefined when nothing with a limit is measured, or was not lately. */
function samplesOf(device: KpiDevice, window: KpiWindow): Samples | undefined {
  if (device.facts.role === 'ignore') return undefined;
  const expected = { startMs: window.startMs - EXPECTED_AFTER_HOURS * HOUR_MS, endMs: window.endMs };
  const byHour = new Map<number, Record<string, number>>();
  let everyMs = Number.POSITIVE_INFINITY;
  for (const quantity of QUALITY) {
    if (window.settings.water.limits[quantity] === undefined) continue;
    const series = mainSeries(device, quantity, window) ?? mainSeries(device, quantity, expected);
    if (series === undefined || !series.hasHours(expected.startMs, expected.endMs)) continue;
    everyMs = Math.min(everyMs, series.series.expectEveryMs);
    for (const hour of series.hours(window.startMs, window.endMs)) {
      if (!hour.valid || hour.value === null) continue;
      const sample = byHour.get(hour.startMs) ?? {};
      sample[quantity] = hour.value;
      byHour.set(hour.startMs, sample);
    }
  }
  if (everyMs === Number.POSITIVE_INFINITY) return undefined;
  const perSample = Math.max(HOUR_MS, everyMs);
  return { byHour, expectedCount: expectedSlotsOf(0, hoursOf(window) * HOUR_MS, perSample) };
}
