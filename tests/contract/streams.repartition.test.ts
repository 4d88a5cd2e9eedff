import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRedisServer, REDIS_SERVER, type ServerProcess } from '../../harness/index.ts';
import { systemClock } from '../../src/base/index.ts';
import { type CityStreams, positionOf } from '../../src/journal/index.ts';
import { openCityStreams, repartition } from '../../src/journal/redis/index.ts';
import { numbered } from '../unit/journal/support/messages.ts';
import { appendTo } from './streams.contract.ts';

describe.skipIf(REDIS_SERVER === undefined)(
  'another number of partitions (skipped where redis-server is not installed)',
  () => {
    let folder: string;
    let server: ServerProcess;
    let redis: Redis;
    let towns = 0;
    let name: string;
    const opened: CityStreams[] = [];
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'vitals-redis-'));
      server = await openRedisServer(folder);
      redis = new Redis(server.port);
    });
    afterAll(async () => {
      redis.disconnect();
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    });
    beforeEach(() => {
      name = `town-${++towns}`;
    });
    afterEach(async () => {
      for (const streams of opened.splice(0)) await streams.close();
    });

    const optionsOf = (partitions: number) => ({
      ...{
        place: { url: `redis://127.0.0.1:${server.port}` },
        name,
        partitions,
        durability: { kind: 'fsync' } as const,
      },
      ...{ clock: systemClock, onProblem: () => {} },
    });

    async function open(partitions: number): Promise<CityStreams> {
      const streams = await openCityStreams(optionsOf(partitions));
      opened.push(streams);
      return streams;
    }

    /** Three messages in each of two partitions, all decoded, and a reader that has them all. */
    async function levelCity() {
      const streams = await open(2);
      await streams.cut(500);
      const writer = streams.writer('before');
      for (const partition of [0, 1]) {
        for (let at = 1; at <= 3; at++) await appendTo(writer, partition, numbered(at));
        const epoch = await streams.own(partition);
        await streams.appendMade(partition, epoch, { last: 3, count: 3, bytes: Buffer.from('made') });
      }
      const cut = (await streams.cut(1_000))!;
      const position = positionOf(cut);
      await streams.noteReplica({ name: 'reader', position, newest: position });
      return { streams, writer, position };
    }

    it('begins where the old ones ended, and positions go on', async () => {
      const { position } = await levelCity();
      expect(position).toBe(8);
      expect(await repartition(optionsOf(5))).toEqual({ from: 2, position });
      await expect(openCityStreams(optionsOf(2))).rejects.toMatchObject({ code: 'streams_layout' });
      const streams = await open(5);
      expect(await streams.newestCut()).toMatchObject({ number: 2, atMs: 1_000, ends: [6, 0, 0, 0, 0] });
      expect(await streams.oldestCut()).toEqual(await streams.newestCut());
      expect(await streams.cutsAround(position)).toBeUndefined();
      await appendTo(streams.writer('behind'), 4, numbered(9));
      await appendTo(streams.writer('behind'), 0, numbered(10));
      const cut = (await streams.cut(2_000))!;
      expect(cut).toMatchObject({ number: 3, ends: [7, 0, 0, 0, 1] });
      expect(positionOf(cut)).toBe(position + 3);
      expect(await streams.cutsAround(position)).toMatchObject([{ number: 2 }, { number: 3 }]);
      expect((await streams.readRaw(4, 0, 1, 1_000)).map(({ sequence }) => sequence)).toEqual([1]);
      expect((await streams.readRaw(0, 6, 7, 1_000)).map(({ sequence }) => sequence)).toEqual([7]);
      // The same again, and back to fewer.
      expect(await repartition(optionsOf(5)).catch(({ code }) => code)).toBe('streams_not_level');
    });

    it('takes nothing in partitions that are none any more', async () => {
      const { writer, position } = await levelCity();
      expect(await repartition(optionsOf(1))).toEqual({ from: 2, position });
      const late = appendTo(writer, 1, numbered(4));
      await expect(Promise.race([late, untilBlocked(writer)])).resolves.toContain('another number of partitions');
      await writer.close(0);
      await expect(late).rejects.toThrow();
      expect(await (await open(1)).stats()).toEqual([{ rawEnd: 6, madeEnd: 6, epoch: 1 }]);
    });

    it('changes nothing while something is not decoded, not before a cut, or not read', async () => {
      const { streams, writer, position } = await levelCity();
      const refusal = () => repartition(optionsOf(4)).catch(({ code, message }) => `${code} ${message}`);
      await streams.noteReplica({ name: 'slow', position: 0, newest: 3 });
      expect(await refusal()).toContain('the api node slow has a snapshot of position 3, and the journal ends at 8');
      await streams.forgetReplica('slow');
      await appendTo(writer, 1, numbered(4));
      expect(await refusal()).toContain(
        'partition 1 has 4 messages, of which 3 are decoded and 3 lie before the newest cut',
      );
      expect(await redis.get(`{${name}}:layout`)).toBe('2');
      await appendTo(writer, 0, numbered(5));
      expect(positionOf((await streams.cut(2_000))!)).toBe(position + 3);
    });

    it('goes on where it was broken off', async () => {
      const { streams, position } = await levelCity();
      await redis.set(`{${name}}:layout`, '2>3');
      await expect(openCityStreams(optionsOf(2))).rejects.toThrow('they have 2, on the way to 3');
      await expect(repartition(optionsOf(4))).rejects.toThrow('a change from 2 to 3 was begun: end that first');
      expect(await repartition(optionsOf(3))).toEqual({ from: 2, position });
      expect(await (await open(3)).newestCut()).toMatchObject({ number: 2, ends: [6, 0, 0] });
      await streams.close();
    });

    it('keeps what was taken between a break and the next call', async () => {
      const { position } = await levelCity();
      await repartition(optionsOf(3));
      const after = await open(3);
      await appendTo(after.writer('late'), 2, numbered(9));
      // All but the last step was done.
      await redis.set(`{${name}}:layout`, '2>3');
      expect(await repartition(optionsOf(3))).toEqual({ from: 2, position });
      expect((await after.readRaw(2, 0, 1, 1_000)).map(({ sequence }) => sequence)).toEqual([1]);
      expect((await after.stats()).map(({ rawEnd }) => rawEnd)).toEqual([6, 0, 1]);
    });

    it('needs streams that are there', async () => {
      await expect(repartition(optionsOf(3))).rejects.toMatchObject({ code: 'streams_layout' });
    });
  },
);

async function untilBlocked(writer: { stats(): { blocked: string | null } }): Promise<string> {
  for (;;) {
    const { blocked } = writer.stats();
    if (blocked !== null) return blocked;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
