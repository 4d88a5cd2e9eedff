import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOSQUITTO, Mosquitto } from '../../harness/index.ts';
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
import { getJson, type Server, Workbench } from './support/workbench.ts';

const RECORDING = fileURLToPath(new URL('../../simulators/recordings/energy-konstanz', import.meta.url));
/** VITALS_TEST_KILLS asks for more. */
const KILLS = Number(process.env.VITALS_TEST_KILLS ?? 3);
const SEED = process.env.VITALS_TEST_SEED ?? '20261129';
const DAY_MS = 86_400_000;
/** Of replaying between two kills. */
const BETWEEN_MS = 1_200;

function city(url: string, clientId: string): CityFile {
  return {
    city: { id: 'konstanz', name: 'Konstanz', timeZone: 'Europe/Berlin', population: 85_000 },
    zones: [{ id: 'west', name: 'West', population: 40_000 }],
    devices: [{ match: 'energy-konstanz:*', zone: 'west', role: 'customer', peopleServed: 4 }],
    mqtt: { external: { url, clientId, topics: ['#'] } },
    windows: { clock: 'event', lateness: '60d', horizon: '60d', tick: '100ms' },
    snapshot: { every: '1s' },
    log: { level: 'warn' },
  };
}

describe.skipIf(MOSQUITTO === undefined)('a product behind Mosquitto under kill -9 (skipped without mosquitto)', () => {
  let bench: Workbench;
  let mosquitto: Mosquitto;
  beforeEach(async () => {
    bench = new Workbench();
    mosquitto = await Mosquitto.start(bench.folder);
  });
  afterEach(async () => {
    await bench.close();
    await mosquitto.stop();
  });

  it(`loses nothing in ${KILLS} kills, and says what one beside it says that was left in peace`, async () => {
    process.stdout.write(`external-kill.test: seed ${SEED} (VITALS_TEST_SEED), ${KILLS} kills (VITALS_TEST_KILLS)\n`);
    const random = seededRandom(SEED);
    const place = findRecording(RECORDING);
    const { oldestMs, newestMs, readingCount } = await surveyRecording(place, loadMapping(place).mapping);
    const calm = await bench.start({ config: bench.city(city(mosquitto.url, 'calm')), data: bench.path('calm') });
    const killed = { config: bench.city(city(mosquitto.url, 'killed')), data: bench.path('killed') };
    let server = await bench.start(killed);

    const speed = (newestMs - oldestMs) / (KILLS * BETWEEN_MS);
    const under = replay({ recording: RECORDING, url: mosquitto.url, qos: 1, speed });
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(random() * BETWEEN_MS);
      server.kill('SIGKILL');
      expect((await server.ended).signal).toBe('SIGKILL');
      server = await bench.start(killed);
    }
    const { messagesAcked } = await under;

    const span = [oldestMs - 2 * DAY_MS, newestMs + 2 * DAY_MS] as const;
    const answersOf = async ({ httpUrl }: Server) => {
      await waitUntilLevel(httpUrl, { messagesMin: messagesAcked, stallMsMax: 60_000 });
      return {
        all: await everythingOf(httpUrl, ...span),
        accounting: await getJson<AccountingBody>(httpUrl, '/api/v1/accounting'),
      };
    };
    const expected = await answersOf(calm);
    const got = await answersOf(server);
    process.stdout.write(
      `external-kill.test: ${messagesAcked} messages, ${got.accounting.readings.duplicate} duplicate readings; ` +
        `${got.all.size} answers, digest ${digestOf(got.all).slice(0, 16)}\n`,
    );
    expect(differencesOf(expected.all, got.all)).toEqual([]);
    expect(got.accounting.readings.counted).toBe(expected.accounting.readings.counted);
    expect(expected.accounting.readings.counted).toBeGreaterThan(0.9 * readingCount);
    expect(got.accounting.balanced).toEqual({ messages: true, readings: true });
  }, 900_000);
});
