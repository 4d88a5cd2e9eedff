import { OperatingError } from '../../src/base/index.ts';

/** One record of a CSV file. */
export interface CsvRecord {
  readonly fields: readonly string[];
  /** Text after a closing quote, or a quote left open at the end of the file: the fields are a guess. */
  readonly malformed: boolean;
}

/** A record longer than this is no record but a quote that was never closed. */
export const CSV_RECORD_CHARS_MAX = 65_536;

const QUOTE = 34;
const COMMA = 44;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/**
 * RFC 4180, fed in pieces of any size: quoted fields with commas, doubled quotes and line ends; LF and CRLF; a byte
 * order mark is skipped, empty lines are no records. A quote inside an unquoted field is an ordinary character.
 */
export class CsvReader {
  #rest = '';
  #first = true;

  /**
   * The records completed by this piece.
   * @throws OperatingError `csv_invalid` for a record over `CSV_RECORD_CHARS_MAX`
   */
  push(text: string): CsvRecord[] {
    this.#rest += this.#first && text.startsWith('\ufeff') ? text.slice(1) : text;
    if (text.length > 0) this.#first = false;
    const records: CsvRecord[] = [];
    let at = 0;
    for (;;) {
      const next = readRecord(this.#rest, at, false);
      if (next === undefined) break;
      if (next.record !== undefined) records.push(next.record);
      at = next.end;
    }
    this.#rest = this.#rest.slice(at);
    if (this.#rest.length > CSV_RECORD_CHARS_MAX) {
      const head = JSON.stringify(this.#rest.slice(0, 40));
      throw new OperatingError(
        'csv_invalid',
        `cannot read the record that starts with ${head}: it is longer than ${CSV_RECORD_CHARS_MAX} characters (a quote that is never closed?)`,
      );
    }
    return records;
  }

  /** The last record, when the file does not end with a line end. */
  end(): CsvRecord[] {
    const next = this.#rest.length === 0 ? undefined : readRecord(this.#rest, 0, true);
    this.#rest = '';
    return next?.record === undefined ? [] : [next.record];
  }
}

interface Read {
  /** Undefined for an empty line. */
  readonly record: CsvRecord | undefined;
  /** Where the next record starts. */
  readonly end: number;
}

/** Undefined when the text ends inside the record and more may come. */
function readRecord(text: string, start: number, last: boolean): Read | undefined {
  const lineEnd = text.indexOf('\n', start);
  if (lineEnd < 0 && !last) return undefined;
  const end = lineEnd < 0 ? text.length : lineEnd;
  const line = text.slice(start, end > start && text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end);
  if (!line.includes('"')) {
    const record = line === '' ? undefined : { fields: line.split(','), malformed: false };
    return { record, end: lineEnd < 0 ? end : end + 1 };
  }
  return readQuoted(text, start, last);
}

function readQuoted(text: string, start: number, last: boolean): Read | undefined {
  const fields: string[] = [];
  let malformed = false;
  let at = start;
  for (;;) {
    const field = text.charCodeAt(at) === QUOTE ? readQuotedField(text, at) : readPlainField(text, at);
    if (field === undefined) {
      if (!last) return undefined;
      fields.push(text.slice(at + 1));
      return { record: { fields, malformed: true }, end: text.length };
    }
    fields.push(field.text);
    malformed ||= field.malformed;
    at = field.end;
    if (at >= text.length) return last ? { record: { fields, malformed }, end: at } : undefined;
    if (text.charCodeAt(at++) === LINE_FEED) return { record: { fields, malformed }, end: at };
  }
}

interface Field {
  readonly text: string;
  /** Index of the comma or line feed, or the length of the text. */
  readonly end: number;
  readonly malformed: boolean;
}

function readPlainField(text: string, start: number): Field {
  let at = start;
  while (at < text.length && text.charCodeAt(at) !== COMMA && text.charCodeAt(at) !== LINE_FEED) at++;
  const carriage =
    at > start && at < text.length && text.charCodeAt(at) === LINE_FEED && text.charCodeAt(at - 1) === CARRIAGE_RETURN;
  return { text: text.slice(start, carriage ? at - 1 : at), end: at, malformed: false };
}

/** Undefined when the quote is not closed in this text. */
function readQuotedField(text: string, start: number): Field | undefined {
  let value = '';
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return undefined;
    value += text.slice(from, quote);
    if (text.charCodeAt(quote + 1) !== QUOTE) {
      const tail = readPlainField(text, quote + 1);
      return { text: value + tail.text, end: tail.end, malformed: tail.text.length > 0 };
    }
    value += '"';
    from = quote + 2;
  }
}
