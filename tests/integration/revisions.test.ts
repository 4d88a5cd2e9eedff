import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntilLevel } from '../../simulators/verify/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import type { KpiValueBody, WhyBody } from '../../src/views/http/schemas.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

const STEP_S = 600;
const FIRST_S = Date.UTC(2026, 4, 4) / 1000;
/** Two days and a half, every ten minutes. */
const STEPS = 360;

const HOUR = '/api/v1/kpis/air-pm10-hour';
/** An hour that is over, and one that memory holds. */
const AT = '2026-05-06T10:30:00Z';
const FROM_TO = 'from=2026-05-06T10:00:00Z&to=2026-05-06T11:00:00Z';

/** West measures 10, east 30. */
function city(westPeople: number, more: Partial<CityFile> = {}): CityFile {
  return {
    city: { id: 'town', name: 'Town', timeZone: 'UTC' },
    zones: [
      { id: 'west', name: 'West', population: westPeople },
      { id: 'east', name: 'East', population: 3000 },
    ],
    devices: [
      { match: 'west-*', zone: 'west', expectEvery: '10m' },
      { match: 'east-*', zone: 'east', expectEvery: '10m' },
    ],
    windows: { clock: 'event', lateness: '1m', tick: '100ms' },
    ...more,
  };
}

let bench: Workbench;
let server: Server;
let sent = 0;

async function start(file: CityFile): Promise<void> {
  server = await bench.start({ config: bench.city(file), data: bench.path('data') });
}

async function restart(file: CityFile): Promise<void> {
  expect((await server.stop()).code).toBe(0);
  await start(file);
}

async function publish(readings: readonly (readonly [device: string, atS: number, value: number])[]): Promise<void> {
  const client = await mqtt.connectAsync(server.mqttUrl);
  for (const [device, atS, value] of readings) {
    const record = [{ n: 'pm10', u: 'ug/m3', t: atS, v: value }];
    await client.publishAsync(`in/gw/${device}/data`, JSON.stringify(record), { qos: 1 });
    sent++;
  }
  await client.endAsync();
  await waitUntilLevel(server.httpUrl, { messagesMin: sent });
}

async function hourOf(zone: string): Promise<KpiValueBody[]> {
  const path = `${HOUR}?zone=${zone}&${FROM_TO}&revisions=all`;
  return (await getJson<{ values: KpiValueBody[] }>(server.httpUrl, path)).values;
}

/** The hour once it has so many revisions above 0. */
function revised(zone: string, count: number): Promise<KpiValueBody[]> {
  return eventually(
    () => hourOf(zone),
    (values) => values.length > count,
  );
}

const numbers = (values: readonly KpiValueBody[]) => values.map((row) => [row.revision, row.reason, row.value]);

async function why(zone: string): Promise<WhyBody> {
  return getJson<WhyBody>(server.httpUrl, `${HOUR}/why?zone=${zone}&at=${AT}`);
}

/** The first event on the live stream: all that is known now. */
async function firstOnStream(): Promise<KpiValueBody[]> {
  const abort = new AbortController();
  const response = await fetch(`${server.httpUrl}/api/v1/stream?topics=kpis&zone=town`, { signal: abort.signal });
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const data = /data: (.*)\n\n/.exec(text)?.[1];
    if (data === undefined) continue;
    abort.abort();
    return JSON.parse(data);
  }
  throw new Error('the stream ended');
}

