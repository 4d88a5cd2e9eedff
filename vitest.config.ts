import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What is waited for comes late on a busy machine.
    expect: { poll: { timeout: 20_000 } },
    // Two cores is the smallest machine this must pass on; integration tests start real processes beside the runner.
    maxWorkers: 2,
    pool: 'forks',
  },
});
