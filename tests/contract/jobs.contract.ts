import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OperatingError } from '../../src/base/index.ts';
import type { Job, JobContext, JobState, Jobs } from '../../src/jobs/index.ts';

/** An implementation under test. */
export interface JobsHarness {
  readonly jobs: Jobs;
  /** Closes the queue in good order and opens it again. */
  reopen(): Promise<Jobs>;
  /** Leaves the queue as a crash would and opens what is left. */
  crash(): Promise<Jobs>;
  /** Lets enough time pass for every wait between attempts. */
  passTime(): void;
  dispose(): Promise<void>;
}

/** What every queue of jobs must do. */
export function jobsContract(name: string, makeHarness: () => Promise<JobsHarness>): void {
  describe(`jobs contract: ${name}`, () => {
    let harness: JobsHarness;
    let jobs: Jobs;
    beforeEach(async () => {
      harness = await makeHarness();
      jobs = harness.jobs;
    });
    afterEach(() => harness.dispose());
    const use: Use = {
      jobs: () => jobs,
      harness: () => harness,
      reopen: async () => {
        jobs = await harness.reopen();
      },
      crash: async () => {
        jobs = await harness.crash();
      },
      reach: (id, state) =>
        reachJob(
          () => jobs,
          harness,
          id,
          (job) => job.state === state,
        ),
      reachCheckpoint: (id) =>
        reachJob(
          () => jobs,
          harness,
          id,
          (job) => job.checkpoint !== null,
        ),
    };
    runningTests(use);
    addingTests(use);
    failingTests(use);
    endingTests(use);
    retryTests(use);
  });
}

interface Use {
  jobs(): Jobs;
  harness(): JobsHarness;
  reopen(): Promise<void>;
  crash(): Promise<void>;
  /** Waits until the job has the state. */
  reach(id: string, state: JobState): Promise<Job>;
  /** Waits until its handler has saved something. */
  reachCheckpoint(id: string): Promise<Job>;
}

