import { type Calendar, DAY_MS, exactSum, HOUR_MS } from '../../base/index.ts';
import { mean8h, ugm3ToPpb } from '../arithmetic/index.ts';
import type { KpiDevice, KpiHour, KpiWindow } from '../definition.ts';
import { mainSeries, threeQuarters } from '../hours.ts';
import { remembered } from '../shared-work.ts';

/** An hour of a pollutant as indexes look at it; undefined where it is missing. */
export type AirHour = KpiHour | undefined;

type Span = Pick<KpiWindow, 'startMs' | 'endMs'>;

const NONE: readonly AirHour[] = [];

/** Its mean; null when it is missing or not valid. */
export function validValue(hour: AirHour): number | null {
  return hour?.valid === true ? hour.value : null;
}

/**
 * The hours of a pollutant that start in [fromMs, toMs), by position: one for each hour of the calendar. They are put
 * together once a tick, however many indexes look at them.
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
  if (!isMeasuredBy(device, quantity)) return NONE;
  const { calendar, memo, endMs, nowMs } = window;
  // Of an hour that runs indexes look back from its end over 8, 12 and 24 hours: the longest holds the others.
  if (toMs === endMs && nowMs < endMs && toMs - fromMs < DAY_MS) {
    const { hours } = lastDay(device, quantity, window);
    if (hours.length === DAY_MS / HOUR_MS) return hours.slice(-(toMs - fromMs) / HOUR_MS);
  }
  return remembered(spanWork(quantity, toMs - fromMs), device, { memo, startMs: fromMs }, () => {
    const hours: AirHour[] = [];
    for (let startMs = fromMs; startMs < toMs; ) {
      const day = { startMs: calendar.dayStart(startMs), endMs: calendar.dayEnd(startMs) };
      const endMs = Math.min(day.endMs, toMs);
      putHours(hours, restOfDay(device, quantity, window, day, startMs), { startMs, endMs }, calendar);
      startMs = endMs;
    }
    return hours;
  });
}

function isMeasuredBy(device: KpiDevice, quantity: string): boolean {
  for (const { series } of device.series) if (series.quantity === quantity) return true;
  return false;
}

/** Names of the work that indexes share, by quantity and, of spans, by length in ms; made once, as they are asked for often. */
const SPANS = new Map<string, Map<number, string>>();
const RESTS = new Map<string, string>();
const LAST_DAYS = new Map<string, string>();

function spanWork(quantity: string, lengthMs: number): string {
  const byLength = SPANS.getOrInsertComputed(quantity, () => new Map<number, string>());
  return byLength.getOrInsertComputed(lengthMs, () => `air ${quantity}, ${lengthMs} ms`);
}

/**
 * Hours of a day from an instant on, as far as they were measured; of the series of the whole day. They are looked up
 * once a tick, and nothing before them: hours that have left memory would be folded anew for nothing.
 */
function restOfDay(
  device: KpiDevice,
  quantity: string,
  { memo }: KpiWindow,
  day: Span,
  fromMs: number,
): readonly KpiHour[] {
  const work = RESTS.getOrInsertComputed(quantity, () => `air ${quantity}, rest of a day`);
  return remembered(work, device, { memo, startMs: fromMs }, () => {
    return mainSeries(device, quantity, day)?.hours(fromMs, day.endMs) ?? [];
  });
}

/**
 * The span may begin within an hour: where clocks move by half an hour, days of standard time do in summer.
 *
 * @param measured oldest first, those that start in the span or behind it
 */
function putHours(into: AirHour[], measured: readonly KpiHour[], { startMs, endMs }: Span, calendar: Calendar): void {
  let next = 0;
  const hourMs = calendar.hourStart(startMs);
  for (let atMs = hourMs < startMs ? calendar.hourEnd(startMs) : hourMs; atMs < endMs; ) {
    const hour = measured[next]?.startMs === atMs ? measured[next++] : undefined;
    into.push(hour);
    atMs = hour === undefined ? calendar.hourEnd(atMs) : hour.endMs;
  }
}

/** The 24 hours that end with a window, as running indexes look at them. */
export interface LastDay {
  readonly hours: readonly AirHour[];
  readonly isMeasured: boolean;
  /** Mean of the valid hours; three quarters of them are needed. Made where it is asked for. */
  mean(): Concentration;
}

/** Of a pollutant, put together once a tick: several indexes look at it. Concentrations in the unit of the quantity. */
export function lastDay(device: KpiDevice, quantity: string, window: KpiWindow): LastDay {
  const { memo, endMs } = window;
  const work = LAST_DAYS.getOrInsertComputed(quantity, () => `air ${quantity}, last day`);
  return remembered(work, device, { memo, startMs: endMs }, () => {
    const hours = airHours(device, quantity, window, endMs - DAY_MS, endMs);
    let mean: Concentration | undefined;
    return {
      hours,
      isMeasured: isMeasured(hours),
      mean: () => {
        mean ??= meanOf(hours, threeQuarters(hours.length));
        return mean;
      },
    };
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
