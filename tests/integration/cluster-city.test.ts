import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { MOSQUITTO, REDIS_SERVER } from '../../harness/index.ts';
import { cityEvents, cityFor, type FaultShares, populate, type SimulatedDevice } from '../../simulators/city/index.ts';
import { openPublisher } from '../../simulators/common/index.ts';
import { DAY_MS, HOUR_MS } from '../../src/base/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import { EqualCity } from './support/equal-city.ts';
import { compareStores } from './support/stores.ts';

/** VITALS_TEST_CLUSTER_DEVICES asks for more. */
const DEVICES = Number(process.env.VITALS_TEST_CLUSTER_DEVICES ?? 150);
const HOURS = Number(process.env.VITALS_TEST_CLUSTER_HOURS ?? 2);
/**
 * By the wall, half an hour more: whatever the minute of the hour, there is one of half an hour at least that is followed by
 * more than an hour. Devices that report once an hour close it, and readings that come late correct it.
 */
const WALL_MS = (HOURS + 0.5) * HOUR_MS;
const SEED = process.env.VITALS_TEST_SEED ?? '20261130';
const TIME_ZONE = 'Europe/Berlin';
/** A bound of the questions to the API: beyond it stores are compared, which hold the rest. */
const SERIES_ASKED_MAX = 300;

const isMissing = MOSQUITTO === undefined || REDIS_SERVER === undefined;

describe.skipIf(isMissing)(
  'a simulated city over several processes (skipped without mosquitto and redis-server)',
  () => {
    let city: EqualCity;
    afterEach(() => city?.close(), 60_000);

    /*
     * Only devices that send the time of what they measured: those that do not measure at the time of receipt, which is
     * another one in each process that receives. Events are the clock, and nothing is late.
     */
    it('gives bit for bit what one process gives of devices that send their time', async () => {
      const startMs = Date.UTC(2026, 5, 10, 4, 30);
      const devices = stampedDevices(DEVICES);
      const windows = { clock: 'event', lateness: '7d', horizon: '7d', tick: '100ms', seriesMax: 150_000 } as const;
      city = await openCity(devices, windows, true);
      const faults = { duplicates: 0.02, late: 0.05, nan: 0.01, stuck: 0.01, counterReset: 0.01, silent: 0.01 };
      const publishing = publish(city, { devices, startMs, endMs: startMs + HOURS * HOUR_MS, faults });
      await city.cluster.start('api-2', 'api');
      const messages = (await publishing) + 1;
      await city.level(messages - 1);
      await publishAfterwards(city, startMs + (HOURS + 1) * HOUR_MS);
      const [alone, ...apis] = await city.level(messages);
      for (const { readings, balanced } of apis) {
        expect(readings).toEqual(alone!.readings);
        expect(balanced).toEqual({ messages: true, readings: true });
      }
      const asked = { fromMs: startMs - DAY_MS, toMs: startMs + 2 * DAY_MS, seriesMax: SERIES_ASKED_MAX };
      const answers = await city.compareAnswers(asked);
      tell(`by event time: ${messages} messages, ${alone!.readings.received} readings; ${answers.figures}`);
      // An hour of the full city is a long way: what differs in one place does not keep the others from being told.
      expect.soft(answers.differences).toEqual([]);

      await city.end();
      const { cluster } = city;
      const stores = await compareStores(cluster.storeOf('alone'), cluster.storeOf('api-1'), 'results');
      tell(`rows of both: ${JSON.stringify(stores.rows)}`);
      expect.soft(stores.differences).toEqual([]);
      await expectOneJournal(city);
    }, 7_200_000);

    /*
     * All families, with clocks that run ahead, by the clock of the wall and with windows that close: what comes out depends
     * on when each message was received and on its order, so it is held against what reads the same journal.
     */
    it('gives all its api processes, and one engine that reads the messages as they came, the same of all devices', async () => {
      const startMs = Temporal.Now.instant().epochMilliseconds - WALL_MS;
      const devices = populate(DEVICES, SEED);
      const windows = { clock: 'wall', lateness: '5m', horizon: '1h', tick: '100ms', seriesMax: 150_000 } as const;
      city = await openCity(devices, windows, false);
      const faults = { duplicates: 0.02, late: 0.05, futureClock: 0.02, nan: 0.01, stuck: 0.01, counterReset: 0.01 };
      const span = { startMs, endMs: startMs + WALL_MS };
      const publishing = publish(city, { devices, ...span, faults: { ...faults, silent: 0.01 } });
      await city.cluster.start('api-2', 'api');
      const messages = await publishing;
      const [one, two] = await city.level(messages);
      expect(two!.messages).toEqual(one!.messages);
      tell(`by the wall: ${messages} messages, ${one!.readings.received} readings`);
      await city.end();
      // Values that were corrected, too: windows close, and readings come after that.
      expect((await expectOneJournal(city)).corrections).toBeGreaterThan(0);
    }, 7_200_000);
  },
);

