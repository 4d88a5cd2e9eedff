import { afterEach, describe, expect, it } from 'vitest';
import { ClusterWatch } from '../../../../src/workers/cluster/cluster-watch.ts';
import { MemoryStreams } from '../support/memory-streams.ts';
import { until } from './support.ts';

describe('ClusterWatch', () => {
  const clock = { now: 0, nowMs: () => clock.now, monotonicMs: () => clock.now };
  const watches: ClusterWatch[] = [];
  afterEach(async () => {
    for (const watch of watches.splice(0)) await watch.stop();
  });

  function watched(streams: MemoryStreams, node: string, basis?: string) {
    const told: (readonly string[])[] = [];
    const leases = { owners: async () => [] };
    const watch = new ClusterWatch({
      ...{ streams, leases, clock, node, roles: ['api'], basis },
      onDifferent: (names) => told.push(names),
    });
    watches.push(watch);
    const names = () => watch.standing().members.map(({ name }) => name);
    return { watch, told, names };
  }

  it('knows the other processes, and tells which of them have had another configuration for a while', async () => {
    const streams = new MemoryStreams(1);
    const intake = watched(streams, 'intake');
    const [first, second] = [watched(streams, 'c', 'one'), watched(streams, 'b', 'one')];
    const { told, names } = watched(streams, 'a', 'two');
    await until(() => names().length > 0);
    expect(names()).toEqual(['a', 'b', 'c', 'intake']);
    expect(told).toEqual([]);
    await until(() => [first, second].every((one) => one.names().includes('a')));
    clock.now += 16_000;
    await until(() => told.length > 0 && first.told.length > 0 && second.told.length > 0);
    expect([told, first.told, second.told, intake.told]).toEqual([[['b', 'c']], [['a']], [['a']], []]);
  });

  it('is not heard of any more once it is stopped', async () => {
    const streams = new MemoryStreams(1);
    const { watch, names } = watched(streams, 'a', 'one');
    await until(() => names().length > 0);
    await watch.stop();
    expect([...streams.members.keys()]).toEqual([]);
  });
});
