import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { killChild, openRedisServer, REDIS_SERVER, type ServerProcess, TcpGate } from '../../harness/index.ts';
import { systemClock } from '../../src/base/index.ts';
import { type BullLeaseTiming, createBullLeases } from '../../src/jobs/bullmq/index.ts';
import type { Lease, Leases } from '../../src/jobs/index.ts';

const NAMES = [...Array.from({ length: 24 }, (_, at) => `partition-${at}`), 'cutter'];
const CHILD = join(import.meta.dirname, 'support', 'lease-child.ts');
const TIMING = { leaseMs: 2_000, presentMs: 400, drainMs: 1_500, settleMs: 500, stepMs: 100 } as const;

/** Where what moves is counted: no node of a busy machine is taken for one that left. */
const PATIENT = { leaseMs: 6_000, presentMs: 5_000, drainMs: 5_000, settleMs: 3_000, stepMs: 100 } as const;

/**
 * What a node knows of the others is a step old: now and then one takes a name too much and gives it back. In virtual time
 * there is none (tests/simulation/leases.test.ts).
 */
const TOO_MANY_MAX = 2;

/** Far more than is promised: a machine with other work must not fail a test. */
const SETTLE_MS_MAX = 60_000;

/** Refuses whoever has a lower number than somebody who wrote before, and counts it. */
const FENCE = `
  local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
  if tonumber(ARGV[1]) < newest then return redis.call('INCR', KEYS[2]) end
  redis.call('SET', KEYS[1], ARGV[1])
  return 0
`;

/** One taking, from its beginning to the moment at which its node knew of the end. */
interface Tenure {
  readonly node: string;
  readonly lease: Lease;
  readonly fromMs: number;
  untilMs: number;
}

interface TestNode {
  readonly id: string;
  readonly leases: Leases;
  readonly gate: TcpGate;
}

