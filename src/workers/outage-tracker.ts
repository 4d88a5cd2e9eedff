import { type Calendar, DAY_MS, HOUR_MS, MINUTE_MS } from '../base/index.ts';
import type { DevicePlacement } from '../config/index.ts';
import { CustomerCount, OutageBook, type OutageBookLimits, type OutageBookState } from '../kpis/index.ts';
import { type Interruption, OUTAGE_QUANTITIES, qualityCounts, type Reading, type Series } from '../model/index.ts';

const TELLS_OF_OUTAGES: ReadonlySet<string> = new Set(OUTAGE_QUANTITIES);

/** For snapshots. */
export interface OutageTrackerState {
  readonly book: OutageBookState;
  readonly nowMs: number;
  readonly zones: readonly (readonly [zone: string, days: ToldDays])[];
}

/** Local days of a zone of which "no outage" is told where there was none. */
interface ToldDays {
  /** The first series of the zone: a day is told of the zone, and not of every device in it. */
  readonly series: number;
  /** Of all that the zone told, ms UTC. */
  oldestMs: number;
  /** Start of the first day told and end of the last one, ms UTC; NaN before any is. */
  fromMs: number;
  toMs: number;
}

/** Days further back are told of only where something happened. */
const QUIET_DAYS_MS = 400 * DAY_MS;

/** An hour that outage KPIs look at again. */
export interface TouchedHour {
  readonly series: number;
  readonly hourStartMs: number;
}

/** True for quantities that speak when something happens: their silence means nothing. */
export function tellsOfOutages(quantity: string): boolean {
  return TELLS_OF_OUTAGES.has(quantity);
}

/**
 * Feeds the outage book from the readings that count, in the order of the journal, and tells which hours KPIs have to
 * look at again: those in which interruptions began that changed or run, and one of every day on which a place could
 * have told of outages, so that it is said that there were none.
 */
export class OutageTracker {
  readonly #placementOf: (device: string) => DevicePlacement;
  readonly #calendar: Calendar;
  readonly #book: OutageBook;
  readonly #customers: CustomerCount;
  readonly #zones = new Map<string, ToldDays>();
  #nowMs = Number.NEGATIVE_INFINITY;

  constructor(placementOf: (device: string) => DevicePlacement, calendar: Calendar, limits: OutageBookLimits) {
    this.#placementOf = placementOf;
    this.#calendar = calendar;
    this.#book = new OutageBook(limits);
    this.#customers = new CustomerCount(placementOf);
  }

  /** A reading was taken in, or filed late; each identity once stands, whatever comes again. */
  take(series: number, reading: Reading): void {
    if (!tellsOfOutages(reading.quantity) || !qualityCounts(reading.quality)) return;
    if (!Number.isFinite(reading.value)) return;
    this.#book.put(series, Math.floor(reading.timeMs), Math.max(0, Math.round(reading.value)));
    const { zone } = this.#placementOf(reading.device);
    const days = this.#zones.get(zone);
    if (days !== undefined) days.oldestMs = Math.min(days.oldestMs, reading.timeMs);
    else this.#zones.set(zone, { series, oldestMs: reading.timeMs, fromMs: Number.NaN, toMs: Number.NaN });
  }

  learnSeries(series: Series): void {
    this.#customers.learn(series);
  }

  interruptions(series: number, fromMs: number, toMs: number): readonly Interruption[] {
    return this.#book.interruptions(series, fromMs, toMs);
  }

  /** Customers behind the electricity meters of the zone itself; '' for those of no zone. */
  customersIn(zone: string): number {
    return this.#customers.of(zone);
  }

  /** @param nowMs event-time now, ms UTC */
  tick(nowMs: number): TouchedHour[] {
    const touched = this.#book.tick(nowMs).map(({ series, beginMs }) => this.#hourOf(series, beginMs));
    const beforeMs = this.#nowMs;
    this.#nowMs = nowMs;
    if (!Number.isFinite(nowMs) || !passes(MINUTE_MS, beforeMs, nowMs)) return touched;
    for (const days of this.#zones.values()) touched.push(...this.#untoldDays(days, nowMs));
    for (const { series, beginMs } of this.#book.running()) {
      if (this.#countsOn(beginMs, beforeMs, nowMs)) touched.push(this.#hourOf(series, beginMs));
    }
    return touched;
  }

  stats() {
    return this.#book.stats();
  }

  state(): OutageTrackerState {
    const zones = [...this.#zones].map(([zone, days]) => [zone, { ...days }] as const);
    return { book: this.#book.state(), nowMs: this.#nowMs, zones };
  }

  /** @param series all that there were, by id */
  restore(state: OutageTrackerState, series: Iterable<Series>): void {
    this.#book.restore(state.book);
    this.#nowMs = state.nowMs;
    for (const [zone, days] of state.zones) this.#zones.set(zone, { ...days });
    for (const one of series) this.learnSeries(one);
  }

  /** Days that time, or an older reading, brought in since they were told last. */
  *#untoldDays(days: ToldDays, nowMs: number): Generator<TouchedHour> {
    const { series } = days;
    const fromMs = this.#calendar.dayStart(Math.max(days.oldestMs, nowMs - QUIET_DAYS_MS));
    const toMs = this.#calendar.dayEnd(nowMs);
    const told = Number.isNaN(days.fromMs) ? { fromMs, toMs: fromMs } : { fromMs: days.fromMs, toMs: days.toMs };
    for (let atMs = fromMs; atMs < told.fromMs; atMs = this.#calendar.dayEnd(atMs)) yield this.#hourOf(series, atMs);
    for (let atMs = told.toMs; atMs < toMs; atMs = this.#calendar.dayEnd(atMs)) yield this.#hourOf(series, atMs);
    days.fromMs = Math.min(told.fromMs, fromMs);
    days.toMs = Math.max(told.toMs, toMs);
  }

  /**
   * As minutes of interruptions that run are counted: to the minute while their day is open and an hour longer, to the
   * hour on the day behind it, then to the newest midnight.
   */
  #countsOn(beginMs: number, beforeMs: number, nowMs: number): boolean {
    const dayEndMs = this.#calendar.dayEnd(beginMs);
    if (nowMs < dayEndMs + 2 * HOUR_MS) return true;
    if (beforeMs < this.#calendar.dayEnd(dayEndMs)) return passes(HOUR_MS, beforeMs, nowMs);
    return this.#calendar.dayStart(beforeMs) !== this.#calendar.dayStart(nowMs);
  }

  #hourOf(series: number, atMs: number): TouchedHour {
    return { series, hourStartMs: this.#calendar.hourStart(atMs) };
  }
}

/** Whether a full minute or hour lies between two instants. */
function passes(lengthMs: number, beforeMs: number, nowMs: number): boolean {
  return Math.floor(beforeMs / lengthMs) !== Math.floor(nowMs / lengthMs);
}
