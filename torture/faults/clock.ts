import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { examine } from '../check.ts';
import { fakedClock } from '../tools.ts';
import type { Fault } from './fault.ts';

const JUMPS_MAX_HOURS = 30;
const JUMPS = 5;

export const clock: Fault = {
  name: 'clock',
  title: 'the clock of the product jumps by up to 30 hours, both ways, by libfaketime',
  weight: 1,
  needs: ['libfaketime'],
  run: async (round) => {
    const file = join(round.folder, 'clock');
    const set = (seconds: number) => writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    set(0);
    await round.start({ environment: fakedClock(file) });
    const publishers = await round.publish();
    const jumps: number[] = [];
    for (let count = 0; count < JUMPS; count++) {
      await sleep(round.between(400, 900));
      jumps.push(Math.round(round.between(-JUMPS_MAX_HOURS, JUMPS_MAX_HOURS) * 3600));
      set(jumps.at(-1)!);
    }
    await sleep(500);
    // Part of the way the clock is right again while the journal has seen another one.
    set(0);
    await sleep(500);
    const stats = await publishers.finish();
    round.notes.push(`jumps to ${jumps.map((seconds) => `${(seconds / 3600).toFixed(1)} h`).join(', ')}`);
    return examine(round, stats);
  },
};
