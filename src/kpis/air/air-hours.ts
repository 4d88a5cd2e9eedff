import { type Calendar, exactSum, HOUR_MS } from '../../base/index.ts';
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
 * The hours of a pollutant that start in [fromMs, toMs), by position: one for each hour of the calendar. Days are looked
 * up once a tick, however many indexes are made of them.
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
  const firstDayMs = calendar.dayStart(fromMs);
  const first = dayOf(device, quantity, window, firstDayMs);
  let dayEndMs = calendar.dayEnd(firstDayMs);
  if (firstDayMs === fromMs && dayEndMs === toMs) return first;
  const hours = first.slice(hoursBetween(calendar, firstDayMs, fromMs), hoursBetween(calendar, firstDayMs, toMs));
  for (let dayMs = dayEndMs; dayMs < toMs; dayMs = dayEndMs) {
    dayEndMs = calendar.dayEnd(dayMs);
    const day = dayOf(device, quantity, window, dayMs);
    hours.push(...(dayEndMs <= toMs ? day : day.slice(0, hoursBetween(calendar, dayMs, toMs))));
  }
  return hours;
}

/** Hours of the day that starts at `dayMs` that begin before `untilMs`. */
function hoursBetween(calendar: Calendar, dayMs: number, untilMs: number): number {
  const endMs = Math.min(untilMs, calendar.dayEnd(dayMs));
  return endMs <= dayMs ? 0 : Math.ceil((endMs - dayMs) / HOUR_MS);
}

function dayOf(device: KpiDevice, quantity: string, window: KpiWindow, dayMs: number): readonly AirHour[] {
  const work = WORK.getOrInsertComputed(quantity, () => `air ${quantity}`);
  return remembered(work, device, { memo: window.memo, startMs: dayMs }, () => {
    const { calendar } = window;
    const endMs = calendar.dayEnd(dayMs);
    const measured = mainSeries(device, quantity, { startMs: dayMs, endMs })?.hours(dayMs, endMs) ?? [];
    if (measured.length === hoursBetween(calendar, dayMs, endMs)) return measured;
    const hours: AirHour[] = [];
    let next = 0;
    for (let startMs = dayMs; startMs < endMs; startMs = calendar.hourEnd(startMs)) {
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
