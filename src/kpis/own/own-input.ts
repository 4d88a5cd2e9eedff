import { exactSum, HOUR_MS } from '../../base/index.ts';
import type { CityFactId, FactsInForce, OwnStat } from '../../model/index.ts';
import { meanOfValid } from '../arithmetic/index.ts';
import type { KpiDevice, KpiHour, KpiSeries, KpiWindow, Part } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, hoursOf, mainSeries, partOf, wholeHours, wholeSeries } from '../hours.ts';
import type { LookUp } from './evaluate-formula.ts';
import type { OwnInput } from './own-kpi.ts';

export const STAT_WORDS: Readonly<Record<OwnStat, string>> = {
  mean: 'mean of the valid hours',
  min: 'lowest reading of the valid hours',
  max: 'highest reading of the valid hours',
  energetic: 'energetic mean of the readings of the valid hours',
  increase: 'increase in the valid hours',
  sum: 'sum of the valid hours',
};

/**
 * What a device says of an input in a window. Hours that are not valid enter only where no valid one is left, and never
 * make it valid; what missing hours would add to an amount is not guessed.
 *
 * @param coverage share of the hours that must be valid, where the input names none
 * @returns null when the device has no part: another role, no such quantity, or not heard in the window nor in the 23
 *   hours before it
 */
export function inputPart(device: KpiDevice, input: OwnInput, window: KpiWindow, coverage: number): Part | null {
  if (input.roles?.includes(device.facts.role) === false) return null;
  const expected = hoursOf(window);
  const hours = input.stat === 'increase' || input.stat === 'sum' ? undefined : hoursHeard(device, input, window);
  const said = hours === undefined ? amountOf(device, input, window) : statOf(hours, input);
  if (said === null) return null;
  const needed = Math.max(1, Math.ceil((input.coverage ?? coverage) * expected - 1e-9));
  return partOf(said.value, said.validCount, expected, needed);
}

/** What the names of an expression stand for: inputs, and facts in force where no input has the name. */
export function valuesOf(inputs: ReadonlyMap<string, Part>, fact: FactsInForce): LookUp {
  return (name) => {
    const input = inputs.get(name);
    return input === undefined ? (fact(name as CityFactId)?.value ?? null) : input.value;
  };
}

interface Said {
  readonly value: number | null;
  readonly validCount: number;
}

const NOTHING_SAID: Said = { value: null, validCount: 0 };

function before({ startMs, endMs }: KpiWindow): Pick<KpiWindow, 'startMs' | 'endMs'> {
  return { startMs: startMs - EXPECTED_AFTER_HOURS * HOUR_MS, endMs };
}

interface Heard {
  readonly series: KpiSeries;
  readonly hours: readonly KpiHour[];
}

/** The main series with its hours in the window; null when it was not heard lately. */
function hoursHeard(device: KpiDevice, { quantity }: OwnInput, window: KpiWindow): Heard | null {
  const { startMs, endMs } = window;
  const here = mainSeries(device, quantity, window);
  const hours = here?.hours(startMs, endMs) ?? [];
  if (here !== undefined && hours.length > 0) return { series: here, hours };
  const lately = before(window);
  const series = mainSeries(device, quantity, lately);
  return series === undefined || !series.hasHours(lately.startMs, lately.endMs) ? null : { series, hours: [] };
}

function statOf(heard: Heard | null, { stat }: OwnInput): Said | null {
  if (heard === null) return null;
  const withValue = heard.hours.filter(({ value }) => value !== null);
  const valid = withValue.filter((hour) => hour.valid);
  const used = valid.length > 0 ? valid : withValue;
  return used.length === 0 ? NOTHING_SAID : { value: statistic(stat, heard.series, used), validCount: valid.length };
}

function statistic(stat: OwnStat, series: KpiSeries, hours: readonly KpiHour[]): number | null {
  if (stat === 'min') return known(Math.min(...hours.map(({ pane }) => pane.min)));
  if (stat === 'max') return known(Math.max(...hours.map(({ pane }) => pane.max)));
  return stat === 'energetic' ? series.pooled(hours) : meanOfValid(hours.map(({ value }) => value));
}

/** Hours that ended before the KPI was switched on may not know their extremes. */
function known(extreme: number): number | null {
  return Number.isNaN(extreme) ? null : extreme;
}

/** Registers and interval amounts: the phases or tariffs of a meter together, hour by hour. */
function amountOf(device: KpiDevice, { quantity }: OwnInput, window: KpiWindow): Said | null {
  const series = wholeSeries(device, quantity, window);
  if (series.length === 0) return null;
  const valid = [...wholeHours(series, window).values()].map(({ value }) => value);
  if (valid.length > 0) return { value: exactSum(valid), validCount: valid.length };
  const any = series.flatMap((one) => one.hours(window.startMs, window.endMs)).flatMap(({ value }) => value ?? []);
  return any.length === 0 ? NOTHING_SAID : { value: exactSum(any), validCount: 0 };
}
