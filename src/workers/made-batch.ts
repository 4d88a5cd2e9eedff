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
  readonly id: number;
  /** What followed it last: devices tell the same quantities again and again, in the same order. */
  next: SeriesEntry | undefined;
}

interface DeviceEntries {
  readonly id: number;
  readonly byTerms: Map<string, SeriesEntry>;
  last: SeriesEntry | undefined;
}

/** Collects what is made of records that follow each other; for one batch. */
export class MadeBatchBuilder {
  readonly #texts = new TextTable();
  readonly #devices = new Map<string, DeviceEntries>();
  readonly #series = columns('device', 'quantity', 'channel', 'periodMs', 'expectEveryMs');
  readonly #records = columns('kind', 'atMs', 'profile', 'gateway', 'partCount', 'rejectCount');
  readonly #readings = columns('series', 'timeMs', 'receivedAtMs', 'value', 'quality', 'isReceived');
  readonly #rejects = columns('index', 'reason', 'detail', 'device');
  readonly #hours = columns('series', 'startMs');
  readonly #origins = new OriginsBuilder();
  /** The readings of a message are mostly of one device. */
  #lastDevice: { readonly device: string; readonly entries: DeviceEntries } | undefined;
  #last = 0;

  get count(): number {
    return this.#records.kind.length;
  }

  /** Readings, rejects and hours so far. */
  get partCount(): number {
    return this.#readings.value.length + this.#rejects.index.length + this.#hours.series.length;
  }

  /** @param sequence follows that of the record before */
  add(sequence: number, message: ReceivedMessage, decoded: Decoded): void {
    const { receivedAtMs } = message;
    if (decoded.kind === 'rejected') {
      this.#addRecord(sequence, MadeKind.rejected, receivedAtMs, decoded);
      this.#records.partCount.push(0);
      this.#records.rejectCount.push(1);
      this.#addReject(WHOLE_MESSAGE, decoded.reject);
    } else {
      this.#addRecord(sequence, MadeKind.decoded, receivedAtMs, decoded);
      this.#records.partCount.push(decoded.readings.length);
      this.#records.rejectCount.push(decoded.rejects.length);
      for (const reading of decoded.readings) this.#addReading(reading, receivedAtMs);
      for (const { index, reject } of decoded.rejects) this.#addReject(index, reject);
    }
    this.#origins.add(message);
  }

  /** A record of hours passes as it is. */
  addHours({ sequence, atMs, hours }: Extract<JournalRecord, { kind: 'hours' }>): void {
    this.#addRecord(sequence, MadeKind.hours, atMs, { profile: '' });
    this.#records.partCount.push(hours.series.length);
    this.#records.rejectCount.push(0);
    for (const series of hours.series) this.#hours.series.push(series);
    for (const startMs of hours.startMs) this.#hours.startMs.push(startMs);
    this.#origins.add();
  }

  finish(): MadeBatch {
    return joinParts(this.#last, this.count, this.#packReadings(), this.#origins.finish());
  }

  #packReadings(): Buffer {
    const { kind, atMs, profile, gateway, partCount, rejectCount } = this.#records;
    const { series, timeMs, receivedAtMs, value, quality, isReceived } = this.#readings;
    const [firstMs = 0] = atMs;
    const writer = new ColumnWriter();
    writer.texts(this.#texts.texts);
    writer.count(this.#series.device.length);
    for (const column of Object.values(this.#series)) writer.numbers(column);
    for (const column of [kind, profile, gateway, partCount, rejectCount, [firstMs]]) writer.numbers(column);
    writer.near(
      atMs,
      atMs.map(() => firstMs),
    );
    writer.numbers(series);
    writer.near(timeMs, receivedAtMs);
    for (const column of [value, quality, isReceived]) writer.numbers(column);
    for (const column of Object.values(this.#rejects)) writer.numbers(column);
    for (const column of Object.values(this.#hours)) writer.numbers(column);
    return writer.finish();
  }

  #addRecord(sequence: number, kind: number, atMs: number, from: { profile: string; gateway?: string }): void {
    this.#last = sequence;
    this.#records.kind.push(kind);
    this.#records.atMs.push(atMs);
    this.#records.profile.push(this.#texts.idOf(from.profile));
    this.#records.gateway.push(this.#texts.idOf(from.gateway ?? ''));
  }

  #addReading(reading: Reading, receivedAtMs: number): void {
    const into = this.#readings;
    into.series.push(this.#seriesOf(reading).id);
    into.timeMs.push(reading.timeMs);
    into.receivedAtMs.push(receivedAtMs);
    into.value.push(reading.value);
    into.quality.push(reading.quality);
    into.isReceived.push(reading.timeSource === 'received' ? 1 : 0);
  }

  #addReject(index: number, { reason, detail, device }: Reject): void {
    this.#rejects.index.push(index);
    this.#rejects.reason.push(this.#texts.idOf(reason));
    this.#rejects.detail.push(this.#texts.idOf(detail));
    this.#rejects.device.push(this.#texts.idOf(device));
  }

  #seriesOf(reading: Reading): SeriesEntry {
    const device = this.#deviceOf(reading.device);
    const next = device.last?.next;
    const entry = next !== undefined && hasTerms(next, reading) ? next : this.#entryOf(device, reading);
    if (device.last !== undefined) device.last.next = entry;
    device.last = entry;
    return entry;
  }

  #deviceOf(device: string): DeviceEntries {
    if (this.#lastDevice?.device === device) return this.#lastDevice.entries;
    let entries = this.#devices.get(device);
    if (entries === undefined) {
      entries = { id: this.#texts.idOf(device), byTerms: new Map(), last: undefined };
      this.#devices.set(device, entries);
    }
    this.#lastDevice = { device, entries };
    return entries;
  }

  #entryOf(device: DeviceEntries, { channel, quantity, periodMs, expectEveryMs }: Reading): SeriesEntry {
    const key = `${doubleText(periodMs)} ${doubleText(expectEveryMs)} ${quantity.length} ${quantity}${channel}`;
    let entry = device.byTerms.get(key);
    if (entry !== undefined) return entry;
    entry = { id: this.#series.device.length, channel, quantity, periodMs, expectEveryMs, next: undefined };
    device.byTerms.set(key, entry);
    this.#series.device.push(device.id);
    this.#series.quantity.push(this.#texts.idOf(quantity));
    this.#series.channel.push(this.#texts.idOf(channel));
    this.#series.periodMs.push(periodMs);
    this.#series.expectEveryMs.push(expectEveryMs);
    return entry;
  }
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
