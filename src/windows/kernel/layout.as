// Where things lie in the linear memory. The arena's part is drawn at the top of ../reading-arena.ts, the area that
// TypeScript and the kernel share in ./kernel-area.ts; a test compares what both make of the same readings.

// A header of the arena, one cache line a series.
export const HEADERS_AT: usize = 64;
export const HEADER_SHIFT: usize = 6;
export const NEWEST: usize = 0;
export const BASE: usize = 8;
export const BLOCK: usize = 16;
export const COUNT: usize = 20;
export const CAPACITY: usize = 24;
export const FLAGS: usize = 28;
export const DIRTY_FROM: usize = 32;
export const KEEP: usize = 40;
export const EPOCH: usize = 48;
export const WINDOW_HINT: usize = 56;

export const DIRTY: u32 = 1;
export const WIDE: u32 = 2;
export const CAREFUL: u32 = 4;
export const GAUGE: u32 = 16;

// The shared area: fields, then columns of readings or of rows.
export const NOW: usize = 0;
export const HORIZON: usize = 8;
export const SETTLED: usize = 16;
export const DIRTY_COUNT: usize = 24;
export const BETWEEN_COUNT: usize = 28;
export const DIRTY_AT: usize = 32;
export const SERIES_COUNT: usize = 36;
export const SNAPSHOT_EPOCH: usize = 40;
export const SNAPSHOT_SERIES: usize = 44;
export const IS_EVENT_CLOCK: usize = 48;
export const NEIGHBOURS: usize = 52;
export const FROM: usize = 56;
export const TO: usize = 64;
export const ROW_COUNT: usize = 72;
/** What is read ahead ends up here, so that no compiler leaves the reading out. */
export const TOUCHED: usize = 80;
/** The four greatest of a window, falling. */
export const TOP: usize = 96;

export const COLUMNS_AT: usize = 128;
/** Readings that are handed over at once. */
export const READINGS: usize = 4096;
export const TIMES_AT: usize = COLUMNS_AT;
export const VALUES_AT: usize = TIMES_AT + 8 * READINGS;
export const BETWEEN_TIMES_AT: usize = VALUES_AT + 8 * READINGS;
export const BETWEEN_SERIES_AT: usize = BETWEEN_TIMES_AT + 8 * READINGS;
export const SERIES_AT: usize = BETWEEN_SERIES_AT + 4 * READINGS;
export const OUTCOMES_AT: usize = SERIES_AT + 4 * READINGS;
/** Beside the number of a series: what does not count gave way. */
export const REPLACED: u32 = 0x80000000;

/** Rows that are handed back at once. */
export const ROWS: usize = 1024;
export const ROW_MEAN_AT: usize = COLUMNS_AT;
export const ROW_MIN_AT: usize = ROW_MEAN_AT + 8 * ROWS;
export const ROW_MAX_AT: usize = ROW_MIN_AT + 8 * ROWS;
export const ROW_P95_AT: usize = ROW_MAX_AT + 8 * ROWS;
export const ROW_SERIES_AT: usize = ROW_P95_AT + 8 * ROWS;
export const ROW_READINGS_AT: usize = ROW_SERIES_AT + 4 * ROWS;
export const SCRATCH_AT: usize = ROW_READINGS_AT + 4 * ROWS;
/** Readings of a window that find room there. */
export const SCRATCH: u32 = 8192;

// Index in READING_OUTCOMES of ../window-settings.ts.
export const COUNTED: u32 = 0;
export const INVALID: u32 = 1;
export const DUPLICATE: u32 = 2;
export const CONFLICT: u32 = 3;

// @ts-ignore: decorators are the compiler's
@inline
export function headerOf(id: u32): usize {
  return HEADERS_AT + (<usize>id << HEADER_SHIFT);
}

// @ts-ignore
@inline
export function valuesOf(header: usize): usize {
  return <usize>load<u32>(header, BLOCK) << 3;
}

// @ts-ignore
@inline
export function timesOf(header: usize): usize {
  return (<usize>load<u32>(header, BLOCK) + <usize>load<u32>(header, CAPACITY)) << 3;
}
