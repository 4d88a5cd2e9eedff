import { exactSum } from '../../base/index.ts';

/** A zone with its people and its value; null where the zone has no data. */
export interface WeightedZone {
  readonly population: number;
  readonly value: number | null;
}

/** A mean over people, with the number of people that it speaks of. */
export interface WeightedMean {
  /** Null when no zone with people has data. */
  readonly value: number | null;
  readonly coveredPopulation: number;
  readonly population: number;
}

/**
 * Mean of zones weighted by population. A zone without data leaves numerator and denominator: it is neither 0 nor the
 * mean of the others.
 *
 * @see SDG 11.6.2; U4SSC EN: EN: AQ: 1C
 */
export function populationWeightedMean(zones: readonly WeightedZone[]): WeightedMean {
  const covered = zones.filter((zone) => zone.value !== null);
  const coveredPopulation = exactSum(covered.map((zone) => zone.population));
  const weighted = exactSum(covered.map((zone) => zone.population * zone.value!));
  return {
    value: coveredPopulation > 0 ? weighted / coveredPopulation : null,
    coveredPopulation,
    population: exactSum(zones.map((zone) => zone.population)),
  };
}
