import { LDN_HOURS, lden, ldn, type NoisePeriod, noisePeriodOfHour, periodHours } from '../arithmetic/index.ts';
import type { KpiDefinition, KpiDevice, KpiWindow, Part } from '../definition.ts';
import { mainSeries, partOf, threeQuarters } from '../hours.ts';
import type { KpiBand } from '../kpi.ts';
import { ENERGETIC_MEAN } from '../spatial-rules.ts';

const PERIODS = ['day', 'evening', 'night'] as const satisfies readonly NoisePeriod[];

const COMMON = {
  code: '',
  domain: 'noise',
  unit: 'dB[SPL]',
  unitLabel: 'dB(A)',
  window: 'day',
  direction: 'lower',
  decimals: 1,
  scopes: ['device', 'zone', 'city'],
  source: 'Directive 2002/49/EC, annex I; WHO environmental noise guidelines 2018',
  quantities: ['laeq'],
  spatial: ENERGETIC_MEAN,
  reachHours: 0,
} as const satisfies Partial<KpiDefinition>;

/** Lday, Levening and Lnight of one local day. */
export const noisePeriods: readonly KpiDefinition[] = PERIODS.map(noisePeriod);

/**
 * The level of a period of one local day: the energetic mean of the readings of the period's valid hours; of all its
 * readings when too few hours are valid, and the value with them. The night is the two ends of the calendar day. A value
 * of one day is an indicator only; the directive's are annual.
 */
export function noisePeriod(period: NoisePeriod): KpiDefinition {
  return {
    ...COMMON,
    id: `noise-l${period}`,
    title: `L${period} of the day`,
    bands: period === 'night' ? bands(45, 50, 55) : [],
    method: `energetic mean of the readings of the valid hours of the ${period} of the local day (one day: an indicator, END values are annual)`,
    completeness: `valid hours for at least 75 % of the ${period}`,
    device: (device, window) => periodPart(device, window, period),
  };
}

/** Day-evening-night level of one local day with the weights of the city's periods (12/4/8 by default). */
export const noiseLden: KpiDefinition = {
  ...COMMON,
  id: 'noise-lden',
  title: 'Lden of the day',
  bands: bands(53, 55, 65),
  method: 'from Lday, Levening + 5 dB and Lnight + 10 dB, weighted by the hours of the periods',
  completeness: 'valid levels of all three periods',
  device: ldenPart,
};

/** Day-night level of one local day: 15 hours of day from 07, 9 of night from 22, whatever the city's periods are. */
export const noiseLdn: KpiDefinition = {
  ...COMMON,
  id: 'noise-ldn',
  title: 'Ldn of the day',
  bands: [],
  method: 'from the levels of 07 to 22 and of 22 to 07 + 10 dB local time, weighted 15 to 9',
  completeness: 'valid hours for at least 75 % of both periods',
  source: 'EPA 550/9-74-004, day-night average sound level',
  device: (device, window) => {
    const day = levelOfHours(device, window, isLdnDay);
    const night = levelOfHours(device, window, (hour) => !isLdnDay(hour));
    if (day === null || night === null) return null;
    const value =
      day.value === null || night.value === null ? null : ldn({ lday: day.value, lnight: night.value }, LDN_HOURS);
    const valid = value !== null && day.valid && night.valid;
    return { ...countsOf([day, night]), value, valid, note: '' };
  },
};

/** Equivalent level of one local day: of leisure noise the guideline is 70 dB over 24 hours, as a mean of a year. */
export const noiseLaeqDay: KpiDefinition = {
  ...COMMON,
  id: 'noise-laeq-day',
  title: 'LAeq of the day',
  bands: [],
  method: 'energetic mean of the readings of the valid hours of the local day',
  completeness: 'valid hours for at least 75 % of the day',
  source: 'ISO 1996-1, equivalent continuous sound pressure level',
  device: (device, window) => levelOfHours(device, window, () => true),
};

const isLdnDay = (clockHour: number): boolean => clockHour >= LDN_DAY_FROM && clockHour < LDN_DAY_FROM + LDN_HOURS.day;

const LDN_DAY_FROM = 7;

/**
 * Lden of a device in a local day; null for a device without a part in it. Its amounts are the levels of those periods
 * that are valid, by name: of many days each period is averaged on its own.
 */
export function ldenPart(device: KpiDevice, window: KpiWindow): Part | null {
  const parts = PERIODS.map((period) => periodPart(device, window, period));
  const [day, evening, night] = parts;
  if (!day || !evening || !night) return null;
  const value =
    day.value === null || evening.value === null || night.value === null
      ? null
      : lden({ lday: day.value, levening: evening.value, lnight: night.value }, periodHours(window.settings.noise));
  const valid = value !== null && day.valid && evening.valid && night.valid;
  const amounts = Object.fromEntries(
    Object.entries({ lday: day, levening: evening, lnight: night }).flatMap(([name, part]) =>
      part.valid && part.value !== null ? [[name, part.value]] : [],
    ),
  );
  return { ...countsOf([day, evening, night]), value, valid, note: '', amounts };
}

function countsOf(parts: readonly Part[]): Pick<Part, 'validCount' | 'expectedCount'> {
  return {
    validCount: parts.reduce((sum, part) => sum + part.validCount, 0),
    expectedCount: parts.reduce((sum, part) => sum + part.expectedCount, 0),
  };
}

/** The level of a period of the city in a local day. */
export function periodPart(device: KpiDevice, window: KpiWindow, period: NoisePeriod): Part | null {
  return levelOfHours(device, window, (hour) => noisePeriodOfHour(hour, window.settings.noise) === period);
}

/** @param isAsked whether an hour of the clock, 0 to 23, belongs to what is asked for */
function levelOfHours(device: KpiDevice, window: KpiWindow, isAsked: (clockHour: number) => boolean): Part | null {
  const series = mainSeries(device, 'laeq', window);
  if (series === undefined || device.facts.role !== 'ambient') return null;
  const hours = series.hours(window.startMs, window.endMs);
  if (hours.length === 0) return null;
  const inPeriod = (startMs: number): boolean => isAsked(window.calendar.clockHour(startMs));
  let expectedCount = 0;
  for (let atMs = window.startMs; atMs < window.endMs; atMs = window.calendar.hourEnd(atMs)) {
    if (inPeriod(atMs)) expectedCount++;
  }
  const measured = hours.filter((hour) => inPeriod(hour.startMs));
  const valid = measured.filter((hour) => hour.valid);
  const neededCount = threeQuarters(expectedCount);
  const pooled = series.pooled(valid.length >= neededCount ? valid : measured);
  return partOf(pooled, valid.length, expectedCount, neededCount);
}

/** WHO guideline, END reporting threshold, and a high level. */
function bands(guideline: number, threshold: number, high: number): readonly KpiBand[] {
  return [
    { name: 'WHO guideline met (road)', upTo: guideline, color: '#2e9e6b' },
    { name: 'below END threshold', upTo: threshold, color: '#e3c440' },
    { name: 'above END threshold', upTo: high, color: '#e8923a' },
    { name: 'high', upTo: Number.POSITIVE_INFINITY, color: '#d6503f' },
  ];
}