/**
 * Both api processes have stored the same, position and all, and it is what one engine makes of the messages.
 *
 * @returns rows by table
 */
async function expectOneJournal(city: EqualCity): Promise<Readonly<Record<string, number>>> {
  const { cluster } = city;
  const others = await compareStores(cluster.storeOf('api-1'), cluster.storeOf('api-2'), 'all');
  expect.soft(others.differences).toEqual([]);
  const oneEngine = await city.compareWithOneEngine('api-1');
  tell(oneEngine.figures);
  expect(oneEngine.differences).toEqual([]);
  return oneEngine.rows;
}

/** Families whose messages say when they were measured. */
const STAMPED = new Set(['senml', 'cesva', 'tasmota', 'wmbusmeters']);

function stampedDevices(count: number): readonly SimulatedDevice[] {
  return populate(3 * count, SEED)
    .filter(({ facts }) => STAMPED.has(facts.family))
    .slice(0, count);
}

function openCity(devices: readonly SimulatedDevice[], windows: CityFile['windows'], isBesideOne: boolean) {
  const file = { ...(parse(cityFor(devices, TIME_ZONE)) as CityFile), windows };
  // What is beyond the bound goes once a minute of the wall, at another moment in each process.
  const store = { quarantineRowsMax: 10_000_000 };
  const city = { ...file, store, snapshot: { every: '5s' }, log: { level: 'warn' } } as const;
  return EqualCity.open({ city, partitions: 16, lease: '5s' }, { isBesideOne });
}

/** As fast as it goes, at QoS 1. @returns messages acknowledged */
async function publish(
  { cluster }: EqualCity,
  { devices, ...rest }: { devices: readonly SimulatedDevice[]; startMs: number; endMs: number; faults: FaultShares },
): Promise<number> {
  const publisher = await openPublisher({ url: cluster.mosquitto.url, qos: 1, connections: 4 });
  const events = { devices, seed: SEED, timeZone: TIME_ZONE, ...rest };
  for (const { device, topic, payload } of cityEvents(events)) await publisher.publish(device, topic, payload);
  await publisher.drain();
  await publisher.close();
  const { acked } = publisher.stats();
  tell(`${acked} messages published`);
  return acked;
}

/**
 * One message behind all others. Who is silent is looked at once a minute of event time, at the end of a tick: within the
 * last minute of a city whose time stands still, that is another moment in each journal. Now it is the same one.
 */
async function publishAfterwards({ cluster }: EqualCity, startMs: number): Promise<void> {
  const devices = stampedDevices(DEVICES).filter(({ facts }) => facts.family === 'senml');
  const events = cityEvents({ devices, seed: SEED, timeZone: TIME_ZONE, startMs, endMs: startMs + HOUR_MS });
  const [last] = events.take(1);
  const publisher = await openPublisher({ url: cluster.mosquitto.url, qos: 1 });
  await publisher.publish(last!.device, last!.topic, last!.payload);
  await publisher.drain();
  await publisher.close();
}

function tell(text: string): void {
  const seconds = Math.round(performance.now() / 1_000);
  process.stdout.write(`cluster-city.test: ${DEVICES} devices, ${HOURS} h, seed ${SEED}: after ${seconds} s ${text}\n`);
}
