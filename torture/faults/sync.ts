import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { examine } from '../check.ts';
import type { Round } from '../round.ts';
import { readSyscallLog, type SyscallFindings, straceArguments } from '../syscall-log.ts';
import { programAt } from '../tools.ts';
import type { Fault } from './fault.ts';

/** What strace prints grows with the load; so few messages show the same. */
const LOAD = { windowCount: 25, perSecond: 60, underWayCount: 1 };
const END_MS_MAX = 60_000;
const SLOW_MS = 4_000;

export const syncError: Fault = {
  name: 'sync-error',
  title: 'fdatasync fails once with EIO: no acknowledgement after it, and the process ends',
  weight: 1,
  needs: ['strace'],
  run: async (round) => {
    const at = Math.floor(round.between(20, 120));
    const log = await startTraced(round, `fdatasync:error=EIO:when=${at}`);
    const publishers = await round.publish(LOAD);
    const gone = await Promise.race([round.product.ended, sleep(END_MS_MAX, undefined, { ref: false })]);
    if (gone === undefined) {
      round.problems.push(`the product still runs ${END_MS_MAX / 1000} s after fdatasync ${at} was to fail`);
      await round.kill();
    } else if (gone.code !== 1)
      round.problems.push(`the product ended with ${gone.code ?? gone.signal} and not with code 1`);
    const found = await traced(round, log);
    if (found.failedSyncCount !== 1) round.problems.push(`${found.failedSyncCount} failed fdatasync were seen, not 1`);
    if (found.afterFailure > 0) round.problems.push(`${found.afterFailure} acknowledgements after a failed fdatasync`);
    round.notes.push(`EIO at fdatasync ${at}`);
    await round.start();
    return examine(round, await publishers.finish());
  },
};

export const syncSlow: Fault = {
  name: 'sync-slow',
  title: 'every fdatasync takes 50 to 500 ms longer: acknowledgements wait for it',
  weight: 1,
  needs: ['strace'],
  run: async (round) => {
    const delayMs = Math.floor(round.between(50, 500));
    const log = await startTraced(round, `fdatasync:delay_enter=${delayMs * 1000}`);
    const publishers = await round.publish(LOAD);
    await sleep(SLOW_MS);
    // Killed as it is: what was acknowledged until then has to be there without a last sync.
    await round.kill();
    await traced(round, log);
    round.notes.push(`${delayMs} ms each`);
    await round.start();
    return examine(round, await publishers.finish());
  },
};

/** @returns where the log goes */
async function startTraced(round: Round, inject: string): Promise<string> {
  const log = join(round.folder, 'strace.log');
  const under = straceArguments(programAt('strace')!, log, inject);
  // Counters of strace are per thread: with one thread for files the n-th call is the n-th of the process.
  await round.start({ under, environment: { UV_THREADPOOL_SIZE: '1' } });
  return log;
}

async function traced(round: Round, log: string): Promise<SyscallFindings> {
  const found = await readSyscallLog(log);
  round.problems.push(...found.early.map((text) => `acknowledged before fdatasync: ${text}`));
  if (found.acknowledgedCount === 0 || found.syncCount === 0)
    round.problems.push('strace saw no acknowledgement or no fdatasync');
  return found;
}
