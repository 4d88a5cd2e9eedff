import { exactSum, HOUR_MS } from '../../base/index.ts';
import { mean8h, ugm3ToPpb } from '../arithmetic/index.ts';
import type { KpiDevice, KpiHour, KpiWindow } from '../definition.ts';
import { mainSeries } from '../hours.ts';
import { remembered } from '../shared-work.ts';

/** An hour of a pollutant as indexes look at it; undefined where it is missing. */
export type AirHour = KpiHour | undefined;

const NONE: readonly AirHour[] = [];

/** Names of the work that indexes share, by quantity. */
const WORK = new Map<string, string>();

/** Its mean; null when it is missing or not valid. */
export function validValue(hour: AirHour): number | null {
  return hour?.valid === true ? hour.value : null;
}

/**
 * The hours of a pollutant that start in [fromMs, toMs), by position: one for each hour of the calendar. What is left of
 * a day is looked up once a tick, however many indexes are made of it, and nothing before it: hours that have left memory
 * would be folded anew for nothing.
 *
 * @returns empty when the device has no series of the quantity
 */
export function airHours(
  device: KpiDevice,
  quantity: string,
  window: KpiWindow,
  fromMs: number,
  toMs: number,
): readonly AirHour[] {
  if (!device.series.some(({ series }) => series.quantity === quantity)) return NONE;
  const { calendar } = window;
  const hours: AirHour[] = [];
  for (let dayMs = calendar.dayStart(fromMs); dayMs < toMs; ) {
    const endMs = calendar.dayEnd(dayMs);
    const first = hoursBetween(dayMs, Math.max(dayMs, fromMs));
    const rest = restOfDay(device, quantity, window, { startMs: dayMs, endMs }, first);
    if (endMs >= toMs && hours.length === 0)
      return endMs === toMs ? rest : rest.slice(0, hoursBetween(dayMs, toMs) - first);
    hours.push(...(endMs <= toMs ? rest : rest.slice(0, hoursBetween(dayMs, toMs))));
    dayMs = endMs;
  }
  return hours;
}

/** Hours of a day that begin before an instant of it; the last one of a day may be shorter. */
function hoursBetween(dayMs: number, untilMs: number): number {
  return Math.ceil((untilMs - dayMs) / HOUR_MS);
}

/** Hours of a day by position, from the hour number `first` on; the series is that of the whole day. */
function restOfDay(
  device: KpiDevice,
  quantity: string,
  { calendar, memo }: KpiWindow,
  day: Pick<KpiWindow, 'startMs' | 'endMs'>,
  first: number,
): readonly AirHour[] {
  const fromMs = day.startMs + first * HOUR_MS;
  const work = WORK.getOrInsertComputed(quantity, () => `air ${quantity}`);
  return remembered(work, device, { memo, startMs: fromMs }, () => {
    const measured = mainSeries(device, quantity, day)?.hours(fromMs, day.endMs) ?? [];
    if (measured.length === hoursBetween(fromMs, day.endMs)) return measured;
    const hours: AirHour[] = [];
    let next = 0;
    for (let startMs = fromMs; startMs < day.endMs; startMs = calendar.hourEnd(startMs)) {
      hours.push(measured[next]?.startMs === startMs ? measured[next++] : undefined);
    }
    return hours;
  });
}

/** Whether anything was measured in the hours. */
export function isMeasured(hours: readonly AirHour[]): boolean {
  return hours.some((hour) => hour !== undefined && hour.value !== null);
}

/** Valid hourly means by position; null where an hour is missing or not valid. */
export function valuesOf(hours: readonly AirHour[]): (number | null)[] {
  return hours.map(validValue);
}

/** A concentration with the count of valid hours behind it. */
export interface Concentration {
  readonly value: number | null;
  readonly validHours: number;
  readonly valid: boolean;
}

/** Mean of the valid hours. */
export function meanOf(hours: readonly AirHour[], neededCount: number): Concentration {
  const values = validHoursOf(hours);
  return concentration(values.length === 0 ? null : exactSum(values) / values.length, values.length, neededCount);
}

/** Highest valid hour. */
export function highestOf(hours: readonly AirHour[], neededCount: number): Concentration {
  const values = validHoursOf(hours);
  return concentration(highest(values), values.length, neededCount);
}

/** Highest mean of eight hours in a row that lie wholly in the hours; each needs six. */
export function highest8hWithin(hours: readonly AirHour[], neededWindows: number): Concentration {
  const values = valuesOf(hours);
  const means: number[] = [];
  for (let end = 8; end <= values.length; end++) {
    const mean = mean8h(values.slice(end - 8, end));
    if (mean !== null) means.push(mean);
  }
  return concentration(highest(means), means.length, neededWindows);
}

/** Mole fraction of a gas from the mass that the product holds, ppb; CO is held in mg/m3. */
export function ppbOf(quantity: string, value: number): number {
  return ugm3ToPpb(quantity, quantity === 'co' ? value * 1000 : value);
}

/** Mole fraction, ppm. */
export function ppmOf(quantity: string, value: number): number {
  return ppbOf(quantity, value) / 1000;
}

function concentration(value: number | null, validHours: number, neededCount: number): Concentration {
  return { value, validHours, valid: value !== null && validHours >= neededCount };
}

/** Valid hourly means, in order of time. */
export function validHoursOf(hours: readonly AirHour[]): number[] {
  const values: number[] = [];
  for (const hour of hours) if (hour?.valid === true && hour.value !== null) values.push(hour.value);
  return values;
}

function highest(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((most, value) => Math.max(most, value));
}
