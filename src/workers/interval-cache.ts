import { type Calendar, HOUR_MS, QUARTER_MS } from '../base/index.ts';
import type { HourMade, KpiHour } from '../kpis/index.ts';
import type { Pane } from '../model/index.ts';

/** Slots of a ring: hours of two days and more, quarter-hours of a day and more; powers of two. */
const SLOTS = { hours: 64, quarters: 128 } as const;

type Level = keyof typeof SLOTS;

/** Flags of a slot. */
const KNOWN = 1;
const PRESENT = 2;
const VALID = 4;
const HAS_VALUE = 8;
const READ = 16;
const HEARD = 32;
const FULL = 64;
const CROSSED = 128;

/** Makes the intervals of a span from what is in memory. */
type Fold = (fromMs: number, toMs: number) => readonly KpiHour[];

/** An hour or quarter-hour whose pane is folded again only where it is asked for. */
class CachedInterval implements KpiHour, HourMade {
  readonly startMs: number;
  readonly endMs: number;
  readonly value: number | null;
  readonly coveredSlots: number;
  readonly #flags: number;
  readonly #fold: Fold;

  constructor(startMs: number, endMs: number, known: Slot, fold: Fold) {
    this.startMs = startMs;
    this.endMs = endMs;
    this.value = (known.flags & HAS_VALUE) === 0 ? null : known.value;
    this.coveredSlots = known.coveredSlots;
    this.#flags = known.flags;
    this.#fold = fold;
  }

