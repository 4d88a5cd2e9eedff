import { HOUR_MS, MINUTE_MS } from '../../base/index.ts';
import type { HourLevels, KpiDefinition, KpiDevice, KpiHour, KpiSeries, KpiWindow, Part } from '../definition.ts';
import { countedSlots, EXPECTED_AFTER_HOURS, hourPart, partOf } from '../hours.ts';
import { remembered } from '../shared-work.ts';
import { WORST } from '../spatial-rules.ts';

const COMMON = {
  code: '',
  domain: 'noise',
  unit: 'dB[SPL]',
  unitLabel: 'dB(A)',
  window: 'hour',
  direction: 'lower',
  decimals: 1,
  bands: [],
  completeness: 'at least 75 % of the expected readings of the hour',
  reachHours: EXPECTED_AFTER_HOURS,
  looksAt: ['hours', 'levels'],
} as const satisfies Partial<KpiDefinition>;

/** Series of levels of longer intervals than this say too little of an hour for a percentile. */
const SHORT_TIME_MS_MAX = 5 * MINUTE_MS;

const LINES: readonly { readonly n: 10 | 50 | 90; readonly name: string; readonly pick: keyof HourLevels }[] = [
  { n: 10, name: 'peaks', pick: 'l10' },
  { n: 50, name: 'median', pick: 'l50' },
  { n: 90, name: 'background', pick: 'l90' },
];

/**
 * L10, L50 and L90 of an hour: the (100-N)th percentile of the shortest levels that a device reports. Of single devices
 * only: percentiles of several can be neither averaged nor merged (KPI.md 3).
 */
export const noiseExceeded: readonly KpiDefinition[] = LINES.map(
  ({ n, name, pick }): KpiDefinition => ({
    ...COMMON,
    id: `noise-l${n}-hour`,
    title: `L${n}, 1 hour (${name})`,
    scopes: ['device'],
    method: `level exceeded ${n} % of the hour: the ${100 - n}th percentile of the shortest levels of the device (note: their length), linear between ranks; from counters of 0.1 dB when there are more than 600; readings that come more than a day late do not change it`,
    source: 'ISO 1996-1, N percent exceedance level',
    quantities: ['laf', 'laeq'],
    spatial: WORST,
    device: (device, window) => {
      // The three percentiles of an hour are made of the same levels.
      const hour = remembered('noise exceeded', device, window, () => shortestLevels(device, window));
      return hour === undefined ? null : levelPart(hour, pick);
    },
  }),
);

/** Highest level of an hour; highest ones merge by their maximum. */
export const noiseLafMax: KpiDefinition = {
  ...COMMON,
  id: 'noise-lafmax-hour',
  title: 'LAFmax, 1 hour',
  scopes: ['device', 'zone', 'city'],
  method:
    'highest of the maxima that the device reports of its intervals, or of its fast levels; never made of equivalent levels; readings that come more than a day late do not change it',
  source: 'ISO 1996-1, maximum time-weighted sound pressure level',
  quantities: ['la_max', 'laf'],
  spatial: WORST,
  device: (device, window) => {
    if (device.facts.role !== 'ambient') return null;
    const series =
      expectedOf(device, window, ({ quantity }) => quantity === 'la_max')[0] ??
      expectedOf(device, window, ({ quantity }) => quantity === 'laf')[0];
    return series === undefined ? null : levelPart(levelsOf(series, window, series.series.quantity), 'max');
  },
};

/** Of the series heard lately that with the shortest levels; fast ones before equivalent ones of the same length. */
function shortest(device: KpiDevice, window: KpiWindow): KpiSeries | undefined {
  if (device.facts.role !== 'ambient') return undefined;
  return expectedOf(device, window, ({ expectEveryMs }) => expectEveryMs <= SHORT_TIME_MS_MAX).reduce<
    KpiSeries | undefined
  >((best, other) => (best === undefined || isShorter(other, best) ? other : best), undefined);
}

function isShorter({ series: a }: KpiSeries, { series: b }: KpiSeries): boolean {
  if (a.expectEveryMs !== b.expectEveryMs) return a.expectEveryMs < b.expectEveryMs;
  return a.quantity === 'laf' && b.quantity !== 'laf';
}

/** Series with anything in the hour, or else those that are expected in it because they were heard before. */
function expectedOf(
  device: KpiDevice,
  { startMs, endMs }: KpiWindow,
  isAsked: (series: KpiSeries['series']) => boolean,
): readonly KpiSeries[] {
  const asked = device.series.filter(({ series }) => isAsked(series));
  const there = asked.filter((one) => one.hasHours(startMs, endMs));
  if (there.length > 0) return there;
  return asked.filter((one) => one.hasHours(startMs - EXPECTED_AFTER_HOURS * HOUR_MS, startMs));
}

/** An hour of a series with its levels. */
interface LevelHour {
  /** Undefined when it did not come. */
  readonly hour: KpiHour | undefined;
  readonly levels: HourLevels | undefined;
  readonly note: string;
}

function shortestLevels(device: KpiDevice, window: KpiWindow): LevelHour | undefined {
  const series = shortest(device, window);
  if (series === undefined) return undefined;
  const { quantity, expectEveryMs } = series.series;
  return levelsOf(series, window, `${quantity}, ${expectEveryMs / 1000} s`);
}

function levelsOf(series: KpiSeries, { startMs, endMs }: KpiWindow, note: string): LevelHour {
  const hour = series.hours(startMs, endMs)[0];
  return { hour, levels: hour === undefined ? undefined : series.levels(hour.startMs), note };
}

function levelPart({ hour, levels, note }: LevelHour, pick: keyof HourLevels): Part {
  if (hour === undefined) return hourPart(null);
  const value = levels?.[pick] ?? null;
  const needed = hour.valid ? 0 : Number.POSITIVE_INFINITY;
  return partOf(value, countedSlots(hour), hour.made.expectedSlots, needed, note);
}
