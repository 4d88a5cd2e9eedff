import { DAY_MS, HOUR_MS } from '../../base/index.ts';
import type { CityFactId } from '../../model/index.ts';
import { smartMeterShare } from '../arithmetic/index.ts';
import type { CombinedPart, DeviceRole, KpiDefinition, Part, SpatialRule, ZoneFacts } from '../definition.ts';
import { NO_PART } from '../spatial-rules.ts';

/** Devices of the network itself are no meters of a supply. */
const NO_METERS: ReadonlySet<DeviceRole> = new Set(['bulk', 'grid', 'generation', 'ignore']);

const HEARD_WITHIN_MS = DAY_MS;

/** Smart water meters of all water meters installed. */
export const smartWaterMeters: KpiDefinition = {
  ...shareOf('water', 'waterMeters', ['water_volume', 'water_delta', 'water_flow']),
  code: 'EC: ICT: WS: 1C',
  source: 'U4SSC EC: ICT: WS: 1C',
};

/** Smart electricity meters of all electricity meters installed. */
export const smartElectricityMeters: KpiDefinition = {
  ...shareOf('electricity', 'electricityMeters', ['energy_import', 'energy_delta']),
  code: 'EC: ICT: ES: 1C',
  source: 'U4SSC EC: ICT: ES: 1C (Verification Manual 2022, p. 44)',
};

function shareOf(
  kind: 'water' | 'electricity',
  fact: CityFactId,
  quantities: readonly string[],
): Omit<KpiDefinition, 'code' | 'source'> {
  return {
    id: `smart-${kind}-meters`,
    title: `Smart ${kind} meters`,
    domain: 'network',
    unit: '%',
    unitLabel: '%',
    window: 'day',
    direction: 'higher',
    decimals: 1,
    bands: [],
    scopes: ['zone', 'city'],
    method: `${kind} meters heard on the local day or within 24 hours before it, of all ${kind} meters installed (city fact ${fact})`,
    completeness: `the number of ${kind} meters installed is known`,
    facts: [fact],
    quantities,
    spatial: countOverFact(fact),
    reachHours: HEARD_WITHIN_MS / HOUR_MS,
    looksAt: ['heard'],
    device: ({ facts, series }, { startMs, endMs }) => {
      if (NO_METERS.has(facts.role)) return null;
      const isHeard = series.some((one) => one.heardMs(startMs - HEARD_WITHIN_MS, endMs) > Number.NEGATIVE_INFINITY);
      return isHeard ? { ...NO_PART, value: 1, validCount: 1, expectedCount: 1, valid: true } : null;
    },
  };
}

/** Meters add up; what a zone publishes is their number over its own fact, above 100 % where the fact is out of date. */
function countOverFact(fact: CityFactId): SpatialRule {
  return {
    text: 'zone and city: meters in it that were heard, over the number installed in it',
    zone: (parts) => count(parts.map(({ part }) => part)),
    parent: (parts) => count(parts.map(({ part }) => part)),
    whole: (part, zone) => share(part, zone, fact),
  };
}

function count(parts: readonly Part[]): CombinedPart {
  const value = parts.reduce((sum, part) => sum + (part.value ?? 0), 0);
  return { ...NO_PART, value, validCount: value, expectedCount: value, valid: true, used: parts };
}

function share(part: Part, zone: ZoneFacts, fact: CityFactId): Part {
  const installed = zone.fact(fact)?.value;
  if (installed === undefined) return { ...part, value: null, valid: false, note: `${fact} unknown` };
  const value = smartMeterShare(part.value ?? 0, installed);
  return {
    ...part,
    value,
    valid: value !== null,
    numerator: 100 * (part.value ?? 0),
    denominator: installed,
  };
}
