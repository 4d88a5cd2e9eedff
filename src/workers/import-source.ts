import { OperatingError } from '../base/index.ts';
import type { CellValue } from '../store/index.ts';

/** A row of a file, or why it cannot be read. */
export type SourceRow = {
  /** Where it stands, as people count: `line 17`, `row 16`. */
  readonly at: string;
} & ({ readonly values: readonly CellValue[] } | { readonly problem: string });

/** A file of rows, read from its beginning to its end. */
export interface ImportSource {
  /** Names of its columns. */
  readonly columns: readonly string[];
  /** Passes over rows. */
  skip(count: number): Promise<void>;
  /** The next rows, at most so many, with the values of some of its columns in the order given; none at the end. */
  read(countMax: number, columns: readonly string[]): Promise<readonly SourceRow[]>;
  /** How much of the file has been read, 0 to 1. */
  ratio(): number;
  close(): Promise<void>;
}

/** A file whose bytes are no rows. */
export function unreadable(file: string, cause: unknown): OperatingError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new OperatingError('import_unreadable', `cannot read ${file}: ${text}`, { cause });
}
