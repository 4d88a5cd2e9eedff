import type { Store } from '../store/index.ts';
import type { ImportSource, SourceRow } from './import-source.ts';

/** Opens a Parquet file, which the store reads piece by piece. @throws OperatingError `parquet_unreadable` */
export async function openParquetSource(file: string, store: Pick<Store, 'parquetRows'>): Promise<ImportSource> {
  const { columns, rowCount } = await store.parquetRows({ file, columns: [], skip: 0, limit: 0 });
  let next = 0;
  return {
    columns,
    skip: async (count) => {
      next = Math.min(rowCount, next + count);
    },
    read: async (countMax, wanted) => {
      const { rows } = await store.parquetRows({ file, columns: wanted, skip: next, limit: countMax });
      const first = next + 1;
      next += rows.length;
      return rows.map((values, index): SourceRow => ({ at: `row ${first + index}`, values }));
    },
    ratio: () => (rowCount === 0 ? 1 : next / rowCount),
    close: async () => {},
  };
}
