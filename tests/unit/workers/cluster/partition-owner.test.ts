import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Lease } from '../../../../src/jobs/index.ts';
import type { Message } from '../../../../src/model/index.ts';
import { Cutter } from '../../../../src/workers/cluster/cutter.ts';
import { PartitionOwner } from '../../../../src/workers/cluster/partition-owner.ts';
import { MemoryStreams } from '../support/memory-streams.ts';

/** A lease that a test ends. */
class TestLease implements Lease {
  readonly name: string;
  readonly number = 1;
  isReleased = false;
  readonly #abort = new AbortController();

  constructor(name: string) {
    this.name = name;
  }

  get lost(): AbortSignal {
    return this.#abort.signal;
  }

  lose(): void {
    this.#abort.abort();
  }

  release(): void {
    this.isReleased = true;
    this.lose();
  }
}

const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const onProblem = (error: Error): never => {
  throw error;
};

describe('the owner of partitions', () => {
  let streams: MemoryStreams;
  let owner: PartitionOwner;
  let lease: TestLease;
  let said: string[];
  beforeEach(async () => {
    streams = new MemoryStreams(1);
    said = [];
    owner = new PartitionOwner({
      ...{ streams, onProblem, clock: { monotonicMs: () => performance.now() } },
      intake: () => ({ kind: 'decoded', profile: 'test', gateway: '', readings: [], rejects: [] }),
      cutter: new Cutter({ streams, clock, tickMs: 1_000, markEveryMs: 1_000, onProblem }),
      onInfo: (text) => said.push(text),
      onFailure: onProblem,
    });
    lease = new TestLease('partition-0');
    streams.append(0, messageOf(1));
    streams.cutNow(1);
    owner.follow();
    owner.take(lease);
    await expect.poll(() => streams.madeEnd(0)).toBe(1);
  });
  afterEach(() => owner.stop());

  test('says that a lease ran out, and owns nothing any more', async () => {
    lease.lose();
    streams.append(0, messageOf(2));
    streams.cutNow(2);
    await sleep(50);
    expect(said).toEqual(['owns partition-0', 'owns partition-0 no more: lease lost']);
    expect(streams.madeEnd(0)).toBe(1);
  });

  test('says that it was stopped when another one is to have it', async () => {
    await owner.drain(lease);
    lease.lose();
    expect(said).toEqual(['owns partition-0', 'owns partition-0 no more: stopped']);
  });

  test('gives the lease back when somebody else owns the partition, without a message that would tell', async () => {
    await streams.own(0);
    await expect.poll(() => lease.isReleased).toBe(true);
    expect(said.at(-1)).toBe('owns partition-0 no more: fenced');
  });

  test('makes again what the server lost, without a message that would tell', async () => {
    streams.made[0]!.length = 0;
    await expect.poll(() => streams.madeEnd(0)).toBe(1);
  });
});

function messageOf(receivedAtMs: number): Message {
  return { topic: 'a', payload: new Uint8Array(1), payloadBytes: 1, clientId: 'c', receivedAtMs, flags: 0 };
}