  get valid(): boolean {
    return (this.#flags & VALID) !== 0;
  }

  get made(): HourMade {
    return this;
  }

  get isRead(): boolean {
    return (this.#flags & READ) !== 0;
  }

  get isHeard(): boolean {
    return (this.#flags & HEARD) !== 0;
  }

  get isFull(): boolean {
    return (this.#flags & FULL) !== 0;
  }

  get isCrossed(): boolean {
    return (this.#flags & CROSSED) !== 0;
  }

  get pane(): Pane {
    return this.#fold(this.startMs, this.startMs + 1)[0]!.pane;
  }
}

/** What is remembered of an interval. */
interface Slot {
  flags: number;
  value: number;
  coveredSlots: number;
}

/** Values of the newest intervals of one series; an interval takes the place of the one a ring before it. */
class Ring {
  readonly #startQuarter: Int32Array;
  readonly #value: Float64Array;
  readonly #coveredSlots: Uint32Array;
  readonly #flags: Uint8Array;

  constructor(slots: number) {
    this.#startQuarter = new Int32Array(slots);
    this.#value = new Float64Array(slots);
    this.#coveredSlots = new Uint32Array(slots);
    this.#flags = new Uint8Array(slots);
  }

  flags(slot: number, startMs: number): number {
    return this.#startQuarter[slot] === startMs / QUARTER_MS ? this.#flags[slot]! : 0;
  }

  /** @param into takes what is remembered; made once, because there are many slots to look at */
  read(slot: number, into: Slot): Slot {
    into.flags = this.#flags[slot]!;
    into.value = this.#value[slot]!;
    into.coveredSlots = this.#coveredSlots[slot]!;
    return into;
  }

  put(slot: number, startMs: number, interval: KpiHour | undefined): number {
    const flags = KNOWN | (interval === undefined ? 0 : flagsOf(interval));
    this.#value[slot] = interval?.value ?? Number.NaN;
    this.#coveredSlots[slot] = interval?.made.coveredSlots ?? 0;
    this.#startQuarter[slot] = startMs / QUARTER_MS;
    this.#flags[slot] = flags;
    return flags;
  }

  forget(slot: number): void {
    this.#flags[slot] = 0;
  }
}

function flagsOf({ valid, value, made: { isRead, isHeard, isFull, isCrossed } }: KpiHour): number {
  const ofValue = PRESENT | (valid ? VALID : 0) | (value === null ? 0 : HAS_VALUE);
  return ofValue | (isRead ? READ : 0) | (isHeard ? HEARD : 0) | (isFull ? FULL : 0) | (isCrossed ? CROSSED : 0);
}

/** The hours of one span of a series, as they were when they were asked for last. */
interface HeldHours {
  readonly fromMs: number;
  readonly toMs: number;
  hours: readonly KpiHour[];
  /** Starts of those that changed since, ms UTC. */
  readonly changed: Set<number>;
}

/** Spans held of a series: today, and the days that indexes of 24 hours look at. */
const HELD_MAX = 4;

/**
 * What hours and quarter-hours of series said last. KPIs of a day look at all hours of the day each time one of them
 * changes, and folding an hour from its readings costs a hundred times as much as remembering its value.
 */
export class IntervalCache {
  readonly #calendar: Calendar;
  readonly #slot: Slot = { flags: 0, value: 0, coveredSlots: 0 };
  readonly #rings: Record<Level, (Ring | undefined)[]> = { hours: [], quarters: [] };
  readonly #held: (HeldHours[] | undefined)[] = [];

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
  }

  /** An hour changed, with its quarters. */
  forget(series: number, hourStartMs: number): void {
    this.#rings.hours[series]?.forget(slotOf('hours', hourStartMs));
    for (const { fromMs, toMs, changed } of this.#held[series] ?? []) {
      if (hourStartMs >= fromMs && hourStartMs < toMs) changed.add(hourStartMs);
    }
    const quarters = this.#rings.quarters[series];
    if (quarters === undefined) return;
    for (let atMs = hourStartMs; atMs < hourStartMs + HOUR_MS; atMs += QUARTER_MS) {
      quarters.forget(slotOf('quarters', atMs));
    }
  }

  /** Intervals whose start lies in [fromMs, toMs), oldest first. */
  intervals(level: Level, series: number, fromMs: number, toMs: number, fold: Fold): KpiHour[] {
    const found: KpiHour[] = [];
    const ring = this.#ringOf(level, series);
    for (let startMs = this.#firstStart(level, fromMs); startMs < toMs; ) {
      const endMs = this.#endOf(level, startMs);
      const slot = slotOf(level, startMs);
      if ((this.#flagsAt(ring, slot, startMs, fold) & PRESENT) !== 0) {
        found.push(new CachedInterval(startMs, endMs, ring.read(slot, this.#slot), fold));
      }
      startMs = endMs;
    }
    return found;
  }

  /**
   * Hours whose start lies in [fromMs, toMs), oldest first, of a series whose days are asked for again and again: in most
   * ticks one of them is new.
   */
  hoursHeld(series: number, fromMs: number, toMs: number, fold: Fold): readonly KpiHour[] {
    let spans = this.#held[series];
    if (spans === undefined) {
      spans = [];
      this.#held[series] = spans;
    }
    const held = spans.find((span) => span.fromMs === fromMs && span.toMs === toMs);
    if (held === undefined) {
      const hours = this.intervals('hours', series, fromMs, toMs, fold);
      if (spans.length === HELD_MAX) spans.shift();
      spans.push({ fromMs, toMs, hours, changed: new Set() });
      return hours;
    }
    if (held.changed.size > 0) {
      const kept = held.hours.filter(({ startMs }) => !held.changed.has(startMs));
      const fresh = Array.from(held.changed, (startMs) => this.intervals('hours', series, startMs, startMs + 1, fold));
      held.hours = [...kept, ...fresh.flat()].sort((a, b) => a.startMs - b.startMs);
      held.changed.clear();
    }
    return held.hours;
  }

  /** Whether there is any hour whose start lies in [fromMs, toMs); the newest are looked at first. */
  hasHours(series: number, fromMs: number, toMs: number, fold: Fold): boolean {
    const ring = this.#ringOf('hours', series);
    for (let atMs = toMs; atMs > fromMs; ) {
      const startMs = this.#calendar.hourStart(atMs - 1);
      if (startMs < fromMs) return false;
      if ((this.#flagsAt(ring, slotOf('hours', startMs), startMs, fold) & PRESENT) !== 0) return true;
      atMs = startMs;
    }
    return false;
  }

  #ringOf(level: Level, series: number): Ring {
    let ring = this.#rings[level][series];
    if (ring === undefined) {
      ring = new Ring(SLOTS[level]);
      this.#rings[level][series] = ring;
    }
    return ring;
  }

  #flagsAt(ring: Ring, slot: number, startMs: number, fold: Fold): number {
    const flags = ring.flags(slot, startMs);
    return (flags & KNOWN) === 0 ? ring.put(slot, startMs, fold(startMs, startMs + 1)[0]) : flags;
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
