/*
 * The area of linear memory that TypeScript and the kernel share; layout.as says the same.
 *
 *   +0  f64 now        +24 u32 dirtyCount     +40 u32 epoch of the snapshot   +56 f64 from   window
 *   +8  f64 horizon    +28 u32 betweenCount   +44 u32 its series              +64 f64 to
 *   +16 f64 settled    +32 u32 dirtyAt, byte  +48 u32 1: event clock          +72 u32 rowCount
 *                      +36 u32 seriesCount    +52 u32 neighbours              +80 u32 touched, +96 f64 x 4 greatest
 *   +128 columns, of readings that are handed in or of rows that are handed out
 */

/** Places of the fields of 8 bytes, in units of 8. */
export const F64_FIELD = { now: 0, horizon: 1, settled: 2, from: 7, to: 8 } as const;
/** Places of the fields of 4 bytes, in units of 4. */
export const U32_FIELD = {
  dirtyCount: 6,
  betweenCount: 7,
  dirtyAt: 8,
  seriesCount: 9,
  epoch: 10,
  epochSeries: 11,
  isEventClock: 12,
  neighbours: 13,
  rowCount: 18,
} as const;

const COLUMNS_AT = 128;

/** Readings that are handed over at once: few enough to stay in the cache of a core. */
export const READINGS = 4096;
const BETWEEN_TIMES_AT = COLUMNS_AT + 16 * READINGS;
const BETWEEN_SERIES_AT = BETWEEN_TIMES_AT + 8 * READINGS;
/** Bytes from the start of the area. */
export const READING_COLUMN = {
  times: COLUMNS_AT,
  values: COLUMNS_AT + 8 * READINGS,
  betweenTimes: BETWEEN_TIMES_AT,
  betweenSeries: BETWEEN_SERIES_AT,
  series: BETWEEN_SERIES_AT + 4 * READINGS,
  outcomes: BETWEEN_SERIES_AT + 8 * READINGS,
} as const;
/** Bit beside the number of a series in `betweenSeries`: a counting reading took the place of one that does not. */
export const REPLACED_BIT = 0x8000_0000;

/** Rows that are handed back at once. */
export const ROWS = 1024;
/** Bytes from the start of the area. */
export const ROW_COLUMN = {
  mean: COLUMNS_AT,
  min: COLUMNS_AT + 8 * ROWS,
  max: COLUMNS_AT + 16 * ROWS,
  p95: COLUMNS_AT + 24 * ROWS,
  series: COLUMNS_AT + 32 * ROWS,
  count: COLUMNS_AT + 36 * ROWS,
} as const;

/** Readings of a window that the kernel can copy aside. */
const SCRATCH = 8192;

export const AREA_BYTES = Math.max(
  READING_COLUMN.outcomes + READINGS,
  // One more: a last value that does not count is written, and not kept.
  COLUMNS_AT + 40 * ROWS + 8 * (SCRATCH + 1),
);
