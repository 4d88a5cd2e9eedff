/** One line of the table; which figures it has depends on the case. */
export interface StoreCase {
  readonly case: string;
  /** Of this process: user and system. */
  readonly rowsPerCpuSecond?: number;
  readonly linesPerCpuSecond?: number;
  /** By the clock. */
  readonly rowsPerSecond?: number;
  readonly bytesPerRow?: number;
  readonly bytesOnDisk?: number;
  readonly ms?: number;
  readonly note?: string;
}

/** What a figure is measured in. */
export const UNITS = {
  rowsPerCpuSecond: 'rows/CPU-s',
  linesPerCpuSecond: 'lines/CPU-s',
  rowsPerSecond: 'rows/s',
  bytesPerRow: 'B/row',
  bytesOnDisk: 'B',
  ms: 'ms',
} as const satisfies Partial<Record<keyof StoreCase, string>>;
