import type { Decoded } from '../intake/index.ts';
import type { MadeBatch, SeriesHours } from '../journal/index.ts';
import {
  type Message,
  QUALITY_NAMES,
  type Quality,
  REJECT_REASONS,
  type Reading,
  type Reject,
  type RejectReason,
} from '../model/index.ts';
import type { EngineRecord, ReceivedMessage } from './engine-record.ts';
import { MadeKind } from './made-batch.ts';
import { damagedBatch, type PackedPart, splitParts, unpacked } from './made-format.ts';
import { type Origin, Origins } from './made-origins.ts';
import { ColumnReader, type Numbers, ROWS_MAX, startsOf } from './packed-columns.ts';

const REASONS: ReadonlySet<string> = new Set(REJECT_REASONS);

type Series = Pick<Reading, 'device' | 'channel' | 'quantity' | 'periodMs' | 'expectEveryMs'>;

/** The records of a batch, by their sequence in the partition. */
export class MadeRecords {
  /** Sequences of the oldest and the newest one. */
  readonly first: number;
  readonly last: number;
  readonly #columns: Columns;
  readonly #origins: LazyOrigins;

  /** @throws OperatingError `journal_damaged` when the bytes are not what a builder made for these records */
  constructor(batch: MadeBatch, partition: number) {
    this.first = batch.last - batch.count + 1;
    this.last = batch.last;
    try {
      const { readings, origins } = splitParts(batch);
      this.#columns = columnsOf(new ColumnReader(unpacked(readings)), batch.count);
      this.#origins = new LazyOrigins(batch, partition, origins);
    } catch (cause) {
      throw damagedBatch(batch, partition, cause);
    }
  }

