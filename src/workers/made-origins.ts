import type { Message } from '../model/index.ts';
import { ColumnReader, ColumnWriter, type Numbers, startsOf, TextTable } from './packed-columns.ts';
import { HEAD_BYTES_MAX } from './quarantine-row.ts';

/** What a row of the quarantine shows of a message. */
export type Origin = Pick<Message, 'topic' | 'clientId' | 'payload' | 'payloadBytes'>;

const NO_ORIGIN: Origin = { topic: '', clientId: '', payload: new Uint8Array(), payloadBytes: 0 };

/** Collects where records came from. */
export class OriginsBuilder {
  readonly #texts = new TextTable();
  readonly #topics: number[] = [];
  readonly #clientIds: number[] = [];
  readonly #payloadBytes: number[] = [];
  readonly #heads: Uint8Array[] = [];

  add({ topic, clientId, payload, payloadBytes }: Origin = NO_ORIGIN): void {
    this.#topics.push(this.#texts.idOf(topic));
    this.#clientIds.push(this.#texts.idOf(clientId));
    this.#payloadBytes.push(payloadBytes);
    this.#heads.push(payload.length > HEAD_BYTES_MAX ? payload.subarray(0, HEAD_BYTES_MAX) : payload);
  }

  finish(): Buffer {
    const writer = new ColumnWriter();
    writer.texts(this.#texts.texts);
    writer.all([this.#topics, this.#clientIds, this.#payloadBytes]);
    writer.numbers(this.#heads.map(({ length }) => length));
    writer.bytes(this.#heads);
    return writer.finish();
  }
}

/** Where records came from, by their place in the batch. Payloads are their heads only. */
export class Origins {
  readonly #texts: readonly string[];
  readonly #topics: Numbers;
  readonly #clientIds: Numbers;
  readonly #payloadBytes: Numbers;
  readonly #headStarts: Int32Array;
  readonly #heads: Uint8Array;

  /** Throws where the bytes are damaged. */
  constructor(bytes: Buffer, count: number) {
    const reader = new ColumnReader(bytes);
    this.#texts = reader.texts();
    this.#topics = reader.indexes(count, this.#texts.length);
    this.#clientIds = reader.indexes(count, this.#texts.length);
    this.#payloadBytes = reader.numbers(count);
    this.#headStarts = startsOf(reader.indexes(count, HEAD_BYTES_MAX + 1));
    this.#heads = reader.bytes(this.#headStarts[count]!);
    reader.end();
  }

  at(row: number): Origin {
    return {
      topic: this.#texts[this.#topics[row]!]!,
      clientId: this.#texts[this.#clientIds[row]!]!,
      payload: this.#heads.subarray(this.#headStarts[row], this.#headStarts[row + 1]),
      payloadBytes: this.#payloadBytes[row]!,
    };
  }
}
