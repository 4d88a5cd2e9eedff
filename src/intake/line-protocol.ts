import type { Problem } from '../profiles/index.ts';

/** A line of InfluxDB line protocol. */
export interface LinePoint {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number | string | boolean>>;
  /** What the time stamp means in each unit that it may be in, ms UTC; undefined when the line has none. */
  readonly times: Readonly<Record<string, number>> | undefined;
}

/** Lines that can be read, and one problem for each that cannot. */
export interface LinesRead {
  readonly points: readonly LinePoint[];
  readonly problems: readonly Problem[];
}

/**
 * Reads line protocol: `measurement,tag=value field=1,other="text" 1465839830100400200`. A line that cannot be read takes
 * no other with it. Comments and empty lines are passed over; lines end in LF or CRLF, and texts may hold either.
 *
 * @see https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
 */
export function readLines(text: string): LinesRead {
  const reader = new LineReader(text);
  const points: LinePoint[] = [];
  const problems: Problem[] = [];
  for (let next = reader.next(); next !== undefined; next = reader.next()) {
    if (typeof next !== 'string') points.push(next);
    else problems.push({ reason: 'malformed', detail: `line ${reader.number}: ${next}` });
  }
  return { points, problems };
}

const SHOWN_MAX = 40;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const INTEGER = /^(?:[+-]?\d{1,19}i|\d{1,20}u)$/;
const STAMP = /^-?\d{1,19}$/;
const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ...['t', 'T', 'true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['f', 'F', 'false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

/** Why a line cannot be read. */
class Unreadable {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

class LineReader {
  /** Of the line that was read last, from 1. */
  number = 0;
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next point, why the next line cannot be read, or undefined at the end. */
  next(): LinePoint | string | undefined {
    for (; this.#at < this.#text.length; this.#skipLine()) {
      this.number++;
      this.#skipSpaces();
      if (this.#isEnd() || this.#text[this.#at] === '#') continue;
      const point = this.#point();
      this.#skipLine();
      return point instanceof Unreadable ? point.text : point;
    }
    return undefined;
  }

  #point(): LinePoint | Unreadable {
    const measurement = this.#token(', ', ', ');
    if (measurement === '') return new Unreadable('it has no measurement');
    const tags = this.#tags();
    if (tags instanceof Unreadable) return tags;
    this.#skipSpaces();
    const fields = this.#fields();
    if (fields instanceof Unreadable) return fields;
    this.#skipSpaces();
    const stamp = this.#token(' ', '');
    if (stamp !== '' && !STAMP.test(stamp)) return new Unreadable(`the time stamp ${shown(stamp)} is no integer`);
    this.#skipSpaces();
    if (!this.#isEnd()) return new Unreadable('there is more behind the time stamp');
    return { measurement, tags, fields, times: stamp === '' ? undefined : timesOf(stamp) };
  }

  #tags(): Record<string, string> | Unreadable {
    const tags: Record<string, string> = Object.create(null);
    while (this.#text[this.#at] === ',') {
      this.#at++;
      const key = this.#token('=, ', '=, ');
      if (key === '' || this.#text[this.#at] !== '=') return new Unreadable(`the tag ${shown(key)} has no value`);
      this.#at++;
      const value = this.#token(', =', '=, ');
      if (value === '' || this.#text[this.#at] === '=') return new Unreadable(`the tag ${shown(key)} cannot be read`);
      tags[key] = value;
    }
    return tags;
  }

  #fields(): LinePoint['fields'] | Unreadable {
    const fields: Record<string, number | string | boolean> = Object.create(null);
    for (;;) {
      const key = this.#token('=, ', '=, ');
      if (key === '' || this.#text[this.#at] !== '=') return new Unreadable(`the field ${shown(key)} has no value`);
      this.#at++;
      const value = this.#value(key);
      if (value instanceof Unreadable) return value;
      fields[key] = value;
      if (this.#text[this.#at] !== ',') return fields;
      this.#at++;
    }
  }

  #value(key: string): number | string | boolean | Unreadable {
    if (this.#text[this.#at] === '"') return this.#quoted(key);
    const word = this.#token(', ', '');
    if (NUMBER.test(word)) return Number(word);
    if (INTEGER.test(word)) return Number(word.slice(0, -1));
    return FLAGS.get(word) ?? new Unreadable(`the field ${shown(key)} is ${shown(word)}, which is no value`);
  }

  #quoted(key: string): string | Unreadable {
    let value = '';
    let from = this.#at + 1;
    for (let at = from; at < this.#text.length; at++) {
      if (this.#text[at] === '"') {
        this.#at = at + 1;
        return value + this.#text.slice(from, at);
      }
      if (this.#text[at] !== '\\') continue;
      const escaped = this.#text[at + 1];
      if (escaped === '"' || escaped === '\\') {
        value += this.#text.slice(from, at) + escaped;
        from = at + 2;
      }
      at++;
    }
    // The reader stands at the quote still: what follows is read line by line.
    return new Unreadable(`the text of the field ${shown(key)} does not end`);
  }

  /** Text up to one of `stops` or the end of the line; a backslash takes the meaning from those of `escaped`. */
  #token(stops: string, escaped: string): string {
    let value = '';
    let from = this.#at;
    for (; !this.#isEnd(); this.#at++) {
      const letter = this.#text[this.#at]!;
      if (stops.includes(letter)) break;
      const next = this.#text[this.#at + 1];
      if (letter !== '\\' || next === undefined || !escaped.includes(next)) continue;
      value += this.#text.slice(from, this.#at) + next;
      this.#at++;
      from = this.#at + 1;
    }
    return value + this.#text.slice(from, this.#at);
  }

  #isEnd(): boolean {
    const letter = this.#text[this.#at];
    if (letter === undefined || letter === '\n') return true;
    const next = this.#text[this.#at + 1];
    return letter === '\r' && (next === '\n' || next === undefined);
  }

  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
  }

  #skipLine(): void {
    const newline = this.#text.indexOf('\n', this.#at);
    this.#at = newline < 0 ? this.#text.length : newline + 1;
  }
}

/** Parts below a millisecond are cut off. */
function timesOf(stamp: string): Record<string, number> {
  const whole = BigInt(stamp);
  const number = Number(whole);
  return {
    ns: Number(whole / 1_000_000n),
    us: Number(whole / 1_000n),
    ms: number,
    s: number * 1_000,
    m: number * 60_000,
    h: number * 3_600_000,
  };
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN_MAX));
}
