import { OperatingError } from '../base/index.ts';
import { QUANTITIES } from '../model/index.ts';
import type { CellValue } from '../store/index.ts';

/** What a column of a file may be called; other names are given with the order. */
export const IMPORT_FIELDS = ['device', 'time', 'quantity', 'value', 'channel', 'unit', 'quality', 'every'] as const;
export type ImportField = (typeof IMPORT_FIELDS)[number];

/** Names of columns by field or, where a column holds the values of one quantity, by that. */
export type ImportColumns = Readonly<Record<string, string>>;

/** How rows of a file become readings. */
export interface ImportLayout {
  /** Columns that are read. */
  readonly columns: readonly string[];
  /** Columns that say nothing here. */
  readonly columnsIgnored: readonly string[];
  /** Readings of a row, as the profile city-vitals-import reads them. @param values of `columns`, in their order */
  readings(values: readonly CellValue[]): readonly object[];
}

/** Fields and quantities that a column can be named for. */
export function isImportField(name: string): boolean {
  return IMPORT_FIELDS.some((field) => field === name) || QUANTITIES.has(name);
}

/**
 * Finds out how a file is laid out: a reading a row (columns `quantity` and `value`), or a column a quantity, where an
 * empty cell is no reading.
 *
 * @throws OperatingError `import_columns`
 */
export function importLayout(file: string, given: readonly string[], named: ImportColumns): ImportLayout {
  checkNamed(file, given, named);
  const placed = new Map<string, number>();
  const columns: string[] = [];
  for (const name of [...IMPORT_FIELDS, ...QUANTITIES.keys()]) {
    const column = named[name] ?? name;
    if (!given.includes(column)) continue;
    placed.set(name, columns.length);
    columns.push(column);
  }
  const isLong = placed.has('quantity') && placed.has('value');
  const quantities = isLong ? [] : [...placed.keys()].filter((name) => QUANTITIES.has(name));
  if (!placed.has('device') || !placed.has('time') || (!isLong && quantities.length === 0)) {
    throw columnsError(
      file,
      `needed are device, time, and either quantity and value or columns named as quantities; it has ${shown(given)}`,
    );
  }
  const used = isLong ? IMPORT_FIELDS : ['device', 'time', 'channel', 'quality', 'every', ...quantities];
  const columnsUsed = used.flatMap((name) => columns[placed.get(name) ?? -1] ?? []);
  const places = new Map(used.filter((name) => placed.has(name)).map((name, place) => [name, place]));
  return {
    columns: columnsUsed,
    columnsIgnored: given.filter((column) => !columnsUsed.includes(column)),
    readings: (values) => {
      const cell = (name: string): CellValue => values[places.get(name) ?? -1] ?? null;
      return isLong ? [longReading(cell)] : wideReadings(cell, quantities);
    },
  };
}

const SHOWN_MAX = 20;

function checkNamed(file: string, given: readonly string[], named: ImportColumns): void {
  const twice = given.find((column, at) => given.indexOf(column) !== at);
  if (twice !== undefined) throw columnsError(file, `two of its columns are called "${twice}"`);
  for (const [name, column] of Object.entries(named)) {
    if (!isImportField(name)) {
      throw columnsError(
        file,
        `"${name}" is no field; allowed are ${IMPORT_FIELDS.join(', ')} and the names of quantities`,
      );
    }
    if (!given.includes(column))
      throw columnsError(file, `it has no column "${column}" for ${name}; it has ${shown(given)}`);
  }
}

function shown(columns: readonly string[]): string {
  const names = columns.slice(0, SHOWN_MAX).map((name) => JSON.stringify(name.slice(0, 40)));
  return columns.length > SHOWN_MAX ? `${names.join(', ')} and others` : names.join(', ');
}

function columnsError(file: string, cause: string): OperatingError {
  return new OperatingError('import_columns', `cannot import ${file}: ${cause}`);
}

type Cell = (name: string) => CellValue;

function longReading(cell: Cell): object {
  const value = cell('value');
  return { ...common(cell), ...text(cell, 'quantity'), ...text(cell, 'unit'), value };
}

function wideReadings(cell: Cell, quantities: readonly string[]): object[] {
  const shared = common(cell);
  return quantities.flatMap((quantity) => {
    const value = cell(quantity);
    return value === null || (typeof value === 'string' && value.trim() === '') ? [] : [{ ...shared, quantity, value }];
  });
}

function common(cell: Cell): object {
  const time = cell('time');
  return {
    ...text(cell, 'device'),
    time,
    ...text(cell, 'channel'),
    ...text(cell, 'quality'),
    ...seconds(cell('every')),
  };
}

/** A field as text; absent where the cell is empty. */
function text(cell: Cell, name: ImportField): object {
  const value = cell(name);
  const trimmed = value === null ? '' : String(value).trim();
  return trimmed === '' ? {} : { [name]: trimmed };
}

/** What is no number stays as it is, and is refused as such. */
function seconds(cell: CellValue): object {
  if (cell === null || cell === '') return {};
  const number = Number(cell);
  return { every: Number.isFinite(number) ? number : cell };
}
