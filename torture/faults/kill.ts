import { setTimeout as sleep } from 'node:timers/promises';
import { examine } from '../check.ts';
import type { Round } from '../round.ts';
import type { Fault } from './fault.ts';

const KILLS = 3;
/** Of kills, those that hit a start that is not ready yet. */
const EARLY_RATIO = 0.25;

export const kill: Fault = {
  name: 'kill',
  title: 'kill -9 at random moments under 8 pipelining publishers, also while it starts',
  weight: 4,
  needs: [],
  run: async (round) => {
    await round.start();
    const publishers = await round.publish();
    let early = 0;
    for (let count = 0; count < KILLS; count++) {
      await sleep(round.between(150, 1_050));
      await round.kill();
      if (round.random() < EARLY_RATIO) {
        await killEarly(round);
        early++;
      }
      await round.start();
    }
    round.notes.push(`${KILLS + early} kills`);
    return examine(round, await publishers.finish());
  },
};

async function killEarly(round: Round): Promise<void> {
  const launched = round.launch();
  await sleep(round.between(100, 2_500));
  launched.kill('SIGKILL');
  await launched.ended;
}
