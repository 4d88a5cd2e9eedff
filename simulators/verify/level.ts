import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, OperatingError, systemClock } from '../../src/base/index.ts';
import { type AccountingAnswer, Api } from './api.ts';

const POLL_MS = 250;
/** On a machine with other work a tick over years of late hours takes minutes, and nothing moves meanwhile. */
const STALL_MS_MAX = 300_000;

/**
 * Waits until everything acknowledged is in the store: `messagesMin` messages received, and the store at or beyond what
 * was durable when they had been. The durable position itself goes on moving by time marks, so it is not waited for.
 *
 * @param stallMsMax give up when nothing that is waited for moves for this long
 * @throws OperatingError `product_stalled`, `api_failed`
 */
export async function waitUntilLevel(
  httpUrl: string,
  options: {
    readonly messagesMin: number;
    readonly stallMsMax?: number;
    readonly signal?: AbortSignal;
    readonly clock?: Clock;
  },
): Promise<AccountingAnswer> {
  const api = new Api(httpUrl);
  const clock = options.clock ?? systemClock;
  const stallMsMax = options.stallMsMax ?? STALL_MS_MAX;
  let target: number | undefined;
  let seen = '';
  let seenAtMs = clock.monotonicMs();
  for (;;) {
    options.signal?.throwIfAborted();
    const answer = await api.accounting();
    const { durableSequence, storeSequence } = answer.progress;
    const { received } = answer.messages;
    if (received >= options.messagesMin) target ??= durableSequence;
    if (target !== undefined && storeSequence >= target) return answer;
    const state = target === undefined ? `${received} received` : `${storeSequence} stored`;
    const nowMs = clock.monotonicMs();
    if (state !== seen) seenAtMs = nowMs;
    else if (nowMs - seenAtMs > stallMsMax) {
      throw new OperatingError(
        'product_stalled',
        `cannot verify: the store stands at ${storeSequence} of ${durableSequence} with ${received} of ${options.messagesMin} messages for ${stallMsMax / 1000} s`,
      );
    }
    seen = state;
    await sleep(POLL_MS, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}
