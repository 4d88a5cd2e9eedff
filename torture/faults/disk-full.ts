import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { examine } from '../check.ts';
import { acknowledgedCount } from '../publishers.ts';
import type { Round } from '../round.ts';
import type { Fault } from './fault.ts';

const DISK_MIB = 32;
/** What is left beside the filler, and beside the reserve where there is one. */
const LEFT_MIB = 1;
const RESERVE_MIB = 8;
const FULL_MS_MAX = 30_000;
const QUIET_MS = 1_500;

export const diskFull: Fault = {
  name: 'disk-full',
  title: 'the journal on a tmpfs that runs full: acknowledgements stop, and go on without a restart',
  weight: 1,
  needs: ['root (mount of a tmpfs)'],
  run: async (round) => {
    // Without a reserve the disk itself says ENOSPC, in the middle of a write.
    const reserveMiB = round.random() < 0.5 ? 0 : RESERVE_MIB;
    const disk = join(round.dataFolder, 'journal');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'torture', disk]);
    round.onClose(() => void execFileSync('umount', [disk]));
    const city = { journal: { segmentMax: '1MiB', freeBytesMin: `${reserveMiB}MiB` } };
    const { pid } = await round.start({ city });
    const filler = join(disk, 'filler');
    writeFileSync(filler, Buffer.alloc((DISK_MIB - reserveMiB - LEFT_MIB) << 20));
    const publishers = await round.publish({ perSecond: 1_500 });
    await untilQuiet(round);
    await expectBlocked(round);
    round.notes.push(`reserve ${reserveMiB} MiB, ${Math.round(statfsSync(disk).bavail * 4)} KiB free when it stopped`);
    rmSync(filler);
    await sleep(QUIET_MS);
    const stats = await publishers.finish();
    if (round.product.pid !== pid || round.product.child.exitCode !== null)
      round.problems.push('the product did not go on');
    return examine(round, stats);
  },
};

/** Waits until publishers want more and get nothing. */
async function untilQuiet(round: Round): Promise<void> {
  let before = -1;
  for (let waitedMs = 0; waitedMs < FULL_MS_MAX; waitedMs += QUIET_MS) {
    const now = acknowledgedCount(await round.publishers.stats());
    if (now > 0 && now === before) return;
    before = now;
    await sleep(QUIET_MS);
  }
  round.problems.push(`acknowledgements went on for ${FULL_MS_MAX / 1000} s on a full disk`);
}

async function expectBlocked(round: Round): Promise<void> {
  const stats = await round.publishers.stats();
  if (stats.every((each) => each.sentCount === each.acknowledgedCount))
    round.problems.push('nobody waited for the full disk');
  const { status } = await fetch(`${round.product.httpUrl}/readyz`);
  if (status !== 503) round.problems.push(`/readyz said ${status} and not 503 on a full disk`);
}
