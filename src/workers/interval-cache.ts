import { type Calendar, HOUR_MS, QUARTER_MS } from '../base/index.ts';
import type { KpiHour } from '../kpis/index.ts';
import type { Pane } from '../model/index.ts';

/** Slots of a ring: hours of two days and more, quarter-hours of a day and more; powers of two. */
const SLOTS = { hours: 64, quarters: 128 } as const;

type Level = keyof typeof SLOTS;

/** Flags of a slot. */
const KNOWN = 1;
const PRESENT = 2;
const VALID = 4;
const HAS_VALUE = 8;

/** An hour or quarter-hour whose pane is folded again only where it is asked for. */
class CachedInterval implements KpiHour {
  readonly startMs: number;
  readonly endMs: number;
  readonly value: number | null;
  readonly valid: boolean;
  readonly #fold: () => KpiHour | undefined;

  constructor(known: Omit<KpiHour, 'pane'>, fold: () => KpiHour | undefined) {
    this.startMs = known.startMs;
    this.endMs = known.endMs;
    this.value = known.value;
    this.valid = known.valid;
    this.#fold = fold;
  }

  get pane(): Pane {
    return this.#fold()!.pane;
  }
}

/** Values of the newest intervals of one series; an interval takes the place of the one a ring before it. */
class Ring {
  readonly #startQuarter: Int32Array;
  readonly #value: Float64Array;
  readonly #flags: Uint8Array;

  constructor(slots: number) {
    this.#startQuarter = new Int32Array(slots);
    this.#value = new Float64Array(slots);
    this.#flags = new Uint8Array(slots);
  }

  flags(slot: number, startMs: number): number {
    return this.#startQuarter[slot] === startMs / QUARTER_MS ? this.#flags[slot]! : 0;
  }

  value(slot: number): number {
    return this.#value[slot]!;
  }

  put(slot: number, startMs: number, interval: KpiHour | undefined): number {
    let flags = KNOWN;
    if (interval !== undefined) {
      flags |= PRESENT | (interval.valid ? VALID : 0) | (interval.value === null ? 0 : HAS_VALUE);
      this.#value[slot] = interval.value ?? Number.NaN;
    }
    this.#startQuarter[slot] = startMs / QUARTER_MS;
    this.#flags[slot] = flags;
    return flags;
  }

  forget(slot: number): void {
    this.#flags[slot] = 0;
  }
}

/**
 * What hours and quarter-hours of series said last. KPIs of a day look at all hours of the day each time one of them
 * changes, and folding an hour from its readings costs a hundred times as much as remembering its value.
 */
export class IntervalCache {
  readonly #calendar: Calendar;
  readonly #rings: Record<Level, (Ring | undefined)[]> = { hours: [], quarters: [] };

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
  }

  /** An hour changed, with its quarters. */
  forget(series: number, hourStartMs: number): void {
    this.#rings.hours[series]?.forget(slotOf('hours', hourStartMs));
    const quarters = this.#rings.quarters[series];
    if (quarters === undefined) return;
    for (let atMs = hourStartMs; atMs < hourStartMs + HOUR_MS; atMs += QUARTER_MS) {
      quarters.forget(slotOf('quarters', atMs));
    }
  }

  /**
   * Intervals whose start lies in [fromMs, toMs), oldest first.
   *
   * @param fold makes those of a span from what is in memory
   */
  intervals(
    level: Level,
    series: number,
    fromMs: number,
    toMs: number,
    fold: (fromMs: number, toMs: number) => readonly KpiHour[],
  ): KpiHour[] {
    const found: KpiHour[] = [];
    let ring = this.#rings[level][series];
    if (ring === undefined) {
      ring = new Ring(SLOTS[level]);
      this.#rings[level][series] = ring;
    }
    for (let startMs = this.#firstStart(level, fromMs); startMs < toMs; ) {
      const endMs = this.#endOf(level, startMs);
      const slot = slotOf(level, startMs);
      let flags = ring.flags(slot, startMs);
      if ((flags & KNOWN) === 0) flags = ring.put(slot, startMs, fold(startMs, startMs + 1)[0]);
      if ((flags & PRESENT) !== 0) {
        const value = (flags & HAS_VALUE) === 0 ? null : ring.value(slot);
        const at = startMs;
        found.push(
          new CachedInterval({ startMs, endMs, value, valid: (flags & VALID) !== 0 }, () => fold(at, at + 1)[0]),
        );
      }
      startMs = endMs;
    }
    return found;
  }

  #firstStart(level: Level, fromMs: number): number {
    if (level === 'quarters') return Math.ceil(fromMs / QUARTER_MS) * QUARTER_MS;
    const startMs = this.#calendar.hourStart(fromMs);
    return startMs === fromMs ? fromMs : this.#calendar.hourEnd(fromMs);
  }

  #endOf(level: Level, startMs: number): number {
    return level === 'quarters' ? startMs + QUARTER_MS : this.#calendar.hourEnd(startMs);
  }
}

/** Intervals that begin within half an hour of each other may share a slot: then only the newer one is remembered. */
function slotOf(level: Level, startMs: number): number {
  const lengthMs = level === 'hours' ? HOUR_MS : QUARTER_MS;
  return Math.floor(startMs / lengthMs) & (SLOTS[level] - 1);
}
