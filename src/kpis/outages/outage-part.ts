import { HOUR_MS } from '../../base/index.ts';
import type { Interruption } from '../../model/index.ts';
import { isSustained, minutesBetween } from '../arithmetic/index.ts';
import type { DayRecord } from '../day-ledger.ts';
import type { FoldSpan, KpiDevice, KpiWindow, Part } from '../definition.ts';
import { addOutages, NO_OUTAGES, type OutageTotals, outagesOf, provisionalOf } from './outage-totals.ts';

/**
 * What a device tells of the outages that began on a local day: an outage feed by its counts of customers, a meter by its
 * last gasp and its return, for as many customers as the configuration puts behind it. The value is the number of
 * customer interruptions, which every index makes its own of.
 *
 * @returns null for a device that speaks for no customer, or had told nothing yet
 */
export function outageDayPart(device: KpiDevice, window: KpiWindow): Part | null {
  const feed = device.series.filter(({ series }) => series.quantity === 'customers_out');
  const isFeed = feed.length > 0;
  const factor = isFeed ? 1 : device.facts.customers;
  const told = isFeed ? feed : device.series.filter(({ series }) => series.quantity === 'power_outage');
  if (factor <= 0 || told.length === 0) return null;
  const { startMs, endMs } = window;
  const heard = told.map((series) => series.interruptions(startMs, endMs)).filter((some) => some !== undefined);
  if (heard.length === 0) return null;
  const steps = heard.flatMap((some) => some.map((one) => stepOf(one, window, factor)));
  return totalsPart({ ...addOutages(steps), feed: isFeed ? 1 : 0 });
}

/** A part of a day. That nothing happened is known as well as anything can be. */
export function totalsPart(totals: OutageTotals): Part {
  const { sustained, momentary, steps, running } = totals;
  return {
    value: sustained + momentary,
    validCount: Math.max(1, steps) - running,
    expectedCount: Math.max(1, steps),
    valid: true,
    ...provisionalOf(totals),
    bulk: totals.feed > 0,
    amounts: { ...totals },
  };
}

/** Days of a zone taken together. A year needs 90 % of them (KPI.md 6.2); the days before the first outage are not known. */
export function foldOutages(days: readonly DayRecord[], { days: elapsed, hours }: FoldSpan): Part {
  const totals = { ...addOutages(days.map(({ amounts }) => outagesOf(amounts))), hours };
  return {
    ...totalsPart(totals),
    validCount: days.length,
    expectedCount: Math.max(elapsed, days.length),
    valid: 10 * days.length >= 9 * elapsed,
  };
}

function stepOf({ beginMs, endMs, customers: counted }: Interruption, window: KpiWindow, factor: number): OutageTotals {
  const customers = counted * factor;
  const running = endMs === undefined;
  const minutes = Math.max(0, minutesBetween(beginMs, endMs ?? settledMs(window)));
  const step = { ...NO_OUTAGES, steps: 1, running: running ? 1 : 0, most: customers };
  // One that runs counts from its start (KPI.md 5); where it ends as a momentary one, it counts as that.
  if (!running && !isSustained(minutes, window.settings.outages.sustained)) return { ...step, momentary: customers };
  return { ...step, sustained: customers, minutes: customers * minutes, longest: minutes };
}

/**
 * Up to when the minutes of an interruption that runs are counted: to the minute while its day is open, to the hour on the
 * day behind it, then to the newest midnight. The engine looks again at these times, so the same is said whoever asks in
 * between, and however often.
 */
function settledMs({ endMs, nowMs, calendar }: KpiWindow): number {
  if (nowMs < endMs + HOUR_MS) return nowMs;
  return nowMs < calendar.dayEnd(endMs) ? Math.floor(nowMs / HOUR_MS) * HOUR_MS : calendar.dayStart(nowMs);
}
