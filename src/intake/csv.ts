import { csvValueAt } from '../base/index.ts';
import type { Problem } from '../profiles/index.ts';

/**
 * Reads lines of separated values (RFC 4180 quoting, LF or CRLF) into one record a line; all values stay text.
 *
 * @param columns names of the columns; absent: the first line names them
 */
export function readCsv(
  text: string,
  separator: string,
  columns: readonly string[] | undefined,
): readonly Record<string, string>[] | Problem {
  const rows = splitRows(text, separator);
  if (rows === undefined) return { reason: 'malformed', detail: 'a quoted value does not end' };
  const names = columns ?? rows.shift() ?? [];
  const records: Record<string, string>[] = [];
  for (const [index, row] of rows.entries()) {
    if (row.length !== names.length) {
      return {
        reason: 'malformed',
        detail: `line ${index + 1} has ${row.length} values; ${names.length} are expected`,
      };
    }
    const record: Record<string, string> = Object.create(null);
    for (const [column, value] of row.entries()) record[names[column] ?? ''] = value;
    records.push(record);
  }
  return records;
}

/** Rows of values; undefined for an open quote. Empty lines are left out. */
function splitRows(text: string, separator: string): string[][] | undefined {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    const [value, next] = csvValueAt(text, at, separator);
    if (value === undefined) return undefined;
    row.push(value);
    if (text[next] === separator && next + 1 === text.length) row.push('');
    if (text[next] !== separator) {
      if (row.length > 1 || row[0] !== '') rows.push(row);
      row = [];
    }
    at = text[next] === '\r' && text[next + 1] === '\n' ? next + 2 : next + 1;
  }
  if (row.length > 0) rows.push(row);
  return rows;
}
