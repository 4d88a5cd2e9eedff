import type { Decoded } from '../intake/index.ts';
import type { JournalRecord, MadeBatch } from '../journal/index.ts';
import type { Reading, Reject } from '../model/index.ts';
import type { ReceivedMessage } from './engine-record.ts';
import { joinParts } from './made-format.ts';
import { OriginsBuilder } from './made-origins.ts';
import { ColumnWriter, TextTable } from './packed-columns.ts';

/** What a record in a batch was. */
export const MadeKind = { decoded: 0, rejected: 1, hours: 2 } as const;

/** Index of the reject of a whole message. */
const WHOLE_MESSAGE = -1;

type Terms = Pick<Reading, 'channel' | 'quantity' | 'periodMs' | 'expectEveryMs'>;

/** A series as readings name it; with another interval it is another one. */
interface SeriesEntry extends Terms {
  /** Its number in the dictionary of the batch that it was in last. */
  id: number;
  batch: number;
  /** What followed it last: devices tell the same quantities again and again, in the same order. */
  next: SeriesEntry | undefined;
}

interface DeviceEntries {
  readonly byTerms: Map<string, SeriesEntry>;
  last: SeriesEntry | undefined;
}

/** Series that are remembered from batch to batch; with more the memory begins anew. */
const SERIES_KEPT_MAX = 200_000;

/** What one batch collects. */
class Collected {
  readonly texts = new TextTable();
  readonly series = columns('device', 'quantity', 'channel', 'periodMs', 'expectEveryMs');
  readonly records = columns('kind', 'atMs', 'profile', 'gateway', 'partCount', 'rejectCount');
  readonly readings = columns('series', 'timeMs', 'receivedAtMs', 'value', 'quality', 'isReceived');
  readonly rejects = columns('index', 'reason', 'detail', 'device');
  readonly hours = columns('series', 'startMs');
  readonly origins = new OriginsBuilder();
}

/** Collects what is made of records that follow each other; `finish` gives it out as a batch and begins the next one. */
export class MadeBatchBuilder {
  readonly #devices = new Map<string, DeviceEntries>();
  #seriesKept = 0;
  #batch = 1;
  #collected = new Collected();
  /** The readings of a message are mostly of one device. */
  #lastDevice: { readonly device: string; readonly entries: DeviceEntries } | undefined;
  #last = 0;

  get count(): number {
    return this.#collected.records.kind.length;
  }

  /** Readings, rejects and hours so far. */
  get partCount(): number {
    return (
      this.#collected.readings.value.length + this.#collected.rejects.index.length + this.#collected.hours.series.length
    );
  }

  /** @param sequence follows that of the record before */
  add(sequence: number, message: ReceivedMessage, decoded: Decoded): void {
    const { receivedAtMs } = message;
    if (decoded.kind === 'rejected') {
      this.#addRecord(sequence, MadeKind.rejected, receivedAtMs, decoded);
      this.#collected.records.partCount.push(0);
      this.#collected.records.rejectCount.push(1);
      this.#addReject(WHOLE_MESSAGE, decoded.reject);
    } else {
      this.#addRecord(sequence, MadeKind.decoded, receivedAtMs, decoded);
      this.#collected.records.partCount.push(decoded.readings.length);
      this.#collected.records.rejectCount.push(decoded.rejects.length);
      for (const reading of decoded.readings) this.#addReading(reading, receivedAtMs);
      for (const { index, reject } of decoded.rejects) this.#addReject(index, reject);
    }
    this.#collected.origins.add(message);
  }

  /** A record of hours passes as it is. */
  addHours({ sequence, atMs, hours }: Extract<JournalRecord, { kind: 'hours' }>): void {
    this.#addRecord(sequence, MadeKind.hours, atMs, { profile: '' });
    this.#collected.records.partCount.push(hours.series.length);
    this.#collected.records.rejectCount.push(0);
    for (const series of hours.series) this.#collected.hours.series.push(series);
    for (const startMs of hours.startMs) this.#collected.hours.startMs.push(startMs);
    this.#collected.origins.add();
  }

