import { closeSync, createReadStream, existsSync, openSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { OperatingError } from '../../src/base/index.ts';
import { CsvReader, type CsvRecord } from './csv.ts';

/** A row of the neutral form, as text, in file order. */
export interface RecordedRow {
  readonly device: string;
  readonly time: string;
  readonly zone: string;
  readonly quantity: string;
  readonly unit: string;
  readonly value: string;
  readonly flag: string;
  /** The instant as the recording's converter read it; empty where undefined. Never used for publishing. */
  readonly utc: string;
}

/** Columns of the neutral form; a file may have them in any order, and `utc` may be absent. */
const COLUMNS = ['device', 'time', 'zone', 'quantity', 'unit', 'value', 'flag', 'utc'] as const;

/** Where a recording lies. */
export interface RecordingPlace {
  /** Absolute path of the data file. */
  readonly file: string;
  readonly folder: string;
  /** Name of the folder: the recording's name where the mapping gives none. */
  readonly name: string;
  readonly bytes: number;
}

/** What one step of reading gives. */
export interface RowBatch {
  readonly rows: readonly RecordedRow[];
  /** Records that are no rows: wrong number of fields, text after a closing quote. */
  readonly malformedCount: number;
  /** Bytes of the file read so far, compressed. */
  readonly bytesRead: number;
}

/**
 * Finds the data of a recording: a folder with `data.csv.gz` or `data.csv`, or such a file itself.
 *
 * @throws OperatingError `recording_missing`
 */
export function findRecording(path: string): RecordingPlace {
  const full = resolve(path);
  if (!existsSync(full))
    throw new OperatingError('recording_missing', `cannot read the recording ${path}: there is no such file or folder`);
  let file = full;
  if (statSync(full).isDirectory()) {
    const found = ['data.csv.gz', 'data.csv']
      .map((name) => join(full, name))
      .find((candidate) => existsSync(candidate));
    if (found === undefined) {
      throw new OperatingError(
        'recording_missing',
        `cannot read the recording ${path}: the folder holds neither data.csv.gz nor data.csv`,
      );
    }
    file = found;
  }
  const folder = dirname(file);
  return { file, folder, name: basename(folder), bytes: statSync(file).size };
}

/**
 * Streams the rows of a data file, plain or gzip (told by its first bytes, not by its name).
 *
 * @throws OperatingError `recording_unreadable` (damaged gzip, missing column), `csv_invalid`
 */
export async function* readRecording(file: string, signal?: AbortSignal): AsyncGenerator<RowBatch> {
  const reader = new CsvReader();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const raw = createReadStream(file, { highWaterMark: 64 * 1024 });
  const stream = isGzip(file) ? pipeline(raw, createGunzip(), () => undefined) : raw;
  let columns: readonly number[] | undefined;
  const take = (records: readonly CsvRecord[]): RowBatch => {
    let from = 0;
    if (columns === undefined && records.length > 0) {
      columns = columnsOf(records[0]!.fields, file);
      from = 1;
    }
    return { ...rowsOf(records, from, columns ?? []), bytesRead: raw.bytesRead };
  };
  try {
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      yield take(reader.push(decoder.decode(chunk as Buffer, { stream: true })));
    }
    yield take([...reader.push(decoder.decode()), ...reader.end()]);
  } catch (cause) {
    if (cause instanceof OperatingError || signal?.aborted) throw cause;
    throw new OperatingError('recording_unreadable', `cannot read ${file}: ${(cause as Error).message}`, { cause });
  } finally {
    raw.destroy();
  }
  if (columns === undefined) throw new OperatingError('recording_unreadable', `cannot read ${file}: the file is empty`);
}

function isGzip(file: string): boolean {
  const head = Buffer.alloc(2);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, head, 0, 2, 0);
  } finally {
    closeSync(descriptor);
  }
  return head[0] === 0x1f && head[1] === 0x8b;
}

function columnsOf(header: readonly string[], file: string): readonly number[] {
  const indexes = COLUMNS.map((name) => header.indexOf(name));
  const missing = COLUMNS.filter((name, at) => indexes[at]! < 0 && name !== 'utc');
  if (missing.length === 0) return [...indexes, header.length];
  throw new OperatingError(
    'recording_unreadable',
    `cannot read ${file}: column ${missing.join(', ')} is missing; the header is ${JSON.stringify(header.slice(0, 12).join(',').slice(0, 200))}, needed: ${COLUMNS.join(',')}`,
  );
}

function rowsOf(
  records: readonly CsvRecord[],
  from: number,
  columns: readonly number[],
): Pick<RowBatch, 'rows' | 'malformedCount'> {
  const rows: RecordedRow[] = [];
  let malformedCount = 0;
  const [device, time, zone, quantity, unit, value, flag, utc, width] = columns as [number, ...number[]];
  for (let at = from; at < records.length; at++) {
    const { fields, malformed } = records[at]!;
    if (malformed || fields.length !== width) {
      malformedCount++;
      continue;
    }
    rows.push({
      device: fields[device]!,
      time: fields[time!]!,
      zone: fields[zone!]!,
      quantity: fields[quantity!]!,
      unit: fields[unit!]!,
      value: fields[value!]!,
      flag: fields[flag!]!,
      utc: utc! < 0 ? '' : fields[utc!]!,
    });
  }
  return { rows, malformedCount };
}
