import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/base/index.ts';
import type { Intake } from '../../../../src/intake/index.ts';
import type { Lease } from '../../../../src/jobs/index.ts';
import { Cutter } from '../../../../src/workers/cluster/cutter.ts';
import { PartitionOwner } from '../../../../src/workers/cluster/partition-owner.ts';
import { MemoryStreams } from '../support/memory-streams.ts';
import { messageAt, until } from './support.ts';

const nothing: Intake = () => ({ kind: 'decoded', profile: '', gateway: '', readings: [], rejects: [] });

describe('PartitionOwner', () => {
  let streams: MemoryStreams;
  let owner: PartitionOwner;
  let said: string[];
  let failures: Error[];
  const aborts = new Map<string, AbortController>();

  beforeEach(() => {
    streams = new MemoryStreams(2);
    said = [];
    failures = [];
    const onProblem = () => {};
    const cutter = new Cutter({ streams, clock: systemClock, tickMs: 2, markEveryMs: 5, onProblem });
    owner = new PartitionOwner({
      ...{ streams, cutter, onProblem, clock: systemClock, intake: nothing },
      onInfo: (text) => said.push(text),
      onFailure: (error) => failures.push(error),
    });
    owner.follow();
  });
  afterEach(async () => {
    await owner.stop();
    expect(failures).toEqual([]);
  });

  function leaseOf(name: string): Lease {
    const abort = new AbortController();
    aborts.set(name, abort);
    return { name, number: 1, lost: abort.signal, release: () => expect.unreachable() };
  }

  it('decodes the partitions that it holds, up to the cuts that are made by whoever holds those', async () => {
    streams.append(0, messageAt(1));
    streams.append(1, messageAt(2));
    owner.take(leaseOf('partition-1'));
    owner.take(leaseOf('cutter'));
    await until(() => streams.madeEnd(1) === 1);
    expect(streams.madeEnd(0)).toBe(0);
    owner.take(leaseOf('partition-0'));
    await until(() => streams.madeEnd(0) === 1);
    expect(said).toEqual(['owns partition-1', 'owns cutter', 'owns partition-0']);
  });

  it('has ended the work on what it drains', async () => {
    const lease = leaseOf('partition-0');
    owner.take(lease);
    streams.append(0, messageAt(1));
    streams.cutNow(1);
    await until(() => streams.madeEnd(0) === 1);
    await owner.drain(lease);
    streams.append(0, messageAt(2));
    streams.cutNow(2);
    await until(() => said.includes('owns partition-0 no more: stopped'));
    expect(streams.madeEnd(0)).toBe(1);
  });

  it('does nothing more for what it lost', async () => {
    owner.take(leaseOf('cutter'));
    owner.take(leaseOf('partition-0'));
    await until(() => streams.cuts.length > 2);
    for (const abort of aborts.values()) abort.abort();
    await until(() => said.some((text) => text.startsWith('owns partition-0 no more')));
    streams.append(0, messageAt(1));
    const { length } = streams.cuts;
    streams.cutNow(length);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(streams.madeEnd(0)).toBe(0);
    expect(streams.cuts).toHaveLength(length + 1);
  });

  it('makes again what the server lost, without a message that would tell', async () => {
    owner.take(leaseOf('partition-0'));
    streams.append(0, messageAt(1));
    streams.cutNow(1);
    await until(() => streams.madeEnd(0) === 1);
    streams.loseMade(0, 1);
    await until(() => streams.madeEnd(0) === 1);
  });

  it('takes a higher number where one came late that had the lease before, also while there is nothing to do', async () => {
    owner.take(leaseOf('partition-0'));
    await until(() => said.length > 0);
    streams.append(0, messageAt(1));
    streams.cutNow(1);
    await until(() => streams.madeEnd(0) === 1);
    const late = await streams.own(0);
    await until(() => said.includes('owns partition-0 no more: fenced'));
    let epoch = 0;
    await until(() => {
      void streams.stats().then((stats) => {
        epoch = stats[0]!.epoch;
      });
      return epoch > late;
    });
    streams.append(0, messageAt(2));
    streams.cutNow(2);
    await until(() => streams.madeEnd(0) === 2);
  });
});
