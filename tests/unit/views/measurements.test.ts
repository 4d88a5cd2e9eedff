import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Pane } from '../../../src/model/index.ts';
import { range, type TestApp, testApp } from './support.ts';

let t: TestApp;
beforeAll(async () => {
  t = await testApp();
});
afterAll(() => t.app.close());

const NOISE = '/api/v1/aggregates?device=noise-0000&quantity=laeq';

test('aggregates answer the windows whose end lies in (from, to], with what each is worth', async () => {
  const mine = await testApp();
  const constant = (pane: Pane): Pane => ({
    ...pane,
    sum: 12.5 * pane.count,
    min: 12.5,
    max: 12.5,
    first: 12.5,
    last: 12.5,
  });
  const { panes } = mine.sources.store;
  mine.sources.store.panes = async (...query) => (await panes(...query)).map(constant);
  const { body } = await mine.get(
    `/api/v1/aggregates?device=aq-0000&quantity=pm2_5&window=hour&${range('18T10:00:00', '18T12:00:00')}`,
  );
  expect(body).toMatchObject({ window: 'hour', of: 'readings', tz: 'Europe/Madrid', unit: 'ug/m3' });
  expect(body.rows.map((row: { end: string }) => row.end)).toEqual([
    '2026-06-18T11:00:00.000Z',
    '2026-06-18T12:00:00.000Z',
  ]);
  expect(body.rows[0]).toMatchObject({
    value: 12.5,
    min: 12.5,
    max: 12.5,
    count: 60,
    expected: 60,
    coverage: 1,
    valid: true,
    final: true,
  });
  await mine.app.close();
});

test('longer windows are made of hours unless asked otherwise, in the calendar asked for', async () => {
  const day = (
    await t.get(`/api/v1/aggregates?device=aq-0000&quantity=pm2_5&window=day&${range('15T00:00:00', '17T00:00:00')}`)
  ).body;
  expect(day.of).toBe('hours');
  // Madrid is two hours ahead in June: its days end at 22:00 UTC.
  expect(day.rows.map((row: { end: string }) => row.end)).toEqual([
    '2026-06-15T22:00:00.000Z',
    '2026-06-16T22:00:00.000Z',
  ]);
  const utc = (
    await t.get(
      `/api/v1/aggregates?device=aq-0000&quantity=pm2_5&window=day&of=readings&tz=UTC&${range('15T00:00:00', '17T00:00:00')}`,
    )
  ).body;
  expect(utc).toMatchObject({ of: 'readings', tz: 'UTC' });
  expect(utc.rows.map((row: { end: string }) => row.end)).toEqual([
    '2026-06-16T00:00:00.000Z',
    '2026-06-17T00:00:00.000Z',
  ]);
});

test('percentiles of levels come from the readings of each window, linear between ranks', async () => {
  const mine = await testApp();
  const hourMs = Date.UTC(2026, 5, 18, 10);
  // Levels 40..60 in the hour and one loud one on its end, which belongs to the next hour.
  const readings = Array.from({ length: 21 }, (_, index) => ({
    series: 0,
    timeMs: hourMs + index * 60_000,
    value: 40 + index,
    quality: 4,
    status: 0,
    sequence: 1,
  }));
  readings.push({ series: 0, timeMs: hourMs + 3_600_000, value: 110, quality: 4, status: 0, sequence: 1 });
  readings.push({ series: 0, timeMs: hourMs + 30 * 60_000, value: 120, quality: 1, status: 1, sequence: 1 });
  mine.sources.store.readings = async () => [...readings].sort((a, b) => a.timeMs - b.timeMs);
  const { body } = await mine.get(`${NOISE}&window=hour&stats=percentiles&${range('18T10:00:00', '18T11:00:00')}`);
  expect(body.rows).toHaveLength(1);
  expect(body.rows[0]).toMatchObject({ l10: 58, l50: 50, l90: 42 });
  await mine.app.close();
});

test('CSV has a header line and one line a window, with the same numbers as JSON', async () => {
  const url = `${NOISE}&window=hour&stats=percentiles&${range('18T10:00:00', '18T12:00:00')}`;
  const json = (await t.get(url)).body;
  const response = await t.app.inject({ url, headers: { accept: 'text/csv' } });
  expect(response.headers['content-type']).toContain('text/csv');
  expect(response.headers.vary).toBe('accept');
  const [header, ...lines] = response.body.split('\r\n');
  expect(header).toBe(
    'device,quantity,channel,unit,window,start,end,value,min,max,first,last,count,validParts,expected,coverage,valid,revision,final,l10,l50,l90',
  );
  expect(lines).toHaveLength(3);
  expect(lines.at(-1)).toBe('');
  const cells = lines[0]!.split(',');
  expect(cells.slice(0, 7)).toEqual([
    'noise-0000',
    'laeq',
    '',
    'dB[SPL]',
    'hour',
    json.rows[0].start,
    json.rows[0].end,
  ]);
  expect(Number(cells[7])).toBe(json.rows[0].value);
  expect(Number(cells.at(-1))).toBe(json.rows[0].l90);
});

