import { TextCache } from '../../base/index.ts';
import type { JournalRecord } from '../journal.ts';
import type { MadeBatch, MadeOutcome, StreamStats } from '../streams.ts';
import { type Entry, entryAt, entryField, entryId, type PartitionKeys, partitionKeys } from './keys.ts';
import { damaged, gap, type StreamLink } from './link.ts';
import { readRawBatch } from './raw-batch.ts';
import { APPEND_MADE, MADE_FENCED, MADE_KEPT, MARK_CUT, OWN, TRIM } from './scripts.ts';

/** Entries of the first question; later ones ask for as many as seem to fit. */
const FIRST_ENTRIES = 4;
/** Those that follow may be larger than all before, and a reply is held in memory. */
const ENTRIES_MAX = 64;

/** Records that stand in one entry. */
interface Span {
  readonly first: number;
  readonly last: number;
  readonly size: number;
}

/** Messages of the partitions, and what was made of them. */
export class Partitions {
  readonly #orders: StreamLink;
  readonly #questions: StreamLink;
  readonly #keys: readonly PartitionKeys[];
  readonly #slots: readonly number[];
  readonly #texts = new TextCache();

  /** @param slots of the partitions, in a cluster */
  constructor(name: string, slots: readonly number[], orders: StreamLink, questions: StreamLink) {
    this.#orders = orders;
    this.#questions = questions;
    this.#slots = slots;
    this.#keys = slots.map((_, partition) => partitionKeys(name, partition));
  }

  async readRaw(partition: number, after: number, upTo: number, bytesMax: number): Promise<readonly JournalRecord[]> {
    const batches = await this.#read('raw', partition, { after, upTo, bytesMax }, (entry) => {
      const batch = readRawBatch(partition, entry, this.#texts);
      return { ...batch, size: batch.bytes };
    });
    const records = batches.flatMap((batch) => batch.records);
    // Whole batches were read; only the first and the last reach across the bounds.
    const isWhole = (batches[0]?.first ?? 0) > after && (batches.at(-1)?.last ?? 0) <= upTo;
    return isWhole ? records : records.filter(({ sequence }) => sequence > after && sequence <= upTo);
  }

  async readMade(partition: number, after: number, upTo: number, bytesMax: number): Promise<readonly MadeBatch[]> {
    const batches = await this.#read('made', partition, { after, upTo, bytesMax }, (entry) => {
      const last = entryAt(entry);
      const count = Number(entryField(entry, 'n')?.toString('latin1'));
      const bytes = entryField(entry, 'b');
      if (bytes === undefined || !Number.isInteger(count)) throw damaged(partition, last, 'it is not what was made');
      return { last, count, bytes, first: last - count + 1, size: bytes.length };
    });
    return batches.map(({ last, count, bytes }) => ({ last, count, bytes }));
  }

  async own(partition: number): Promise<number> {
    return (await this.#orders.order((pipeline) => pipeline.eval(OWN, 1, this.#keys[partition]!.state))) as number;
  }

  async appendMade(partition: number, epoch: number, { last, count, bytes }: MadeBatch): Promise<MadeOutcome> {
    const { state, made } = this.#keys[partition]!;
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const answer = (await this.#orders.order((pipeline) =>
      pipeline.eval(APPEND_MADE, 2, state, made, epoch, last, count, data),
    )) as number;
    if (answer === MADE_KEPT) return { kind: 'kept' };
    return answer === MADE_FENCED ? { kind: 'fenced' } : { kind: 'elsewhere', at: answer };
  }

  async stats(): Promise<readonly StreamStats[]> {
    const answers = await this.#questions.each(this.#slots, false, (pipeline, partition) =>
      pipeline.hmget(this.#keys[partition]!.state, 'raw', 'made', 'epoch'),
    );
    return (answers as (string | null)[][]).map((fields) => {
      const [rawEnd, madeEnd, epoch] = fields.map(Number) as [number, number, number];
      return { rawEnd, madeEnd, epoch };
    });
  }

  /** @returns where the partitions end, which is durable */
  async ends(nowMs: number): Promise<readonly number[]> {
    const ends = await this.#orders.each(this.#slots, true, (pipeline, partition) =>
      pipeline.eval(MARK_CUT, 1, this.#keys[partition]!.state, nowMs),
    );
    return ends as number[];
  }

  async trim(ends: readonly number[]): Promise<void> {
    await this.#orders.each(this.#slots, false, (pipeline, partition) => {
      const { state, raw, made } = this.#keys[partition]!;
      pipeline.eval(TRIM, 3, state, raw, made, ends[partition]!);
    });
  }

  /** Entries with records after `after`, up to one with `upTo`, as many as fit into the bytes. */
  async #read<T extends Span>(
    stream: 'raw' | 'made',
    partition: number,
    { after, upTo, bytesMax }: { readonly after: number; readonly upTo: number; readonly bytesMax: number },
    parse: (entry: Entry) => T,
  ): Promise<T[]> {
    const found: T[] = [];
    let bytes = 0;
    let at = after;
    for (let count = FIRST_ENTRIES; at < upTo; count = entriesThatFit(found.length, bytes, bytesMax)) {
      const entries = await this.#entries(stream, partition, at, count);
      for (const entry of entries) {
        const span = parse(entry);
        if (found.length > 0 && bytes + span.size > bytesMax) return found;
        if (span.first > at + 1) await this.#explainHole(stream, partition, at);
        if (span.first > upTo) return found;
        found.push(span);
        bytes += span.size;
        at = span.last;
        if (at >= upTo) return found;
      }
      if (entries.length < count) break;
    }
    if (found.length === 0 && at < upTo) await this.#explainEnd(stream, partition, at);
    return found;
  }

  #entries(stream: 'raw' | 'made', partition: number, after: number, count: number): Promise<readonly Entry[]> {
    const key = this.#keys[partition]![stream];
    return this.#questions.ask(
      async (redis) => (await redis.xrangeBuffer(key, entryId(after + 1), '+', 'COUNT', count)) as unknown as Entry[],
    );
  }

  /** @throws OperatingError unless nothing was made of what is missing */
  async #explainHole(stream: 'raw' | 'made', partition: number, after: number): Promise<void> {
    await this.#explainEnd(stream, partition, after);
    if (stream === 'raw') throw damaged(partition, after, 'the batch behind it is missing');
  }

  /** @throws OperatingError when what would follow was trimmed */
  async #explainEnd(stream: 'raw' | 'made', partition: number, after: number): Promise<void> {
    const { state } = this.#keys[partition]!;
    const trimmed = Number(await this.#questions.ask((redis) => redis.hget(state, 'trimmed')));
    if (trimmed > after) throw gap(`the stream ${stream} of partition ${partition}`, after, trimmed);
  }
}

function entriesThatFit(entries: number, bytes: number, bytesMax: number): number {
  const perEntry = Math.max(1, bytes / entries);
  return Math.max(1, Math.min(ENTRIES_MAX, Math.ceil((bytesMax - bytes) / perEntry)));
}
