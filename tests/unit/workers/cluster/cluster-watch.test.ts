import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/base/index.ts';
import { ClusterWatch } from '../../../../src/workers/cluster/cluster-watch.ts';
import { MemoryStreams } from '../support/memory-streams.ts';
import { until } from './support.ts';

describe('ClusterWatch', () => {
  const watches: ClusterWatch[] = [];
  afterEach(async () => {
    for (const watch of watches.splice(0)) await watch.stop();
  });

  /** Looks at once. @returns what it was told of others that differ */
  async function lookedAt(streams: MemoryStreams, node: string, basis?: string) {
    const told: (readonly string[])[] = [];
    const leases = { owners: async () => [] };
    const watch = new ClusterWatch({
      ...{ streams, leases, clock: systemClock, node, roles: ['api'], basis },
      onDifferent: (names) => told.push(names),
    });
    watches.push(watch);
    await until(() => watch.standing().members.length > 0);
    return { told, members: watch.standing().members };
  }

  it('knows the other processes, and tells which of them have another configuration', async () => {
    const streams = new MemoryStreams(1);
    expect(await lookedAt(streams, 'c', 'one')).toEqual({
      ...{ told: [], members: [{ name: 'c', roles: ['api'], basis: 'one' }] },
    });
    expect((await lookedAt(streams, 'intake')).told).toEqual([]);
    expect((await lookedAt(streams, 'b', 'one')).told).toEqual([]);
    const { told, members } = await lookedAt(streams, 'a', 'two');
    expect(told).toEqual([['b', 'c']]);
    expect(members.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'intake']);
  });
});