test('a refusal stays JSON for those who asked for CSV', async () => {
  const response = await t.app.inject({ url: `${NOISE}&window=hour`, headers: { accept: 'text/csv' } });
  expect(response.statusCode).toBe(400);
  expect(response.json().error.message).toContain('cannot answer without from');
});

test('raw readings page by time', async () => {
  const url = `/api/v1/readings?device=aq-0000&quantity=pm2_5&limit=2&`;
  const first = (await t.get(url + range('18T10:00:00', '18T10:03:00'))).body;
  expect(first.readings.map((row: { time: string }) => row.time)).toEqual([
    '2026-06-18T10:00:00.000Z',
    '2026-06-18T10:01:00.000Z',
  ]);
  expect(first.readings[0]).toMatchObject({ quality: 'good', status: 'counted' });
  const second = (await t.get(`${url}from=${first.next}&to=2026-06-18T10:03:00Z`)).body;
  expect(second.readings).toHaveLength(1);
  expect(second.next).toBeNull();
});

test('a reading without a value is null, never NaN', async () => {
  const mine = await testApp();
  mine.sources.store.readings = async () => [
    { series: 0, timeMs: 1, value: Number.NaN, quality: 1, status: 1, sequence: 1 },
  ];
  const { body } = await mine.get(
    `/api/v1/readings?device=aq-0000&quantity=pm2_5&${range('18T10:00:00', '18T10:03:00')}`,
  );
  expect(body.readings).toEqual([{ time: '1970-01-01T00:00:00.001Z', value: null, quality: 'bad', status: 'invalid' }]);
  await mine.app.close();
});

const HOURS = range('18T10:00:00', '18T12:00:00');

test.each([
  [`${NOISE}&window=fortnight&${HOURS}`, 400, 'rolling-24h'],
  [`${NOISE}&window=hour&of=days&${HOURS}`, 400, 'made of readings'],
  [`${NOISE}&window=day&of=days&${HOURS}`, 400, 'made of readings or hours'],
  [`${NOISE}&window=hour&of=minutes&${HOURS}`, 400, 'readings'],
  [`${NOISE}&window=hour&tz=Mars/Base&${HOURS}`, 400, 'IANA'],
  [`${NOISE}&window=hour&method=guess&${HOURS}`, 400, 'interpolated'],
  [`${NOISE}&window=minute&stats=percentiles&${HOURS}`, 400, 'an hour or longer'],
  [
    `/api/v1/aggregates?device=aq-0000&quantity=pm2_5&window=hour&stats=percentiles&${HOURS}`,
    400,
    'percentiles are of levels',
  ],
  [`${NOISE}&window=minute&from=2025-01-01T00:00Z&to=2026-01-01T00:00Z`, 400, 'at most 50000'],
  [`/api/v1/aggregates?device=aq-0000&quantity=laeq&window=hour&${HOURS}`, 404, 'pm2_5'],
  [`${NOISE}&channel=left&window=hour&${HOURS}`, 404, 'channel=left'],
  [`/api/v1/aggregates?device=noise-000&quantity=laeq&window=hour&${HOURS}`, 404, 'noise-0000'],
  [`/api/v1/readings?device=aq-0000&quantity=pm2_5&limit=10001&${HOURS}`, 400, '1 to 10000'],
  [`/api/v1/readings?device=aq-0000&device=aq-0001&quantity=pm2_5&${HOURS}`, 400, 'device'],
])('%s is %i and says why', async (url, status, text) => {
  const answer = await t.get(url);
  expect(answer.status).toBe(status);
  expect(answer.body.error.message).toContain(text);
});

test('more readings than can be held are refused, not cut', async () => {
  const mine = await testApp();
  const one = { series: 0, timeMs: 1, value: 1, quality: 4, status: 0, sequence: 1 };
  mine.sources.store.readings = async (_series, _range, limit) => new Array(limit).fill(one);
  const { status, body } = await mine.get(`${NOISE}&window=minute&${HOURS}`);
  expect(status).toBe(400);
  expect(body.error.message).toContain('500000');
  await mine.app.close();
});

test('minutes of a register go by the gap and the rate of the configuration', async () => {
  const volumeOf = async (config: Readonly<Record<string, unknown>>) => {
    const mine = await testApp({ config });
    const { id } = (await mine.sources.store.series({ device: 'wm-0000' })).find((each) => each.kind === 'counter')!;
    const reading = (at: string, value: number) => ({
      ...{ series: id, timeMs: Temporal.Instant.from(at).epochMilliseconds, value, quality: 4, status: 0, sequence: 1 },
    });
    mine.sources.store.readings = async () => [reading('2026-06-18T08:00Z', 0), reading('2026-06-18T12:00:36Z', 24.06)];
    const { body } = await mine.get(
      '/api/v1/aggregates?device=wm-0000&quantity=water_volume&window=minute&from=2026-06-18T08:00Z&to=2026-06-18T13:00Z',
    );
    await mine.app.close();
    return body.rows.at(-1).value;
  };
  const windows = { counterGapMax: '5h' };
  expect(await volumeOf({ windows })).toBeCloseTo(0.06);
  expect(await volumeOf({})).toBeNull();
  expect(await volumeOf({ windows, devices: [{ match: 'wm-*', registerRateMaxPerHour: 5 }] })).toBeNull();
});
