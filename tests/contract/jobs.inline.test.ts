import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { manualClock } from '../../src/base/index.ts';
import type { Jobs } from '../../src/jobs/index.ts';
import { createInlineJobs, type StartTimer } from '../../src/jobs/inline/index.ts';
import { type JobsHarness, jobsContract } from './jobs.contract.ts';

/** Timers that fire when the test says so. */
function manualTimers() {
  const waiting = new Set<{ afterMs: number; call: () => void }>();
  const start: StartTimer = (afterMs, call) => {
    const timer = { afterMs, call };
    waiting.add(timer);
    return () => waiting.delete(timer);
  };
  const fire = () => {
    for (const timer of [...waiting]) {
      waiting.delete(timer);
      timer.call();
    }
  };
  return { start, fire, waitsMs: () => [...waiting].map((timer) => timer.afterMs) };
}

jobsContract('inline', async (): Promise<JobsHarness> => {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-jobs-'));
  const clock = manualClock(1_768_478_400_000);
  const timers = manualTimers();
  let file = join(folder, 'new', 'jobs.sqlite');
  const open = async () => {
    const made = createInlineJobs({ file, clock, startTimer: timers.start });
    opened.push(made);
    await made.open();
    return made;
  };
  const opened: Jobs[] = [];
  return {
    jobs: await open(),
    reopen: async () => {
      await opened.at(-1)?.close();
      return open();
    },
    // What a killed process leaves: the file and its log as they are at this moment.
    crash: async () => {
      const left = join(folder, `crashed-${opened.length}.sqlite`);
      for (const end of ['', '-wal']) cpSync(file + end, left + end);
      file = left;
      return open();
    },
    passTime: () => {
      clock.advance(600_000);
      timers.fire();
    },
    dispose: async () => {
      for (const one of opened) await one.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

describe('the inline jobs', () => {
  let folder: string;
  let file: string;
  const clock = manualClock(1_768_478_400_000);
  const timers = manualTimers();
  const opened: Jobs[] = [];
  const make = () => {
    const jobs = createInlineJobs({ file, clock, startTimer: timers.start });
    opened.push(jobs);
    return jobs;
  };
  const open = async () => {
    const jobs = make();
    await jobs.open();
    return jobs;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vitals-jobs-'));
    file = join(folder, 'jobs.sqlite');
  });
  afterEach(async () => {
    for (const jobs of opened.splice(0)) await jobs.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  test('the wait between attempts doubles, and later jobs of the kind go on meanwhile', async () => {
    const jobs = await open();
    jobs.handle('a', async ({ job }) => (job.input === 'bad' ? Promise.reject(new Error('no')) : 'done'));
    const bad = await jobs.add('a', 'bad', { attemptsMax: 4 });
    const good = await jobs.add('a', 'good');
    await settle();
    expect((await jobs.get(good.id))?.state).toBe('completed');
    const waits: number[] = [];
    for (let attempt = 1; attempt < 4; attempt++) {
      const [waitMs] = timers.waitsMs();
      waits.push(waitMs!);
      clock.advance(waitMs! - 1);
      timers.fire();
      await settle();
      expect((await jobs.get(bad.id))?.attempts).toBe(attempt);
      clock.advance(1);
      timers.fire();
      await settle();
    }
    expect(waits).toEqual([1_000, 2_000, 4_000]);
    expect(await jobs.get(bad.id)).toMatchObject({ state: 'failed', attempts: 4 });
    expect(timers.waitsMs()).toEqual([]);
  });

  test('a job that keeps killing the process is given up', async () => {
    const jobs = await open();
    const { id } = await jobs.add('a', null);
    await jobs.close();
    const database = new DatabaseSync(file);
    database.exec(`UPDATE jobs SET state = 'active', attempts = 8`);
    database.close();
    expect(await (await open()).get(id)).toMatchObject({ state: 'failed', error: expect.stringContaining('8 times') });
  });

  test('the list is bounded: ended jobs beyond 1,000 are forgotten, waiting ones beyond 10,000 refused', {
    timeout: 60_000,
  }, async () => {
    await (await open()).close();
    const database = new DatabaseSync(file);
    database.exec(`
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 11000)
      INSERT INTO jobs (kind, input, state, attempts_max, created_at_ms)
      SELECT 'a', 'null', CASE WHEN i <= 1001 THEN 'completed' ELSE 'waiting' END, 3, 0 FROM n`);
    database.close();
    const jobs = await open();
    expect((await jobs.list({ limit: 100_000 })).length).toBe(1_000);
    await jobs.add('a', 1);
    await expect(jobs.add('a', 2)).rejects.toMatchObject({ code: 'jobs_full', retryable: true });
    await jobs.cancel('1500');
    await jobs.add('a', 2);
    await expect(jobs.retry('1500')).rejects.toMatchObject({ code: 'jobs_full', retryable: true });
    expect(await jobs.get('1')).toBeUndefined();
    expect(await jobs.get('2')).toBeUndefined();
    expect(await jobs.get('3')).toMatchObject({ id: '3', kind: 'a', state: 'completed' });
    expect((await jobs.list({ state: 'completed', limit: 2_000 })).length).toBe(999);
  });

  test('a second process is refused', async () => {
    await open();
    const source = `import { createInlineJobs } from ${JSON.stringify(join(import.meta.dirname, '../../src/jobs/inline/index.ts'))};
      const clock = { nowMs: () => 0, monotonicMs: () => 0 };
      createInlineJobs({ file: ${JSON.stringify(file)}, clock }).open().then(() => console.log('opened'), (error) => console.log(error.code));`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
    expect(child.stdout.trim()).toBe('jobs_locked');
  });

  test('killed at any moment, each job that was acknowledged is there once', { timeout: 60_000 }, async () => {
    const source = `import { createInlineJobs } from ${JSON.stringify(join(import.meta.dirname, '../../src/jobs/inline/index.ts'))};
      const clock = { nowMs: () => 0, monotonicMs: () => 0 };
      const jobs = createInlineJobs({ file: ${JSON.stringify(file)}, clock });
      await jobs.open();
      for (let at = 0; ; at++) process.stdout.write((await jobs.add('a', at)).id + '\\n');`;
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      await new Promise<void>((resolve) =>
        child.stdout.on('data', (data) => {
          text += data;
          if (text.split('\n').length > 20 * (round + 1)) resolve();
        }),
      );
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      const acknowledged = text.split('\n').slice(0, -1);
      const jobs = await open();
      for (const id of acknowledged) expect((await jobs.get(id))?.state).toBe('waiting');
      await jobs.close();
    }
  });

  test('a place that cannot be written, a damaged file and a newer one give one sentence each', async () => {
    writeFileSync(file, 'no database '.repeat(1_000));
    await expect(make().open()).rejects.toMatchObject({ code: 'jobs_damaged', message: expect.stringContaining(file) });
    file = join(folder, 'jobs.sqlite', 'jobs.sqlite');
    await expect(make().open()).rejects.toMatchObject({
      code: 'jobs_unwritable',
      message: expect.stringContaining(file),
    });
    file = join(folder, 'newer.sqlite');
    await (await open()).close();
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 9');
    database.close();
    await expect(make().open()).rejects.toMatchObject({
      code: 'jobs_schema_newer',
      message: expect.stringContaining('9'),
    });
  });
});
