import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { OperatingError } from '../../base/index.ts';
import type { CellValue, ParquetQuery, ParquetRows } from '../store.ts';
import { quoted } from './parquet.ts';

/** Reads rows in the order of the file; what lies before them is passed over by row groups. */
export async function readParquet(
  connection: DuckDBConnection,
  { file, columns: wanted, skip, limit }: ParquetQuery,
): Promise<ParquetRows> {
  const source = `read_parquet(${quoted(file)}, file_row_number = true)`;
  const ask = async (sql: string): Promise<DuckDBValue[][]> => {
    try {
      return (await connection.runAndReadAll(sql)).getRows();
    } catch (cause) {
      const [why] = (cause as Error).message.split('\n');
      throw new OperatingError('parquet_unreadable', `cannot read ${file} as Parquet: ${why}`, { cause });
    }
  };
  const described = await ask(`DESCRIBE SELECT * FROM ${source}`);
  const types = new Map(described.map(([name, type]) => [String(name), String(type)]));
  types.delete('file_row_number');
  const [counted] = await ask(`SELECT count(*) FROM ${source}`);
  const cells = wanted.filter((name) => types.has(name)).map((name) => cell(name, types.get(name)!));
  const rows =
    cells.length === 0 || limit <= 0
      ? []
      : await ask(
          `SELECT ${cells.join(', ')} FROM ${source}
           WHERE file_row_number >= ${skip} AND file_row_number < ${skip + limit} ORDER BY file_row_number`,
        );
  return { rowCount: Number(counted![0]), columns: [...types.keys()], rows: rows as CellValue[][] };
}

const INSTANT = /^(?:TIMESTAMP|DATE)/;
const NUMBER = /^(?:DOUBLE|FLOAT)$/;
/** A longer text is none of an import, and is refused where it is looked at. */
const TEXT_CHARACTERS_MAX = 1_025;

/**
 * A column as cells have it; one of a time without a zone is taken as UTC. Whole numbers are texts: an id has more digits
 * than a double.
 */
function cell(name: string, type: string): string {
  const column = `"${name.replaceAll('"', '""')}"`;
  if (INSTANT.test(type)) return `CASE WHEN isfinite(${column}::TIMESTAMP) THEN epoch_ms(${column}) END::DOUBLE`;
  return NUMBER.test(type) ? `${column}::DOUBLE` : `left(${column}::VARCHAR, ${TEXT_CHARACTERS_MAX})`;
}
