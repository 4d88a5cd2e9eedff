import type { CellValue, Store } from '../store/index.ts';
import type { ImportSource, SourceRow } from './import-source.ts';

/** Rows of one question: each looks at a whole group of rows of the file again. */
const ROWS_PER_QUESTION = 50_000;

/** Opens a Parquet file, which the store reads piece by piece. @throws OperatingError `parquet_unreadable` */
export async function openParquetSource(file: string, store: Pick<Store, 'parquetRows'>): Promise<ImportSource> {
  const { columns, rowCount } = await store.parquetRows({ file, columns: [], skip: 0, limit: 0 });
  let next = 0;
  let fetched: (readonly CellValue[])[] = [];
  return {
    columns,
    skip: async (count) => {
      next = Math.min(rowCount, next + count);
      fetched = [];
    },
    read: async (countMax, wanted) => {
      if (fetched.length === 0) {
        const { rows } = await store.parquetRows({ file, columns: wanted, skip: next, limit: ROWS_PER_QUESTION });
        fetched = [...rows];
      }
      const rows = fetched.splice(0, countMax);
      const first = next + 1;
      next += rows.length;
      return rows.map((values, index): SourceRow => ({ at: `row ${first + index}`, values }));
    },
    ratio: () => (rowCount === 0 ? 1 : next / rowCount),
    close: async () => {},
  };
}
