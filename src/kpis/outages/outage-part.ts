import { DAY_MS, HOUR_MS } from '../../base/index.ts';
import type { Interruption, OutageRecord, OutageStep } from '../../model/index.ts';
import { isSustained, minutesBetween } from '../arithmetic/index.ts';
import type { DeviceFacts, KpiDevice, KpiSeries, KpiWindow, Part } from '../definition.ts';

/** What major event days are told from: five years before the window (IEEE 1366). */
const MAJOR_EVENT_HISTORY_YEARS = 5;

/**
 * What a device tells of the outages that began in a window: an outage feed by its counts of customers, a meter by its
 * last gasp and its return, for as many customers as the configuration puts behind it.
 *
 * @param looksBefore also at what began in the five years before the window
 * @returns null for a device that speaks for no customer
 */
export function outagePart(device: KpiDevice, window: KpiWindow, looksBefore = false): Part | null {
  const feed = device.series.filter(({ series }) => series.quantity === 'customers_out');
  const isFeed = feed.length > 0;
  if (!isFeed && device.facts.customers <= 0) return null;
  const series = isFeed ? feed : device.series.filter(({ series: { quantity } }) => quantity === 'power_outage');
  if (series.length === 0) return null;
  const factor = isFeed ? 1 : device.facts.customers;
  const steps = stepsOf(series, window, window.startMs, window.endMs, factor);
  const before = looksBefore ? stepsOf(series, window, historyFromMs(window), window.startMs, factor) : [];
  const asOfMs = Math.min(window.endMs, settledMs(window));
  const periodHours = Math.max(0, asOfMs - window.startMs) / HOUR_MS;
  return { ...recordPart({ steps, before, periodHours }), bulk: isFeed };
}

/** A part that carries a record; its value is the number of customer interruptions, which an index makes its own of. */
export function recordPart(outages: OutageRecord): Part {
  const { steps } = outages;
  const over = steps.filter(({ running }) => !running).length;
  // Nothing happened: that is known as well as anything can be.
  const expectedCount = Math.max(1, steps.length);
  return {
    value: steps.reduce((sum, { customers }) => sum + customers, 0),
    validCount: steps.length === 0 ? 1 : over,
    expectedCount,
    valid: true,
    note: over < steps.length ? `provisional: ${steps.length - over} of ${steps.length} not restored` : '',
    provisional: over < steps.length,
    outages,
  };
}

/** Customers that a device stands for by itself: those behind a meter; those of a feed only where they are told. */
export function customersOf({ customers }: DeviceFacts): number {
  return customers;
}

function stepsOf(
  series: readonly KpiSeries[],
  window: KpiWindow,
  fromMs: number,
  toMs: number,
  factor: number,
): OutageStep[] {
  return series.flatMap((one) => one.interruptions(fromMs, toMs).map((each) => stepOf(each, window, factor)));
}

function stepOf({ beginMs, endMs, customers }: Interruption, window: KpiWindow, factor: number): OutageStep {
  const running = endMs === undefined;
  const minutes = Math.max(0, minutesBetween(beginMs, endMs ?? settledMs(window)));
  return {
    dayMs: window.calendar.dayStart(beginMs),
    customers: customers * factor,
    minutes,
    // One that runs counts from its start (KPI.md 5); where it ends as a momentary one, it counts as that.
    sustained: running || isSustained(minutes, window.settings.outages.sustained),
    running,
  };
}

/**
 * Up to when the minutes of an interruption that runs are counted: to the minute while its day is open, to the hour once
 * the day is over, to the newest midnight in windows of more than a day. The engine looks again at these times, so the
 * same is said whoever asks in between.
 */
function settledMs({ startMs, endMs, nowMs, calendar }: KpiWindow): number {
  if (endMs - startMs > 1.5 * DAY_MS) return calendar.dayStart(nowMs);
  return nowMs < endMs + HOUR_MS ? nowMs : Math.floor(nowMs / HOUR_MS) * HOUR_MS;
}

function historyFromMs({ startMs, calendar }: KpiWindow): number {
  const start = Temporal.Instant.fromEpochMilliseconds(startMs).toZonedDateTimeISO('UTC');
  return calendar.dayStart(start.subtract({ years: MAJOR_EVENT_HISTORY_YEARS }).epochMilliseconds);
}
