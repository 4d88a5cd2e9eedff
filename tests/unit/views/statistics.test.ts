import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOUR_MS } from '../../../src/base/index.ts';
import type { StoredReading } from '../../../src/store/index.ts';
import { range, type TestApp, testApp } from './support.ts';

const GAUGE = '/api/v1/aggregates?device=aq-0000&quantity=pm2_5';
const NOISE = '/api/v1/aggregates?device=noise-0000&quantity=laeq';
const HOURS = range('18T10:00:00', '18T12:00:00');
const TEN = Date.UTC(2026, 5, 18, 10);

function reading(timeMs: number, value: number, more: Partial<StoredReading> = {}): StoredReading {
  return { series: 0, timeMs, value, quality: 4, status: 0, sequence: 1, ...more };
}

/** A server whose store holds these readings, answers by range and limit, and writes down what was asked. */
async function appWith(
  readings: readonly StoredReading[],
  asked: number[] = [],
  countPerWindow?: number,
): Promise<TestApp> {
  const app = await testApp();
  const sorted = readings.toSorted((a, b) => a.timeMs - b.timeMs);
  app.sources.store.readings = async (_series, { fromMs, toMs }, limit) => {
    const page = sorted.filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs).slice(0, limit);
    asked.push(page.length);
    return page;
  };
  if (countPerWindow !== undefined) {
    const { panes } = app.sources.store;
    app.sources.store.panes = async (...query) =>
      (await panes(...query)).map((pane) => ({ ...pane, count: countPerWindow }));
  }
  return app;
}

describe('statistics of windows', () => {
  test('come from the stored readings of each window, with their method', async () => {
    const values = Array.from({ length: 41 }, (_, index) => reading(TEN + index * 60_000, index));
    const app = await appWith([
      ...values,
      reading(TEN + HOUR_MS, 500),
      reading(TEN + 1000, 900, { quality: 1, status: 1 }),
    ]);
    const { body } = await app.get(`${GAUGE}&window=hour&stats=p05,p95,sd&${HOURS}`);
    // 0 to 40: rank 0.95 * 40 = 38; the sample deviation of 0..n-1 is sqrt(n (n + 1) / 12).
    expect(body.rows[0]).toMatchObject({
      statsReadings: 41,
      stats: {
        p05: { value: 2, method: 'exact' },
        p95: { value: 38, method: 'exact' },
        sd: { method: 'sample (n-1)' },
      },
    });
    expect(body.rows[0].stats.sd.value).toBeCloseTo(Math.sqrt((41 * 42) / 12), 9);
    expect(body.rows[1]).toMatchObject({ statsReadings: 1, stats: { p05: { value: 500 }, sd: { value: null } } });
    expect(body.rows[0].l10).toBeUndefined();
    await app.app.close();
  });

  test('count what came late, and each instant once', async () => {
    const late = reading(TEN + 60_000, 30, { status: 2, sequence: 9 });
    const again = reading(TEN + 60_000, 99, { sequence: 11 });
    const app = await appWith([reading(TEN, 10), again, late]);
    const { body } = await app.get(`${GAUGE}&window=hour&stats=p50&${HOURS}`);
    expect(body.rows[0]).toMatchObject({ statsReadings: 2, stats: { p50: { value: 20 } } });
    await app.app.close();
  });

  test('read the store in pages that no instant is cut by', async () => {
    const asked: number[] = [];
    // Every instant twice, the later of them to be left out: 6,000 instants of 0.5 s.
    const twice = Array.from({ length: 6000 }, (_, index) => [
      reading(TEN + index * 500, index, { sequence: 5 }),
      reading(TEN + index * 500, -1e6, { sequence: 6 }),
    ]).flat();
    const app = await appWith(twice, asked);
    const { body } = await app.get(`${GAUGE}&window=hour&stats=p50,p99&${HOURS}`);
    expect(body.rows[0]).toMatchObject({ statsReadings: 6000, stats: { p50: { value: 2999.5 } } });
    expect(body.rows[0].stats.p99.value).toBeCloseTo(0.99 * 5999, 6);
    expect(Math.max(...asked)).toBeLessThanOrEqual(5000);
    expect(asked.length).toBeGreaterThanOrEqual(3);
    await app.app.close();
  });

  test('say when a window is too large to be exact', async () => {
    const values = Array.from({ length: 1000 }, (_, index) => reading(TEN + index * 1000, 100 + index));
    const levels = values.map((each) => ({ ...each, value: 40 + (each.value % 50) }));
    const gauge = await appWith(values, [], 100_001);
    const { body } = await gauge.get(`${GAUGE}&window=hour&stats=p90&${HOURS}`);
    expect(body.rows[0].stats.p90.method).toBe('DDSketch 1 %');
    expect(Math.abs(body.rows[0].stats.p90.value / (100 + 0.9 * 999) - 1)).toBeLessThan(0.0101);
    const noise = await appWith(levels, [], 100_001);
    const loud = (await noise.get(`${NOISE}&window=hour&stats=l90,lmax&${HOURS}`)).body;
    const { l90, lmax } = loud.rows[0].stats;
    expect(l90.method).toBe('histogram 0.1 dB');
    // Twenty readings of each level from 40 to 89: rank 99.9 lies between 44 and 45.
    expect(l90.value).toBeCloseTo(44.9, 9);
    expect(lmax).toEqual({ value: 89, method: 'exact' });
    await gauge.app.close();
    await noise.app.close();
  });

  test('a time-weighted mean looks over the bounds of its window', async () => {
    // 10 from before the hour, a step to 40 joined by a line over two minutes, 40 to beyond the end.
    const flat = (fromMinute: number, toMinute: number, value: number) =>
      Array.from({ length: toMinute - fromMinute + 1 }, (_, index) =>
        reading(TEN + (fromMinute + index) * 60_000, value),
      );
    const app = await appWith([...flat(-1, 29, 10), ...flat(31, 61, 40)]);
    const { body } = await app.get(`${GAUGE}&window=hour&stats=twa&${range('18T10:00:00', '18T11:00:00')}`);
    expect(body.rows[0].stats.twa).toEqual({ value: 25, method: 'time-weighted, linear' });
    await app.app.close();
  });

  test('stand in CSV with their methods', async () => {
    const app = await appWith([reading(TEN, 10), reading(TEN + 60_000, 20)]);
    const response = await app.app.inject({
      url: `${GAUGE}&window=hour&stats=p50,sd&${range('18T10:00:00', '18T11:00:00')}`,
      headers: { accept: 'text/csv' },
    });
    const [header, line] = response.body.split('\r\n');
    expect(header).toMatch(/,final,p50,p50Method,sd,sdMethod$/);
    expect(line).toMatch(/,15,exact,7\.0710678118654\d*,sample \(n-1\)$/);
    await app.app.close();
  });
});

