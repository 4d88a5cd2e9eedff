import { env } from 'node:process';
import { defineConfig } from 'vitest/config';

/**
 * The property tests at length: `vitest run --config tests/property/vitest.long.config.ts`. PROPERTY_CASES says how many
 * cases a property gets (50,000 when absent), PROPERTY_SEED repeats a run; without it each run draws new cases.
 */
const cases = env.PROPERTY_CASES ?? '50000';
const seed = env.PROPERTY_SEED ?? String(Math.floor(Math.random() * 2 ** 31));
console.log(`${cases} cases a property, PROPERTY_SEED=${seed}`);

export default defineConfig({
  test: {
    include: ['tests/property/**/*.test.ts'],
    env: { PROPERTY_CASES: cases, PROPERTY_SEED: seed },
    maxWorkers: 2,
    pool: 'forks',
    disableConsoleIntercept: true,
  },
});
