import { beforeEach, describe, expect, test } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import { LeaseNode, type LeaseTable, type Taking } from '../../../src/jobs/lease-node.ts';
import type { Lease } from '../../../src/jobs/leases.ts';

const TIMING = { leaseMs: 10_000, presentMs: 750, drainMs: 5_000, settleMs: 2_000 };
const NAMES = ['a', 'b', 'c'];

describe('a node', () => {
  let clock: ReturnType<typeof manualClock>;
  let free: string[];
  let released: Taking[];
  let extended: string[][];
  let others: { id: string; held: number }[];
  let table: LeaseTable;
  let taken: Lease[];
  let draining: Map<string, () => void>;
  let node: LeaseNode;

  beforeEach(async () => {
    clock = manualClock(1_000_000);
    [free, released, extended, others, taken] = [[...NAMES], [], [], [], []];
    draining = new Map();
    let number = 0;
    table = {
      beat: async (held) => [{ id: 'self', held }, ...others],
      leave: async () => undefined,
      take: async () => {
        const name = free.shift();
        return name === undefined ? undefined : { name, number: ++number, token: `token ${number}` };
      },
      extend: async (takings) => {
        extended.push(takings.map(({ name }) => name));
        return [];
      },
      release: async (taking) => void released.push(taking),
      mend: async () => undefined,
    };
    const holder = {
      take: (lease: Lease) => void taken.push(lease),
      drain: ({ name }: Lease) => new Promise<void>((resolve) => draining.set(name, resolve)),
    };
    node = new LeaseNode({ id: 'self', names: NAMES, table, clock, timing: TIMING, holder });
    await node.step();
    expect(taken, 'it waits for those that start with it').toHaveLength(0);
    clock.advance(TIMING.settleMs);
    await node.step();
    expect(taken.map(({ name }) => name)).toEqual(NAMES);
  });

  const passUnheard = (forMs: number): void => {
    clock.advance(forMs);
    node.expire();
  };

  test('takes at once where others are at work', async () => {
    others = [{ id: 'other', held: 1 }];
    free = ['d'];
    const names = [...NAMES, 'd'];
    const late = new LeaseNode({
      ...{ id: 'self', names, table, clock, timing: TIMING },
      holder: { take: (lease) => void taken.push(lease), drain: async () => undefined },
    });
    await late.step();
    expect(taken.map(({ name }) => name)).toEqual(names);
  });

  test('renews three times in the time of a lease', async () => {
    extended.length = 0;
    for (let at = 0; at < 40; at++) {
      clock.advance(250);
      await node.step();
    }
    expect(extended.map((names) => names.length)).toEqual([3, 3, 3]);
    expect(node.counts()).toEqual({ held: 3, taken: 3, lost: 0, handedOver: 0 });
  });

  test('gives up what it cannot renew before the table does', () => {
    passUnheard(0.9 * TIMING.leaseMs - 1);
    expect(node.counts().held).toBe(3);
    passUnheard(1);
    expect(node.counts()).toEqual({ held: 0, taken: 3, lost: 3, handedOver: 0 });
    expect(taken.every(({ lost }) => lost.aborted)).toBe(true);
  });

  test('counts a lease from when its renewal was sent, and not at all when the answer comes too late', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    table.extend = () => promise;
    clock.advance(4_000);
    const step = node.step();
    clock.advance(0.9 * TIMING.leaseMs);
    resolve([]);
    await step;
    expect(node.counts()).toMatchObject({ lost: 3 });
  });

  test('loses what the table refuses to renew', async () => {
    table.extend = async () => ['b'];
    clock.advance(4_000);
    await node.step();
    expect(taken.map(({ lost }) => lost.aborted)).toEqual([false, true, false]);
    expect(node.counts()).toMatchObject({ held: 2, lost: 1 });
  });

  test('gives back what it was given too late', async () => {
    passUnheard(TIMING.leaseMs);
    const { promise, resolve } = Promise.withResolvers<Taking | undefined>();
    others = [{ id: 'other', held: 1 }];
    table.take = () => promise;
    const step = node.step();
    await new Promise((settle) => setImmediate(settle));
    clock.advance(0.9 * TIMING.leaseMs);
    resolve({ name: 'a', number: 9, token: 'late' });
    await step;
    expect(taken).toHaveLength(3);
    expect(released.at(-1)).toEqual({ name: 'a', number: 9, token: 'late' });
  });

  test('gives up what is beyond the largest share, the newest, once its work is ended', async () => {
    others = [{ id: 'other', held: 0 }];
    await node.step();
    expect([...draining.keys()]).toEqual(['c']);
    await node.step();
    expect(released).toEqual([]);
    draining.get('c')!();
    await node.step();
    expect(released.map(({ name }) => name)).toEqual(['c']);
    expect(node.counts()).toEqual({ held: 2, taken: 3, lost: 0, handedOver: 1 });
  });

  test('gives up what it has one more of only once nothing moves any more', async () => {
    others = [
      { id: 'with one', held: 1 },
      { id: 'with none', held: 0 },
    ];
    const names = [...NAMES, 'd', 'e', 'f', 'g', 'h'];
    free = ['d', 'e', 'f'];
    const full = new LeaseNode({
      ...{ id: 'self', names, table, clock, timing: TIMING },
      holder: { take: () => undefined, drain: async ({ name }) => void draining.set(name, () => undefined) },
    });
    await full.step();
    expect(full.counts().held).toBe(3);
    others = others.map(({ id }) => ({ id, held: 4 }));
    await full.step();
    clock.advance(999);
    await full.step();
    expect([...draining.keys()]).toEqual([]);
    clock.advance(1);
    await full.step();
    expect([...draining.keys()]).toEqual(['f']);
  });

  test('waits for work that does not end no longer than it has time', async () => {
    node.leave();
    await node.step();
    expect([...draining.keys()]).toEqual(NAMES);
    clock.advance(TIMING.drainMs);
    await node.step();
    expect(released).toHaveLength(3);
    expect(taken.every(({ lost }) => lost.aborted)).toBe(true);
    expect(node.isGone).toBe(true);
  });

  test('goes on after a table that refused', async () => {
    const { extend } = table;
    table.extend = async () => {
      throw new Error('away');
    };
    clock.advance(4_000);
    await expect(node.step()).rejects.toThrow('away');
    table.extend = extend;
    clock.advance(4_000);
    await node.step();
    expect(node.counts()).toMatchObject({ held: 3, lost: 0 });
  });
});
