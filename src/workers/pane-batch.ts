import { calendarOf } from '../base/index.ts';
import { PANE_FIELDS, type PaneColumns, PaneColumnsBuilder } from '../model/index.ts';
import { addHourPanes, type HourRange, type PaneRule, sortedReadings } from '../windows/index.ts';

/** The kind of the batch. */
export const PANES = 'panes';

/** One series of a batch. */
export interface PaneBatchSeries extends HourRange {
  /** Dense number in the store. */
  readonly id: number;
  readonly rule: PaneRule;
  /** Its readings among the columns. */
  readonly count: number;
}

/** Readings of which panes are to be made: by series in the given order, and by time. */
export interface PaneBatch {
  /** The city's: its hours begin and end by it. */
  readonly timeZone: string;
  readonly series: readonly PaneBatchSeries[];
  /** Event time, whole ms UTC; strictly ascending within a series. */
  readonly timeMs: Float64Array;
  /** NaN for a reading that does not count. */
  readonly value: Float64Array;
}

const LENGTH_BYTES = 4;
const NUMBER_BYTES = Float64Array.BYTES_PER_ELEMENT;

/**
 * Packed: length of a head of JSON, the head, and two columns of numbers, little-endian: the steps between times, which
 * compress where a device is regular, and the values.
 */
export function packPaneBatch({ timeMs, value, ...head }: PaneBatch): Uint8Array {
  return packed(JSON.stringify(head), [stepsOf(timeMs), value]);
}

/** Makes the panes of a packed batch, packed. */
export function paneBatchWork(input: Uint8Array): Uint8Array {
  const { head, columns } = unpacked(input, ({ series }) => series.reduce((sum, { count }) => sum + count, 0), 2);
  const [steps, value] = columns as [Float64Array, Float64Array];
  const timeMs = sumOfSteps(steps);
  const calendar = calendarOf(head.timeZone);
  const panes = new PaneColumnsBuilder();
  let from = 0;
  for (const { id, rule, count, ...range } of head.series) {
    const to = from + count;
    const readings = sortedReadings(timeMs.subarray(from, to), value.subarray(from, to));
    addHourPanes(panes, id, readings, rule, range, calendar);
    from = to;
  }
  return packPanes(panes.finish());
}

/** Whole ms: their differences and sums are exact. */
function stepsOf(timeMs: Float64Array): Float64Array {
  const steps = new Float64Array(timeMs.length);
  for (let row = 0, before = 0; row < timeMs.length; row++) {
    steps[row] = timeMs[row]! - before;
    before = timeMs[row]!;
  }
  return steps;
}

function sumOfSteps(steps: Float64Array): Float64Array {
  const timeMs = new Float64Array(steps.length);
  for (let row = 0, at = 0; row < steps.length; row++) {
    at += steps[row]!;
    timeMs[row] = at;
  }
  return timeMs;
}

function packPanes({ rows, series, level, final, ...numbers }: PaneColumns): Uint8Array {
  const columns = PANE_FIELDS.map((field) => numbers[field]);
  return packed(JSON.stringify({ rows }), [
    Float64Array.from(series),
    Float64Array.from(level),
    Float64Array.from(final),
    ...columns,
  ]);
}

/** The panes that a worker made. */
export function unpackPanes(bytes: Uint8Array): PaneColumns {
  const { head, columns } = unpacked<{ rows: number }>(bytes, ({ rows }) => rows, 3 + PANE_FIELDS.length);
  const [series, level, final, ...numbers] = columns;
  return {
    ...(Object.fromEntries(PANE_FIELDS.map((field, at) => [field, numbers[at]!])) as Record<
      (typeof PANE_FIELDS)[number],
      Float64Array
    >),
    rows: head.rows,
    series: Int32Array.from(series!),
    level: Uint8Array.from(level!),
    final: Uint8Array.from(final!),
  };
}

function packed(text: string, columns: readonly Float64Array[]): Uint8Array {
  const head = new TextEncoder().encode(text);
  const from = columnsFrom(head.length);
  const bytes = new Uint8Array(from + columns.reduce((sum, { byteLength }) => sum + byteLength, 0));
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, LENGTH_BYTES);
  let at = from;
  for (const column of columns) {
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += column.byteLength;
  }
  return bytes;
}

/** Numbers begin where they can be read in place. */
function columnsFrom(headBytes: number): number {
  return Math.ceil((LENGTH_BYTES + headBytes) / NUMBER_BYTES) * NUMBER_BYTES;
}

function unpacked<Head = Omit<PaneBatch, 'timeMs' | 'value'>>(
  bytes: Uint8Array,
  rowsOf: (head: Head) => number,
  columnCount: number,
): { readonly head: Head; readonly columns: readonly Float64Array[] } {
  const headBytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headBytes))) as Head;
  const rows = rowsOf(head);
  const from = columnsFrom(headBytes);
  // A copy: what came may begin anywhere in its buffer.
  const copy = new Uint8Array(columnCount * rows * NUMBER_BYTES);
  const part = bytes.subarray(from, from + copy.length);
  if (part.length !== copy.length) throw new Error(`the batch is cut: ${part.length} of ${copy.length} bytes`);
  copy.set(part);
  const numbers = new Float64Array(copy.buffer);
  return {
    head,
    columns: Array.from({ length: columnCount }, (_, at) => numbers.subarray(at * rows, (at + 1) * rows)),
  };
}
