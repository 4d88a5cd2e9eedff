import { expect, it } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import { Reception } from '../../../src/broker/embedded/reception.ts';
import type { Message } from '../../../src/model/index.ts';
import { RecordingAccept } from './support/recording-accept.ts';

const LIMIT_BYTES = 100 << 10;
/** Of objects and callbacks, as the heap has it. */
const MESSAGE_BYTES_MIN = 400;

it('messages of a few bytes that wait for the journal count with the memory that they take', () => {
  const journal = new RecordingAccept();
  journal.isHolding = true;
  const reception = new Reception({ payloadMax: 1_000 }, manualClock(0), { offer: () => {} }, LIMIT_BYTES);
  reception.accept = journal.accept;
  const message: Message = {
    ...{ topic: 'a', payload: Buffer.from('1'), payloadBytes: 1 },
    ...{ clientId: 'x', receivedAtMs: 0, flags: 0 },
  };
  while (!reception.gate.isClosed) reception.handOver(message, undefined, () => {});
  expect(reception.waiting * MESSAGE_BYTES_MIN).toBeLessThan(LIMIT_BYTES);
  journal.release();
  expect([reception.waiting, reception.gate.isClosed]).toEqual([0, false]);
});