describe('what was published and turns out to be different', () => {
  beforeAll(async () => {
    bench = new Workbench();
    await start(city(1000));
    const all = Array.from({ length: STEPS }, (_, step) => FIRST_S + step * STEP_S);
    await publish(all.flatMap((atS) => [['west-1', atS, 10] as const, ['east-1', atS, 30] as const]));
  }, 120_000);
  afterAll(() => bench.close());

  it('is taken apart into devices and weights that make it', async () => {
    const town = await why('town');
    expect(town).toMatchObject({ equal: true, published: { value: 25, revision: 0, reason: null, final: true } });
    expect(town.devices.map((row) => [row.device, row.value, row.weight])).toEqual([
      ['west-1', 10, 0.25],
      ['east-1', 30, 0.75],
    ]);
    expect(town.zones.map((row) => [row.zone, row.population, row.used])).toEqual([
      ['west', 1000, true],
      ['east', 3000, true],
    ]);
    // Two days before memory begins: the hours are read back.
    const old = await getJson<WhyBody>(server.httpUrl, `${HOUR}/why?zone=town&at=2026-05-04T09:30:00Z`);
    expect(old).toMatchObject({
      equal: true,
      published: { value: 25 },
      deviceCount: 2,
      start: '2026-05-04T09:00:00.000Z',
    });
    const year = await getJson<WhyBody>(server.httpUrl, '/api/v1/kpis/air-pm10-year/why?zone=town');
    expect(year).toMatchObject({ equal: true, days: { ended: 125, subjects: 2 } });
    expect(year.days?.list.map(({ said }) => said)).toEqual([2, 2]);
  });

  it('is revised by a reading that comes late, and says so', async () => {
    const lateS = Date.UTC(2026, 4, 6, 10, 35) / 1000;
    await publish([['west-1', lateS, 80]]);
    const [first, second] = await revised('town', 1);
    // West is now the mean of six times 10 and one 80.
    expect(numbers([first!, second!])).toEqual([
      [0, null, 25],
      [1, 'late', (20 * 1000 + 30 * 3000) / 4000],
    ]);
    expect((await why('town')).revisions).toMatchObject([
      { revision: 0, before: null, value: 25 },
      { revision: 1, reason: 'late', before: 25, value: 27.5 },
    ]);
  });

  it('stays as it is when the product starts again', async () => {
    const before = [await hourOf('town'), await hourOf('west')];
    await restart(city(1000));
    await waitUntilLevel(server.httpUrl, { messagesMin: sent });
    expect([await hourOf('town'), await hourOf('west')]).toEqual(before);
    expect((await why('town')).equal).toBe(true);
  });

  it('is revised when a fact of a zone was changed: in the API and on the stream', async () => {
    await restart(city(9000));
    const values = await revised('town', 2);
    expect(numbers(values)[2]).toEqual([2, 'facts', (20 * 9000 + 30 * 3000) / 12_000]);
    // The level of West is the same, and speaks of more people.
    const west = await hourOf('west');
    expect(numbers(west)[2]).toEqual([2, 'facts', 20]);
    expect(west.map((row) => row.coveredPopulation)).toEqual([1000, 1000, 9000]);
    expect((await why('town')).revisions[2]).toMatchObject({ reason: 'facts', before: 27.5, value: 22.5 });
    const [year] = await eventually(
      async () => (await firstOnStream()).filter(({ kpi }) => kpi === 'air-pm10-year'),
      ([newest]) => newest?.revision === 1,
    );
    // The days of a year weigh zones by their people, too.
    expect(year).toMatchObject({ reason: 'facts', value: (10 * 9000 + 30 * 3000) / 12_000, final: false });
  });

  it('is revised when a device was corrected, and nothing else is', async () => {
    const ignored = city(9000, {
      devices: [
        { match: 'west-*', zone: 'west', expectEvery: '10m' },
        { match: 'east-*', zone: 'east', role: 'ignore', expectEvery: '10m' },
      ],
    });
    await restart(ignored);
    expect(numbers(await revised('town', 3))[3]).toEqual([3, 'config', 20]);
    expect(numbers(await revised('east', 1))[1]).toEqual([1, 'config', null]);
    expect(numbers(await hourOf('west'))).toHaveLength(3);
    const town = await why('town');
    expect(town).toMatchObject({ equal: true, published: { revision: 3, reason: 'config' } });
    expect(town.leftOut.map(({ device, reason }) => [device, reason])).toEqual([
      ['east-1', 'the configuration ignores it (role: ignore)'],
    ]);
    expect(town.revisions[3]).toMatchObject({ before: 22.5, value: 20 });
    // And once more: what was looked at is not looked at again.
    const before = await hourOf('town');
    await restart(ignored);
    await waitUntilLevel(server.httpUrl, { messagesMin: sent });
    expect(await hourOf('town')).toEqual(before);
    await publish([['west-1', Date.UTC(2026, 4, 6, 10, 45) / 1000, 20]]);
    expect((await revised('town', 4))[4]).toMatchObject({ revision: 4, reason: 'late' });
  }, 90_000);
});
