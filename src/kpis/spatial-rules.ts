import { exactSum } from '../base/index.ts';
import { energyMean, populationWeightedMean } from './arithmetic/index.ts';
import type { CombinedPart, Part, SpatialRule, WeightedPart } from './definition.ts';
import { threeQuarters } from './hours.ts';
import { highestOf, IntervalCurve, sumCurves } from './interval-curve.ts';

/*
 * How devices make a zone and zones their parent (KPI.md 6.5). Invalid parts are used only where no valid one is left,
 * and then mark the result as invalid; parts without a value leave numerator and denominator. A mean or a ratio is valid
 * with half of its parts; a sum only with all of them, as it would be too small without one.
 */

/** Zone: arithmetic mean of its stations. Parent: mean weighted by population (SDG 11.6.2). */
export const MEAN_OF_STATIONS: SpatialRule = {
  text: 'zone: mean of its valid stations; city: mean of zones weighted by population, zones without data left out',
  zone: (parts) => combine(partsOf(parts), half, (values) => exactSum(values) / values.length),
  parent: (parts) => weighted(parts, (zones) => populationWeightedMean(zones).value),
  shares: { zone: equalShares, parent: populationShares },
};

/** Levels are averaged as energy, also with the weight of the people. */
export const ENERGETIC_MEAN: SpatialRule = {
  text: 'zone: energetic mean of its valid sensors; city: energetic mean of zones weighted by population',
  zone: (parts) => combine(partsOf(parts), half, energyMean),
  parent: (parts) =>
    weighted(parts, (zones) => {
      const energies = zones.map(({ value, population }) => ({ value: 10 ** (value / 10), population }));
      const mean = populationWeightedMean(energies).value;
      return mean === null ? null : 10 * Math.log10(mean);
    }),
  shares: { zone: equalShares, parent: populationShares },
};

/** The worst station decides for the zone, the worst zone for the city. */
export const WORST: SpatialRule = {
  text: 'zone: its worst valid station; city: its worst zone',
  zone: (parts) => worst(partsOf(parts)),
  parent: (parts) => worst(partsOf(parts)),
  shares: { zone: worstAlone, parent: (used) => worstAlone(partsOf(used)) },
};

/** Amounts add up. */
export const SUM: SpatialRule = {
  text: 'zone: sum of its valid devices; city: sum of its zones; valid only when none is missing',
  zone: (parts) => combine(partsOf(parts), all, exactSum),
  parent: (parts) => combine(partsOf(parts), all, exactSum),
};

/** A share or an amount per head: numerators and denominators add up on their own. */
export const RATIO: SpatialRule = {
  text: 'numerators and denominators of all valid devices are summed; zones without data leave both',
  zone: (parts) => ratio(partsOf(parts)),
  parent: (parts) => ratio(partsOf(parts)),
  shares: { zone: denominatorShares, parent: (used) => denominatorShares(partsOf(used)) },
};

/** The peak of the sum, not the sum of the peaks. */
export const COINCIDENT_PEAK: SpatialRule = {
  text: 'coincident peak: the intervals of all devices are summed before the highest is taken; valid only when no device is missing',
  zone: (parts) => coincidentPeak(partsOf(parts)),
  parent: (parts) => coincidentPeak(partsOf(parts)),
};

/** The minimum of the sum, not the sum of the minima. */
export const COINCIDENT_MINIMUM: SpatialRule = {
  text: 'coincident minimum: the hours of all meters are summed before the lowest is taken; an hour counts only when every meter has it',
  zone: (parts) => coincidentMinimum(partsOf(parts)),
  parent: (parts) => coincidentMinimum(partsOf(parts)),
};

export const NO_PART: Part = { value: null, validCount: 0, expectedCount: 0, valid: false, note: '' };

/** Parts that may be used: the valid ones, or all with a value where there is no valid one. */
export function usable(parts: readonly Part[]): readonly Part[] {
  const valid = parts.filter((part) => part.valid && part.value !== null);
  return valid.length > 0 ? valid : parts.filter((part) => part.value !== null);
}

/** Whether so many valid parts of those that exist make the whole valid. */
type Enough = (validCount: number, count: number) => boolean;
const half: Enough = (validCount, count) => validCount > 0 && 2 * validCount >= count;
const all: Enough = (validCount, count) => validCount > 0 && validCount === count;

function partsOf(parts: readonly { readonly part: Part }[]): readonly Part[] {
  return parts.map(({ part }) => part);
}

function nothing(parts: readonly Part[]): CombinedPart {
  return { ...NO_PART, expectedCount: parts.length, used: [] };
}

/** Counts of parts of which half must be valid. */
export function halfOf(parts: readonly Part[]): Pick<Part, 'validCount' | 'expectedCount' | 'valid'> {
  return counts(parts, half);
}

function counts(parts: readonly Part[], enough: Enough) {
  const validCount = parts.filter((part) => part.valid).length;
  return { validCount, expectedCount: parts.length, valid: enough(validCount, parts.length) };
}

function combine(
  parts: readonly Part[],
  enough: Enough,
  value: (values: readonly number[]) => number | null,
): CombinedPart {
  const used = usable(parts);
  if (used.length === 0) return nothing(parts);
  return {
    ...counts(parts, enough),
    value: value(used.map((part) => part.value ?? Number.NaN)),
    note: used.length === 1 ? (used[0]?.note ?? '') : '',
    used,
  };
}