describe('windows of any length and calendar', () => {
  let shared: TestApp;
  beforeAll(async () => {
    shared = await testApp();
  });
  afterAll(() => shared.app.close());

  test('roll by any hop, and are made of readings up to the hour, of hours above', async () => {
    const app = await testApp();
    const half = (await app.get(`${GAUGE}&window=rolling-30m&hop=15m&${range('18T10:00:00', '18T11:00:00')}`)).body;
    expect(half.rows.map((row: { end: string }) => row.end.slice(11, 16))).toEqual([
      '10:15',
      '10:30',
      '10:45',
      '11:00',
    ]);
    expect(half).toMatchObject({ window: 'rolling-30m', of: 'readings' });
    const long = (await app.get(`${GAUGE}&window=rolling-12h&${range('18T10:00:00', '18T11:00:00')}`)).body;
    expect(long).toMatchObject({ of: 'hours', rows: [{ expected: 12 }] });
    await app.app.close();
  });

  test('the city names the hours of its night', async () => {
    const app = await testApp({ config: { noise: { dayStartHour: 6, eveningStartHour: 18, nightStartHour: 22 } } });
    const { body } = await app.get(`${NOISE}&window=night&${range('16T00:00:00', '17T00:00:00')}`);
    // 22 to 06 in Madrid is 20 to 04 UTC in June.
    expect(body.rows).toMatchObject([
      { start: '2026-06-15T20:00:00.000Z', end: '2026-06-16T04:00:00.000Z', expected: 8 },
    ]);
    await app.app.close();
  });

  test('a plan is answered by its last windows', async () => {
    const app = await testApp();
    const plan = 'hour,rolling-8h:kind:6,day:max:75%:end';
    const { status, body } = await app.get(
      `${GAUGE}&plan=${encodeURIComponent(plan)}&${range('15T00:00:00', '17T00:00:00')}`,
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({ window: 'day', of: 'windows', plan });
    expect(body.rows).toMatchObject([{ expected: 24, validParts: 24, valid: true }, { expected: 24 }]);
    expect(body.rows[0].value).toBe(body.rows[0].max);
    await app.app.close();
  });

  test.each([
    [`${GAUGE}&${HOURS}`, 'cannot answer without window'],
    [`${GAUGE}&window=hour&plan=hour,day:max&${HOURS}`, 'either window or plan'],
    [`${GAUGE}&plan=hour,day:median&${HOURS}`, 'from the inside out'],
    [`${GAUGE}&plan=hour,day:max&of=hours&${HOURS}`, 'a plan says itself'],
    [`${GAUGE}&plan=hour,day:max&stats=p50&${HOURS}`, 'a plan says itself'],
    [`${GAUGE}&window=day&hop=1h&${HOURS}`, 'do not roll'],
    [`${GAUGE}&window=rolling-1h&hop=7m&${HOURS}`, 'multiple of 15 min'],
    [`${GAUGE}&window=rolling-20m&${HOURS}`, 'rolling-<n>'],
    [`${GAUGE}&window=night&of=days&${HOURS}`, 'readings or hours'],
    [`${GAUGE}&window=rolling-15m&of=hours&${HOURS}`, 'made of readings'],
    [`${GAUGE}&window=hour&stats=median&${HOURS}`, 'p01 to p99'],
    [`${GAUGE}&window=hour&stats=l10&${HOURS}`, 'of sound'],
    [`${GAUGE}&window=hour&stats=percentiles&${HOURS}`, 'percentiles are of levels'],
    [`${GAUGE}&window=rolling-365d&from=2024-01-01T00:00Z&to=2026-01-01T00:00Z`, 'at most 5000000'],
    [`${GAUGE}&plan=hour,rolling-365d:mean,day:max&from=2024-01-01T00:00Z&to=2026-01-01T00:00Z`, 'at most 5000000'],
    [`${GAUGE}&window=rolling-1h&hop=15m&from=2020-01-01T00:00Z&to=2026-01-01T00:00Z`, 'at most 50000'],
  ])('%s is refused with a reason', async (url, text) => {
    const { status, body } = await shared.get(url);
    expect(status).toBe(400);
    expect(body.error.message).toContain(text);
  });
});