  finish(): MadeBatch {
    const made = joinParts(this.#last, this.count, packReadings(this.#collected), this.#collected.origins.finish());
    this.#collected = new Collected();
    this.#batch++;
    if (this.#seriesKept > SERIES_KEPT_MAX) this.#forget();
    return made;
  }

  #forget(): void {
    this.#devices.clear();
    this.#lastDevice = undefined;
    this.#seriesKept = 0;
  }

  #addRecord(sequence: number, kind: number, atMs: number, from: { profile: string; gateway?: string }): void {
    this.#last = sequence;
    this.#collected.records.kind.push(kind);
    this.#collected.records.atMs.push(atMs);
    this.#collected.records.profile.push(this.#collected.texts.idOf(from.profile));
    this.#collected.records.gateway.push(this.#collected.texts.idOf(from.gateway ?? ''));
  }

  #addReading(reading: Reading, receivedAtMs: number): void {
    const into = this.#collected.readings;
    into.series.push(this.#seriesOf(reading).id);
    into.timeMs.push(reading.timeMs);
    into.receivedAtMs.push(receivedAtMs);
    into.value.push(reading.value);
    into.quality.push(reading.quality);
    into.isReceived.push(reading.timeSource === 'received' ? 1 : 0);
  }

  #addReject(index: number, { reason, detail, device }: Reject): void {
    this.#collected.rejects.index.push(index);
    this.#collected.rejects.reason.push(this.#collected.texts.idOf(reason));
    this.#collected.rejects.detail.push(this.#collected.texts.idOf(detail));
    this.#collected.rejects.device.push(this.#collected.texts.idOf(device));
  }

  #seriesOf(reading: Reading): SeriesEntry {
    const device = this.#deviceOf(reading.device);
    const next = device.last?.next;
    const entry = next !== undefined && hasTerms(next, reading) ? next : this.#entryOf(device, reading);
    if (device.last !== undefined) device.last.next = entry;
    device.last = entry;
    if (entry.batch !== this.#batch) this.#enter(entry, reading.device);
    return entry;
  }

  #deviceOf(device: string): DeviceEntries {
    if (this.#lastDevice?.device === device) return this.#lastDevice.entries;
    let entries = this.#devices.get(device);
    if (entries === undefined) {
      entries = { byTerms: new Map(), last: undefined };
      this.#devices.set(device, entries);
    }
    this.#lastDevice = { device, entries };
    return entries;
  }

  #entryOf(device: DeviceEntries, { channel, quantity, periodMs, expectEveryMs }: Reading): SeriesEntry {
    const key = `${doubleText(periodMs)} ${doubleText(expectEveryMs)} ${quantity.length} ${quantity}${channel}`;
    let entry = device.byTerms.get(key);
    if (entry !== undefined) return entry;
    entry = { id: 0, batch: 0, channel, quantity, periodMs, expectEveryMs, next: undefined };
    device.byTerms.set(key, entry);
    this.#seriesKept++;
    return entry;
  }

  /** Puts a series into the dictionary of the batch. */
  #enter(entry: SeriesEntry, device: string): void {
    const { series, texts } = this.#collected;
    entry.batch = this.#batch;
    entry.id = series.device.length;
    series.device.push(texts.idOf(device));
    series.quantity.push(texts.idOf(entry.quantity));
    series.channel.push(texts.idOf(entry.channel));
    series.periodMs.push(entry.periodMs);
    series.expectEveryMs.push(entry.expectEveryMs);
  }
}

/** In the order in which `MadeRecords` reads them. */
function packReadings({ texts, series, records, readings, rejects, hours }: Collected): Buffer {
  const { kind, atMs, profile, gateway, partCount, rejectCount } = records;
  const { timeMs, receivedAtMs, value, quality, isReceived } = readings;
  const [firstMs = 0] = atMs;
  const writer = new ColumnWriter();
  writer.texts(texts.texts);
  writer.count(series.device.length);
  writer.all(Object.values(series));
  writer.all([kind, profile, gateway, partCount, rejectCount, [firstMs]]);
  writer.near(
    atMs,
    atMs.map(() => firstMs),
  );
  writer.all([readings.series]);
  writer.near(timeMs, receivedAtMs);
  writer.all([value, quality, isReceived]);
  writer.all(Object.values(rejects));
  writer.all(Object.values(hours));
  return writer.finish();
}

function hasTerms(entry: Terms, reading: Terms): boolean {
  return (
    entry.quantity === reading.quantity &&
    entry.channel === reading.channel &&
    Object.is(entry.periodMs, reading.periodMs) &&
    Object.is(entry.expectEveryMs, reading.expectEveryMs)
  );
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function columns<Name extends string>(...names: readonly Name[]): Record<Name, number[]> {
  return Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
}
