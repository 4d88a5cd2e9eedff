import { setTimeout as sleep } from 'node:timers/promises';
import { examine } from '../check.ts';
import type { Fault } from './fault.ts';

const PAUSES = 2;

export const pause: Fault = {
  name: 'pause',
  title: 'SIGSTOP, partly for longer than publishers wait, then SIGCONT',
  weight: 1,
  needs: [],
  run: async (round) => {
    const { pid } = await round.start();
    const publishers = await round.publish();
    for (let count = 0; count < PAUSES; count++) {
      await sleep(round.between(300, 1_000));
      process.kill(pid, 'SIGSTOP');
      await sleep(count % 2 === 0 ? round.between(4_000, 6_000) : round.between(200, 2_000));
      process.kill(pid, 'SIGCONT');
    }
    await sleep(500);
    const stats = await publishers.finish();
    round.notes.push(`${PAUSES} pauses, ${stats.reduce((sum, each) => sum + each.reconnectCount, 0)} reconnects`);
    return examine(round, stats);
  },
};
