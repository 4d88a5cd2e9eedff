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

/**
 * Reads the value that begins at a place, by the quoting of RFC 4180.
 *
 * @returns the value, undefined for a quote that does not end, and the place behind it
 */
export function csvValueAt(text: string, at: number, separator: string): readonly [string | undefined, number] {
  return text[at] === '"' ? quotedValue(text, at) : plainValue(text, at, separator);
}

function plainValue(text: string, start: number, separator: string): readonly [string, number] {
  let end = start;
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end++;
  return [text.slice(start, end), end];
}

function quotedValue(text: string, start: number): readonly [string | undefined, number] {
  let value = '';
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return [undefined, text.length];
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') return [value, quote + 1];
    value += '"';
    at = quote + 2;
  }
}
