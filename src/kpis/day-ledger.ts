import type { Amounts, Part } from './definition.ts';

/** What a day said of a device or zone: what windows of many days are folded from. */
export interface DayRecord extends Pick<Part, 'value' | 'validCount' | 'expectedCount' | 'valid'> {
  /** Start of the local day, ms UTC. */
  readonly startMs: number;
  /** NaN where the KPI of the day has none. */
  readonly numerator: number;
  readonly denominator: number;
  /** Those of the KPI's amounts that the day has. */
  readonly amounts: Amounts;
  /** Made of bulk meters, which see all that their district takes. */
  readonly bulk?: boolean;
  /** Devices behind it, where that was told. */
  readonly deviceCount?: number;
}

/** Plain data for snapshots: names of the amounts of each KPI, and days of one KPI and subject as rows. */
export interface DayLedgerState {
  readonly names: readonly (readonly [kpi: string, names: readonly string[]])[];
  readonly days: readonly (readonly [kpi: string, subject: string, width: number, rows: Float64Array])[];
  /** What days of each KPI begin with, ms UTC. */
  readonly keptFrom: readonly (readonly [kpi: string, fromMs: number])[];
}

/** Numbers of a row before the amounts: start, value, numerator, denominator, valid count, expected count, marks. */
const FIXED = 7;

/** Marks of a day, added up; above them the number of devices. */
const VALID = 1;
const BULK = 2;
const DEVICE = 4;

/** Days of one KPI and one subject, by start. */
class DayColumn {
  #width: number;
  #rows: Float64Array;
  #count = 0;

  constructor(width: number) {
    this.#width = width;
    this.#rows = new Float64Array(4 * width);
  }

  get width(): number {
    return this.#width;
  }

