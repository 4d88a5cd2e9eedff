import { env } from 'node:process';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** How much of each, and from where; each run draws new cases, and what it printed repeats them. */
const drawn = () => String(Math.floor(Math.random() * 2 ** 31));
const settings = {
  PROPERTY_CASES: env.PROPERTY_CASES ?? '50000',
  PROPERTY_SEED: env.PROPERTY_SEED ?? drawn(),
  SIMULATION_SEEDS: env.SIMULATION_SEEDS ?? '20000',
  SIMULATION_FIRST: env.SIMULATION_FIRST ?? drawn(),
  LEASE_SEEDS: env.LEASE_SEEDS ?? '24',
  LEASE_FIRST: env.LEASE_FIRST ?? drawn(),
  FUZZ_PACKETS: env.FUZZ_PACKETS ?? '500000',
  FUZZ_SEED: env.FUZZ_SEED ?? drawn(),
};
console.log(
  Object.entries(settings)
    .map((each) => each.join('='))
    .join(' '),
);

/** By their length on two cores: what takes longest begins first, and nothing of it is left over at the end. */
const LONGEST = ['seeds-even', 'seeds-odd', '/windows', 'late-windows', 'mixed-windows', 'pipeline', 'late-hours'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((name) => moduleId.includes(name));
      return found < 0 ? LONGEST.length : found;
    };
    return files.toSorted((a, b) => place(a) - place(b));
  }
}

/** The tests of random cases at length: `npm run test:long`, or a part of it: `npm run test:long -- tests/fuzz`. */
export default defineConfig({
  test: {
    include: ['tests/property/**/*.test.ts', 'tests/simulation/**/*.test.ts', 'tests/fuzz/**/*.test.ts'],
    env: settings,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    pool: 'forks',
    disableConsoleIntercept: true,
  },
});
