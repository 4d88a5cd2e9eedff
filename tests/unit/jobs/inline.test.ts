import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { manualClock, OperatingError } from '../../../src/base/index.ts';
import { createInlineJobs } from '../../../src/jobs/inline/index.ts';
import { JobsTable } from '../../../src/jobs/inline/table.ts';

const folder = mkdtempSync(join(tmpdir(), 'vitals-jobs-'));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

test('a list that cannot be written for a while delays starting and finishing a job, and loses neither', async () => {
  const timers: (() => void)[] = [];
  const startTimer = (_afterMs: number, call: () => void) => {
    timers.push(call);
    return () => undefined;
  };
  const jobs = createInlineJobs({ file: join(folder, 'jobs.sqlite'), clock: manualClock(0), startTimer });
  await jobs.open();
  const full = new OperatingError('jobs_work_failed', 'cannot write to the jobs: database or disk is full', {
    retryable: true,
  });
  const change = vi.spyOn(JobsTable.prototype, 'change');
  const failOnce = () =>
    change.mockImplementationOnce(() => {
      throw full;
    });
  let runs = 0;
  jobs.handle('a', async () => {
    runs++;
    failOnce();
    return 'made';
  });
  failOnce();
  const { id } = await jobs.add('a', null);
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  await settle();
  expect((await jobs.get(id))?.state).toBe('waiting');
  timers.shift()!();
  await settle();
  expect((await jobs.get(id))?.state).toBe('active');
  timers.shift()!();
  expect(await jobs.get(id)).toMatchObject({ state: 'completed', result: 'made', attempts: 1 });
  expect(runs).toBe(1);
  expect(timers).toEqual([]);
  await jobs.close();
});
