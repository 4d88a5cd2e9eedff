import { exactSum } from '../../base/index.ts';
import {
  CHINA_AQI_2012,
  CHINA_AQI_2026,
  CHINA_POLLUTANTS,
  type ChinaAqiTable,
  type ChinaItem,
  type ChinaPollutant,
  chinaAqi,
  chinaIaqi,
  DAILY_HOURS_MIN,
} from '../arithmetic/index.ts';
import type { Amounts, CombinedPart, KpiDefinition, KpiDevice, KpiWindow, Part, SpatialRule } from '../definition.ts';
import { remembered } from '../shared-work.ts';
import { NO_PART } from '../spatial-rules.ts';
import {
  type AirHour,
  airHours,
  type Concentration,
  highest8hWithin,
  isMeasured,
  meanOf,
  validValue,
} from './air-hours.ts';
import { bandsOf } from './index-part.ts';
import { POLLUTANTS, type PollutantId } from './pollutants.ts';

type Period = 'hour' | 'day';

const QUANTITIES: Readonly<Record<ChinaPollutant, PollutantId>> = {
  ...{ pm25: 'pm2_5', pm10: 'pm10', so2: 'so2', no2: 'no2', co: 'co', o3: 'o3' },
};
/** Particles of an hour use the columns of 24 hours. */
const ITEMS: Readonly<Record<Period, Readonly<Record<ChinaPollutant, ChinaItem>>>> = {
  hour: { pm25: 'pm25_24h', pm10: 'pm10_24h', so2: 'so2_1h', no2: 'no2_1h', co: 'co_1h', o3: 'o3_1h' },
  day: { pm25: 'pm25_24h', pm10: 'pm10_24h', so2: 'so2_24h', no2: 'no2_24h', co: 'co_24h', o3: 'o3_8h' },
};
/** HJ 663-2013: 14 of the 17 8-hour means that end at 08:00 to 24:00. */
const OZONE_WINDOWS_MIN = 14;
const SHARED = {
  code: '',
  domain: 'air',
  unit: '1',
  unitLabel: 'AQI',
  direction: 'lower',
  decimals: 0,
  scopes: ['device', 'zone', 'city'],
  quantities: Object.values(QUANTITIES),
  reachHours: 0,
} as const satisfies Partial<KpiDefinition>;

/** The Chinese index of an hour or a natural day, by each of the two standards. */
export const airChinaAqi: readonly KpiDefinition[] = [
  hourly(CHINA_AQI_2026, ''),
  daily(CHINA_AQI_2026, ''),
  hourly(CHINA_AQI_2012, '-2012'),
  daily(CHINA_AQI_2012, '-2012'),
];

function hourly(table: ChinaAqiTable, suffix: string): KpiDefinition {
  return {
    ...SHARED,
    id: `air-china-aqi-hour${suffix}`,
    title: `China Air Quality Index of the hour${yearOf(suffix)}`,
    window: 'hour',
    bands: bandsOf(table.classes),
    method: `highest IAQI of the hourly means, particles by the 24-hour columns; half to even, index rounded up; ${table.version}`,
    completeness: completenessOf(table, 'valid hours'),
    source: table.source,
    spatial: meanConcentrations(table, 'hour'),
    device: (device, window) => devicePart(table, 'hour', device, window),
  };
}

function daily(table: ChinaAqiTable, suffix: string): KpiDefinition {
  return {
    ...SHARED,
    id: `air-china-aqi-day${suffix}`,
    title: `China Air Quality Index of the day${yearOf(suffix)}`,
    window: 'day',
    bands: bandsOf(table.classes),
    method: `highest IAQI of the 24-hour means of the natural day and of the highest 8-hour mean of O3 within it; half to even, index rounded up; ${table.version}`,
    completeness: completenessOf(table, '20 of 24 hours, O3 14 of 17 8-hour means'),
    source: table.source,
    spatial: meanConcentrations(table, 'day'),
    device: (device, window) => devicePart(table, 'day', device, window),
  };
}

function yearOf(suffix: string): string {
  return suffix === '' ? '' : ' (2012)';
}

function completenessOf({ needsAllUpTo100 }: ChinaAqiTable, hours: string): string {
  return needsAllUpTo100 ? `${hours} of all six pollutants; above 100 of one` : `${hours} of one pollutant`;
}

/** What the station measures; both standards are made of it. */
interface Measured {
  readonly measuredCount: number;
  readonly validCount: number;
  /** Of valid concentrations, or of all where there is none. */
  readonly amounts: Amounts;
}

