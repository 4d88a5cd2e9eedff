import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRedisServer, REDIS_SERVER, type ServerProcess, TcpGate } from '../../harness/index.ts';
import { systemClock } from '../../src/base/index.ts';
import { type BullJobs, createBullJobs } from '../../src/jobs/bullmq/index.ts';
import { type JobsHarness, jobsContract } from './jobs.contract.ts';

/** Short, so that what a dead process held is soon free. */
const TIMING = { retryFirstMs: 5, retryLongestMs: 20, lockMs: 400, stalledEveryMs: 100 } as const;

describe.skipIf(REDIS_SERVER === undefined)('on Redis (skipped where redis-server is not installed)', () => {
  let folder: string;
  let server: ServerProcess;
  let towns = 0;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vitals-redis-'));
    server = await openRedisServer(folder);
  });
  afterAll(async () => {
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  test('who hung while another process took its job over cannot change it any more', async () => {
    const gate = await TcpGate.open(server.port);
    const open = async (port: number) => {
      const redis = { url: `redis://127.0.0.1:${port}`, prefix: '{hanging}' };
      const jobs = createBullJobs({ redis, clock: systemClock, timing: TIMING, onProblem: () => undefined });
      await jobs.open();
      return jobs;
    };
    const [hanging, other] = [await open(gate.port), await open(server.port)];
    const { promise: isReleased, resolve: release } = Promise.withResolvers<void>();
    const { promise: told, resolve: tell } = Promise.withResolvers<unknown>();
    hanging.handle('a', async ({ checkpoint }) => {
      await checkpoint('of the hanging one');
      gate.shut();
      await isReleased;
      await checkpoint('too late').catch((error) => {
        tell(error);
        throw error;
      });
    });
    const { id } = await other.add('a', null, { attemptsMax: 1 });
    while ((await other.get(id))?.checkpoint === null) await sleep(5);
    other.handle('a', async ({ job }) => job.checkpoint);
    while ((await other.get(id))?.state !== 'completed') await sleep(5);
    gate.reopen();
    release();
    // By the lock that it cannot renew, or by the one that is not its own any more: whichever it notices first.
    expect(await told).toMatchObject({ message: expect.stringContaining("is another process's now") });
    expect(await other.get(id)).toMatchObject({ state: 'completed', result: 'of the hanging one', attempts: 2 });
    await Promise.all([hanging.close(), other.close()]);
    gate.close();
  });

  jobsContract('bullmq', async (): Promise<JobsHarness> => {
    const prefix = `{town-${++towns}}`;
    const opened: BullJobs[] = [];
    const gates: TcpGate[] = [];
    const problems: Error[] = [];
    const open = async () => {
      const gate = await TcpGate.open(server.port);
      gates.push(gate);
      const redis = { url: `redis://127.0.0.1:${gate.port}`, prefix };
      const made = createBullJobs({
        ...{ redis, clock: systemClock, timing: TIMING },
        onProblem: (error) => problems.push(error),
      });
      opened.push(made);
      await made.open();
      return made;
    };
    return {
      jobs: await open(),
      reopen: async () => {
        await opened.at(-1)?.close();
        return open();
      },
      // The lock of a dead process runs out.
      crash: async () => {
        gates.at(-1)!.shut();
        await sleep(2 * TIMING.lockMs);
        return open();
      },
      passTime: () => undefined,
      dispose: async () => {
        await Promise.all(opened.map((one) => one.close()));
        for (const gate of gates) gate.close();
      },
    };
  });
});
