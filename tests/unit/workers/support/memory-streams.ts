import { setImmediate as nextTurn } from 'node:timers/promises';
import { OperatingError } from '../../../../src/base/index.ts';
import {
  type CityStreams,
  type Cut,
  FIRST_CUT,
  type HeardReplica,
  type JournalRecord,
  type MadeBatch,
  type MadeOutcome,
  positionOf,
  type SeriesHours,
  type StreamMember,
  type StreamReplica,
  type StreamStats,
  type StreamWriter,
} from '../../../../src/journal/index.ts';
import type { Message } from '../../../../src/model/index.ts';

const RECORD_BYTES = 50;

/** Streams of a city in memory. What is cut is whatever was appended; nothing is ever lost unless a test says so. */
export class MemoryStreams implements CityStreams {
  readonly partitions: number;
  /** All that was ever appended; `firstRaw` says what of it is left. */
  readonly raw: JournalRecord[][];
  readonly made: MadeBatch[][];
  readonly cuts: Cut[];
  readonly members = new Map<string, StreamMember>();
  /** Whether the server is away: asked before each question, and after it, when its answer is lost. */
  isAway: () => boolean = () => false;
  readonly #epochs: number[];
  readonly #replicas = new Map<string, StreamReplica>();
  /** For how long readers have been silent; not at all those that are not in it. */
  readonly silentMs = new Map<string, number>();
  #trimmed: Cut;

