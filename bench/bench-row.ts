/** One line of the table that `vitals bench` prints. */
export interface BenchRow {
  readonly name: string;
  /** Unit of the value, such as `1/s`. */
  readonly unit: string;
  readonly value: number;
  /** What was measured, and under which conditions. */
  readonly note?: string;
}
