import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { MOSQUITTO, REDIS_SERVER } from '../../harness/index.ts';
import { findRecording, loadMapping, replay } from '../../simulators/replay/index.ts';
import { surveyRecording } from '../../simulators/verify/index.ts';
import { DAY_MS } from '../../src/base/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import { EqualCity } from './support/equal-city.ts';
import { compareStores } from './support/stores.ts';

/** Between them: readings backward in time, repeated stamps, and a sensor a minute. */
const RECORDINGS = [
  { name: 'air-berlin-opensensemap', timeZone: 'Europe/Berlin', batchCount: 5, isLong: false },
  { name: 'noise-canada', timeZone: 'UTC', batchCount: 1, isLong: true },
];

/** VITALS_TEST_CLUSTER_RECORDINGS=all asks for the longer one as well; the other tests of several processes have a third. */
const ALL = process.env.VITALS_TEST_CLUSTER_RECORDINGS === 'all';

/** By event time, and nothing gets late: then neither the time of receipt nor the order of arrival is in any number. */
function cityOf(timeZone: string): CityFile {
  return {
    city: { id: 'recorded', name: 'Recorded', timeZone, population: 85_000 },
    zones: [
      { id: 'west', name: 'West', population: 40_000 },
      { id: 'east', name: 'East', population: 45_000 },
    ],
    devices: [
      { match: '*1', zone: 'west' },
      { match: '*', zone: 'east' },
    ],
    windows: { clock: 'event', lateness: '60d', horizon: '60d', tick: '100ms' },
    snapshot: { every: '1s' },
    log: { level: 'warn' },
  };
}

const isMissing = MOSQUITTO === undefined || REDIS_SERVER === undefined;

describe.skipIf(isMissing)(
  'recordings in a city over several processes (skipped without mosquitto and redis-server)',
  () => {
    let city: EqualCity;
    afterEach(() => city?.close(), 60_000);

    it.each(RECORDINGS.filter(({ isLong }) => !isLong || ALL))(
      '$name: gives bit for bit what one process gives',
      async ({ name, timeZone, batchCount }) => {
        city = await EqualCity.open({ city: cityOf(timeZone), partitions: 8, lease: '3s' }, { isBesideOne: true });
        const { cluster } = city;
        const recording = fileURLToPath(new URL(`../../simulators/recordings/${name}`, import.meta.url));
        const publishing = replay({ recording, url: cluster.mosquitto.url, qos: 1, batchCount });
        await cluster.start('api-2', 'api');
        const { messagesAcked } = await publishing;
        const [alone, ...apis] = await city.level(messagesAcked);
        for (const { readings, balanced } of apis) {
          expect(readings).toEqual(alone!.readings);
          expect(balanced).toEqual({ messages: true, readings: true });
        }
        const answers = await city.compareAnswers(await spanOf(recording));
        expect(answers.differences).toEqual([]);

        await city.end();
        const stores = await compareStores(cluster.storeOf('alone'), cluster.storeOf('api-1'), 'results');
        expect(stores.differences).toEqual([]);
        expect((await compareStores(cluster.storeOf('api-1'), cluster.storeOf('api-2'), 'all')).differences).toEqual(
          [],
        );
        const oneEngine = await city.compareWithOneEngine('api-1');
        process.stdout.write(
          `cluster-equal.test: ${name}: ${messagesAcked} messages, ${alone!.readings.received} readings; ${answers.figures}; ${oneEngine.figures}\n`,
        );
        expect(oneEngine.differences).toEqual([]);
      },
      1_200_000,
    );
  },
);

async function spanOf(recording: string): Promise<{ readonly fromMs: number; readonly toMs: number }> {
  const place = findRecording(recording);
  const { oldestMs, newestMs } = await surveyRecording(place, loadMapping(place).mapping);
  return { fromMs: oldestMs - 2 * DAY_MS, toMs: newestMs + 2 * DAY_MS };
}
