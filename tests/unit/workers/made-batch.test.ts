import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c, OperatingError } from '../../../src/base/index.ts';
import type { Decoded } from '../../../src/intake/index.ts';
import type { JournalRecord, MadeBatch } from '../../../src/journal/index.ts';
import { type Message, Quality, REJECT_REASONS, type Reading } from '../../../src/model/index.ts';
import type { EngineRecord } from '../../../src/workers/engine-record.ts';
import { MadeBatchBuilder } from '../../../src/workers/made-batch.ts';
import { MadeRecords } from '../../../src/workers/made-records.ts';
import { quarantineRow } from '../../../src/workers/quarantine-row.ts';

const FIRST = 7_000_000_000;
const RUNS = 300;

type Hours = Extract<JournalRecord, { kind: 'hours' }>;
type Given = { readonly message: Message; readonly decoded: Decoded } | Omit<Hours, 'sequence'>;

/** With the prototype that objects of the product have. */
function plain<T>(fields: { [Name in keyof T]: fc.Arbitrary<T[Name]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const doubles = fc.oneof(fc.double(), fc.constantFrom(-0, 0, Number.NaN, 1e-320, 2 ** 53, -1.5), fc.integer());
/** Also what is no Unicode: a detail quotes what was sent. */
const texts = fc.oneof(
  fc.constantFrom('air-1', 'air-2', 'pm2_5', '', 'a\nb', '\ud800x', '𝄞'),
  fc.string({ unit: 'binary' }),
);

const readings: fc.Arbitrary<Reading> = plain({
  ...{ device: texts, channel: texts, quantity: texts, value: doubles, timeMs: doubles },
  timeSource: fc.constantFrom('device', 'received'),
  quality: fc.constantFrom(...Object.values(Quality)),
  ...{ periodMs: doubles, expectEveryMs: doubles },
});

const rejects = plain({ reason: fc.constantFrom(...REJECT_REASONS), detail: texts, device: texts });

const decoded: fc.Arbitrary<Decoded> = fc.oneof(
  plain({ kind: fc.constant('rejected' as const), profile: texts, reject: rejects }),
  plain({
    ...{ kind: fc.constant('decoded' as const), profile: texts, gateway: texts },
    readings: fc.array(readings, { maxLength: 6 }),
    rejects: fc.array(plain({ index: fc.nat(), reject: rejects }), { maxLength: 3 }),
  }),
);

const messages: fc.Arbitrary<Message> = plain({
  ...{ topic: texts, clientId: texts, receivedAtMs: doubles, flags: fc.constant(0) },
  payload: fc.uint8Array({ maxLength: 300 }),
  payloadBytes: fc.nat({ max: 100_000 }),
});

const hours: fc.Arbitrary<Given> = fc.array(fc.tuple(fc.nat(), doubles), { maxLength: 5 }).chain((rows) =>
  plain({
    kind: fc.constant('hours' as const),
    atMs: doubles,
    hours: fc.constant({
      series: Int32Array.from(rows, ([series]) => series),
      startMs: Float64Array.from(rows, ([, startMs]) => startMs),
    }),
  }),
);

const batches = fc.array(fc.oneof({ weight: 9, arbitrary: plain({ message: messages, decoded }) }, hours), {
  minLength: 1,
  maxLength: 12,
});

/** One for all: it remembers series from batch to batch. */
const builder = new MadeBatchBuilder();

function made(given: readonly Given[]): MadeBatch {
  for (const [at, one] of given.entries()) {
    if ('message' in one) builder.add(FIRST + at, one.message, one.decoded);
    else builder.addHours({ ...one, sequence: FIRST + at });
  }
  return builder.finish();
}

function records(batch: MadeBatch): EngineRecord[] {
  const all = new MadeRecords(batch, 3);
  return Array.from({ length: batch.count }, (_, at) => all.record(all.first + at, 5 + at));
}

/** As the records have it: `toStrictEqual` tells -0 from 0. */
function shown(record: EngineRecord) {
  if (record.kind !== 'decoded') return record;
  const { message, decoded } = record;
  const row = quarantineRow(1, -1, message, { reason: 'conflict', detail: '', device: '' });
  return { ...record, message: { receivedAtMs: message.receivedAtMs, row }, decoded };
}

function expected(one: Given, sequence: number) {
  if ('message' in one) return shown({ kind: 'decoded', sequence, ...one });
  return { ...one, sequence };
}

test('gives back every message, reading, reject and hour, bit for bit', () => {
  fc.assert(
    fc.property(batches, (given) => {
      const batch = made(given);
      expect(batch).toMatchObject({ last: FIRST + given.length - 1, count: given.length });
      expect(records(batch).map(shown)).toStrictEqual(given.map((one, at) => expected(one, 5 + at)));
    }),
    { numRuns: RUNS },
  );
});

test('refuses a batch with any byte changed, cut short, or passed for that of other records', () => {
  fc.assert(
    fc.property(batches, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, place, flip) => {
      const batch = made(given);
      const bytes = Uint8Array.from(batch.bytes);
      const at = place % bytes.length;
      const cut = bytes.slice(0, at);
      bytes[at] = bytes[at]! ^ flip;
      for (const wrong of [bytes, cut])
        expect(codeOf(() => records({ ...batch, bytes: wrong }))).toBe('journal_damaged');
      expect(codeOf(() => records({ ...batch, last: batch.last + 1 }))).toBe('journal_damaged');
      expect(codeOf(() => records({ ...batch, count: batch.count + 1 }))).toBe('journal_damaged');
    }),
    { numRuns: RUNS },
  );
});

test('refuses what is wrong in itself, too, even where the checksum says that it was written so', () => {
  fc.assert(
    fc.property(batches, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, place, flip) => {
      const batch = made(given);
      const bytes = Buffer.from(batch.bytes);
      const at = 8 + (place % (bytes.length - 8));
      bytes[at] = bytes[at]! ^ flip;
      bytes.writeUInt32LE(crc32c(bytes, 8), 4);
      // A value may have become another one: nothing but a checksum can tell.
      expect([undefined, 'journal_damaged']).toContain(codeOf(() => records({ ...batch, bytes }).map(shown)));
    }),
    { numRuns: 3 * RUNS },
  );
});

