import { describe, expect, it } from 'vitest';
import { trimStreams } from '../../../../src/workers/cluster/trim-streams.ts';
import { MemoryStreams } from '../support/memory-streams.ts';
import { messageAt } from './support.ts';

const HOUR_MS = 3_600_000;

async function cutThrice(): Promise<MemoryStreams> {
  const streams = new MemoryStreams(2);
  for (let at = 1; at <= 3; at++) {
    streams.append(0, messageAt(at));
    streams.cutNow(at);
  }
  return streams;
}

const oldest = async (streams: MemoryStreams) => (await streams.oldestCut()).number;

describe('trimStreams', () => {
  it('deletes what all readers have, up to the cut before the slowest one', async () => {
    const streams = await cutThrice();
    await trimStreams(streams);
    expect(await oldest(streams)).toBe(0);
    await streams.noteReplica({ name: 'a', position: 5 });
    await streams.noteReplica({ name: 'b', position: 4 });
    await trimStreams(streams);
    expect(await oldest(streams)).toBe(2);
  });

  it('waits an hour for one that is silent, and two minutes where memory is short', async () => {
    const streams = await cutThrice();
    await streams.noteReplica({ name: 'silent', position: 0 });
    await streams.noteReplica({ name: 'heard', position: 6 });
    streams.silentMs.set('silent', HOUR_MS);
    await trimStreams(streams);
    expect(await oldest(streams)).toBe(0);
    streams.memory = async () => ({ used: 7, max: 10 });
    await trimStreams(streams);
    expect(await oldest(streams)).toBe(3);
    expect((await streams.replicas()).map(({ name }) => name)).toEqual(['heard']);
  });

  it('waits for ever for the only ones', async () => {
    const streams = await cutThrice();
    await streams.noteReplica({ name: 'silent', position: 4 });
    streams.silentMs.set('silent', 100 * HOUR_MS);
    await trimStreams(streams);
    expect(await oldest(streams)).toBe(2);
    expect(await streams.replicas()).toHaveLength(1);
  });
});