function weighted(
  parts: readonly WeightedPart[],
  mean: (zones: readonly { readonly value: number; readonly population: number }[]) => number | null,
): CombinedPart {
  // Where nobody lives nothing weighs; only without any people in the configuration do zones weigh alike.
  const inhabited = parts.filter(({ population }) => population > 0);
  const weighs = inhabited.some(({ part }) => part.value !== null);
  const said = partsOf(weighs ? inhabited : parts);
  const used = usable(said);
  if (used.length === 0) return nothing(said);
  const isUsed = new Set(used);
  const zones = parts
    .filter(({ part }) => isUsed.has(part))
    .map(({ part, population }) => ({ value: part.value ?? Number.NaN, population: weighs ? population : 1 }));
  return { ...counts(said, half), value: mean(zones), note: '', used };
}

function worst(parts: readonly Part[]): CombinedPart {
  const used = usable(parts);
  const first = used[0];
  if (first === undefined) return nothing(parts);
  const most = worstOf(used, first);
  return { ...counts(parts, half), value: most.value, note: most.note, used };
}

function worstOf(used: readonly Part[], first: Part): Part {
  return used.reduce((a, b) => ((b.value ?? 0) > (a.value ?? 0) ? b : a), first);
}

function worstAlone(used: readonly Part[]): readonly number[] {
  const [first] = used;
  const most = first === undefined ? undefined : worstOf(used, first);
  return used.map((part) => (part === most ? 1 : 0));
}

function equalShares(used: readonly Part[]): readonly number[] {
  return used.map(() => 1 / used.length);
}

function populationShares(used: readonly WeightedPart[]): readonly number[] {
  const people = exactSum(used.map(({ population }) => population));
  return people > 0 ? used.map(({ population }) => population / people) : used.map(() => 1 / used.length);
}

function denominatorShares(used: readonly Part[]): readonly number[] {
  const whole = exactSum(used.map(({ denominator = 0 }) => denominator));
  return whole > 0 ? used.map(({ denominator = 0 }) => denominator / whole) : [];
}

function ratio(parts: readonly Part[]): CombinedPart {
  const used = usable(parts);
  if (used.length === 0) return nothing(parts);
  const numerator = exactSum(used.map((part) => part.numerator ?? 0));
  const denominator = exactSum(used.map((part) => part.denominator ?? 0));
  const value = denominator > 0 ? numerator / denominator : null;
  const { valid, ...count } = counts(parts, half);
  return {
    ...count,
    valid: valid && value !== null,
    value,
    note: '',
    numerator,
    denominator,
    used: value === null ? [] : used,
  };
}

/** A sum that lacks a device in an interval is below the real one, and so never a peak that was none. */
function coincidentPeak(parts: readonly Part[]): CombinedPart {
  const used = usable(parts);
  const curve =
    sumCurves(
      used.map((part) => part.curve ?? NO_CURVE),
      false,
    ) ?? sumsByTime(used);
  const peak = peakOf(curve);
  if (peak === undefined) return nothing(parts);
  return { ...counts(parts, all), value: peak.value, note: peak.note, curve, used };
}

const NO_CURVE: ReadonlyMap<number, number> = new Map();

/** Curves that do not share a grid. */
function sumsByTime(parts: readonly Part[]): ReadonlyMap<number, number> {
  const curve = new Map<number, number>();
  for (const [atMs, values] of valuesByTime(parts)) {
    const there = values.filter((value) => value !== null);
    if (there.length > 0) curve.set(atMs, exactSum(there));
  }
  return curve;
}

/** A sum that lacks a meter in an hour would be a minimum that was none: such hours do not count (KPI.md 4.2). */
function coincidentMinimum(parts: readonly Part[]): CombinedPart {
  const curve = new Map<number, number | null>();
  for (const [atMs, values] of valuesByTime(parts)) {
    const there = values.filter((value) => value !== null);
    curve.set(atMs, there.length === parts.length ? exactSum(there) : null);
  }
  const sums = [...curve.values()].filter((sum) => sum !== null);
  if (sums.length === 0) return { ...nothing(parts), curve };
  const { valid, ...count } = counts(parts, all);
  const value = sums.reduce((least, sum) => Math.min(least, sum));
  return { ...count, valid: valid && sums.length >= threeQuarters(curve.size), value, note: '', curve, used: parts };
}

function valuesByTime(parts: readonly Part[]): ReadonlyMap<number, readonly (number | null)[]> {
  const byTime = new Map<number, (number | null)[]>();
  for (const { curve } of parts) {
    for (const [atMs, value] of curve ?? []) {
      const values = byTime.get(atMs);
      if (values === undefined) byTime.set(atMs, [value]);
      else values.push(value);
    }
  }
  return byTime;
}

/** The highest interval of a curve; of equal ones the first. The note is its start in UTC. */
export function peakOf(curve: ReadonlyMap<number, number>): { value: number; note: string } | undefined {
  let best: { readonly atMs: number; readonly value: number } | undefined;
  if (curve instanceof IntervalCurve) best = highestOf(curve);
  else {
    for (const [atMs, value] of curve) {
      if (best === undefined || value > best.value || (value === best.value && atMs < best.atMs))
        best = { atMs, value };
    }
  }
  return best === undefined
    ? undefined
    : { value: best.value, note: Temporal.Instant.fromEpochMilliseconds(best.atMs).toString() };
}