async function reachJob(
  jobs: () => Jobs,
  harness: JobsHarness,
  id: string,
  isReached: (job: Job) => boolean,
): Promise<Job> {
  for (;;) {
    const job = await jobs().get(id);
    if (job !== undefined && isReached(job)) return job;
    harness.passTime();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function runningTests(use: Use): void {
  test('a job runs with its input and keeps the result', async () => {
    const input = { from: 1, name: `o'x "ü" 😀`, list: [null, true] };
    const added = await use.jobs().add('export', input);
    expect(added).toMatchObject({
      kind: 'export',
      input,
      state: 'waiting',
      progress: 0,
      attempts: 0,
      result: null,
      error: null,
      checkpoint: null,
    });
    use.jobs().handle('export', async ({ job }) => ({ got: job.input }));
    const done = await use.reach(added.id, 'completed');
    expect(done).toMatchObject({ result: { got: input }, progress: 1, attempts: 1, error: null });
    expect(done.finishedAtMs).toBeGreaterThanOrEqual(done.createdAtMs);
    await use.reopen();
    expect(await use.jobs().get(added.id)).toEqual(done);
  });

  test('jobs of a kind run in order of adding and one at a time; kinds run side by side', async () => {
    const log: string[] = [];
    let running = 0;
    let releaseOther = () => {};
    const other = new Promise<void>((resolve) => {
      releaseOther = resolve;
    });
    use.jobs().handle('slow', async () => other);
    use.jobs().handle('quick', async ({ job }) => {
      running++;
      expect(running).toBe(1);
      log.push(job.id);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    });
    const slow = await use.jobs().add('slow', null);
    const added = [];
    for (let at = 0; at < 6; at++) added.push((await use.jobs().add('quick', at)).id);
    await use.reach(added.at(-1)!, 'completed');
    expect(log).toEqual(added);
    expect((await use.jobs().get(slow.id))?.state).toBe('active');
    releaseOther();
    await use.reach(slow.id, 'completed');
  });

  test('a job of a kind without code waits for it, also over a restart', async () => {
    const { id } = await use.jobs().add('report', 1);
    await use.reopen();
    expect((await use.jobs().get(id))?.state).toBe('waiting');
    use.jobs().handle('report', async () => 'made');
    expect((await use.reach(id, 'completed')).result).toBe('made');
  });

  test('progress is seen while the job runs', async () => {
    const gate = gateOf();
    use.jobs().handle('export', async (context) => {
      await context.progress(0.5);
      await gate.opened;
    });
    const { id } = await use.jobs().add('export', null);
    await use.reach(id, 'active');
    let progress = 0;
    while (progress === 0) {
      progress = (await use.jobs().get(id))!.progress;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(progress).toBe(0.5);
    gate.open();
    await use.reach(id, 'completed');
  });
}

function addingTests(use: Use): void {
  test('a key returns the waiting or active job, and a new one once that has ended', async () => {
    const first = await use.jobs().add('recompute', 1, { deduplicationKey: `day'1` });
    expect((await use.jobs().add('recompute', 2, { deduplicationKey: `day'1` })).id).toBe(first.id);
    expect((await use.jobs().add('recompute', 2, { deduplicationKey: 'day 2' })).id).not.toBe(first.id);
    const gate = gateOf();
    use.jobs().handle('recompute', () => gate.opened);
    await use.reach(first.id, 'active');
    expect((await use.jobs().add('recompute', 3, { deduplicationKey: `day'1` })).id).toBe(first.id);
    gate.open();
    await use.reach(first.id, 'completed');
    const again = await use.jobs().add('recompute', 4, { deduplicationKey: `day'1` });
    expect(again.id).not.toBe(first.id);
    expect(again.input).toBe(4);
    await use.reach(again.id, 'completed');
  });

  test('the list is newest first, filtered and bounded', async () => {
    const ids: string[] = [];
    for (const kind of ['a', 'b', 'a', 'a']) ids.push((await use.jobs().add(kind, null)).id);
    await use.jobs().cancel(ids[3]!);
    const listed = async (filter: object) => (await use.jobs().list({ limit: 10, ...filter })).map((job) => job.id);
    expect(await listed({})).toEqual([...ids].reverse());
    expect(await listed({ kind: 'a' })).toEqual([ids[3], ids[2], ids[0]]);
    expect(await listed({ kind: 'a', state: 'waiting' })).toEqual([ids[2], ids[0]]);
    expect(await listed({ state: 'cancelled' })).toEqual([ids[3]]);
    expect(await listed({ limit: 2 })).toEqual([ids[3], ids[2]]);
  });

  test('counts of all jobs by kind and state', async () => {
    expect(await use.jobs().counts()).toEqual([]);
    const ids: string[] = [];
    for (const kind of ['a', 'b', 'a', 'a']) ids.push((await use.jobs().add(kind, null)).id);
    await use.jobs().cancel(ids[3]!);
    const there = (await use.jobs().counts()).filter(({ count }) => count > 0);
    expect(there).toHaveLength(3);
    expect(there).toEqual(
      expect.arrayContaining([
        { kind: 'a', state: 'cancelled', count: 1 },
        { kind: 'a', state: 'waiting', count: 2 },
        { kind: 'b', state: 'waiting', count: 1 },
      ]),
    );
  });

  test('an input that is no JSON value is refused', async () => {
    await expect(use.jobs().add('a', () => 1)).rejects.toBeInstanceOf(OperatingError);
    await expect(use.jobs().add('a', 1n)).rejects.toBeInstanceOf(OperatingError);
  });

  test('a job that nobody added is unknown', async () => {
    for (const id of ['999', 'x', '', "1' OR 1=1", '1.0']) expect(await use.jobs().get(id)).toBeUndefined();
  });
}

function failingTests(use: Use): void {
  test('a failed job runs again from its checkpoint, and fails for good after its attempts', async () => {
    const seen: unknown[] = [];
    use.jobs().handle('decode', async (context) => {
      seen.push(context.job.checkpoint);
      await context.checkpoint({ attempt: context.job.attempts, exact: 0.1 + 0.2 });
      throw new Error('cannot decode:\n  broken');
    });
    const { id } = await use.jobs().add('decode', null);
    const failed = await use.reach(id, 'failed');
    expect(failed).toMatchObject({ attempts: 3, error: 'cannot decode: broken', result: null });
    expect(failed.finishedAtMs).not.toBeNull();
    expect(seen).toEqual([
      null,
      { attempt: 1, exact: 0.30000000000000004 },
      { attempt: 2, exact: 0.30000000000000004 },
    ]);
  });

  test('a job with one attempt fails at once; one that mends itself completes without an error', async () => {
    use.jobs().handle('once', async () => Promise.reject(new Error('no')));
    use.jobs().handle('mend', async ({ job }) => {
      if (job.attempts < 3) throw new Error('not yet');
      return job.attempts;
    });
    const once = await use.jobs().add('once', null, { attemptsMax: 1 });
    expect(await use.reach(once.id, 'failed')).toMatchObject({ attempts: 1, error: 'no' });
    const mend = await use.jobs().add('mend', null, { attemptsMax: 5 });
    expect(await use.reach(mend.id, 'completed')).toMatchObject({ attempts: 3, error: null, result: 3 });
  });
}

function retryTests(use: Use): void {
  const fail = () => use.jobs().handle('a', async () => Promise.reject(new Error('no')));

  test('a failed job goes back to waiting and runs from its checkpoint, its attempts counted anew', async () => {
    use.jobs().handle('a', async ({ checkpoint }) => {
      await checkpoint({ at: 7 });
      throw new Error('no room');
    });
    const { id } = await use.jobs().add('a', { day: 1 });
    await use.reach(id, 'failed');
    await use.reopen();
    await use.jobs().retry(id);
    const back = { state: 'waiting', attempts: 0, error: null, nextAttemptAtMs: null, finishedAtMs: null };
    expect(await use.jobs().get(id)).toMatchObject({ ...back, checkpoint: { at: 7 }, input: { day: 1 } });
    use.jobs().handle('a', async ({ job }) => job.checkpoint);
    const done = await use.reach(id, 'completed');
    expect(done).toMatchObject({ result: { at: 7 }, attempts: 1, error: null });
  });

  test('it has all its attempts again', async () => {
    fail();
    const { id } = await use.jobs().add('a', null, { attemptsMax: 2 });
    const first = await use.reach(id, 'failed');
    const attempts: number[] = [];
    use.jobs().handle('a', async ({ job }) => {
      attempts.push(job.attempts);
      throw new Error('still no');
    });
    await use.jobs().retry(id);
    const second = await use.reach(id, 'failed');
    expect(attempts).toEqual([1, 2]);
    expect(second).toMatchObject({ error: 'still no', createdAtMs: first.createdAtMs });
  });

  test('a cancelled job runs again too, once what still ran of it has ended', async () => {
    const gate = gateOf();
    let runs = 0;
    use.jobs().handle('a', async () => {
      runs++;
      if (runs > 1) return 'second';
      await gate.opened;
      return 'too late';
    });
    const { id } = await use.jobs().add('a', null);
    await use.reach(id, 'active');
    // It is active before its handler is called.
    while (runs === 0) await nextTurn();
    await use.jobs().cancel(id);
    await use.jobs().retry(id);
    expect(await use.jobs().get(id)).toMatchObject({ state: 'waiting', attempts: 0 });
    gate.open();
    expect(await use.reach(id, 'completed')).toMatchObject({ result: 'second', attempts: 1 });
    expect(runs).toBe(2);
  });

  test('a job in another state, and one that nobody added, stay as they are', async () => {
    const waiting = await use.jobs().add('b', null);
    await use.jobs().retry(waiting.id);
    expect(await use.jobs().get(waiting.id)).toEqual(waiting);
    use.jobs().handle('a', async () => 'made');
    const done = await use.reach((await use.jobs().add('a', null)).id, 'completed');
    await use.jobs().retry(done.id);
    expect(await use.jobs().get(done.id)).toEqual(done);
    for (const id of ['999', 'x', '']) await use.jobs().retry(id);
    expect(await use.jobs().list({ limit: 10 })).toHaveLength(2);
  });

  test('while another job has its key it stays ended; afterwards its key is taken again', async () => {
    const first = await use.jobs().add('b', 1, { deduplicationKey: 'day 1' });
    await use.jobs().cancel(first.id);
    const second = await use.jobs().add('b', 2, { deduplicationKey: 'day 1' });
    await use.jobs().retry(first.id);
    expect((await use.jobs().get(first.id))?.state).toBe('cancelled');
    await use.jobs().cancel(second.id);
    await use.jobs().retry(first.id);
    expect((await use.jobs().get(first.id))?.state).toBe('waiting');
    expect((await use.jobs().add('b', 3, { deduplicationKey: 'day 1' })).id).toBe(first.id);
  });

  test('between attempts it tells of the last error and when it is tried again', async () => {
    fail();
    const { id, nextAttemptAtMs } = await use.jobs().add('a', null);
    expect(nextAttemptAtMs).toBeNull();
    let job = await use.jobs().get(id);
    while (job?.state !== 'waiting' || job.attempts === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      job = await use.jobs().get(id);
    }
    expect(job).toMatchObject({ error: 'no', finishedAtMs: null });
    expect(job.nextAttemptAtMs).toBeGreaterThan(job.createdAtMs);
    expect(await use.reach(id, 'failed')).toMatchObject({ error: 'no', nextAttemptAtMs: null });
  });
}

function endingTests(use: Use): void {
  test('a cancelled waiting job never starts; an ended one stays as it is', async () => {
    const started: string[] = [];
    const first = await use.jobs().add('a', null);
    const second = await use.jobs().add('a', null);
    await use.jobs().cancel(first.id);
    use.jobs().handle('a', async ({ job }) => started.push(job.id));
    const done = await use.reach(second.id, 'completed');
    expect(started).toEqual([second.id]);
    expect((await use.jobs().get(first.id))?.state).toBe('cancelled');
    await use.jobs().cancel(second.id);
    await use.jobs().cancel('12345');
    expect(await use.jobs().get(second.id)).toEqual(done);
  });

  test('cancelling an active job aborts it; what it does afterwards changes nothing, and the next one waits for its end', async () => {
    const contexts: JobContext[] = [];
    const gate = gateOf();
    use.jobs().handle('a', async (context) => {
      contexts.push(context);
      if (contexts.length > 1) return 'second';
      await gate.opened;
      return 'too late';
    });
    const first = await use.jobs().add('a', null);
    const second = await use.jobs().add('a', null);
    await use.reach(first.id, 'active');
    await use.jobs().cancel(first.id);
    expect(contexts[0]?.signal.aborted).toBe(true);
    await expect(contexts[0]!.checkpoint(1)).rejects.toThrow();
    expect((await use.jobs().get(second.id))?.state).toBe('waiting');
    gate.open();
    await use.reach(second.id, 'completed');
    expect(await use.jobs().get(first.id)).toMatchObject({ state: 'cancelled', result: null, checkpoint: null });
  });

  test('closing aborts active jobs; they run again from their checkpoint, and it costs no attempt', async () => {
    use.jobs().handle('a', async ({ checkpoint, signal }) => {
      await checkpoint(['half']);
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const { id } = await use.jobs().add('a', null, { attemptsMax: 1 });
    await use.reachCheckpoint(id);
    await use.reopen();
    expect(await use.jobs().get(id)).toMatchObject({ state: 'waiting', attempts: 0 });
    use.jobs().handle('a', async ({ job }) => job.checkpoint);
    expect(await use.reach(id, 'completed')).toMatchObject({ result: ['half'], attempts: 1 });
  });

  test('after a crash an active job runs again from its checkpoint, its attempts kept', async () => {
    const gate = gateOf();
    use.jobs().handle('a', async ({ checkpoint }) => {
      await checkpoint({ at: 7 });
      await gate.opened;
    });
    const { id } = await use.jobs().add('a', { big: 1 });
    const behind = await use.jobs().add('a', 2);
    await use.reachCheckpoint(id);
    await use.crash();
    gate.open();
    expect(await use.jobs().get(id)).toMatchObject({ state: 'waiting', attempts: 1, checkpoint: { at: 7 } });
    const order: string[] = [];
    use.jobs().handle('a', async ({ job }) => {
      order.push(job.id);
      return job.checkpoint;
    });
    expect(await use.reach(id, 'completed')).toMatchObject({ result: { at: 7 }, attempts: 2, input: { big: 1 } });
    await use.reach(behind.id, 'completed');
    expect(order).toEqual([id, behind.id]);
  });

  test('closed, it refuses', async () => {
    await use.jobs().close();
    await expect(use.jobs().add('a', 1)).rejects.toBeInstanceOf(OperatingError);
    await use.jobs().close();
  });
}

function gateOf(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
