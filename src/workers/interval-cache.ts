import { type Calendar, HOUR_MS, QUARTER_MS } from '../base/index.ts';
import type { HourMade, KpiHour } from '../kpis/index.ts';
import { expectedSlotsOf, type Pane } from '../model/index.ts';

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

/** Where the intervals of a series come from. */
interface Memory {
  readonly expectEveryMs: number;
  /** Makes the intervals of a span from what is in memory. */
  fold(fromMs: number, toMs: number): readonly KpiHour[];
}

/** An hour or quarter-hour whose pane is folded again only where it is asked for. */
class CachedInterval implements KpiHour, HourMade {
  readonly startMs: number;
  readonly endMs: number;
  readonly value: number | null;
  readonly coveredSlots: number;
  readonly #flags: number;
  readonly #memory: Memory;

  constructor(startMs: number, endMs: number, known: Slot, memory: Memory) {
    this.startMs = startMs;
    this.endMs = endMs;
    this.value = (known.flags & HAS_VALUE) === 0 ? null : known.value;
    this.coveredSlots = known.coveredSlots;
    this.#flags = known.flags;
    this.#memory = memory;
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

  get expectedSlots(): number {
    return expectedSlotsOf(this.startMs, this.endMs, this.#memory.expectEveryMs);
  }

  get pane(): Pane {
    return this.#memory.fold(this.startMs, this.startMs + 1)[0]!.pane;
  }
}

/** What is remembered of an interval. */
interface Slot {
  flags: number;
  value: number;
  coveredSlots: number;
}

/** Rings that stand together: one object for many, so that what a reading forgets is a store and no search. */
const RINGS_OF_PAGE = 512;

/** Values of the newest intervals of some series; an interval takes the place of the one a ring before it. */
class RingPage {
  readonly #startQuarter: Int32Array;
  readonly #value: Float64Array;
  readonly #coveredSlots: Uint32Array;
  readonly #flags: Uint8Array;

  /** @param slots of each ring */
  constructor(slots: number) {
    const count = RINGS_OF_PAGE * slots;
    this.#startQuarter = new Int32Array(count);
    this.#value = new Float64Array(count);
    this.#coveredSlots = new Uint32Array(count);
    this.#flags = new Uint8Array(count);
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
  /** Changed in place: who was given them has done with them when the next tick asks. */
  readonly hours: KpiHour[];
  /** Starts of those that changed since, ms UTC. */
  readonly changed: number[];
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
  readonly #pages: Record<Level, RingPage[]> = { hours: [], quarters: [] };
  /** Numbers of rings by series, in the order in which they were asked for; -1 for a series that never was. */
  readonly #rings: Record<Level, number[]> = { hours: [], quarters: [] };
  readonly #ringCount: Record<Level, number> = { hours: 0, quarters: 0 };
  readonly #held: (HeldHours[] | undefined)[] = [];

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
  }

  /** An hour changed, with its quarters. */
  forget(series: number, hourStartMs: number): void {
    const ring = this.#rings.hours[series] ?? -1;
    if (ring >= 0) this.#pageOf('hours', ring).forget(slotOf('hours', ring, hourStartMs));
    const spans = this.#held[series];
    if (spans !== undefined) {
      for (const { fromMs, toMs, changed } of spans) {
        if (hourStartMs >= fromMs && hourStartMs < toMs && !changed.includes(hourStartMs)) changed.push(hourStartMs);
      }
    }
    const quarters = this.#rings.quarters[series] ?? -1;
    if (quarters < 0) return;
    const page = this.#pageOf('quarters', quarters);
    for (let atMs = hourStartMs; atMs < hourStartMs + HOUR_MS; atMs += QUARTER_MS) {
      page.forget(slotOf('quarters', quarters, atMs));
    }
  }

  /** Intervals whose start lies in [fromMs, toMs), oldest first. */
  intervals(level: Level, series: number, fromMs: number, toMs: number, memory: Memory): KpiHour[] {
    const found: KpiHour[] = [];
    const ring = this.#ringOf(level, series);
    const page = this.#pageOf(level, ring);
    for (let startMs = this.#firstStart(level, fromMs); startMs < toMs; ) {
      const endMs = this.#endOf(level, startMs);
      const slot = slotOf(level, ring, startMs);
      if ((this.#flagsAt(page, slot, startMs, memory) & PRESENT) !== 0) {
        found.push(new CachedInterval(startMs, endMs, page.read(slot, this.#slot), memory));
      }
      startMs = endMs;
    }
    return found;
  }

  /**
   * Hours whose start lies in [fromMs, toMs), oldest first, of a series whose days are asked for again and again: in most
   * ticks one of them is new.
   */
  hoursHeld(series: number, fromMs: number, toMs: number, memory: Memory): readonly KpiHour[] {
    let spans = this.#held[series];
    if (spans === undefined) {
      spans = [];
      this.#held[series] = spans;
    }
    let held: HeldHours | undefined;
    for (const span of spans) if (span.fromMs === fromMs && span.toMs === toMs) held = span;
    if (held === undefined) {
      const hours = this.intervals('hours', series, fromMs, toMs, memory);
      if (spans.length === HELD_MAX) spans.shift();
      spans.push({ fromMs, toMs, hours, changed: [] });
      return hours;
    }
    for (let startMs = held.changed.pop(); startMs !== undefined; startMs = held.changed.pop()) {
      putHour(held.hours, startMs, this.intervals('hours', series, startMs, startMs + 1, memory)[0]);
    }
    return held.hours;
  }

  /** Whether there is any hour whose start lies in [fromMs, toMs); the newest are looked at first. */
  hasHours(series: number, fromMs: number, toMs: number, memory: Memory): boolean {
    const ring = this.#ringOf('hours', series);
    const page = this.#pageOf('hours', ring);
    for (let atMs = toMs; atMs > fromMs; ) {
      const startMs = this.#calendar.hourStart(atMs - 1);
      if (startMs < fromMs) return false;
      if ((this.#flagsAt(page, slotOf('hours', ring, startMs), startMs, memory) & PRESENT) !== 0) return true;
      atMs = startMs;
    }
    return false;
  }

  #ringOf(level: Level, series: number): number {
    const rings = this.#rings[level];
    while (rings.length <= series) rings.push(-1);
    if (rings[series]! < 0) rings[series] = this.#ringCount[level]++;
    return rings[series]!;
  }

  #pageOf(level: Level, ring: number): RingPage {
    const number = Math.floor(ring / RINGS_OF_PAGE);
    let page = this.#pages[level][number];
    if (page === undefined) {
      page = new RingPage(SLOTS[level]);
      this.#pages[level].push(page);
    }
    return page;
  }

  #flagsAt(page: RingPage, slot: number, startMs: number, memory: Memory): number {
    const flags = page.flags(slot, startMs);
    return (flags & KNOWN) === 0 ? page.put(slot, startMs, memory.fold(startMs, startMs + 1)[0]) : flags;
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

/** @param hours oldest first */
function putHour(hours: KpiHour[], startMs: number, hour: KpiHour | undefined): void {
  // Nearly always the newest.
  let at = hours.length;
  while (at > 0 && hours[at - 1]!.startMs >= startMs) at--;
  const isThere = hours[at]?.startMs === startMs;
  if (hour === undefined) hours.splice(at, isThere ? 1 : 0);
  else if (isThere) hours[at] = hour;
  else hours.splice(at, 0, hour);
}

/**
 * The slot of an interval in the page of its ring. Intervals that begin within half an hour of each other may share
 * one: then only the newer is remembered.
 */
function slotOf(level: Level, ring: number, startMs: number): number {
  const lengthMs = level === 'hours' ? HOUR_MS : QUARTER_MS;
  const slots = SLOTS[level];
  return (ring % RINGS_OF_PAGE) * slots + (Math.floor(startMs / lengthMs) & (slots - 1));
}
