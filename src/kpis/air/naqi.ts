import { exactSum } from '../../base/index.ts';
import {
  NAQI_2014,
  NAQI_SEVERE_FROM,
  type NaqiConcentrations,
  type NaqiItem,
  naqiOverall,
} from '../arithmetic/index.ts';
import type { CombinedPart, KpiDefinition, Part, SpatialRule } from '../definition.ts';
import { NO_PART } from '../spatial-rules.ts';
import { airHours, type Concentration, highest8hWithin, highestOf, isMeasured, meanOf } from './air-hours.ts';
import { bandsOf } from './index-part.ts';

/** CPCB: 16 of 24 hours; the 17 8-hour means within them in the same proportion. */
const HOURS_MIN = 16;
const WINDOWS_MIN = 12;
const STATIONS_MIN = 3;
const QUANTITIES = ['pm2_5', 'pm10', 'no2', 'so2', 'nh3', 'co', 'o3'] as const;
const NAMES: Readonly<Record<NaqiItem, string>> = {
  ...{ pm25: 'PM2.5', pm10: 'PM10', no2: 'NO2', so2: 'SO2', co: 'CO', o3_8h: 'O3', o3_1h: 'O3', nh3: 'NH3', pb: 'Pb' },
};

const MEAN_OF_THREE: SpatialRule = {
  text: 'mean of its stations, each counted once; valid with at least 3 valid stations, in a zone as in the city',
  zone: (parts) => meanOfStations(parts.map(({ part }) => part)),
  parent: (parts) => meanOfStations(parts.map(({ part }) => part)),
};

/** The Indian index of the last 24 hours. */
export const airNaqi: KpiDefinition = {
  id: 'air-naqi',
  code: '',
  title: 'India National Air Quality Index',
  domain: 'air',
  unit: '1',
  unitLabel: 'AQI',
  window: 'rolling-24h',
  direction: 'lower',
  decimals: 0,
  bands: bandsOf(NAQI_2014.classes),
  scopes: ['device', 'zone', 'city'],
  method: `highest sub-index of the last 24 hours: 24-hour means, CO and O3 the highest 8-hour mean within them (O3 above 208 ug/m3 the highest hour); above the last published line ${NAQI_SEVERE_FROM}, the least of Severe; ${NAQI_2014.version}`,
  completeness: 'at least 3 pollutants with 16 of 24 hours, one of them PM2.5 or PM10',
  source: NAQI_2014.source,
  quantities: QUANTITIES,
  spatial: MEAN_OF_THREE,
  reachHours: 23,
  device: (device, window) => {
    if (device.facts.role !== 'ambient') return null;
    const all: Partial<Record<NaqiItem, number | null>> = {};
    const valid: Partial<Record<NaqiItem, number | null>> = {};
    let measuredCount = 0;
    let validCount = 0;
    for (const quantity of QUANTITIES) {
      const hours = airHours(device, quantity, window, window.startMs, window.endMs);
      if (!isMeasured(hours)) continue;
      measuredCount++;
      const concentrations = concentrationsOf(quantity, hours);
      if (concentrations.every(([, { valid: isValid }]) => isValid)) validCount++;
      for (const [item, { value, valid: isValid }] of concentrations) {
        all[item] = value;
        if (isValid) valid[item] = value;
      }
    }
    return measuredCount === 0 ? null : partOf(valid, all, validCount, measuredCount);
  },
};

function concentrationsOf(
  quantity: (typeof QUANTITIES)[number],
  hours: Parameters<typeof meanOf>[0],
): readonly (readonly [NaqiItem, Concentration])[] {
  if (quantity === 'co') return [['co', highest8hWithin(hours, WINDOWS_MIN)]];
  if (quantity === 'o3') {
    return [
      ['o3_8h', highest8hWithin(hours, WINDOWS_MIN)],
      ['o3_1h', highestOf(hours, HOURS_MIN)],
    ];
  }
  return [[quantity === 'pm2_5' ? 'pm25' : quantity, meanOf(hours, HOURS_MIN)]];
}

function partOf(valid: NaqiConcentrations, all: NaqiConcentrations, validCount: number, measuredCount: number): Part {
  const counts = { validCount, expectedCount: measuredCount };
  const overall = naqiOverall(valid);
  const shown = overall ?? naqiOverall(all);
  if (shown === null) return { ...NO_PART, ...counts };
  const name = NAMES[shown.main];
  return {
    ...counts,
    value: shown.value ?? NAQI_SEVERE_FROM,
    valid: overall !== null,
    note: shown.value === null ? `${name}, Severe` : name,
    amounts: { stations: 1 },
  };
}

/** Stations weigh alike, wherever in the tree of zones they stand. */
function meanOfStations(parts: readonly Part[]): CombinedPart {
  const known = parts.filter(({ value }) => value !== null);
  const valid = known.filter((part) => part.valid || (part.amounts?.validStations ?? 0) > 0);
  const used = valid.length > 0 ? valid : known;
  if (used.length === 0) return { ...NO_PART, expectedCount: stations(parts), used: [] };
  const weights = used.map((part) => part.amounts?.validStations || part.amounts?.stations || 1);
  const sum = exactSum(used.map(({ value }, index) => (value ?? Number.NaN) * weights[index]!));
  const validStations = exactSum(valid.map((part) => part.amounts?.validStations ?? 1));
  return {
    value: sum / exactSum(weights),
    validCount: validStations,
    expectedCount: stations(parts),
    valid: validStations >= STATIONS_MIN,
    note: used.length === 1 ? (used[0]?.note ?? '') : '',
    amounts: { stations: stations(parts), validStations },
    used,
  };
}

function stations(parts: readonly Part[]): number {
  return exactSum(parts.map((part) => part.amounts?.stations ?? 1));
}
