import { exactSum } from '../base/index.ts';
import { energyMean, populationWeightedMean } from './arithmetic/index.ts';
import type { Part, SpatialRule, WeightedPart } from './definition.ts';

/*
 * How devices make a zone and zones their parent (KPI.md 6.5). Invalid parts are used only where no valid one is left,
 * and then mark the result as invalid; parts without a value leave numerator and denominator.
 */

/** Zone: arithmetic mean of its stations. Parent: mean weighted by population (SDG 11.6.2). */
export const MEAN_OF_STATIONS: SpatialRule = {
  text: 'zone: mean of its valid stations; city: mean of zones weighted by population, zones without data left out',
  zone: (parts) => combine(partsOf(parts), (values) => exactSum(values) / values.length),
  parent: (parts) => weighted(parts, (zones) => populationWeightedMean(zones).value),
};

/** Levels are averaged as energy, also with the weight of the people. */
export const ENERGETIC_MEAN: SpatialRule = {
  text: 'zone: energetic mean of its valid sensors; city: energetic mean of zones weighted by population',
  zone: (parts) => combine(partsOf(parts), energyMean),
  parent: (parts) =>
    weighted(parts, (zones) => {
      const energies = zones.map(({ value, population }) => ({ value: 10 ** (value / 10), population }));
      const mean = populationWeightedMean(energies).value;
      return mean === null ? null : 10 * Math.log10(mean);
    }),
};

/** The worst station decides for the zone, the worst zone for the city. */
export const WORST: SpatialRule = {
  text: 'zone: its worst valid station; city: its worst zone',
  zone: (parts) => worst(partsOf(parts)),
  parent: (parts) => worst(parts.map(({ part }) => part)),
};

/** Amounts add up. */
export const SUM: SpatialRule = {
  text: 'zone: sum of its valid devices; city: sum of its zones',
  zone: (parts) => combine(partsOf(parts), exactSum),
  parent: (parts) =>
    combine(
      parts.map(({ part }) => part),
      exactSum,
    ),
};

/** A share or an amount per head: numerators and denominators add up on their own. */
export const RATIO: SpatialRule = {
  text: 'numerators and denominators of all valid devices are summed; zones without data leave both',
  zone: (parts) => ratio(partsOf(parts)),
  parent: (parts) => ratio(parts.map(({ part }) => part)),
};

/** The peak of the sum, not the sum of the peaks. */
export const COINCIDENT_PEAK: SpatialRule = {
  text: 'coincident peak: the intervals of all devices are summed before the highest is taken',
  zone: (parts) => coincidentPeak(partsOf(parts)),
  parent: (parts) => coincidentPeak(parts.map(({ part }) => part)),
};

export const NO_PART: Part = { value: null, validCount: 0, expectedCount: 0, valid: false, note: '' };

/** Parts that may be used: the valid ones, or all with a value where there is no valid one. */
export function usable(parts: readonly Part[]): readonly Part[] {
  const valid = parts.filter((part) => part.valid && part.value !== null);
  return valid.length > 0 ? valid : parts.filter((part) => part.value !== null);
}

function partsOf(parts: readonly { readonly part: Part }[]): readonly Part[] {
  return parts.map(({ part }) => part);
}

function combine(parts: readonly Part[], value: (values: readonly number[]) => number | null): Part {
  const used = usable(parts);
  if (used.length === 0) return { ...NO_PART, expectedCount: parts.length };
  return {
    ...counts(parts),
    value: value(used.map((part) => part.value ?? Number.NaN)),
    note: used.length === 1 ? (used[0]?.note ?? '') : '',
  };
}

/** Valid parts of those that exist; half of them make the whole valid. */
function counts(parts: readonly Part[]) {
  const validCount = parts.filter((part) => part.valid).length;
  return { validCount, expectedCount: parts.length, valid: validCount > 0 && 2 * validCount >= parts.length };
}

function weighted(
  parts: readonly WeightedPart[],
  mean: (zones: readonly { readonly value: number; readonly population: number }[]) => number | null,
): Part {
  const used = usable(partsOf(parts));
  if (used.length === 0) return { ...NO_PART, expectedCount: parts.length };
  const zones = parts
    .filter(({ part }) => used.includes(part))
    .map(({ part, population }) => ({ value: part.value ?? Number.NaN, population }));
  const people = exactSum(zones.map((zone) => zone.population));
  // Without any population in the configuration zones weigh alike.
  const value = mean(people > 0 ? zones : zones.map((zone) => ({ ...zone, population: 1 })));
  return { ...counts(partsOf(parts)), value, note: '' };
}

function worst(parts: readonly Part[]): Part {
  const used = usable(parts);
  const first = used[0];
  if (first === undefined) return { ...NO_PART, expectedCount: parts.length };
  const most = used.reduce((a, b) => ((b.value ?? 0) > (a.value ?? 0) ? b : a), first);
  return { ...counts(parts), value: most.value, note: most.note };
}

function ratio(parts: readonly Part[]): Part {
  const used = usable(parts);
  if (used.length === 0) return { ...NO_PART, expectedCount: parts.length };
  const numerator = exactSum(used.map((part) => part.numerator ?? 0));
  const denominator = exactSum(used.map((part) => part.denominator ?? 0));
  const value = denominator > 0 ? numerator / denominator : null;
  const { valid, ...count } = counts(parts);
  return { ...count, valid: valid && value !== null, value, note: '', numerator, denominator };
}

function coincidentPeak(parts: readonly Part[]): Part {
  const used = usable(parts);
  const curve = new Map<number, number>();
  for (const part of used) {
    for (const [atMs, value] of part.curve ?? []) curve.set(atMs, (curve.get(atMs) ?? 0) + value);
  }
  const peak = peakOf(curve);
  if (peak === undefined) return { ...NO_PART, expectedCount: parts.length };
  return { ...counts(parts), value: peak.value, note: peak.note, curve };
}

/** The highest interval of a curve; of equal ones the first. The note is its start in UTC. */
export function peakOf(curve: ReadonlyMap<number, number>): { value: number; note: string } | undefined {
  let best: { atMs: number; value: number } | undefined;
  for (const [atMs, value] of curve) {
    if (best === undefined || value > best.value || (value === best.value && atMs < best.atMs)) best = { atMs, value };
  }
  return best === undefined
    ? undefined
    : { value: best.value, note: Temporal.Instant.fromEpochMilliseconds(best.atMs).toString() };
}
