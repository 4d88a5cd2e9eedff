import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '../../../../src/model/index.ts';

/** A message that means nothing, received then. */
export function messageAt(receivedAtMs: number, topic = 'in/nobody'): Message {
  const payload = Buffer.from('{}');
  return { topic, payload, payloadBytes: payload.length, clientId: 'c', receivedAtMs, flags: 0 };
}

/** Waits until it holds. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(2);
}
