import type { Reading } from '../model/index.ts';
import {
  type ReadingColumns,
  ReadingStatus,
  readingAt,
  type StoredReading,
  storedReadingCounts,
} from '../store/index.ts';
import type { Correction } from '../windows/index.ts';

/*
 * What decoding messages again changes. Of the readings of one identity (series, time) one that counts stands before one
 * that does not, otherwise that of the earliest message: as if all had been decoded this way when they came. What other
 * messages said of the identity stays what it was. The earliest reading is stored also where it does not stand, because
 * it does once the one that stands is withdrawn; and one that no message gives any more is not, because it would.
 */

/** A reading as a message gives it now. */
export interface AgainReading {
  readonly series: number;
  readonly reading: Reading;
  /** The message, and the place in it. */
  readonly sequence: number;
  readonly index: number;
}

/** What became of a reading that was decoded again. */
export type AgainOutcome = 'added' | 'replaced' | 'duplicate' | 'conflict';

/** What a batch of messages that were decoded again comes to. */
export interface AgainChanges {
  /** By reading, in their order. */
  readonly outcomes: readonly AgainOutcome[];
  /** Identities of which something else stands now, or nothing any more. */
  readonly corrections: readonly Correction[];
  /** Identities (series, time in ms UTC) whose rows change: these, and those of which a reading that does not stand came or went. */
  readonly identities: readonly Pick<StoredReading, 'series' | 'timeMs'>[];
  /** Rows of `identities`, in place of those that there were. */
  readonly rows: readonly StoredReading[];
  /** Readings that stood, and that no message gives any more. */
  readonly withdrawn: number;
}

interface Identity {
  readonly series: number;
  readonly timeMs: number;
  readonly before: StoredReading[];
  readonly given: { readonly row: StoredReading; readonly at: number }[];
}

/**
 * Compares what messages give now with what is stored.
 *
 * @param messages sequences of the messages that were decoded again
 * @param readings what they give, by sequence and index
 * @param rows all stored rows of these messages, of their readings' identities, and of the identities of the former, in
 *   the order of their arrival
 */
export function againChanges(
  messages: ReadonlySet<number>,
  readings: readonly AgainReading[],
  rows: readonly StoredReading[],
): AgainChanges {
  const outcomes: AgainOutcome[] = [];
  const corrections: Correction[] = [];
  const changed: Pick<StoredReading, 'series' | 'timeMs'>[] = [];
  const kept: StoredReading[] = [];
  let withdrawn = 0;
  for (const identity of identitiesOf(readings, rows)) {
    const { series, timeMs, before, given } = identity;
    const was = standing(before);
    const others = before.filter(({ sequence }) => !messages.has(sequence));
    const all = [...others, ...given.map(({ row }) => row)];
    const is = standing(all);
    if (is === undefined || given.length === 0) withdrawn += was !== undefined && messages.has(was.sequence) ? 1 : 0;
    for (const { row, at } of given) outcomes[at] = outcomeOf(row, was, is!);
    const isOther = is !== was && !isSame(was, is);
    const known = is === undefined ? [] : [...new Set([earliest(all)!, is])];
    const fresh = known.filter((row) => !others.includes(row));
    const theirs = before.filter(({ sequence }) => messages.has(sequence));
    const isGone = !isAmong(
      theirs,
      given.map(({ row }) => row),
    );
    if (!isOther && !isGone && isAmong(fresh, theirs)) continue;
    kept.push(...others.map((row) => ({ ...row, status: ReadingStatus.again })), ...fresh);
    changed.push({ series, timeMs });
    if (isOther) corrections.push({ series, timeMs, value: heldValue(is), before: heldValue(was) });
  }
  return { outcomes, corrections, identities: changed, rows: kept, withdrawn };
}

/** Identities (series, time in ms UTC) of rows, each once, as columns. */
export function identityColumns(rows: Iterable<{ readonly series: number; readonly timeMs: number }>) {
  const distinct = new Map<string, { readonly series: number; readonly timeMs: number }>();
  for (const row of rows) distinct.set(`${row.series} ${row.timeMs}`, row);
  const all = [...distinct.values()];
  return {
    series: Int32Array.from(all, ({ series }) => series),
    timeMs: Float64Array.from(all, ({ timeMs }) => timeMs),
  };
}

/** Columns row by row. */
export function* rowsOfColumns(columns: ReadingColumns): Generator<StoredReading> {
  for (let row = 0; row < columns.count; row++) yield readingAt(columns, row);
}

/** By series and time. */
function identitiesOf(readings: readonly AgainReading[], rows: readonly StoredReading[]): Identity[] {
  const identities = new Map<string, Identity>();
  const of = (series: number, timeMs: number): Identity =>
    identities.getOrInsertComputed(`${series} ${timeMs}`, () => ({ series, timeMs, before: [], given: [] }));
  for (const row of rows) of(row.series, row.timeMs).before.push(row);
  for (const [at, again] of readings.entries()) {
    const row = rowOf(again);
    of(row.series, row.timeMs).given.push({ row, at });
  }
  return [...identities.values()].sort((a, b) => a.series - b.series || a.timeMs - b.timeMs);
}

function rowOf({ series, reading, sequence }: AgainReading): StoredReading {
  const { value, quality } = reading;
  return { series, timeMs: Math.floor(reading.timeMs), value, quality, status: ReadingStatus.again, sequence };
}

/** The one that stands; rows of one message keep their order. */
function standing(rows: readonly StoredReading[]): StoredReading | undefined {
  return rows.toSorted(
    (a, b) => Number(storedReadingCounts(b)) - Number(storedReadingCounts(a)) || a.sequence - b.sequence,
  )[0];
}

function earliest(rows: readonly StoredReading[]): StoredReading | undefined {
  return rows.toSorted((a, b) => a.sequence - b.sequence)[0];
}

function outcomeOf(row: StoredReading, was: StoredReading | undefined, is: StoredReading): AgainOutcome {
  if (row !== is)
    return storedReadingCounts(row) && !Object.is(heldValue(row), heldValue(is)) ? 'conflict' : 'duplicate';
  if (was === undefined) return 'added';
  return isSame(was, is) ? 'duplicate' : 'replaced';
}

function isSame(was: StoredReading | undefined, is: StoredReading | undefined): boolean {
  if (was === undefined || is === undefined) return was === is;
  return Object.is(heldValue(was), heldValue(is)) && was.quality === is.quality && was.sequence === is.sequence;
}

/** All of some rows are there. */
function isAmong(some: readonly StoredReading[], rows: readonly StoredReading[]): boolean {
  return some.every((one) => rows.some((row) => isSame(one, row)));
}

/** As the windows hold it. */
function heldValue(row: StoredReading | undefined): number | undefined {
  if (row === undefined) return undefined;
  // -0 and 0 are one value.
  return storedReadingCounts(row) ? row.value + 0 : Number.NaN;
}
