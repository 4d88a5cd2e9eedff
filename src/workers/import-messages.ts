import type { Intake } from '../intake/index.ts';
import type { Message, Reading, Reject } from '../model/index.ts';

/** A reading of a file, as the profile reads it. */
export interface FileReading {
  /** Where it stands in the file. */
  readonly at: string;
  readonly body: string;
}

/** What becomes of some readings. */
export interface Judged {
  /** Of those that intake reads; undefined when there are none. */
  readonly message: Message | undefined;
  readonly readings: readonly Reading[];
  /** The others. */
  readonly refused: readonly { readonly at: string; readonly reject: Pick<Reject, 'reason' | 'detail'> }[];
}

/** Readings of one message: far fewer than intake allows, so that a journal record stays small. */
export const READINGS_PER_MESSAGE_MAX = 250;

const encoder = new TextEncoder();

/** Parts of readings that fit into a message each, in their order. One that is too large by itself stands alone. */
export function* partsOf(readings: readonly FileReading[], bytesMax: number): Generator<readonly FileReading[]> {
  let part: FileReading[] = [];
  let bytes = 2;
  for (const reading of readings) {
    const length = Buffer.byteLength(reading.body) + 1;
    if (part.length > 0 && (part.length >= READINGS_PER_MESSAGE_MAX || bytes + length > bytesMax)) {
      yield part;
      part = [];
      bytes = 2;
    }
    part.push(reading);
    bytes += length;
  }
  if (part.length > 0) yield part;
}

/** Asks intake beforehand, which is pure: what it would refuse is told by its place in the file instead. */
export function judge(
  part: readonly FileReading[],
  envelope: Omit<Message, 'payload' | 'payloadBytes'>,
  intake: Intake,
): Judged {
  const whole = messageOf(part, envelope);
  const decoded = intake(whole);
  if (decoded.kind === 'decoded' && decoded.rejects.length === 0 && decoded.readings.length === part.length) {
    return { message: whole, readings: decoded.readings, refused: [] };
  }
  const good: FileReading[] = [];
  const readings: Reading[] = [];
  const refused: Judged['refused'][number][] = [];
  for (const reading of part) {
    const found = judgeOne(messageOf([reading], envelope), intake);
    if ('reason' in found) refused.push({ at: reading.at, reject: found });
    else {
      good.push(reading);
      readings.push(found);
    }
  }
  return { message: good.length === 0 ? undefined : messageOf(good, envelope), readings, refused };
}

function judgeOne(message: Message, intake: Intake): Reading | Pick<Reject, 'reason' | 'detail'> {
  const decoded = intake(message);
  if (decoded.kind === 'rejected') return decoded.reject;
  const [reject] = decoded.rejects;
  return reject?.reject ?? decoded.readings[0] ?? { reason: 'malformed', detail: 'it gives no reading' };
}

function messageOf(part: readonly FileReading[], envelope: Omit<Message, 'payload' | 'payloadBytes'>): Message {
  const payload = encoder.encode(`[${part.map(({ body }) => body).join(',')}]`);
  return { ...envelope, payload, payloadBytes: payload.length };
}
