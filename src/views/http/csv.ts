/** A cell of a table; null is an empty one. */
export type CsvCell = string | number | boolean | null | undefined;

/**
 * Writes a table as CSV by RFC 4180: a header line, CRLF after every line, cells quoted where they hold a comma, a
 * quote or a line break. Text that a spreadsheet would take for a formula gets an apostrophe in front, for device names
 * come from the field.
 */
export function csvText(header: readonly string[], rows: Iterable<readonly CsvCell[]>): string {
  let text = csvLine(header);
  for (const row of rows) text += csvLine(row);
  return text;
}

/** One line of such a table. */
export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(cellText).join(',')}\r\n`;
}

function cellText(cell: CsvCell): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell !== 'string') return String(cell);
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** True when a client would rather have `text/csv` than JSON, by the weights of its Accept header (RFC 9110 12.5.1). */
export function prefersCsv(accept: string | undefined): boolean {
  const ranges = (accept ?? '').toLowerCase().split(',').slice(0, 20).map(readRange);
  const csv = weight(ranges, ['text/csv']);
  return csv > 0 && csv >= weight(ranges, ['application/json', 'application/*', '*/*']);
}

interface Range {
  readonly type: string;
  readonly weight: number;
}

function readRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const quality = parameters.find((parameter) => parameter.startsWith('q='));
  return { type, weight: quality === undefined ? 1 : Number(quality.slice(2)) || 0 };
}

function weight(ranges: readonly Range[], types: readonly string[]): number {
  return Math.max(0, ...ranges.filter(({ type }) => types.includes(type)).map((range) => range.weight));
}
