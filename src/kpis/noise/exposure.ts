import { EXPOSURE_BANDS, energyMean, exposureBands, exposureShare } from '../arithmetic/index.ts';
import type { Amounts, KpiDefinition, KpiSettings, SpatialRule } from '../definition.ts';
import { sumsOf } from '../meter-rule.ts';
import { halfOf, NO_PART, usable } from '../spatial-rules.ts';
import { ldenPart, periodPart } from './periods.ts';

export type ExposureIndex = 'lden' | 'lnight';

/** A level that people are exposed to, of a day or of a year. */
interface Exposure {
  readonly index: ExposureIndex;
  readonly id: string;
  readonly code: string;
  readonly name: string;
  /** Above it people are exposed, dB(A). */
  threshold(settings: KpiSettings): number;
}

export const EXPOSURES: readonly Exposure[] = [
  {
    ...{ index: 'lden', id: 'noise-exposure-lden', code: 'EN: EN: EQ: 2A', name: 'Lden' },
    threshold: ({ noise }) => noise.ldenThresholdDb,
  },
  {
    ...{ index: 'lnight', id: 'noise-exposure-lnight', code: '', name: 'Lnight' },
    threshold: ({ noise }) => noise.lnightThresholdDb,
  },
];

const LEVELS: Readonly<Record<ExposureIndex, KpiDefinition['device']>> = {
  lden: ldenPart,
  lnight: (device, window) => periodPart(device, window, 'night'),
};

/**
 * People of the city in zones whose level of the day lies above the threshold, and by 5-dB bands in the note. Points
 * stand for zones: an estimate of one day, and no strategic noise map (KPI.md 3).
 */
export const noiseExposure: readonly KpiDefinition[] = EXPOSURES.map(
  ({ index, id, code, name, threshold }): KpiDefinition => ({
    id,
    code,
    title: `Inhabitants exposed to noise, ${name} of the day (estimate)`,
    domain: 'noise',
    unit: '%',
    unitLabel: '% of inhabitants covered',
    window: 'day',
    direction: 'lower',
    decimals: 1,
    bands: [],
    scopes: ['city'],
    method: `inhabitants of zones whose ${name} lies above the threshold of the city (55 dB for Lden, 50 dB for Lnight by default), of those of zones with sensors; note: inhabitants by 5-dB band; one day, points for zones: an estimate, not an END map`,
    completeness: 'zones with half of their sensors valid',
    source: 'Directive 2002/49/EC, annex VI; U4SSC EN: EN: EQ: 2A, as a one-day indicator',
    quantities: ['laeq'],
    spatial: exposureRule(index),
    reachHours: 0,
    device: (device, window) => {
      const part = LEVELS[index](device, window);
      return part === null ? null : { ...part, amounts: { threshold: threshold(window.settings) } };
    },
  }),
);

/**
 * A zone's people are exposed to the energetic mean of its sensors; people of zones without a level are in no number.
 * Parts bring the threshold as an amount.
 */
export function exposureRule(index: ExposureIndex): SpatialRule {
  const { firstDb, lastDb } = EXPOSURE_BANDS[index];
  const names: string[] = [];
  for (let fromDb = firstDb; fromDb <= lastDb; fromDb += 5) names.push(`from${fromDb}`);
  const keys = ['exposed', 'covered', ...names];
  return {
    text: 'zone: its people, exposed or not by the energetic mean of its valid sensors; city: sum of the people of its zones; zones without data leave numerator and denominator',
    zone: (parts, { population }) => {
      const all = parts.map(({ part }) => part);
      const used = usable(all);
      const db = energyMean(used.map((part) => part.value ?? Number.NaN));
      if (db === null) return { ...NO_PART, expectedCount: all.length, used: [] };
      const { valid, ...counts } = halfOf(all);
      const amounts = peopleOf(index, db, population, used[0]?.amounts?.threshold ?? Number.NaN);
      return { ...saidOf(amounts, names, valid), ...counts, amounts, used };
    },
    parent: (parts) => {
      const all = parts.map(({ part }) => part);
      const used = usable(all);
      const amounts = sumsOf(used, keys);
      const { valid, ...counts } = halfOf(all);
      return { ...saidOf(amounts, names, valid), ...counts, amounts, used };
    },
  };
}

function peopleOf(index: ExposureIndex, level: number, population: number, thresholdDb: number): Amounts {
  const bands = exposureBands([{ population, level }], EXPOSURE_BANDS[index]);
  const { percent } = exposureShare([{ population, lden: level }], thresholdDb);
  return {
    covered: population,
    exposed: percent === 100 ? population : 0,
    ...Object.fromEntries(bands.map((band) => [`from${band.fromDb}`, band.population])),
  };
}

/** Where nobody lives there is a level and no share: such a zone leaves the city's numbers. */
function saidOf(amounts: Amounts, names: readonly string[], isValid: boolean) {
  const { exposed = 0, covered = 0 } = amounts;
  const value = covered > 0 ? (100 * exposed) / covered : null;
  const bands = names.map((name, index) => {
    const fromDb = Number(name.slice('from'.length));
    return `${index === names.length - 1 ? `>=${fromDb}` : `${fromDb}-${fromDb + 4}`}: ${amounts[name] ?? 0}`;
  });
  const valid = isValid && value !== null;
  return { value, valid, note: bands.join(', '), numerator: 100 * exposed, denominator: covered };
}