  /** @returns false when the day said the same before */
  put(startMs: number, numbers: readonly number[] | undefined): boolean {
    if (numbers !== undefined && numbers.length >= this.#width) this.#widen(numbers.length + 1);
    const at = this.#lowerBound(startMs);
    const known = at < this.#count && this.#rows[at * this.#width] === startMs;
    if (numbers === undefined) {
      if (!known) return false;
      this.#rows.copyWithin(at * this.#width, (at + 1) * this.#width, this.#count * this.#width);
      this.#count--;
      return true;
    }
    if (known) {
      const from = at * this.#width + 1;
      if (numbers.every((number, index) => Object.is(number, this.#rows[from + index]))) return false;
    } else this.#insert(at);
    this.#rows[at * this.#width] = startMs;
    this.#rows.set(numbers, at * this.#width + 1);
    return true;
  }

  /** @param names of the amounts, in the order in which `put` was given them */
  read(fromMs: number, toMs: number, names: readonly string[]): DayRecord[] {
    const records: DayRecord[] = [];
    for (let at = this.#lowerBound(fromMs); at < this.#count; at++) {
      const row = at * this.#width;
      const startMs = this.#rows[row]!;
      if (startMs >= toMs) break;
      const value = this.#rows[row + 1]!;
      records.push({
        startMs,
        value: Number.isNaN(value) ? null : value,
        numerator: this.#rows[row + 2]!,
        denominator: this.#rows[row + 3]!,
        validCount: this.#rows[row + 4]!,
        expectedCount: this.#rows[row + 5]!,
        valid: (this.#rows[row + 6]! & VALID) !== 0,
        deviceCount: Math.floor(this.#rows[row + 6]! / DEVICE),
        amounts: this.#amounts(row, names),
        ...((this.#rows[row + 6]! & BULK) === 0 ? {} : { bulk: true }),
      });
    }
    return records;
  }

  isEmptySince(fromMs: number): boolean {
    return this.#lowerBound(fromMs) === this.#count;
  }

  forgetBefore(beforeMs: number): void {
    const gone = this.#lowerBound(beforeMs);
    if (gone === 0) return;
    this.#rows.copyWithin(0, gone * this.#width, this.#count * this.#width);
    this.#count -= gone;
  }

  rows(): Float64Array {
    return this.#rows.slice(0, this.#count * this.#width);
  }

  restore(rows: Float64Array): void {
    this.#rows = rows.slice();
    this.#count = rows.length / this.#width;
  }

  #amounts(row: number, names: readonly string[]): Amounts {
    const amounts: Record<string, number> = {};
    for (let at = FIXED; at < this.#width; at++) {
      const amount = this.#rows[row + at]!;
      if (!Number.isNaN(amount)) amounts[names[at - FIXED]!] = amount;
    }
    return amounts;
  }

  /** A KPI has one more amount than it had. */
  #widen(width: number): void {
    const rows = new Float64Array((this.#count + 4) * width).fill(Number.NaN);
    for (let at = 0; at < this.#count; at++) {
      rows.set(this.#rows.subarray(at * this.#width, (at + 1) * this.#width), at * width);
    }
    this.#rows = rows;
    this.#width = width;
  }

  #insert(at: number): void {
    if ((this.#count + 1) * this.#width > this.#rows.length) {
      const larger = new Float64Array(2 * this.#rows.length + 4 * this.#width);
      larger.set(this.#rows);
      this.#rows = larger;
    }
    this.#rows.copyWithin((at + 1) * this.#width, at * this.#width, this.#count * this.#width);
    this.#count++;
  }

  #lowerBound(startMs: number): number {
    // Nearly always the newest day, or the one behind it.
    if (this.#count === 0 || this.#rows[(this.#count - 1) * this.#width]! < startMs) return this.#count;
    let low = 0;
    let high = this.#count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#rows[middle * this.#width]! < startMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * What days said, by KPI and subject (`device:<id>`, or a zone for its own devices), for as long as a year can be
 * corrected. Windows of many days are folded from it, because hours of so long a time are in the store only.
 */
export class DayLedger {
  readonly #columns = new Map<string, Map<string, DayColumn>>();
  /** Names of the amounts of each KPI, as they were first seen. */
  readonly #names = new Map<string, string[]>();
  readonly #keptFromMs = new Map<string, number>();

  /**
   * A day from before what is kept is not taken: windows would be folded from it without the days beside it.
   *
   * @param deviceCount devices behind it
   * @returns false when the day said the same before, or is not taken
   */
  put(kpi: string, subject: string, startMs: number, part: Part | null, deviceCount = 0): boolean {
    if (startMs < (this.#keptFromMs.get(kpi) ?? Number.NEGATIVE_INFINITY)) return false;
    const subjects = this.#subjects(kpi);
    let column = subjects.get(subject);
    if (part === null) return column?.put(startMs, undefined) ?? false;
    const numbers = numbersOf(part, this.#namesOf(kpi, part), deviceCount);
    if (column === undefined) {
      column = new DayColumn(numbers.length + 1);
      subjects.set(subject, column);
    }
    while (numbers.length + 1 < column.width) numbers.push(Number.NaN);
    return column.put(startMs, numbers);
  }

  /** Days whose start lies in [fromMs, toMs), oldest first. */
  days(kpi: string, subject: string, fromMs: number, toMs: number): DayRecord[] {
    return (
      this.#columns
        .get(kpi)
        ?.get(subject)
        ?.read(fromMs, toMs, this.#names.get(kpi) ?? []) ?? []
    );
  }

  /** Subjects with a day from an instant on. */
  *subjects(kpi: string, fromMs: number): Generator<string> {
    for (const [subject, column] of this.#columns.get(kpi) ?? []) if (!column.isEmptySince(fromMs)) yield subject;
  }

  /** @param beforeMsOf what days of a KPI begin with from now on, ms UTC */
  forgetBefore(beforeMsOf: (kpi: string) => number): void {
    for (const [kpi, subjects] of this.#columns) {
      const beforeMs = beforeMsOf(kpi);
      this.#keptFromMs.set(kpi, beforeMs);
      for (const [subject, column] of subjects) {
        column.forgetBefore(beforeMs);
        if (column.isEmptySince(beforeMs)) subjects.delete(subject);
      }
    }
  }

  state(): DayLedgerState {
    return {
      names: [...this.#names].map(([kpi, names]) => [kpi, [...names]] as const),
      days: [...this.#columns].flatMap(([kpi, subjects]) =>
        [...subjects].map(([subject, column]) => [kpi, subject, column.width, column.rows()] as const),
      ),
      keptFrom: [...this.#keptFromMs],
    };
  }

  restore({ names, days, keptFrom }: DayLedgerState): void {
    for (const [kpi, fromMs] of keptFrom) this.#keptFromMs.set(kpi, fromMs);
    for (const [kpi, of] of names) this.#names.set(kpi, [...of]);
    for (const [kpi, subject, width, rows] of days) {
      const column = new DayColumn(width);
      column.restore(rows);
      this.#subjects(kpi).set(subject, column);
    }
  }

  #subjects(kpi: string): Map<string, DayColumn> {
    let subjects = this.#columns.get(kpi);
    if (subjects === undefined) {
      subjects = new Map();
      this.#columns.set(kpi, subjects);
    }
    return subjects;
  }

  #namesOf(kpi: string, { amounts }: Part): readonly string[] {
    let names = this.#names.get(kpi);
    if (names === undefined) {
      names = [];
      this.#names.set(kpi, names);
    }
    for (const name in amounts) if (!names.includes(name)) names.push(name);
    return names;
  }
}

function numbersOf(part: Part, names: readonly string[], deviceCount: number): number[] {
  const { value, numerator, denominator, validCount, expectedCount, valid, bulk = false, amounts } = part;
  const numbers = [value ?? Number.NaN, numerator ?? Number.NaN, denominator ?? Number.NaN];
  numbers.push(validCount, expectedCount, (valid ? VALID : 0) + (bulk ? BULK : 0) + DEVICE * deviceCount);
  for (const name of names) numbers.push(amounts?.[name] ?? Number.NaN);
  return numbers;
}
