import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatingError } from '../../src/base/index.ts';
import { CsvReader } from '../replay/index.ts';
import type { ExpectedRow, FileSpec } from './spec-kinds.ts';
import { specOf } from './specs.ts';
import type { RecordedSeries } from './survey.ts';

/** A file of `expected/`, read whole. */
export interface ExpectedFile {
  readonly name: string;
  readonly header: readonly string[];
  readonly rows: readonly ExpectedRow[];
  /** Undefined: no window of the product says anything about this file. */
  readonly spec: FileSpec | undefined;
}

/** All files of `<folder>/expected`, by name, and of `<folder>/published` where it has any. @throws OperatingError `expected_missing` */
export function readExpected(folder: string): readonly ExpectedFile[] {
  const path = join(folder, 'expected');
  let names: string[];
  try {
    names = readdirSync(path)
      .filter((name) => name.endsWith('.csv'))
      .sort();
  } catch (cause) {
    throw new OperatingError(
      'expected_missing',
      `cannot verify ${folder}: it has no folder expected/ with results to compare with`,
      { cause },
    );
  }
  const expected = names.map((name) => parseExpected(name, readFileSync(join(path, name), 'utf8')));
  return [...expected, ...readPublished(folder)];
}

/** What the owner of the data published of it. */
function readPublished(folder: string): ExpectedFile[] {
  const path = join(folder, 'published');
  if (!existsSync(path)) return [];
  const names = readdirSync(path).filter((name) => name.endsWith('.csv'));
  return names.sort().map((name) => parseExpected(`published/${name}`, readFileSync(join(path, name), 'utf8')));
}

/** Parses one file of expected results. @throws OperatingError `expected_invalid` */
export function parseExpected(name: string, text: string): ExpectedFile {
  const reader = new CsvReader();
  const records = [...reader.push(text), ...reader.end()];
  const header = records[0]?.fields ?? [];
  const rows = records.slice(1).map(({ fields, malformed }, index) => {
    if (malformed || fields.length !== header.length) {
      throw new OperatingError(
        'expected_invalid',
        `cannot read expected/${name}: row ${index + 2} has not the ${header.length} fields of the header`,
      );
    }
    return Object.fromEntries(header.map((column, at) => [column, fields[at]!]));
  });
  return { name, header, rows, spec: specOf(name, header) };
}

/**
 * The series that a row speaks of: by its columns `device` and `quantity`; `device/quantity` in one column; or the only
 * series that fits where a file names neither.
 */
export function seriesFinder(
  spec: FileSpec,
  series: readonly RecordedSeries[],
): (row: ExpectedRow) => RecordedSeries | undefined {
  const byBoth = new Map(series.map((one) => [`${one.recordedDevice}\n${one.recordedQuantity}`, one]));
  const byDevice = new Map<string, RecordedSeries | null>();
  for (const one of series) {
    if (spec.quantity !== undefined && one.recordedQuantity !== spec.quantity) continue;
    byDevice.set(one.recordedDevice, byDevice.has(one.recordedDevice) ? null : one);
  }
  const only = byDevice.size === 1 ? [...byDevice.values()][0] : undefined;
  return (row) => {
    const device = row.device;
    if (device === undefined) return only ?? undefined;
    const quantity = row.quantity ?? spec.quantity;
    if (quantity !== undefined) return byBoth.get(`${device}\n${quantity}`);
    const slash = device.lastIndexOf('/');
    if (slash > 0) return byBoth.get(`${device.slice(0, slash)}\n${device.slice(slash + 1)}`);
    return byDevice.get(device) ?? undefined;
  };
}