function devicePart(table: ChinaAqiTable, period: Period, device: KpiDevice, window: KpiWindow): Part | null {
  if (device.facts.role !== 'ambient') return null;
  const measured = remembered(`china ${period}`, device, window, () => measuredBy(device, period, window));
  if (measured.measuredCount === 0) return null;
  const { validCount, amounts } = measured;
  const said = indexPart(table, period, amounts);
  return { ...said, validCount, expectedCount: CHINA_POLLUTANTS.length, valid: said.valid && validCount > 0 };
}

function measuredBy(device: KpiDevice, period: Period, window: KpiWindow): Measured {
  const valid: [ChinaPollutant, number][] = [];
  const shown: [ChinaPollutant, number][] = [];
  let measuredCount = 0;
  for (const pollutant of CHINA_POLLUTANTS) {
    const hours = airHours(device, QUANTITIES[pollutant], window, window.startMs, window.endMs);
    if (!isMeasured(hours)) continue;
    measuredCount++;
    const { value, valid: isValid } = concentrationOf(pollutant, period, hours);
    if (value === null) continue;
    shown.push([pollutant, value]);
    if (isValid) valid.push([pollutant, value]);
  }
  return { measuredCount, validCount: valid.length, amounts: counted(valid.length > 0 ? valid : shown) };
}

function concentrationOf(pollutant: ChinaPollutant, period: Period, hours: readonly AirHour[]): Concentration {
  if (period === 'hour') {
    const hour = hours[0];
    return { value: hour?.value ?? null, validHours: 1, valid: validValue(hour) !== null };
  }
  return pollutant === 'o3' ? highest8hWithin(hours, OZONE_WINDOWS_MIN) : meanOf(hours, DAILY_HOURS_MIN.china);
}

/** Names of the numbers of stations that concentrations are sums of. */
const STATIONS = Object.fromEntries(
  CHINA_POLLUTANTS.map((pollutant) => [pollutant, `${pollutant}-stations`]),
) as Readonly<Record<ChinaPollutant, string>>;
const AMOUNTS: readonly string[] = [...CHINA_POLLUTANTS, ...Object.values(STATIONS)];

/** Concentrations with the number of stations that each is the sum of. */
function counted(concentrations: readonly (readonly [ChinaPollutant, number])[]): Amounts {
  const amounts: Record<string, number> = {};
  for (const [pollutant, value] of concentrations) amounts[pollutant] = value;
  for (const [pollutant] of concentrations) amounts[STATIONS[pollutant]] = 1;
  return amounts;
}

/** The index of the mean concentrations that the amounts are sums of. */
function indexPart(table: ChinaAqiTable, period: Period, amounts: Amounts): Part {
  const iaqi: Partial<Record<ChinaPollutant, number | null>> = {};
  let knownCount = 0;
  for (const pollutant of CHINA_POLLUTANTS) {
    const count = amounts[STATIONS[pollutant]] ?? 0;
    if (count === 0) continue;
    knownCount++;
    iaqi[pollutant] = chinaIaqi(table, ITEMS[period][pollutant], (amounts[pollutant] ?? Number.NaN) / count);
  }
  const { aqi, primary } = chinaAqi(table, iaqi);
  const note = aqi === null ? 'NA' : primary.map((pollutant) => POLLUTANTS[QUANTITIES[pollutant]].name).join(', ');
  return {
    value: aqi,
    validCount: knownCount,
    expectedCount: CHINA_POLLUTANTS.length,
    valid: aqi !== null,
    note,
    amounts,
  };
}

function sumsOf(parts: readonly Part[]): Amounts {
  const sums: Record<string, number> = {};
  for (const name of AMOUNTS) {
    const there = parts.filter(({ amounts }) => amounts?.[name] !== undefined);
    if (there.length > 0) sums[name] = exactSum(there.map(({ amounts }) => amounts?.[name] ?? 0));
  }
  return sums;
}

/** A zone's concentrations are the means of its stations, each counted once; its index is made of these. */
function meanConcentrations(table: ChinaAqiTable, period: Period): SpatialRule {
  const combine = (parts: readonly Part[]): CombinedPart => {
    const withAmounts = parts.filter(({ amounts }) => amounts !== undefined);
    const valid = withAmounts.filter(({ validCount }) => validCount > 0);
    const used = valid.length > 0 ? valid : withAmounts;
    if (used.length === 0) return { ...NO_PART, expectedCount: CHINA_POLLUTANTS.length, used: [] };
    const said = indexPart(table, period, sumsOf(used));
    const isValid = valid.length > 0;
    return { ...said, validCount: isValid ? said.validCount : 0, valid: said.valid && isValid, used };
  };
  return {
    text: 'mean concentration of each pollutant over the stations, each counted once; the index of these means',
    zone: (parts) => combine(parts.map(({ part }) => part)),
    parent: (parts) => combine(parts.map(({ part }) => part)),
  };
}
