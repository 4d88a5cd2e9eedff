import { realpathSync, type Stats, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { OperatingError } from '../base/index.ts';
import { IMPORT_FIELDS, type ImportColumns, isImportField } from './import-layout.ts';

/** A file of readings that is to be taken in. */
export interface ImportOrder {
  /** Absolute path. */
  readonly file: string;
  readonly format: 'csv' | 'parquet';
  readonly columns: ImportColumns;
  /** The file as it was when it was ordered: another one of its name is not gone on with. */
  readonly bytes: number;
  readonly changedAtMs: number;
}

/** Where files lie that may be imported. */
export function importsFolder(dataFolder: string): string {
  return resolve(dataFolder, 'imports');
}

/**
 * @param name path below `imports` of the data folder, or an absolute one in it
 * @throws OperatingError `import_outside`, `import_missing`, `import_format`, `import_columns`
 */
export function importOrder(dataFolder: string, name: string, columns: ImportColumns): ImportOrder {
  const folder = importsFolder(dataFolder);
  const refused = (code: string, cause: string): OperatingError =>
    new OperatingError(code, `cannot import ${JSON.stringify(name)}: ${cause}`);
  for (const field of Object.keys(columns)) {
    if (isImportField(field)) continue;
    const allowed = `${IMPORT_FIELDS.join(', ')} and the names of quantities`;
    throw refused('import_columns', `"${field}" is no field; allowed are ${allowed}`);
  }
  const asked = resolve(folder, name);
  // Before anything is looked at: nobody learns what there is elsewhere.
  if (!asked.startsWith(folder + sep)) throw refused('import_outside', `only files in ${folder} are imported`);
  const found = lookUp(folder, asked);
  if (found === undefined) throw refused('import_missing', `there is no such file in ${folder}; put it there first`);
  if (found === 'outside') throw refused('import_outside', `it is a link that leads out of ${folder}`);
  const format = formatOf(found.file);
  if (format === undefined) {
    throw refused('import_format', 'its name must end in .csv, .csv.gz or .parquet, and have none of * ? [ { in it');
  }
  return { file: found.file, format, columns, ...versionOf(found.stats) };
}

/** @throws OperatingError `import_changed` when the file is not the one that was ordered */
export function checkUnchanged({ file, bytes, changedAtMs }: ImportOrder): void {
  const stats = statSync(file, { throwIfNoEntry: false });
  const now = stats && versionOf(stats);
  if (now?.bytes === bytes && now.changedAtMs === changedAtMs) return;
  const cause = now === undefined ? 'it is gone' : 'it was changed';
  throw new OperatingError('import_changed', `cannot import ${file}: ${cause} since it was ordered`);
}

function versionOf(stats: Stats): Pick<ImportOrder, 'bytes' | 'changedAtMs'> {
  return { bytes: stats.size, changedAtMs: stats.mtimeMs };
}

function lookUp(folder: string, asked: string): { file: string; stats: Stats } | 'outside' | undefined {
  try {
    const [root, file] = [realpathSync(folder), realpathSync(asked)];
    if (!file.startsWith(join(root, sep))) return 'outside';
    const stats = statSync(file);
    return stats.isFile() ? { file, stats } : undefined;
  } catch {
    return undefined;
  }
}

/** What DuckDB takes for a pattern is no name of one file. */
const PATTERN = /[*?[{]/;

function formatOf(file: string): ImportOrder['format'] | undefined {
  const name = file.toLowerCase();
  if (PATTERN.test(name)) return undefined;
  if (name.endsWith('.parquet')) return 'parquet';
  return name.endsWith('.csv') || name.endsWith('.csv.gz') ? 'csv' : undefined;
}
