import { env } from 'node:process';
import { expect, it, vi } from 'vitest';
import { simulate } from './simulate.ts';

/** Seeds in all files together: 200 in `npm test`; `npm run test:long` sets more. */
const SEEDS = Number(env.SIMULATION_SEEDS ?? 200);
/** The first one; the same in each `npm test`, so that a change is judged by what the last one was. */
const FIRST = Number(env.SIMULATION_FIRST ?? 1);
/** This one alone. */
const ONLY = env.SIMULATION_SEED === undefined ? undefined : Number(env.SIMULATION_SEED);
const TELL_EVERY = 1_000;

/** What has to have happened in so many runs: a simulation in which nothing goes wrong says nothing. */
const HAPPENINGS = [
  ...['acknowledged', 'sent again', 'held back', 'power losses', 'kills', 'torn tails', 'full disks', 'failed syncs'],
  ...['trims', 'starts from a snapshot', 'batches tried again'],
  ...['counted', 'duplicate', 'lateFiled', 'quarantined'],
] as const;
const RUNS_THAT_MEET_ALL = 50;

/** Only a machine that is far too slow comes near it. */
vi.setConfig({ testTimeout: 60_000 + SEEDS * 3_000 });

/** Runs every second seed, so that two files share them. */
export function simulateSeeds(half: 0 | 1): void {
  const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST + index).filter((seed) => seed % 2 === half);
  const wanted = ONLY === undefined ? seeds : [ONLY].filter((seed) => seed % 2 === half);
  it(`keeps its promises, over ${wanted.length} seeds`, async () => {
    const tally = new Map<string, number>();
    for (const [index, seed] of wanted.entries()) {
      const world = await simulate(seed);
      for (const [what, count] of world.tally) tally.set(what, (tally.get(what) ?? 0) + count);
      if ((index + 1) % TELL_EVERY === 0) console.log(`${index + 1} of ${wanted.length} seeds hold: ${told(tally)}`);
      if (wanted.length === 1) console.log(`seed ${seed} holds: ${told(tally)}\n${world.trace.join('\n')}`);
    }
    if (wanted.length < RUNS_THAT_MEET_ALL) return;
    expect(HAPPENINGS.filter((what) => !tally.has(what))).toEqual([]);
  });
}

function told(tally: ReadonlyMap<string, number>): string {
  return [...tally].map(([what, count]) => `${what} ${count}`).join(', ');
}
