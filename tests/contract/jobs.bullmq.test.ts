import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe } from 'vitest';
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
