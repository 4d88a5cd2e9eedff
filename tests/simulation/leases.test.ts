import { env } from 'node:process';
import { expect, test, vi } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../src/base/index.ts';
import { Random } from '../unit/journal/support/random.ts';
import { IDLE_MS_MAX, LeaseCity, movesMin, QUANTUM_MS, TIMING } from './support/lease-city.ts';

const NAMES = [...Array.from({ length: 1_000 }, (_, at) => `partition-${at}`), 'cutter'];
const NODES = 50;
const NODES_MIN = 35;
const NODES_MAX = 65;

/** Runs of an hour each, one a seed. */
const SEEDS = Number(env.LEASE_SEEDS ?? 2);
const FIRST = Number(env.LEASE_FIRST ?? 1);
const LENGTH_MS = HOUR_MS;

/** So short that a node that hangs for as long has renewed its leases in time, whenever it did so last. */
const HICCUP_MS_MAX = 5_000;

vi.setConfig({ testTimeout: 60_000 + SEEDS * 120_000 });

async function startCity(seed: number): Promise<{ readonly city: LeaseCity; readonly random: Random }> {
  const random = new Random(seed);
  const city = new LeaseCity(NAMES, random);
  for (let count = 0; count < NODES; count++) {
    city.join();
    if (random.chance(1 / 3)) await city.pass(QUANTUM_MS);
  }
  await city.pass(MINUTE_MS);
  return { city, random };
}

function expectFair(city: LeaseCity): void {
  const held = city.holdings().map((node) => node.held);
  expect(held.reduce((sum, count) => sum + count, 0)).toBe(NAMES.length);
  expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1);
  expect(city.idleNames).toEqual([]);
}

/** Something happens to a node. @returns what */
async function happen(city: LeaseCity, random: Random): Promise<'join' | 'leave' | 'kill' | 'hiccup' | 'hang'> {
  const victim = random.pick(city.running);
  const kinds = ['join', 'leave', 'kill', 'hiccup', 'hang'] as const;
  const all = kinds.filter((kind) => {
    if (kind === 'join') return city.running.length < NODES_MAX;
    return (kind !== 'leave' && kind !== 'kill') || city.running.length > NODES_MIN;
  });
  const kind = random.pick(all);
  if (kind === 'join') city.join();
  if (kind === 'leave') city.leave(victim);
  if (kind === 'kill') city.kill(victim);
  if (kind === 'hiccup' || kind === 'hang') {
    city.pause(victim);
    await city.pass(kind === 'hiccup' ? random.integer(HICCUP_MS_MAX) : HICCUP_MS_MAX + random.integer(35_000));
    city.wake(victim);
  }
  return kind;
}

test(`shares ${NAMES.length} names among ${NODES} nodes that come, leave, die and hang, ${SEEDS} h of virtual time`, async () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const { city, random } = await startCity(seed);
    expectFair(city);
    expect(city.takenCount, 'moves while the city starts').toBe(NAMES.length);
    const tally = { join: 0, leave: 0, kill: 0, hiccup: 0, hang: 0, bursts: 0 };
    let moved = 0;
    let least = 0;
    while (city.nowMs < LENGTH_MS) {
      const [before, takenBefore] = [city.holdings(), city.takenCount];
      const isBurst = random.chance(0.3);
      const kind = await happen(city, random);
      tally[kind]++;
      for (let more = isBurst ? 1 + random.integer(4) : 0; more > 0; more--) {
        await city.pass(random.integer(8_000));
        tally[await happen(city, random)]++;
      }
      await city.pass(MINUTE_MS);
      expectFair(city);
      expect(city.idleMsMax, `seed ${seed}, at ${city.nowMs} ms: a name without an owner`).toBeLessThanOrEqual(
        IDLE_MS_MAX,
      );
      if (isBurst) {
        tally.bursts++;
        continue;
      }
      if (kind === 'hang') continue;
      moved += city.takenCount - takenBefore;
      least += movesMin(before, city.holdings(), NAMES.length);
      expect(moved, `seed ${seed}, at ${city.nowMs} ms: names that moved at a ${kind}`).toBe(least);
    }
    console.log(
      `seed ${seed}: ${JSON.stringify(tally)}, ${moved} moves at single changes (${least} at least), ` +
        `without an owner for ${city.idleMsMax} ms at most`,
    );
  }
});

test('moves nothing while nobody comes or leaves', async () => {
  const { city } = await startCity(11);
  const taken = city.takenCount;
  await city.pass(10 * MINUTE_MS);
  expectFair(city);
  expect(city.takenCount).toBe(taken);
});

test('is fair again after the table was away, and each node has given up in time what it cannot renew', async () => {
  const { city } = await startCity(12);
  city.table.isAway = true;
  await city.pass(TIMING.leaseMs);
  expect(city.idleNames).toHaveLength(NAMES.length);
  expect(city.holdings().every(({ held }) => held === 0)).toBe(true);
  await city.pass(MINUTE_MS);
  const taken = city.takenCount;
  city.table.isAway = false;
  await city.pass(TIMING.settleMs + TIMING.leaseMs);
  expectFair(city);
  expect(city.takenCount - taken).toBe(NAMES.length);
});

test('goes on through an outage that is shorter than a lease', async () => {
  const { city } = await startCity(13);
  const taken = city.takenCount;
  city.table.isAway = true;
  await city.pass(HICCUP_MS_MAX);
  city.table.isAway = false;
  await city.pass(MINUTE_MS);
  expectFair(city);
  expect(city.takenCount).toBe(taken);
});
