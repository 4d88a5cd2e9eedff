import { setTimeout as sleep } from 'node:timers/promises';
import { Mosquitto } from '../../harness/index.ts';
import { Api } from '../../simulators/verify/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import { examine } from '../check.ts';
import type { Round } from '../round.ts';
import type { Fault } from './fault.ts';

const SETTINGS = [
  'allow_anonymous true',
  'max_inflight_messages 1000',
  'max_queued_messages 0',
  'persistence true',
  'autosave_interval 30',
];
const ENDS = 3;
const QUIET_MS = 2_000;
const FORWARD_MS_MAX = 60_000;

/** Mosquitto's own acknowledgement is not "on disk": what its crash loses is up to its settings (docs/delivery.md). */
export const mosquitto: Fault = {
  name: 'mosquitto',
  title: 'Mosquitto in front of the product is killed, or ends, and comes back',
  weight: 1,
  needs: ['mosquitto'],
  run: async (round) => {
    round.ownConnections = 1;
    const isKilled = round.random() < 0.5;
    const broker = await Mosquitto.start(round.folder, [...SETTINGS, `persistence_location ${round.folder}/`]);
    round.onClose(() => broker.stop('SIGKILL'));
    const external: NonNullable<CityFile['mqtt']> = {
      external: { url: broker.url, clientId: 'torture', topics: ['#'] },
    };
    await round.start({ city: { mqtt: external } });
    const publishers = await round.publish({ port: broker.port, perSecond: 300 });
    for (let count = 0; count < ENDS; count++) {
      await sleep(round.between(400, 1_200));
      await broker.stop(isKilled ? 'SIGKILL' : 'SIGTERM');
      await sleep(round.between(0, 500));
      await broker.start();
    }
    await sleep(500);
    const stats = await publishers.finish();
    await untilForwarded(round);
    await broker.stop();
    const finding = await examine(round, stats, isKilled);
    const { acknowledged, kept } = finding.tally;
    const lost = isKilled ? `, ${acknowledged - kept} lost by Mosquitto, as it may` : '';
    round.notes.push(`${ENDS} times ${isKilled ? 'SIGKILL' : 'SIGTERM'}${lost}`);
    return finding;
  },
};

/** Waits until nothing new has come from the broker for two seconds. */
async function untilForwarded(round: Round): Promise<void> {
  const api = new Api(round.product.httpUrl);
  let before = -1;
  for (let waitedMs = 0; waitedMs < FORWARD_MS_MAX; waitedMs += QUIET_MS) {
    const { received } = (await api.accounting()).messages;
    if (received === before) return;
    before = received;
    await sleep(QUIET_MS);
  }
  round.problems.push(`Mosquitto still had messages after ${FORWARD_MS_MAX / 1000} s`);
}
