import { createReadStream, type ReadStream, statSync } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type CsvRecord, CsvRecords } from './csv-records.ts';
import { type ImportSource, type SourceRow, unreadable } from './import-source.ts';

/**
 * Opens a file of separated values; its first line names the columns. One that ends in `.gz` is unpacked on the way.
 *
 * @throws OperatingError `import_unreadable`
 */
export async function openCsvSource(file: string): Promise<ImportSource> {
  const stream = createReadStream(file);
  const source = new CsvSource(file, stream, statSync(file).size);
  try {
    await source.open();
  } catch (error) {
    await source.close();
    throw error;
  }
  return source;
}

class CsvSource implements ImportSource {
  columns: readonly string[] = [];
  readonly #file: string;
  readonly #stream: ReadStream;
  readonly #bytes: number;
  readonly #records: AsyncGenerator<CsvRecord>;

  constructor(file: string, stream: ReadStream, bytes: number) {
    this.#file = file;
    this.#stream = stream;
    this.#bytes = bytes;
    this.#records = recordsOf(file.toLowerCase().endsWith('.gz') ? unpacked(stream) : stream);
  }

  async open(): Promise<void> {
    const first = await this.#next();
    if (first === undefined) throw unreadable(this.#file, 'it is empty; its first line must name the columns');
    if ('problem' in first) throw unreadable(this.#file, `its first line cannot be read: ${first.problem}`);
    this.columns = first.values.map((name) => name.trim());
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; left--) if ((await this.#next()) === undefined) return;
  }

  async read(countMax: number, columns: readonly string[]): Promise<readonly SourceRow[]> {
    const places = columns.map((name) => this.columns.indexOf(name));
    const rows: SourceRow[] = [];
    while (rows.length < countMax) {
      const record = await this.#next();
      if (record === undefined) break;
      rows.push(this.#row(record, places));
    }
    return rows;
  }

  #row(record: CsvRecord, places: readonly number[]): SourceRow {
    const at = `line ${record.line}`;
    if ('problem' in record) return { at, problem: record.problem };
    const { values } = record;
    if (values.length === this.columns.length) return { at, values: places.map((place) => values[place] ?? null) };
    return { at, problem: `it has ${values.length} values; ${this.columns.length} are expected` };
  }

  ratio(): number {
    return this.#bytes === 0 ? 1 : Math.min(1, this.#stream.bytesRead / this.#bytes);
  }

  async close(): Promise<void> {
    this.#stream.destroy();
    await this.#records.return(undefined).catch(() => undefined);
  }

  async #next(): Promise<CsvRecord | undefined> {
    try {
      const { value, done } = await this.#records.next();
      return done === true ? undefined : value;
    } catch (cause) {
      throw unreadable(this.#file, cause);
    }
  }
}

function unpacked(stream: Readable): Readable {
  // Errors of either end come out of the one that is read.
  return pipeline(stream, createGunzip(), () => undefined);
}

/** What is no UTF-8 becomes U+FFFD, which no name has: the row is refused by what it says then. */
async function* recordsOf(stream: Readable): AsyncGenerator<CsvRecord> {
  const decoder = new TextDecoder();
  const records = new CsvRecords();
  for await (const chunk of stream) yield* records.feed(decoder.decode(chunk as Buffer, { stream: true }), false);
  yield* records.feed(decoder.decode(), true);
}