  /**
   * @param own its sequence in the partition
   * @param sequence the one that it is to have
   */
  record(own: number, sequence: number): EngineRecord {
    const row = own - this.first;
    const { kind, atMs } = this.#columns.records;
    if (kind[row] === MadeKind.hours) {
      return { kind: 'hours', sequence, atMs: atMs[row]!, hours: hoursOf(this.#columns, row) };
    }
    const message = new MadeMessage(atMs[row]!, this.#origins, row);
    return { kind: 'decoded', sequence, message, decoded: decodedOf(this.#columns, row) };
  }
}

/** Looks up where it came from only when somebody asks. */
class MadeMessage implements ReceivedMessage {
  readonly receivedAtMs: number;
  readonly #origins: LazyOrigins;
  readonly #row: number;

  constructor(receivedAtMs: number, origins: LazyOrigins, row: number) {
    this.receivedAtMs = receivedAtMs;
    this.#origins = origins;
    this.#row = row;
  }

  get topic(): Message['topic'] {
    return this.#origins.at(this.#row).topic;
  }

  get clientId(): Message['clientId'] {
    return this.#origins.at(this.#row).clientId;
  }

  get payload(): Message['payload'] {
    return this.#origins.at(this.#row).payload;
  }

  get payloadBytes(): Message['payloadBytes'] {
    return this.#origins.at(this.#row).payloadBytes;
  }
}

/** Origins of a batch, unpacked for the first one that is asked for. */
class LazyOrigins {
  readonly #batch: MadeBatch;
  readonly #partition: number;
  readonly #part: PackedPart;
  #origins: Origins | undefined;

  constructor(batch: MadeBatch, partition: number, part: PackedPart) {
    this.#batch = batch;
    this.#partition = partition;
    this.#part = part;
  }

  at(row: number): Origin {
    try {
      this.#origins ??= new Origins(unpacked(this.#part), this.#batch.count);
    } catch (cause) {
      throw damagedBatch(this.#batch, this.#partition, cause);
    }
    return this.#origins.at(row);
  }
}

type Columns = ReturnType<typeof columnsOf>;

/** In the order in which the builder writes them. */
function columnsOf(reader: ColumnReader, count: number) {
  const texts = reader.texts();
  const series = seriesIn(reader, texts);
  const records = recordsIn(reader, count, texts.length);
  const { kind, partCount, rejectCount } = records;
  const readingStarts = startsOf(Array.from(partCount, (parts, row) => (kind[row] === MadeKind.hours ? 0 : parts)));
  const hourStarts = startsOf(Array.from(partCount, (parts, row) => (kind[row] === MadeKind.hours ? parts : 0)));
  const rejectStarts = startsOf(rejectCount);
  const columns = {
    ...{ texts, series, records, readingStarts, hourStarts, rejectStarts },
    readings: readingsIn(reader, series.length, records.atMs, readingStarts),
    rejects: rejectsIn(reader, texts, rejectStarts[count]!),
    hours: hoursIn(reader, hourStarts[count]!),
  };
  reader.end();
  return columns;
}

function seriesIn(reader: ColumnReader, texts: readonly string[]): Series[] {
  const count = reader.count(ROWS_MAX);
  const device = reader.indexes(count, texts.length);
  const quantity = reader.indexes(count, texts.length);
  const channel = reader.indexes(count, texts.length);
  const periodMs = reader.numbers(count);
  const expectEveryMs = reader.numbers(count);
  return Array.from({ length: count }, (_, at) => ({
    device: texts[device[at]!]!,
    quantity: texts[quantity[at]!]!,
    channel: texts[channel[at]!]!,
    periodMs: periodMs[at]!,
    expectEveryMs: expectEveryMs[at]!,
  }));
}

function recordsIn(reader: ColumnReader, count: number, textCount: number) {
  const kind = reader.indexes(count, Object.keys(MadeKind).length);
  const profile = reader.indexes(count, textCount);
  const gateway = reader.indexes(count, textCount);
  const partCount = reader.indexes(count, ROWS_MAX);
  const rejectCount = reader.indexes(count, ROWS_MAX);
  const isWhole = kind.every((of, row) => of !== MadeKind.rejected || rejectCount[row] === 1);
  if (!isWhole) throw new RangeError('a message that was refused has no reason');
  const [firstMs] = reader.numbers(1);
  const atMs = reader.near(new Float64Array(count).fill(firstMs!));
  return { kind, profile, gateway, partCount, rejectCount, atMs };
}

function readingsIn(reader: ColumnReader, seriesCount: number, atMs: Numbers, starts: Int32Array) {
  const count = starts.at(-1)!;
  const receivedAtMs = new Float64Array(count);
  for (let row = 0; row < atMs.length; row++) receivedAtMs.fill(atMs[row]!, starts[row], starts[row + 1]);
  return {
    series: reader.indexes(count, seriesCount),
    timeMs: reader.near(receivedAtMs),
    value: reader.numbers(count),
    quality: reader.indexes(count, QUALITY_NAMES.length),
    isReceived: reader.indexes(count, 2),
  };
}

function rejectsIn(reader: ColumnReader, texts: readonly string[], count: number) {
  const index = reader.numbers(count);
  const reason = reader.indexes(count, texts.length);
  const detail = reader.indexes(count, texts.length);
  const device = reader.indexes(count, texts.length);
  for (const id of reason) if (!REASONS.has(texts[id]!)) throw new RangeError('a reject has no known reason');
  return { index, reason, detail, device };
}

function hoursIn(reader: ColumnReader, count: number) {
  return { series: reader.numbers(count), startMs: reader.numbers(count) };
}

function hoursOf({ hours, hourStarts }: Columns, row: number): SeriesHours {
  const [from, to] = [hourStarts[row], hourStarts[row + 1]];
  return {
    series: Int32Array.from(hours.series.subarray(from, to)),
    startMs: Float64Array.from(hours.startMs.subarray(from, to)),
  };
}

function decodedOf(columns: Columns, row: number): Decoded {
  const { texts, records, readingStarts, rejectStarts } = columns;
  const profile = texts[records.profile[row]!]!;
  const firstReject = rejectStarts[row]!;
  if (records.kind[row] === MadeKind.rejected)
    return { kind: 'rejected', profile, reject: rejectOf(columns, firstReject) };
  const readings: Reading[] = [];
  for (let at = readingStarts[row]!; at < readingStarts[row + 1]!; at++) readings.push(readingOf(columns, at));
  const rejects: { index: number; reject: Reject }[] = [];
  for (let at = firstReject; at < rejectStarts[row + 1]!; at++) {
    rejects.push({ index: columns.rejects.index[at]!, reject: rejectOf(columns, at) });
  }
  return { kind: 'decoded', profile, gateway: texts[records.gateway[row]!]!, readings, rejects };
}

function readingOf({ series, readings }: Columns, at: number): Reading {
  const { device, channel, quantity, periodMs, expectEveryMs } = series[readings.series[at]!]!;
  return {
    device,
    channel,
    quantity,
    value: readings.value[at]!,
    timeMs: readings.timeMs[at]!,
    timeSource: readings.isReceived[at] === 1 ? 'received' : 'device',
    quality: readings.quality[at]! as Quality,
    periodMs,
    expectEveryMs,
  };
}

function rejectOf({ texts, rejects }: Columns, at: number): Reject {
  return {
    reason: texts[rejects.reason[at]!]! as RejectReason,
    detail: texts[rejects.detail[at]!]!,
    device: texts[rejects.device[at]!]!,
  };
}
