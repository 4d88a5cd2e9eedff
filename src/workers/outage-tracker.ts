import { type Calendar, DAY_MS, HOUR_MS, MINUTE_MS } from '../base/index.ts';
import type { DevicePlacement } from '../config/index.ts';
import {
  CustomerCount,
  OutageBook,
  type OutageBookLimits,
  type OutageBookState,
  type OutageBookStats,
} from '../kpis/index.ts';
import { type Interruption, OUTAGE_QUANTITIES, qualityCounts, type Reading, type Series } from '../model/index.ts';

const TELLS_OF_OUTAGES: ReadonlySet<string> = new Set(OUTAGE_QUANTITIES);

/** For snapshots. */
export interface OutageTrackerState {
  readonly book: OutageBookState;
  readonly nowMs: number;
  /** A series of every zone that tells of outages. */
  readonly zones: readonly (readonly [zone: string, series: number])[];
  readonly devices: readonly string[];
  /** Oldest time that each of the devices told of, ms UTC. */
  readonly oldestMs: Float64Array;
}

/** An hour that outage KPIs look at again. */
export interface TouchedHour {
  readonly series: number;
  readonly hourStartMs: number;
}

/** Days in which a device has a part since the last tick. */
interface NewDays {
  readonly series: number;
  readonly fromMs: number;
  /** Up to now when undefined. */
  readonly toMs: number | undefined;
}

/** Days further back are told of only where something happened. */
const QUIET_DAYS_MS = 400 * DAY_MS;

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
  /** A day that begins is told of every zone, and not of every device in it. */
  readonly #seriesOfZone = new Map<string, number>();
  /** By device, ms UTC: before it the device has no part in anything. */
  readonly #oldestMs = new Map<string, number>();
  #newDays: NewDays[] = [];
  /** Zones that count more customers since the last tick: their day is divided by them. */
  readonly #grown = new Set<string>();
  #nowMs = Number.NEGATIVE_INFINITY;

  constructor(placementOf: (device: string) => DevicePlacement, calendar: Calendar, limits: OutageBookLimits) {
    this.#placementOf = placementOf;
    this.#calendar = calendar;
    this.#book = new OutageBook(limits);
    this.#customers = new CustomerCount(placementOf);
  }

  /** A reading was taken in, or filed late; each identity once stands, whatever comes again. */
  take(series: number, reading: Pick<Reading, 'device' | 'quantity' | 'quality' | 'value' | 'timeMs'>): void {
    const { device, quantity, quality, value } = reading;
    if (!tellsOfOutages(quantity) || !qualityCounts(quality) || !Number.isFinite(value)) return;
    const timeMs = Math.floor(reading.timeMs);
    if (this.#book.put(series, timeMs, Math.max(0, Math.round(value))) !== 'taken') return;
    const { zone } = this.#placementOf(device);
    if (!this.#seriesOfZone.has(zone)) this.#seriesOfZone.set(zone, series);
    const oldestMs = this.#oldestMs.get(device);
    if (oldestMs !== undefined && oldestMs <= timeMs) return;
    this.#oldestMs.set(device, timeMs);
    this.#newDays.push({ series, fromMs: timeMs, toMs: oldestMs });
  }

  /** What stood there is decoded again: another reading may take its place, or none does. */
  withdraw(series: number, timeMs: number): void {
    this.#book.withdraw(series, timeMs);
  }

  learnSeries(series: Series): void {
    const zone = this.#customers.learn(series);
    if (zone !== undefined) this.#grown.add(zone);
  }

  /** Interruptions of a series that began in [fromMs, toMs); undefined where it had told nothing yet. */
  interruptions(series: number, fromMs: number, toMs: number): readonly Interruption[] | undefined {
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
    if (!Number.isFinite(nowMs)) return touched;
    for (const hour of this.#quietDays(beforeMs, nowMs)) touched.push(hour);
    if (!passes(MINUTE_MS, beforeMs, nowMs)) return touched;
    for (const { series, beginMs } of this.#book.running()) {
      if (this.#countsOn(beginMs, beforeMs, nowMs)) touched.push(this.#hourOf(series, beginMs));
    }
    return touched;
  }

  stats(): OutageBookStats {
    return this.#book.stats();
  }

  state(): OutageTrackerState {
    return {
      book: this.#book.state(),
      nowMs: this.#nowMs,
      zones: [...this.#seriesOfZone],
      devices: [...this.#oldestMs.keys()],
      oldestMs: Float64Array.from(this.#oldestMs.values()),
    };
  }

  /** @param series all that there were, by id */
  restore(state: OutageTrackerState, series: Iterable<Series>): void {
    this.#book.restore(state.book);
    this.#nowMs = state.nowMs;
    for (const [zone, first] of state.zones) this.#seriesOfZone.set(zone, first);
    for (const [index, device] of state.devices.entries()) this.#oldestMs.set(device, state.oldestMs[index]!);
    this.know(series);
  }

  /** What was heard before: it makes no day another one. */
  know(series: Iterable<Series>): void {
    for (const one of series) this.learnSeries(one);
    this.#grown.clear();
  }

  /** Days that began, and those that a device has a part in since it told of something older. */
  *#quietDays(beforeMs: number, nowMs: number): Generator<TouchedHour> {
    for (const { series, fromMs, toMs = nowMs } of this.#newDays) yield* this.#daysOf(series, fromMs, toMs, nowMs);
    this.#newDays = [];
    const todayMs = this.#calendar.dayStart(nowMs);
    const newFromMs = Number.isFinite(beforeMs) ? this.#calendar.dayEnd(beforeMs) : todayMs;
    for (const [zone, series] of this.#seriesOfZone) {
      if (newFromMs <= todayMs) yield* this.#daysOf(series, newFromMs, nowMs, nowMs);
      else if (this.#grown.has(zone)) yield this.#hourOf(series, nowMs);
    }
    this.#grown.clear();
  }

  /** The first hour of every local day that has a part in [fromMs, toMs], but for those that are too old. */
  *#daysOf(series: number, fromMs: number, toMs: number, nowMs: number): Generator<TouchedHour> {
    for (let atMs = Math.max(fromMs, nowMs - QUIET_DAYS_MS); atMs <= toMs; atMs = this.#calendar.dayEnd(atMs)) {
      yield { series, hourStartMs: this.#calendar.dayStart(atMs) };
    }
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
