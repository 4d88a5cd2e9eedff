import { csvValueAt } from '../base/index.ts';

/** One record of a file, or why it cannot be read. */
export type CsvRecord = {
  /** Line that it begins in, from 1. */
  readonly line: number;
} & ({ readonly values: readonly string[] } | { readonly problem: string });

/** Longest record: a quote that does not end would take the rest of the file otherwise. */
export const RECORD_CHARACTERS_MAX = 64 * 1024;

const SEPARATORS = [',', ';', '\t'] as const;

/**
 * Cuts text that comes piece by piece into records (RFC 4180 quoting; lines end in LF, CRLF or CR). The first line says by
 * its most frequent one whether values are separated by commas, semicolons or tabs. Of a record that cannot be read the
 * first line is passed over, and reading goes on behind it. Keeps no more than a record and a piece.
 */
export class CsvRecords {
  #text = '';
  #at = 0;
  #line = 1;
  #separator: string | undefined;
  /** The rest of a line that could not be read is yet to be passed over. */
  #isSkipping = false;

  /** Records that end in this piece; empty lines are left out. @param isEnd nothing follows */
  *feed(piece: string, isEnd: boolean): Generator<CsvRecord> {
    this.#text = this.#text.slice(this.#at) + piece;
    this.#at = 0;
    this.#separator ??= separatorOf(this.#text, isEnd);
    if (this.#separator === undefined) return;
    while (this.#at < this.#text.length) {
      if (this.#isSkipping && !this.#skipLine(isEnd)) return;
      if (this.#at >= this.#text.length) return;
      const line = this.#line;
      const found = readRecord(this.#text, this.#at, this.#separator, isEnd);
      if (found === 'more') return;
      if ('problem' in found) {
        this.#isSkipping = true;
        yield { line, problem: found.problem };
        continue;
      }
      this.#pass(found.next);
      if (found.values.length > 1 || found.values[0] !== '') yield { line, values: found.values };
    }
  }

  /** @returns false when the line does not end here */
  #skipLine(isEnd: boolean): boolean {
    const end = lineEnd(this.#text, this.#at);
    const next = end < this.#text.length ? behindLine(this.#text, end, isEnd) : 'more';
    if (next === 'more') {
      // Of what is passed over only a CR is kept, which a LF may follow.
      this.#at = end;
      return false;
    }
    this.#isSkipping = false;
    this.#pass(next);
    return true;
  }

  #pass(next: number): void {
    for (let at = this.#at; at < next; at++) {
      const isCr = this.#text[at] === '\r' && this.#text[at + 1] !== '\n';
      if (isCr || this.#text[at] === '\n') this.#line++;
    }
    this.#at = next;
  }
}

/** Undefined while the first line is not whole. */
function separatorOf(text: string, isEnd: boolean): string | undefined {
  const end = lineEnd(text, 0);
  if (end === text.length && !isEnd && text.length <= RECORD_CHARACTERS_MAX) return undefined;
  const line = text.slice(0, end);
  const countOf = (separator: string): number => line.split(separator).length;
  return [...SEPARATORS].sort((a, b) => countOf(b) - countOf(a))[0];
}

type Found = { readonly values: readonly string[]; readonly next: number } | { readonly problem: string } | 'more';

function readRecord(text: string, from: number, separator: string, isEnd: boolean): Found {
  const values: string[] = [];
  const more = (problem: string): Found => (isEnd || text.length - from > RECORD_CHARACTERS_MAX ? { problem } : 'more');
  for (let at = from; ; at++) {
    const [value, end] = csvValueAt(text, at, separator);
    if (value === undefined) return more('a quoted value does not end');
    values.push(value);
    at = end;
    if (at - from > RECORD_CHARACTERS_MAX) return tooLong();
    // Behind a quote that ends the piece another one may follow.
    if (at === text.length) return isEnd ? { values, next: at } : 'more';
    if (text[at] === separator) continue;
    if (text[at] !== '\n' && text[at] !== '\r') return { problem: 'there is text behind a quoted value' };
    const next = behindLine(text, at, isEnd);
    return next === 'more' ? next : { values, next };
  }
}

function tooLong(): Found {
  return { problem: `it has more than ${RECORD_CHARACTERS_MAX} characters` };
}

function lineEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && text[end] !== '\n' && text[end] !== '\r') end++;
  return end;
}

/** The place behind a line that ends here; not known yet when a LF may still follow a CR. */
function behindLine(text: string, end: number, isEnd: boolean): number | 'more' {
  if (text[end] === '\n') return end + 1;
  if (end + 1 === text.length && !isEnd) return 'more';
  return text[end + 1] === '\n' ? end + 2 : end + 1;
}
