import { type Calendar, HOUR_MS, MINUTE_MS } from '../base/index.ts';
import type { DevicePlacement } from '../config/index.ts';
import { CustomerCount, OutageBook, type OutageBookLimits, type OutageBookState } from '../kpis/index.ts';
import { type Interruption, OUTAGE_QUANTITIES, qualityCounts, type Reading, type Series } from '../model/index.ts';

const TELLS_OF_OUTAGES: ReadonlySet<string> = new Set(OUTAGE_QUANTITIES);

/** For snapshots. */
export interface OutageTrackerState {
  readonly book: OutageBookState;
  readonly nowMs: number;
}

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
 * look at again: those in which interruptions began that changed or run, and those of a new day, of which "none" is to
 * be said.
 */
export class OutageTracker {
  readonly #placementOf: (device: string) => DevicePlacement;
  readonly #calendar: Calendar;
  readonly #book: OutageBook;
  readonly #customers: CustomerCount;
  /** One series of each zone: a new day is told of every zone, and not of every device. */
  readonly #seriesOfZone = new Map<string, number>();
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
  }

  learnSeries({ id, device, quantity }: Series): void {
    this.#customers.learn({ device, quantity });
    if (!tellsOfOutages(quantity)) return;
    const { zone } = this.#placementOf(device);
    if (!this.#seriesOfZone.has(zone)) this.#seriesOfZone.set(zone, id);
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
    if (!Number.isFinite(beforeMs) || this.#calendar.dayStart(beforeMs) !== this.#calendar.dayStart(nowMs)) {
      for (const series of this.#seriesOfZone.values()) touched.push(this.#hourOf(series, nowMs));
    }
    for (const { series, beginMs } of this.#book.running()) {
      // As their minutes are counted: to the minute while the day is open and a little longer, then to the hour.
      const isRecent = nowMs < this.#calendar.dayEnd(beginMs) + 2 * HOUR_MS;
      if (isRecent || passes(HOUR_MS, beforeMs, nowMs)) touched.push(this.#hourOf(series, beginMs));
    }
    return touched;
  }

  stats() {
    return this.#book.stats();
  }

  state(): OutageTrackerState {
    return { book: this.#book.state(), nowMs: this.#nowMs };
  }

  /** @param series all that there were, by id */
  restore(state: OutageTrackerState, series: Iterable<Series>): void {
    this.#book.restore(state.book);
    this.#nowMs = state.nowMs;
    for (const one of series) this.learnSeries(one);
  }

  #hourOf(series: number, atMs: number): TouchedHour {
    return { series, hourStartMs: this.#calendar.hourStart(atMs) };
  }
}

/** Whether a full minute or hour lies between two instants. */
function passes(lengthMs: number, beforeMs: number, nowMs: number): boolean {
  return Math.floor(beforeMs / lengthMs) !== Math.floor(nowMs / lengthMs);
}
