import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../src/base/index.ts';

const ANSWER_MS_MAX = 60_000;
const POLL_MS = 50;

/** Answer of the API as JSON; fails on any status but 200. */
export async function getJson<T>(httpUrl: string, path: string): Promise<T> {
  const response = await fetch(`${httpUrl}${path}`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  const text = await response.text();
  if (!response.ok) throw new Error(`GET ${path}: status ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as T;
}

/** Asks again until an answer is what is waited for, or fails with the last one. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isRight: (answer: T) => boolean,
  withinMs = 20_000,
): Promise<T> {
  const untilMs = systemClock.monotonicMs() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (systemClock.monotonicMs() > untilMs)
      throw new Error(`not reached within ${withinMs / 1000} s; last: ${JSON.stringify(answer).slice(0, 500)}`);
    await sleep(POLL_MS);
  }
}
