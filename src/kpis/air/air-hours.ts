import { exactSum } from '../../base/index.ts';
import { mean8h, ugm3ToPpb } from '../arithmetic/index.ts';
import type { KpiDevice, KpiWindow } from '../definition.ts';
import { mainSeries } from '../hours.ts';
import { remembered } from '../shared-work.ts';

/** An hour of a pollutant as indexes look at it. */
export interface AirHour {
  readonly startMs: number;
  /** Its mean; null when it is missing or not valid. */
  readonly value: number | null;
  /** Its mean, valid or not; null when nothing was measured. */
  readonly shown: number | null;
}

const NONE: readonly AirHour[] = [];

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
  const firstDayMs = window.calendar.dayStart(fromMs);
  if (firstDayMs === fromMs && window.calendar.dayEnd(fromMs) === toMs) return dayOf(device, quantity, window, fromMs);
  const hours: AirHour[] = [];
  for (let dayMs = firstDayMs; dayMs < toMs; dayMs = window.calendar.dayEnd(dayMs)) {
    for (const hour of dayOf(device, quantity, window, dayMs)) {
      if (hour.startMs >= fromMs && hour.startMs < toMs) hours.push(hour);
    }
  }
  return hours;
}

function dayOf(device: KpiDevice, quantity: string, window: KpiWindow, dayMs: number): readonly AirHour[] {
  return remembered(`air ${quantity}`, device, { ...window, startMs: dayMs }, () => {
    const { calendar } = window;
    const endMs = calendar.dayEnd(dayMs);
    const measured = mainSeries(device, quantity, { startMs: dayMs, endMs })?.hours(dayMs, endMs) ?? [];
    const hours: AirHour[] = [];
    let next = 0;
    for (let startMs = dayMs; startMs < endMs; startMs = calendar.hourEnd(startMs)) {
      const hour = measured[next]?.startMs === startMs ? measured[next++] : undefined;
      const shown = hour?.value ?? null;
      hours.push({ startMs, value: hour?.valid === true ? shown : null, shown });
    }
    return hours;
  });
}

/** Whether anything was measured in the hours. */
export function isMeasured(hours: readonly AirHour[]): boolean {
  return hours.some(({ shown }) => shown !== null);
}

/** Valid hourly means by position; null where an hour is missing or not valid. */
export function valuesOf(hours: readonly AirHour[]): (number | null)[] {
  return hours.map(({ value }) => value);
}

/** A concentration with the count of valid hours behind it. */
export interface Concentration {
  readonly value: number | null;
  readonly validHours: number;
  readonly valid: boolean;
}

/** Mean of the valid hours. */
export function meanOf(hours: readonly AirHour[], neededCount: number): Concentration {
  const values = known(hours);
  return concentration(values.length === 0 ? null : exactSum(values) / values.length, values.length, neededCount);
}

/** Highest valid hour. */
export function highestOf(hours: readonly AirHour[], neededCount: number): Concentration {
  const values = known(hours);
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

function known(hours: readonly AirHour[]): number[] {
  return hours.flatMap(({ value }) => (value === null ? [] : [value]));
}

function highest(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((most, value) => Math.max(most, value));
}
