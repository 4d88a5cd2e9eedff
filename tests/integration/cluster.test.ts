import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOSQUITTO, REDIS_SERVER } from '../../harness/index.ts';
import { seededRandom } from '../../simulators/common/index.ts';
import { findRecording, loadMapping, replay } from '../../simulators/replay/index.ts';
import {
  differencesOf,
  digestOf,
  everythingOf,
  surveyRecording,
  waitUntilLevel,
} from '../../simulators/verify/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import type { AccountingBody } from '../../src/views/http/schemas.ts';
import { type Member, TestCluster } from './support/cluster.ts';
import { getJson, type Server } from './support/workbench.ts';

const RECORDING = fileURLToPath(new URL('../../simulators/recordings/energy-konstanz', import.meta.url));
/** VITALS_TEST_CLUSTER_SECONDS asks for more: so long processes are killed. */
const KILLING_MS = 1_000 * Number(process.env.VITALS_TEST_CLUSTER_SECONDS ?? 20);
const SEED = process.env.VITALS_TEST_SEED ?? '20261130';
const DAY_MS = 86_400_000;
const DOWN_MS_MAX = 2_000;
const BETWEEN_MS_MAX = 2_000;

const CITY: CityFile = {
  city: { id: 'konstanz', name: 'Konstanz', timeZone: 'Europe/Berlin', population: 85_000 },
  zones: [{ id: 'west', name: 'West', population: 40_000 }],
  devices: [{ match: 'energy-konstanz:*', zone: 'west', role: 'customer', peopleServed: 4 }],
  windows: { clock: 'event', lateness: '60d', horizon: '60d', tick: '100ms' },
  snapshot: { every: '1s' },
  log: { level: 'warn' },
};

const isMissing = MOSQUITTO === undefined || REDIS_SERVER === undefined;

describe.skipIf(isMissing)('a city over several processes (skipped without mosquitto and redis-server)', () => {
  let cluster: TestCluster;
  let calm: Server;
  beforeEach(async () => {
    cluster = await TestCluster.open({ city: CITY, partitions: 8, lease: '3s' });
    calm = await cluster.startAlone('calm');
    for (const name of ['intake-1', 'intake-2']) await cluster.start(name, 'intake');
    for (const name of ['engine-1', 'engine-2', 'engine-3']) await cluster.start(name, 'engine');
    await cluster.start('api-1', 'api');
  }, 180_000);
  afterEach(() => cluster.close(), 60_000);

  it('says what one process says, while any of them is killed at random', async () => {
    process.stdout.write(`cluster.test: seed ${SEED} (VITALS_TEST_SEED), ${KILLING_MS / 1000} s of killing\n`);
    const random = seededRandom(SEED);
    const { span, publishing } = await publish(cluster, KILLING_MS);
    const kills = await killAtRandom(cluster, random, KILLING_MS);
    const { messagesAcked } = await publishing;
    await expectTheSame(cluster, calm, { messagesAcked, span, note: `${kills} kills` });
  }, 1_800_000);
});

/** Publishes the recording in so long a time. */
async function publish({ mosquitto }: TestCluster, lengthMs: number) {
  const place = findRecording(RECORDING);
  const { oldestMs, newestMs } = await surveyRecording(place, loadMapping(place).mapping);
  const speed = (newestMs - oldestMs) / lengthMs;
  const publishing = replay({ recording: RECORDING, url: mosquitto.url, qos: 1, speed });
  return { publishing, span: [oldestMs - 2 * DAY_MS, newestMs + 2 * DAY_MS] as const };
}

async function killAtRandom(cluster: TestCluster, random: () => number, lengthMs: number): Promise<number> {
  const untilMs = performance.now() + lengthMs;
  const away = new Set<Member>();
  const restarts: Promise<void>[] = [];
  let kills = 0;
  while (performance.now() < untilMs) {
    await sleep(random() * BETWEEN_MS_MAX);
    const there = cluster.members.filter((member) => !away.has(member));
    const member = there[Math.floor(random() * there.length)];
    if (member === undefined) continue;
    kills++;
    away.add(member);
    const signal = random() < 0.8 ? 'SIGKILL' : 'SIGTERM';
    restarts.push(cluster.restart(member, signal, random() * DOWN_MS_MAX).then(() => void away.delete(member)));
  }
  await Promise.all(restarts);
  return kills;
}

interface Published {
  readonly messagesAcked: number;
  readonly span: readonly [fromMs: number, toMs: number];
  readonly note: string;
}

async function expectTheSame(cluster: TestCluster, calm: Server, { messagesAcked, span, note }: Published) {
  const answersOf = async ({ httpUrl }: Server) => {
    await waitUntilLevel(httpUrl, { messagesMin: messagesAcked, stallMsMax: 60_000 });
    const accounting = await getJson<AccountingBody>(httpUrl, '/api/v1/accounting');
    return { accounting, all: await everythingOf(httpUrl, ...span) };
  };
  const expected = await answersOf(calm);
  for (const { name, server } of cluster.members.filter(({ roles }) => roles.includes('api'))) {
    const got = await answersOf(server);
    const { received, counted, duplicate } = got.accounting.readings;
    const digest = digestOf(got.all).slice(0, 16);
    process.stdout.write(
      `cluster.test: ${name}, ${note}: ${messagesAcked} messages, ${received} readings, ${duplicate} duplicate; ${got.all.size} answers, digest ${digest}\n`,
    );
    expect(differencesOf(expected.all, got.all)).toEqual([]);
    expect(counted).toBe(expected.accounting.readings.counted);
    expect(got.accounting.balanced).toEqual({ messages: true, readings: true });
  }
}