test('is short for what devices tell again and again, and as sure', () => {
  const count = 2_000;
  for (let at = 0; at < count; at++) {
    const receivedAtMs = Date.UTC(2026, 9, 1) + 13 * at;
    const device = `air-${at % 100}`;
    const reading = (quantity: string): Reading => ({
      ...{ device, channel: '', quantity, value: 20 + (at % 17) / 8, timeMs: receivedAtMs - 40, timeSource: 'device' },
      ...{ quality: Quality.good, periodMs: 0, expectEveryMs: 60_000 },
    });
    const payload = Buffer.from(JSON.stringify([{ n: 'pm2_5', v: 20 + (at % 17) / 8, t: receivedAtMs / 1_000 }]));
    builder.add(
      FIRST + at,
      { topic: `in/g/${device}/data`, payload, payloadBytes: payload.length, clientId: 'g', receivedAtMs },
      { kind: 'decoded', profile: 'senml', gateway: 'g', readings: ['pm2_5', 'no2'].map(reading), rejects: [] },
    );
  }
  expect(builder.partCount).toBe(2 * count);
  const batch = builder.finish();
  expect(batch.bytes.length).toBeLessThan(15 * 2 * count);
  expect(records(batch).map(shown)).toHaveLength(count);
  for (let at = 8; at < batch.bytes.length; at += 97) {
    const bytes = Buffer.from(batch.bytes);
    bytes[at] = bytes[at]! ^ 0x10;
    bytes.writeUInt32LE(crc32c(bytes, 8), 4);
    expect([undefined, 'journal_damaged']).toContain(codeOf(() => records({ ...batch, bytes }).map(shown)));
  }
});

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof OperatingError) return error.code;
    throw error;
  }
}
