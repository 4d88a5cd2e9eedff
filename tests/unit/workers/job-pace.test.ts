import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { awaitRoom, type JobPace, OnTheirWay } from '../../../src/workers/job-pace.ts';

test('what one job has on its way takes the room of all, until the engine is there', async () => {
  const state = { engineSequence: 0, lateWaiting: 0 };
  const pace: JobPace = {
    load: () => ({ ...state, recordsBehind: 0, isBlocked: false }),
    lateMax: 1_000,
    onTheirWay: new OnTheirWay(),
  };
  const { signal } = new AbortController();
  pace.onTheirWay.add(300, 1);
  await awaitRoom(signal, pace);
  // Of another job, in a record that is not known yet.
  const sent = pace.onTheirWay.add(300);
  let isThrough = false;
  const waiting = awaitRoom(signal, pace).then(() => {
    isThrough = true;
  });
  await delay(300);
  expect(isThrough).toBe(false);
  sent.sequence = 2;
  state.engineSequence = 1;
  await waiting;
  expect(pace.onTheirWay.countBehind(1)).toBe(300);
  expect(pace.onTheirWay.countBehind(2)).toBe(0);
});
