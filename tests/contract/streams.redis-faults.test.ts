import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort, openRedisServer, REDIS_SERVER, type ServerProcess, TcpGate } from '../../harness/index.ts';
import { systemClock } from '../../src/base/index.ts';
import type { CityStreams, StreamWriter } from '../../src/journal/index.ts';
import { openCityStreams, type StreamDurability } from '../../src/journal/redis/index.ts';
import type { RedisServer } from '../../src/redis/index.ts';
import { numbered } from '../unit/journal/support/messages.ts';
import { appendAll, appendTo, made, numbersIn, PARTITIONS, sequenceOf } from './streams.contract.ts';

const FSYNC: StreamDurability = { kind: 'fsync' };
const REPLICA: StreamDurability = { kind: 'replicas', count: 1, timeoutMs: 200 };
const ALL = 1 << 30;

describe.skipIf(REDIS_SERVER === undefined)(
  'streams in a Redis with faults (skipped where it is not installed)',
  () => {
    let folder: string;
    let server: ServerProcess;
    let admin: Redis;
    const closers: (() => unknown)[] = [];
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'vitals-redis-'));
    });
    beforeEach(async () => {
      server = await startServer();
      admin = adminOf(server.port);
    });
    afterEach(async () => {
      for (const close of closers.splice(0).reverse()) await close();
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const startServer = async (...more: string[]): Promise<ServerProcess> => {
      const started = await openRedisServer(mkdtempSync(join(folder, 'redis-')), { more });
      closers.push(() => started.kill());
      return started;
    };
    const adminOf = (port: number): Redis => {
      const redis = new Redis({ port, retryStrategy: () => 100, maxRetriesPerRequest: null });
      redis.on('error', () => undefined);
      closers.push(() => redis.disconnect());
      return redis;
    };
    const open = async (
      durability: StreamDurability = FSYNC,
      place: RedisServer = at(server.port),
    ): Promise<CityStreams> => {
      const common = { name: 'town', partitions: PARTITIONS, clock: systemClock, onProblem: () => undefined };
      const streams = await openCityStreams({ ...common, place, durability });
      closers.push(() => streams.close());
      return streams;
    };

    /** What harm is done while two writers append. */
    const faults: Readonly<Record<string, () => Promise<unknown>>> = {
      'killed and started again': async () => {
        await server.kill();
        await sleep(500);
        await server.start();
      },
      'a replica that takes no writes for a second': async () => {
        // Of a master that there is not: it keeps what it has.
        await admin.replicaof('127.0.0.1', await freePort());
        await sleep(1_000);
        await admin.replicaof('NO', 'ONE');
      },
      'full for a second': async () => {
        await admin.config('SET', 'maxmemory', '100kb');
        await sleep(1_000);
        await admin.config('SET', 'maxmemory', '0');
      },
      'paused for a second': () => admin.client('PAUSE', 1_000, 'ALL'),
      'all its clients thrown out, again and again': async () => {
        for (let times = 0; times < 20; times++) {
          await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
          await sleep(40);
        }
      },
      'all its scripts forgotten': () => admin.script('FLUSH'),
    };

    for (const [name, harm] of Object.entries(faults)) {
      test(`each message is kept once and in order: Redis ${name}`, async () => {
        const streams = await open();
        const writers = [streams.writer('one'), streams.writer('two')];
        const harmed = sleep(200).then(harm);
        let isHarmed = false;
        void harmed.then(() => {
          isHarmed = true;
        });
        const counts = await Promise.all(
          writers.map(async (writer, at) => {
            let count = 0;
            while (!isHarmed || count < 2_000) {
              await Promise.all([0, 1].map((partition) => appendAll(writer, partition, at * 1e6 + count, 50)));
              count += 50;
            }
            return count;
          }),
        );
        await harmed;
        const reader = await untilOpen(() => open());
        for (const partition of [0, 1]) {
          const numbers = await numbersIn(reader, partition);
          expect(numbers.filter((number) => number < 1e6)).toEqual(sequenceOf(counts[0]!));
          expect(numbers.filter((number) => number >= 1e6)).toEqual(sequenceOf(counts[1]!, 1e6));
        }
        for (const writer of writers) expect(writer.stats()).toMatchObject({ waitingRecords: 0, blocked: null });
      }, 120_000);
    }

    test('a batch whose answer was lost is kept once', async () => {
      const gate = await TcpGate.open(server.port);
      closers.push(() => gate.close());
      const streams = await open(FSYNC, at(gate.port));
      const writer = streams.writer('one');
      await appendAll(writer, 0, 0, 10);
      for (let round = 1; round <= 5; round++) {
        gate.loseAnswers();
        const [done, isKept] = [appendAll(writer, 0, 10 * round, 10), untilRaw(10 * (round + 1))];
        await isKept;
        gate.reopen();
        await done;
      }
      expect(await numbersIn(await open(), 0)).toEqual(sequenceOf(60));
    }, 60_000);

    test('while Redis is away, a writer waits and says why; all others are refused', async () => {
      const streams = await open();
      const writer = streams.writer('one');
      const epoch = await streams.own(0);
      await server.kill();
      const done = appendAll(writer, 0, 0, 10);
      await untilBlocked(writer, 'cannot reach Redis at redis://127.0.0.1');
      const asked = [
        () => streams.readRaw(0, 0, 1, ALL),
        () => streams.readMade(0, 0, 1, ALL),
        () => streams.own(0),
        () => streams.appendMade(0, epoch, made(1, 1)),
        () => streams.stats(),
        () => streams.cut(1),
        () => streams.newestCut(),
        () => streams.cutsAfter(0, 10_000),
        () => streams.cutsAround(0),
        () => streams.noteReplica({ name: 'a', position: 0 }),
        () => streams.replicas(),
        () => streams.forgetReplica('a'),
        () => streams.trim(0),
        () => streams.memory(),
        () => open(),
      ];
      for (const ask of asked) {
        await expect(ask(), ask.toString()).rejects.toMatchObject({ code: 'streams_unreachable', retryable: true });
      }
      await server.start();
      await done;
      expect(writer.stats()).toMatchObject({ recordCount: 10, blocked: null });
    }, 60_000);

    test('what a writer could not send when it is closed gets an error', async () => {
      const streams = await open();
      const writer = streams.writer('one');
      await server.kill();
      const done = appendTo(writer, 0, numbered(1));
      const refused = expect(done).rejects.toMatchObject({ code: 'streams_closed' });
      await writer.close(100);
      await refused;
      expect(writer.stats()).toMatchObject({ waitingRecords: 0, waitingBytes: 0 });
    }, 60_000);

    test('when its memory is full, messages wait, and all that helps to trim is taken', async () => {
      const streams = await open();
      const writer = streams.writer('one');
      const epoch = await streams.own(0);
      await appendAll(writer, 0, 0, 100);
      await admin.config('SET', 'maxmemory', '100kb');
      const done = appendAll(writer, 0, 100, 10);
      await untilBlocked(writer, 'OOM');
      const { used, max } = await streams.memory();
      expect(max).toBe(100 << 10);
      expect(used).toBeGreaterThan(max);
      expect(await streams.own(0)).toBe(epoch + 1);
      expect(await streams.appendMade(0, epoch + 1, made(100, 100))).toEqual({ kind: 'kept' });
      const cut = (await streams.cut(1))!;
      expect(cut.ends).toEqual([100, 0, 0]);
      await streams.noteReplica({ name: 'a', position: 101 });
      await streams.trim(101);
      await admin.config('SET', 'maxmemory', '0');
      await done;
      expect((await streams.readRaw(0, 100, 110, ALL)).length).toBe(10);
    }, 60_000);

    test('nothing is acknowledged or cut that no replica has, and all that was is there after a failover', async () => {
      const replica = await startServer('--replicaof', '127.0.0.1', String(server.port));
      const other = adminOf(replica.port);
      while (!(await other.info('replication')).includes('master_link_status:up')) await sleep(20);
      const streams = await open(REPLICA);
      const writer = streams.writer('one');
      await appendAll(writer, 0, 0, 100);
      expect(await streams.cut(1)).toMatchObject({ ends: [100, 0, 0] });
      process.kill(replica.pid, 'SIGSTOP');
      let acknowledged = 0;
      const appended = sequenceOf(20, 100).map((number) =>
        appendTo(writer, 0, numbered(number)).then(() => {
          acknowledged++;
        }),
      );
      await untilBlocked(writer, '0 of 1 replicas have it after 200 ms');
      await expect(streams.cut(2)).rejects.toMatchObject({ code: 'streams_unreachable' });
      await expect(streams.own(0)).rejects.toMatchObject({ code: 'streams_unreachable' });
      // It is asked more than once.
      await sleep(1_000);
      expect(acknowledged).toBe(0);
      process.kill(replica.pid, 'SIGCONT');
      await Promise.all(appended);
      expect(writer.stats().blocked).toBeNull();
      await server.kill();
      await other.replicaof('NO', 'ONE');
      const promoted = await open(FSYNC, at(replica.port));
      expect(await numbersIn(promoted, 0)).toEqual(sequenceOf(120));
      expect(await promoted.newestCut()).toMatchObject({ number: 1, ends: [100, 0, 0] });
    }, 120_000);

    test('a batch that does not decode is told', async () => {
      const streams = await open();
      await appendAll(streams.writer('one'), 0, 0, 10);
      const spoiled: Readonly<Record<string, readonly [string, string | Buffer]>> = {
        'it ends 4 bytes into a record': ['b', 'abcd'],
        'a record of 4294967303 bytes stands where 40 are left': ['b', Buffer.alloc(40, 0xff)],
        'it has 0 records and should have 5': ['b', ''],
        'it has no bytes': ['x', ''],
      };
      for (const [at, [why, [field, bytes]]] of Object.entries(spoiled).entries()) {
        const last = 15 + 5 * at;
        await admin.xadd('{town:0}:raw', `${last}-0`, 'n', 5, field, bytes);
        await expect(streams.readRaw(0, last - 5, last, ALL)).rejects.toMatchObject({
          code: 'journal_damaged',
          message: expect.stringContaining(`the batch of partition 0 that ends with record ${last}: ${why}`),
        });
      }
      await admin.xadd('{town:0}:raw', '100-0', 'n', 5, 'b', '');
      await expect(streams.readRaw(0, 95, 100, ALL)).rejects.toMatchObject({ code: 'journal_damaged' });
      await admin.xdel('{town:0}:raw', '10-0');
      await expect(streams.readRaw(0, 0, 100, ALL)).rejects.toMatchObject({ code: 'journal_damaged' });
    });

    test('a server that lost messages which were cut is told of', async () => {
      const streams = await open();
      await appendAll(streams.writer('one'), 1, 0, 10);
      await streams.cut(1);
      await admin.hset('{town:1}:state', 'raw', 9);
      await expect(streams.cut(2)).rejects.toMatchObject({ code: 'journal_damaged', retryable: false });
      await admin.hset('{town:1}:state', 'raw', 10);
      expect(await streams.cut(3)).toMatchObject({ number: 2 });
    });

    test('a writer that was not heard of for a day is forgotten when a new one comes', async () => {
      const streams = await open();
      const nowS = Math.floor(systemClock.nowMs() / 1_000);
      const known = { old: `7:100:${nowS - 86_500}`, young: `7:100:${nowS - 86_000}` };
      await admin.hset('{town:0}:writers', known);
      await appendAll(streams.writer('one'), 0, 0, 1);
      const names = Object.keys(await admin.hgetall('{town:0}:writers'));
      expect(names.map((name) => name.split(':')[0])).toEqual(['young', 'one']);
    });

    test('a server that does not sync before it answers is told of', async () => {
      const problems: Error[] = [];
      await admin.config('SET', 'appendfsync', 'everysec');
      const streams = await openCityStreams({
        ...{ name: 'town', partitions: PARTITIONS, durability: FSYNC, clock: systemClock, place: at(server.port) },
        onProblem: (error) => problems.push(error),
      });
      await streams.close();
      expect(problems).toMatchObject([{ code: 'streams_not_durable' }]);
    });

    const untilRaw = async (end: number): Promise<void> => {
      while (Number(await admin.hget('{town:0}:state', 'raw')) < end) await sleep(5);
    };
  },
);

function at(port: number): RedisServer {
  return { url: `redis://127.0.0.1:${port}` };
}

async function untilBlocked(writer: StreamWriter, why: string): Promise<void> {
  while (!writer.stats().blocked?.includes(why)) await sleep(5);
}

async function untilOpen(open: () => Promise<CityStreams>): Promise<CityStreams> {
  for (;;) {
    try {
      return await open();
    } catch {
      await sleep(100);
    }
  }
}