describe.skipIf(REDIS_SERVER === undefined)('leases in Redis (skipped where redis-server is not installed)', () => {
  let folder: string;
  let server: ServerProcess;
  let admin: Redis;
  let tenures: Map<string, Tenure[]>;
  let writers: NodeJS.Timeout;
  let towns = 0;
  const closers: (() => Promise<unknown> | undefined)[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vitals-leases-'));
  });
  beforeEach(async () => {
    server = await openRedisServer(mkdtempSync(join(folder, 'redis-')));
    admin = new Redis({ port: server.port, retryStrategy: () => 100, maxRetriesPerRequest: null });
    admin.on('error', () => undefined);
    tenures = new Map(NAMES.map((name) => [name, []]));
    towns++;
    writers = setInterval(() => void write(), 25);
  });
  afterEach(async () => {
    clearInterval(writers);
    for (const close of closers.splice(0).reverse()) await close();
    admin.disconnect();
    await server.kill();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const prefix = () => `{leases-${towns}}`;

  /** Each owner writes to its name for as long as it believes to hold it. */
  const write = async (): Promise<void> => {
    for (const tenure of live()) {
      // Looked at again: a Redis that hangs may have held up the one before.
      if (tenure.untilMs < Infinity) continue;
      const { lease } = tenure;
      const keys = [`${prefix()}:fence:${lease.name}`, `${prefix()}:refused`];
      await admin.eval(FENCE, 2, ...keys, lease.number).catch(() => undefined);
    }
  };

  const live = (): Tenure[] =>
    [...tenures.values()].flatMap((all) => all.filter(({ untilMs }) => untilMs === Infinity));
  const takings = (): number => sumOf([...tenures.values()].map((all) => all.length));
  const heldBy = (id: string): number => live().filter(({ node }) => node === id).length;

  const join3 = async (timing: BullLeaseTiming = TIMING): Promise<TestNode[]> => {
    const nodes = await Promise.all(['a', 'b', 'c'].map((id) => join1(id, timing)));
    await until(() => isShared(nodes), 'three nodes share the names');
    return nodes;
  };

  const join1 = async (id: string, timing: BullLeaseTiming = TIMING, drainMs = 0): Promise<TestNode> => {
    const gate = await TcpGate.open(server.port);
    const leases = createBullLeases({
      ...{ redis: { url: `redis://127.0.0.1:${gate.port}`, prefix: prefix() }, node: id },
      ...{ clock: systemClock, timing, onProblem: () => undefined },
    });
    leases.run(NAMES, {
      take: (lease) => {
        const tenure = { node: id, lease, fromMs: performance.now(), untilMs: Infinity };
        tenures.get(lease.name)!.push(tenure);
        lease.lost.addEventListener('abort', () => endOf(tenure));
      },
      drain: async (lease) => {
        await sleep(drainMs);
        for (const tenure of tenures.get(lease.name)!) if (tenure.lease === lease) endOf(tenure);
      },
    });
    closers.push(async () => {
      await leases.close();
      gate.close();
    });
    return { id, leases, gate };
  };

  /** A node in a process of its own; what it tells comes a moment later. */
  const spawnNode = (id: string): { readonly id: string; readonly process: ChildProcess } => {
    const given = [id, String(server.port), prefix(), JSON.stringify(TIMING), ...NAMES];
    const process = spawn(globalThis.process.execPath, [CHILD, ...given], { stdio: ['ignore', 'pipe', 'inherit'] });
    closers.push(() => killChild(process));
    createInterface({ input: process.stdout! }).on('line', (line) => {
      const [what, name, number] = line.split(' ') as [string, string, string];
      const all = tenures.get(name)!;
      const lease = { name, number: Number(number), lost: new AbortController().signal, release: () => undefined };
      if (what === 'take') all.push({ node: id, lease, fromMs: performance.now(), untilMs: Infinity });
      for (const tenure of all) if (what === 'end' && tenure.lease.number === lease.number) endOf(tenure);
    });
    return { id, process };
  };

  const isShared = (nodes: readonly { readonly id: string }[]): boolean => {
    const held = nodes.map(({ id }) => heldBy(id));
    return live().length === NAMES.length && sumOf(held) === NAMES.length && Math.max(...held) - Math.min(...held) <= 1;
  };

  /** Nobody held a name while another one did, each had a higher number, and none of them was refused. */
  const expectOneOwner = async (): Promise<void> => {
    for (const [name, all] of tenures) {
      for (const [at, { fromMs, lease }] of all.entries()) {
        const before = all[at - 1];
        if (before === undefined) continue;
        expect(fromMs, `${name}: taken before it was given up`).toBeGreaterThanOrEqual(before.untilMs);
        expect(lease.number).toBeGreaterThan(before.lease.number);
      }
    }
    expect(await admin.get(`${prefix()}:refused`)).toBeNull();
  };

  /** The longest time between the end of a taking and the next one. */
  const idleMsMax = (sinceMs: number): number => {
    const gaps = [...tenures.values()].flatMap((all) =>
      all.flatMap(({ fromMs }, at) => (at > 0 && fromMs > sinceMs ? [fromMs - all[at - 1]!.untilMs] : [])),
    );
    return Math.max(0, ...gaps);
  };

  test('nodes that start together share the names, and a look tells who has which', async () => {
    const nodes = await join3(PATIENT);
    const taken = takings();
    expect(taken).toBeLessThanOrEqual(NAMES.length + TOO_MANY_MAX);
    const owners = await nodes[0]!.leases.owners([...NAMES, 'no-such-name']);
    for (const { name, node } of owners) expect(node).toBe(tenures.get(name)?.at(-1)?.node);
    expect(owners.at(-1)).toEqual({ name: 'no-such-name', node: undefined, sinceMs: undefined });
    expect(owners[0]!.sinceMs).toBeGreaterThan(Date.UTC(2026, 0));
    // Long after all leases of the start would have run out.
    await sleep(1.2 * PATIENT.leaseMs);
    expect(takings()).toBe(taken);
    for (const { leases } of nodes) expect(leases.counts()).toMatchObject({ lost: 0 });
    await expectOneOwner();
  }, 240_000);

  test('one that joins gets its share and one that closes hands over, and nothing else moves', async () => {
    const nodes = await join3(PATIENT);
    const fourth = await join1('d', PATIENT, 200);
    await until(() => isShared([...nodes, fourth]), 'four nodes share the names');
    const [before, taken] = [NAMES.length + 6, takings()];
    expect(taken).toBeLessThanOrEqual(before + 2 * TOO_MANY_MAX);
    const leftAtMs = performance.now();
    await fourth.leases.close();
    const { taken: itsOwn } = fourth.leases.counts();
    expect(itsOwn - 6).toBeLessThanOrEqual(TOO_MANY_MAX);
    expect(fourth.leases.counts()).toEqual({ held: 0, taken: itsOwn, lost: 0, handedOver: itsOwn });
    await until(() => isShared(nodes), 'three nodes share the names again');
    expect(takings()).toBeLessThanOrEqual(taken + 6 + TOO_MANY_MAX);
    console.log(`after a node left, no name was without an owner for more than ${Math.round(idleMsMax(leftAtMs))} ms`);
    await expectOneOwner();
  }, 240_000);

  test('the names of one that is cut off go to others, after it knows that they are not its own; it comes back', async () => {
    const nodes = await join3();
    const cutAtMs = performance.now();
    nodes[0]!.gate.shut();
    await until(() => isShared(nodes.slice(1)), 'two nodes share the names');
    console.log(`taken over ${Math.round(newest() - cutAtMs)} ms after the cut, with leases of ${TIMING.leaseMs} ms`);
    const { held, taken, lost } = nodes[0]!.leases.counts();
    expect({ held, lost }).toEqual({ held: 0, lost: taken });
    await expectOneOwner();
    nodes[0]!.gate.reopen();
    await until(() => isShared(nodes), 'three nodes share the names again');
    await expectOneOwner();
  }, 240_000);

  test('a process that hangs loses its names and learns it when it goes on; one that is killed loses them, one that ends hands them over', async () => {
    const nodes = [await join1('a'), await join1('b')];
    const child = spawnNode('child');
    await until(() => isShared([...nodes, child]), 'three nodes share the names');
    const before = live().filter(({ node }) => node === 'child');

    child.process.kill('SIGSTOP');
    await until(
      () => live().filter(({ node }) => node !== 'child').length === NAMES.length,
      'two nodes have all names',
    );
    child.process.kill('SIGCONT');
    await until(() => before.every(({ untilMs }) => untilMs < Infinity), 'it learns what it lost');
    await until(() => isShared([...nodes, child]), 'three nodes share the names again');
    for (const all of tenures.values()) {
      const numbers = all.map(({ lease }) => lease.number);
      expect(numbers).toEqual([...new Set(numbers)].toSorted((one, other) => one - other));
    }

    child.process.kill('SIGTERM');
    await once(child.process, 'exit');
    await until(() => isShared(nodes), 'two nodes share the names');

    const second = spawnNode('second');
    await until(() => isShared([...nodes, second]), 'three nodes share the names once more');
    await killChild(second.process);
    for (const tenure of live()) if (tenure.node === 'second') endOf(tenure);
    await until(() => isShared(nodes), 'two nodes share the names once more');
  }, 240_000);

  test('one whose connection has fallen silent makes another one, and comes back', async () => {
    const nodes = await join3();
    nodes[0]!.gate.stall();
    await until(() => isShared(nodes.slice(1)), 'two nodes share the names');
    await until(() => isShared(nodes), 'three nodes share the names again');
    await expectOneOwner();
  }, 120_000);

  test('a Redis that is killed for longer than a lease takes all names away, and they come back', async () => {
    const nodes = await join3();
    await server.kill();
    await until(() => live().length === 0, 'nobody believes to hold a name');
    await expect(nodes[0]!.leases.owners(NAMES)).rejects.toMatchObject({ code: 'jobs_unreachable', retryable: true });
    await server.start();
    await until(() => isShared(nodes), 'three nodes share the names again');
    await expectOneOwner();
  }, 240_000);

  test('a Redis that hangs for longer than a lease lets nobody hold a name twice', async () => {
    const nodes = await join3();
    await admin.client('PAUSE', 2 * TIMING.leaseMs, 'ALL');
    await until(() => live().length === 0, 'nobody believes to hold a name');
    await until(() => isShared(nodes), 'three nodes share the names again');
    await expectOneOwner();
  }, 240_000);

  test('names whose jobs were removed, finished, cut down or left over come back, and others go', async () => {
    const nodes = await join3();
    const queue = new Queue('leases', { connection: admin, prefix: prefix(), skipVersionCheck: true });
    closers.push(() => queue.close());
    await Promise.all(nodes.slice(1).map(({ leases }) => leases.close()));
    await until(() => isShared(nodes.slice(0, 1)), 'one node has all names');
    nodes[0]!.gate.shut();
    await until(() => live().length === 0, 'nobody believes to hold a name');
    const locks = () => admin.exists(...NAMES.map((name) => queue.toKey(`${name}:lock`)));
    await until(async () => (await locks()) === 0, 'no name is locked');
    await queue.remove('partition-1');
    await admin.del(queue.toKey('partition-2'));
    await admin.lrem(queue.toKey('active'), 0, 'partition-3');
    await admin.lrem(queue.toKey('wait'), 0, 'partition-3');
    await queue.add('old', {}, { jobId: 'partition-99' });
    nodes[0]!.gate.reopen();
    await until(() => isShared(nodes.slice(0, 1)), 'one node has all names again');
    await until(async () => (await queue.getJob('partition-99')) === undefined, 'the name of old is gone');
    await admin.flushall();
    await until(() => live().length === 0, 'the node learns that it holds nothing');
    await until(() => isShared(nodes.slice(0, 1)), 'one node has all names again');
  }, 240_000);

  test('a lease that its holder gives back is taken again', async () => {
    const node = await join1('a');
    await until(() => isShared([node]), 'it has all names');
    const [first] = tenures.get('cutter')!;
    first!.lease.release();
    expect(first!.lease.lost.aborted).toBe(true);
    await until(() => isShared([node]), 'it has all names again');
    expect(tenures.get('cutter')!.length).toBeGreaterThan(1);
    await expectOneOwner();
  }, 240_000);

  const newest = (): number => Math.max(...[...tenures.values()].flat().map(({ fromMs }) => fromMs));
});

function endOf(tenure: Tenure): void {
  tenure.untilMs = Math.min(tenure.untilMs, performance.now());
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const giveUpMs = performance.now() + SETTLE_MS_MAX;
  while (!(await isTrue())) {
    if (performance.now() > giveUpMs) throw new Error(`waited ${SETTLE_MS_MAX} ms in vain until ${what}`);
    await sleep(20);
  }
}
