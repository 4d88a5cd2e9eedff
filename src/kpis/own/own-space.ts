import type { OwnSpace } from '../../model/index.ts';
import type { CombinedPart, Part, SpatialRule, WeightedPart } from '../definition.ts';
import { ENERGETIC_MEAN, MEAN_OF_STATIONS, SUM, usable, WORST } from '../spatial-rules.ts';

/** Every zone alike, however many people or stations it has. */
const PLAIN_MEAN: SpatialRule = {
  text: 'zone: mean of its valid devices; city: mean of its zones, each alike, zones without data left out',
  zone: MEAN_OF_STATIONS.zone,
  parent: (parts) => MEAN_OF_STATIONS.parent(alike(parts)),
  shares: {
    zone: (used) => used.map(() => 1 / used.length),
    parent: (used) => used.map(() => 1 / used.length),
  },
};

/** The lowest device decides for the zone, the lowest zone for the city. */
const LOWEST: SpatialRule = {
  text: 'zone: its lowest valid device; city: its lowest zone',
  zone: (parts, zone) => lowest(WORST.zone(parts, zone)),
  parent: (parts) => lowest(WORST.parent(parts)),
  shares: { zone: lowestAlone, parent: (used) => lowestAlone(used.map(({ part }) => part)) },
};

const HIGHEST: SpatialRule = { ...WORST, text: 'zone: its highest valid device; city: its highest zone' };

export const SPACE_RULES: Readonly<Record<OwnSpace, SpatialRule>> = {
  mean: PLAIN_MEAN,
  population: MEAN_OF_STATIONS,
  sum: SUM,
  highest: HIGHEST,
  lowest: LOWEST,
  energetic: ENERGETIC_MEAN,
};

function alike(parts: readonly WeightedPart[]): WeightedPart[] {
  return parts.map((one) => ({ ...one, population: 1 }));
}

/** The counts of the parts are the same whichever of them decides. */
function lowest(highest: CombinedPart): CombinedPart {
  const least = lowestOf(usable(highest.used));
  return least === undefined ? highest : { ...highest, value: least.value, note: least.note };
}

function lowestOf(parts: readonly Part[]): Part | undefined {
  return parts.reduce<Part | undefined>(
    (least, part) => (least === undefined || (part.value ?? 0) < (least.value ?? 0) ? part : least),
    undefined,
  );
}

function lowestAlone(used: readonly Part[]): readonly number[] {
  const least = lowestOf(used);
  return used.map((part) => (part === least ? 1 : 0));
}
