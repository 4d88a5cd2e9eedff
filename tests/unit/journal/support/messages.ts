import type { JournalReader, JournalRecord, JournalWriter } from '../../../../src/journal/index.ts';
import type { Message } from '../../../../src/model/index.ts';

export const KEEP_ALL = { bytesMax: 2 ** 40, ageMsMax: 2 ** 45 };

/** A message that is told apart from every other by its number. */
export function numbered(number: number, payloadBytes = 40): Message {
  const payload = Buffer.alloc(payloadBytes, `${number}|`);
  return { topic: `in/${number}`, payload, payloadBytes, clientId: 'station', receivedAtMs: 1_000 + number, flags: 8 };
}

/** Appends and waits until it is durable. */
export function appendDurably(writer: JournalWriter, message: Message): Promise<number> {
  return new Promise((resolve, reject) => {
    const sequence = writer.append(message, (error) => (error === undefined ? resolve(sequence) : reject(error)));
  });
}

/** Everything from the start up to a sequence, in small steps. */
export async function readAll(
  reader: JournalReader,
  upTo: number,
  after = 0,
  bytesMax = 300,
): Promise<JournalRecord[]> {
  const all: JournalRecord[] = [];
  for (let at = after; at < upTo; ) {
    const records = await reader.read(at, upTo, bytesMax);
    if (records.length === 0) break;
    all.push(...records);
    at = records.at(-1)!.sequence;
  }
  return all;
}

/** Plain values that can be compared. */
export function plain(record: JournalRecord): unknown {
  if (record.kind === 'mark' || record.kind === 'hours') return { ...record };
  const { payload, ...rest } = record.message;
  return { sequence: record.sequence, ...rest, payload: Buffer.from(payload).toString('latin1') };
}
