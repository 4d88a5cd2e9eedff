import { setTimeout as sleep } from 'node:timers/promises';
import { examine } from '../check.ts';
import { TcpProxy } from '../tcp-proxy.ts';
import type { Fault } from './fault.ts';

const BAD_MS = 8_000;

export const proxy: Fault = {
  name: 'proxy',
  title: 'a network that cuts in the middle of packets, throttles, drops, and goes deaf on one way',
  weight: 1,
  needs: [],
  run: async (round) => {
    await round.start();
    const network = await TcpProxy.open(round.port, round.random);
    round.onClose(() => network.close());
    const publishers = await round.publish({ port: network.port });
    await sleep(BAD_MS);
    network.heal();
    const stats = await publishers.finish();
    const counts = Object.entries(network.counts).filter(([misery]) => misery !== 'none');
    round.notes.push(counts.map(([misery, count]) => `${count} ${misery}`).join(', '));
    return examine(round, stats);
  },
};
