/*
 * Columns of numbers and texts as bytes, little-endian, one behind the other. A column of numbers begins with its kind: all
 * are the same, whole ones of 8, 16 or 32 bits, or doubles. Every double comes back as it was, -0 included. Texts are JSON,
 * which also carries what is no Unicode.
 */

const SAME = 0;
const DOUBLES = 4;
/** How whole numbers are kept, by kind, narrowest first. */
const WHOLE = [undefined, Uint8Array, Uint16Array, Int32Array] as const;
const U8_MAX = 0xff;
const U16_MAX = 0xffff;
const LENGTH_BYTES = 4;
/** A bound for what damaged bytes may ask for. */
export const ROWS_MAX = 1 << 24;
const PARTS_MAX = 1 << 28;

/** A column as it is read: its type depends on what was written. */
export type Numbers = Uint8Array | Uint16Array | Int32Array | Float64Array;

/** Numbers texts by their first use. */
export class TextTable {
  readonly texts: string[] = [];
  readonly #ids = new Map<string, number>();
  /** Mostly the same comes again. */
  #last = '';
  #lastId = -1;

  idOf(text: string): number {
    if (text === this.#last && this.#lastId >= 0) return this.#lastId;
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.texts.push(text) - 1;
      this.#ids.set(text, id);
    }
    this.#last = text;
    this.#lastId = id;
    return id;
  }
}

/** Puts columns one behind the other. */
export class ColumnWriter {
  readonly #parts: Uint8Array[] = [];

  count(value: number): void {
    const bytes = Buffer.allocUnsafe(LENGTH_BYTES);
    bytes.writeUInt32LE(value);
    this.#parts.push(bytes);
  }

  texts(texts: readonly string[]): void {
    const bytes = Buffer.from(JSON.stringify(texts), 'utf8');
    this.count(bytes.length);
    this.#parts.push(bytes);
  }

  numbers(numbers: readonly number[]): void {
    const kind = kindOf(numbers);
    this.#parts.push(Uint8Array.of(kind));
    if (kind === SAME) this.#parts.push(bytesOf(Float64Array.of(numbers[0] ?? 0)));
    else this.#parts.push(bytesOf(new (WHOLE[kind] ?? Float64Array)(numbers)));
  }

  all(columns: readonly (readonly number[])[]): void {
    for (const column of columns) this.numbers(column);
  }

  /** Numbers near those of `bases`: as differences where these give back every number, bit for bit. */
  near(numbers: readonly number[], bases: readonly number[]): void {
    const steps = exactSteps(numbers, bases);
    this.count(steps === undefined ? 0 : 1);
    this.numbers(steps ?? numbers);
  }

  bytes(bytes: readonly Uint8Array[]): void {
    this.#parts.push(...bytes);
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Takes columns apart, in the order in which they were written. Throws a RangeError or SyntaxError where they are damaged. */
export class ColumnReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  count(max: number): number {
    const value = this.#bytes.readUInt32LE(this.#take(LENGTH_BYTES));
    if (value > max) throw new RangeError(`${value} is more than ${max}`);
    return value;
  }

  texts(): string[] {
    const length = this.count(this.#bytes.length);
    const at = this.#take(length);
    const texts: unknown = JSON.parse(this.#bytes.toString('utf8', at, at + length));
    if (Array.isArray(texts) && texts.every((text) => typeof text === 'string')) return texts;
    throw new RangeError('texts are expected');
  }

  numbers(count: number): Numbers {
    if (count > ROWS_MAX) throw new RangeError(`${count} rows are too many`);
    const kind = this.#bytes[this.#take(1)]!;
    if (kind > DOUBLES) throw new RangeError(`no column has the kind ${kind}`);
    if (kind === SAME) return new Float64Array(count).fill(this.#bytes.readDoubleLE(this.#take(8)));
    const Type = WHOLE[kind] ?? Float64Array;
    return new Type(this.#copy(count * Type.BYTES_PER_ELEMENT));
  }

  /** Whole numbers from 0 up to, not including, `below`. */
  indexes(count: number, below: number): Numbers {
    const numbers = this.numbers(count);
    for (let row = 0; row < count; row++) {
      const index = numbers[row]!;
      if (!(index >= 0 && index < below && Number.isInteger(index))) throw new RangeError(`${index} is no index`);
    }
    return numbers;
  }

  near(bases: ArrayLike<number>): Numbers {
    const isStep = this.count(1) === 1;
    const numbers = this.numbers(bases.length);
    if (!isStep) return numbers;
    const sums = new Float64Array(bases.length);
    for (let row = 0; row < sums.length; row++) sums[row] = bases[row]! + numbers[row]!;
    return sums;
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Throws when there is more. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError(`${this.#bytes.length - this.#at} bytes are too many`);
  }

  /** Of its own: numbers are read in place, and what came may begin anywhere in its buffer. */
  #copy(length: number): ArrayBuffer {
    return new Uint8Array(this.bytes(length)).buffer;
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new RangeError(`${at + length - this.#bytes.length} bytes are missing`);
    this.#at += length;
    return at;
  }
}

/** Where each of rows with so many parts begins, and behind the last one the end. Throws a RangeError for too many. */
export function startsOf(counts: ArrayLike<number>): Int32Array {
  const starts = new Int32Array(counts.length + 1);
  for (let row = 0; row < counts.length; row++) {
    const end = starts[row]! + counts[row]!;
    if (end > PARTS_MAX) throw new RangeError(`${end} parts are too many`);
    starts[row + 1] = end;
  }
  return starts;
}

function kindOf(numbers: readonly number[]): number {
  const first = numbers[0] ?? 0;
  let isSame = true;
  let least = 0;
  let most = 0;
  for (const number of numbers) {
    if (isSame && !Object.is(number, first)) isSame = false;
    if (!Object.is(number | 0, number)) return isSame && numbers.every((one) => Object.is(one, first)) ? SAME : DOUBLES;
    if (number < least) least = number;
    else if (number > most) most = number;
  }
  if (isSame) return SAME;
  if (least < 0) return WHOLE.indexOf(Int32Array);
  return most <= U8_MAX ? WHOLE.indexOf(Uint8Array) : WHOLE.indexOf(most <= U16_MAX ? Uint16Array : Int32Array);
}

function exactSteps(numbers: readonly number[], bases: readonly number[]): number[] | undefined {
  const steps: number[] = [];
  for (let row = 0; row < numbers.length; row++) {
    const base = bases[row]!;
    const step = numbers[row]! - base;
    if (!Object.is(base + step, numbers[row])) return undefined;
    steps.push(step);
  }
  return steps;
}

function bytesOf({ buffer, byteOffset, byteLength }: Numbers): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