  constructor(partitions: number) {
    const list = Array.from({ length: partitions }, () => 0);
    this.partitions = partitions;
    this.raw = list.map(() => []);
    this.made = list.map(() => []);
    this.#epochs = list;
    this.#trimmed = { ...FIRST_CUT, ends: list.slice() };
    this.cuts = [this.#trimmed];
  }

  writer(_name: string): StreamWriter {
    return {
      append: (partition, message, done) => {
        this.append(partition, message);
        done();
      },
      appendHours: (hours, atMs, done) => {
        this.appendHours(hours, atMs);
        done();
      },
      stats: () => ({
        ...{ waitingRecords: 0, waitingBytes: 0, batchCount: 0, recordCount: 0, answerMsMax: 0, blocked: null },
      }),
      close: async () => undefined,
    };
  }

  append(partition: number, message: Message): void {
    const records = this.raw[partition]!;
    records.push({ kind: 'message', sequence: records.length + 1, message });
  }

  appendHours(hours: SeriesHours, atMs: number): void {
    const records = this.raw[0]!;
    records.push({ kind: 'hours', sequence: records.length + 1, atMs, hours });
  }

  readRaw(partition: number, after: number, upTo: number, bytesMax: number) {
    return this.#answer(() => {
      this.#checkTrimmed(partition, after);
      let bytes = 0;
      const records = this.raw[partition]!.slice(after, upTo);
      const end = records.findIndex((record, at) => {
        bytes += RECORD_BYTES + (record.kind === 'message' ? record.message.payload.length : 0);
        return at > 0 && bytes > bytesMax;
      });
      return end < 0 ? records : records.slice(0, end);
    });
  }

  own(partition: number): Promise<number> {
    return this.#answer(() => ++this.#epochs[partition]!);
  }

  appendMade(partition: number, epoch: number, batch: MadeBatch): Promise<MadeOutcome> {
    return this.#answer(() => {
      if (epoch !== this.#epochs[partition]) return { kind: 'fenced' };
      const at = this.madeEnd(partition);
      if (batch.last - batch.count !== at) return { kind: 'elsewhere', at };
      this.made[partition]!.push(batch);
      return { kind: 'kept' };
    });
  }

  readMade(partition: number, after: number, upTo: number, bytesMax: number) {
    return this.#answer(() => {
      this.#checkTrimmed(partition, after);
      let bytes = 0;
      const inside = this.made[partition]!.filter(({ last, count }) => last > after && last - count < upTo);
      return inside.filter((batch, at) => {
        bytes += batch.bytes.length;
        return at === 0 || bytes <= bytesMax;
      });
    });
  }

  stats(): Promise<readonly StreamStats[]> {
    return this.#answer(() =>
      this.raw.map((records, partition) => ({
        rawEnd: records.length,
        madeEnd: this.madeEnd(partition),
        epoch: this.#epochs[partition]!,
      })),
    );
  }

  cut(nowMs: number): Promise<Cut> {
    return this.#answer(() => this.cutNow(nowMs));
  }

  cutNow(nowMs: number): Cut {
    const { number, atMs } = this.cuts.at(-1)!;
    const ends = this.raw.map(({ length }) => length);
    const cut = { number: number + 1, atMs: Math.max(atMs, nowMs), ends };
    this.cuts.push(cut);
    return cut;
  }

  newestCut(): Promise<Cut> {
    return this.#answer(() => this.cuts.at(-1)!);
  }

  oldestCut(): Promise<Cut> {
    return this.#answer(() => this.#trimmed);
  }

  /** It never waits for as long: who asks again and again gives the others a turn each time. */
  async cutsAfter(number: number, _waitMs: number): Promise<readonly Cut[]> {
    await nextTurn();
    return this.#answer(() => this.cuts.filter((cut) => cut.number > Math.max(number, this.#trimmed.number)));
  }

  cutsAround(position: number) {
    return this.#answer(() => {
      if (position < positionOf(this.#trimmed)) throw gap();
      const next = this.cuts.find((cut) => positionOf(cut) > position);
      if (next === undefined) return undefined;
      return [this.cuts.find(({ number }) => number === next.number - 1)!, next] as const;
    });
  }

  async noteReplica(replica: StreamReplica): Promise<void> {
    this.#replicas.set(replica.name, replica);
  }

  async replicas(): Promise<readonly HeardReplica[]> {
    return [...this.#replicas.values()].map((one) => ({ ...one, silentMs: this.silentMs.get(one.name) ?? 0 }));
  }

  async forgetReplica(name: string): Promise<void> {
    this.#replicas.delete(name);
  }

  async noteMember(member: StreamMember): Promise<readonly StreamMember[]> {
    this.members.set(member.name, member);
    return [...this.members.values()];
  }

  async forgetMember(name: string): Promise<void> {
    this.members.delete(name);
  }

  async trim(position: number): Promise<void> {
    const cut = this.cuts.findLast((one) => positionOf(one) <= position);
    if (cut === undefined || cut.number === 1) return;
    this.#trimmed = cut;
    const { number, ends } = this.#trimmed;
    this.cuts.splice(
      0,
      Math.max(
        0,
        this.cuts.findIndex((cut) => cut.number === number),
      ),
    );
    for (const [partition, batches] of this.made.entries()) {
      batches.splice(0, batches.filter(({ last }) => last <= ends[partition]!).length);
    }
  }

  async memory() {
    return { used: 0, max: Number.POSITIVE_INFINITY };
  }

  async close(): Promise<void> {}

  madeEnd(partition: number): number {
    return this.made[partition]!.at(-1)?.last ?? this.#trimmed.ends[partition]!;
  }

  /** Forgets the newest batches of a partition, as a server does that went over to a copy. */
  loseMade(partition: number, count: number): void {
    this.made[partition]!.splice(Math.max(0, this.made[partition]!.length - count));
  }

  async #answer<T>(work: () => T): Promise<T> {
    await Promise.resolve();
    if (this.isAway()) throw away();
    const answer = work();
    if (this.isAway()) throw away();
    return answer;
  }

  #checkTrimmed(partition: number, after: number): void {
    if (after < this.#trimmed.ends[partition]!) throw gap();
  }
}

function away(): OperatingError {
  return new OperatingError('streams_unreachable', 'the server is away', { retryable: true });
}

function gap(): OperatingError {
  return new OperatingError('journal_gap', 'it was trimmed');
}
