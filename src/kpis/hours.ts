import { HOUR_MS } from '../base/index.ts';
import type { KpiDevice, KpiHour, KpiSeries, KpiWindow, Part } from './definition.ts';

/** The device's series of a quantity: the unnamed channel where there is one, otherwise the first. */
export function mainSeries(device: KpiDevice, quantity: string): KpiSeries | undefined {
  const all = device.series.filter(({ series }) => series.quantity === quantity);
  return all.find(({ series }) => series.channel === '') ?? all.find(({ series }) => series.channel !== '1s') ?? all[0];
}

/**
 * The series that together are a device's whole: the unnamed channel, or else its phases (L1 to L3), tariffs (T1...) or
 * numbered outputs. Sub-meters with names of their own are never added to the meter above them.
 */
export function wholeSeries(device: KpiDevice, quantity: string): readonly KpiSeries[] {
  const all = device.series.filter(({ series }) => series.quantity === quantity);
  const main = all.filter(({ series }) => series.channel === '');
  return main.length > 0 ? main : all.filter(({ series }) => /^(?:[LT]\d|\d+)$/.test(series.channel));
}

/** Number of hours of a window; days have 23 to 25. */
export function hoursOf(window: Pick<KpiWindow, 'startMs' | 'endMs'>): number {
  return Math.round((window.endMs - window.startMs) / HOUR_MS);
}

/** Hours that a rolling or civil day needs: 75 %, rounded up (18 of 24; KPI.md 2.9 and 6.1). */
export function threeQuarters(count: number): number {
  return Math.ceil((3 * count) / 4);
}

/** Valid hourly values, in order of time. */
export function validValues(hours: readonly KpiHour[]): number[] {
  return hours.filter((hour) => hour.valid && hour.value !== null).map((hour) => hour.value ?? Number.NaN);
}

/** Hourly values of a window by position, null where an hour is missing or not valid. */
export function hourlyValues(
  series: KpiSeries,
  calendar: KpiWindow['calendar'],
  fromMs: number,
  toMs: number,
): (number | null)[] {
  const byStart = new Map(series.hours(fromMs, toMs).map((hour) => [hour.startMs, hour]));
  const values: (number | null)[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs = calendar.hourEnd(atMs)) {
    const hour = byStart.get(atMs);
    values.push(hour?.valid === true ? hour.value : null);
  }
  return values;
}

/** A part from a value and its count of valid hours. */
export function partOf(
  value: number | null,
  validCount: number,
  expectedCount: number,
  neededCount: number,
  note = '',
): Part {
  return { value, validCount, expectedCount, valid: value !== null && validCount >= neededCount, note };
}
