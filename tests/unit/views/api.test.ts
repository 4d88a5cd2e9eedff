import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OperatingError } from '../../../src/base/index.ts';
import { range, type TestApp, testApp } from './support.ts';

let t: TestApp;
beforeAll(async () => {
  t = await testApp({ deviceCount: 60 });
});
afterAll(() => t.app.close());

describe('catalogue', () => {
  test('devices come by id with zone, name, location and role of the configuration', async () => {
    const { body } = await t.get('/api/v1/devices?device=aq-0000');
    expect(body.devices).toHaveLength(1);
    expect(body.devices[0]).toMatchObject({
      device: 'aq-0000',
      zone: 'old-town',
      name: 'Cathedral square',
      location: { latitude: 37.3858, longitude: -5.9931 },
      role: 'ambient',
    });
    expect((await t.get('/api/v1/devices?device=aq-0004')).body.devices[0].location).toBeNull();
    expect(body.devices[0].lastReceived).toMatch(/^2026-06-18T14:2\d:\d\d\.\d{3}Z$/);
  });

  test('a device that the engine has just heard of is listed before the store has it', async () => {
    const mine = await testApp({ deviceCount: 4 });
    const row = (await mine.sources.store.devices())[0]!;
    mine.sources.push({
      devices: [
        { ...row, device: 'aq-new' },
        { ...row, readingCount: 77 },
      ],
    });
    const { body } = await mine.get('/api/v1/devices');
    expect(body.devices).toHaveLength(5);
    expect(body.devices.find((each: { device: string }) => each.device === row.device).readings).toBe(77);
    await mine.app.close();
  });

  test('pages of devices join without gap or repetition', async () => {
    const seen: string[] = [];
    for (let after = ''; ; ) {
      const { body } = await t.get(`/api/v1/devices?limit=7${after === '' ? '' : `&after=${after}`}`);
      seen.push(...body.devices.map((row: { device: string }) => row.device));
      if (body.next === null) break;
      after = body.next;
    }
    expect(seen).toHaveLength(60);
    expect(new Set(seen).size).toBe(60);
    expect(seen).toEqual([...seen].sort());
  });

  test('an unknown device is 404 with near ones', async () => {
    const { status, body } = await t.get('/api/v1/devices?device=aq-00001');
    expect(status).toBe(404);
    expect(body.error.code).toBe('unknown_device');
    expect(body.error.message).toContain('aq-0000');
  });

  test('series are narrowed by device, quantity and channel, with the newest reading on request', async () => {
    const { body } = await t.get('/api/v1/series?device=noise-0000&quantity=laeq&latest=true');
    expect(body.series).toHaveLength(1);
    expect(body.series[0]).toMatchObject({ quantity: 'laeq', unit: 'dB[SPL]', kind: 'level', expectEverySeconds: 60 });
    expect(body.series[0].latest).toMatchObject({ time: '2026-06-18T14:24:00.000Z', quality: 'good' });
    expect((await t.get('/api/v1/series?device=noise-0000&channel=l1')).body.series).toEqual([]);
  });

  test('series of an unknown device are 404, an unknown quantity is 400 with all that are known', async () => {
    expect((await t.get('/api/v1/series?device=nobody')).status).toBe(404);
    const { status, body } = await t.get('/api/v1/series?quantity=pm25');
    expect(status).toBe(400);
    expect(body.error.message).toContain('cannot use quantity "pm25"');
    expect(body.error.message).toContain('pm2_5');
  });

  test('zones name city, time zone and parents', async () => {
    const { body } = await t.get('/api/v1/zones');
    expect(body.city).toEqual({ id: 'marenza', name: 'Marenza', timeZone: 'Europe/Madrid', population: 214_300 });
    expect(body.zones.find((zone: { id: string }) => zone.id === 'harbour')).toMatchObject({ parent: 'centre' });
  });

  test('quantities carry their UCUM unit', async () => {
    const { body } = await t.get('/api/v1/quantities');
    expect(body.quantities.find((row: { id: string }) => row.id === 'laeq')).toMatchObject({
      unit: 'dB[SPL]',
      kind: 'level',
    });
  });
});

describe('kpis', () => {
  test('definitions carry the target, and the last band has no end', async () => {
    const { body } = await t.get('/api/v1/kpis?zone=harbour');
    const pm = body.kpis.find((kpi: { id: string }) => kpi.id === 'air-pm2-5-24h');
    expect(pm.target).toBe(15);
    expect(pm.bands.at(-1).upTo).toBeNull();
    expect(new Set(body.latest.map((value: { zone: string }) => value.zone))).toEqual(new Set(['harbour']));
  });

  test('a live update is the latest value at once, an older window is not', async () => {
    const mine = await testApp();
    const { body } = await mine.get('/api/v1/kpis?zone=harbour');
    const held = body.latest.find((value: { kpi: string }) => value.kpi === 'air-no2-hour');
    const startMs = Date.UTC(2026, 5, 18, 14);
    const value = {
      ...(await mine.sources.store.latestKpis()).find((row) => row.kpi === held.kpi && row.zone === 'harbour')!,
      startMs,
    };
    mine.sources.push({
      kpis: [
        { ...value, value: 77.25 },
        { ...value, startMs: startMs - 3_600_000, value: 1, revision: 9 },
      ],
    });
    const after = (await mine.get('/api/v1/kpis?zone=harbour')).body.latest.find(
      (row: { kpi: string }) => row.kpi === held.kpi,
    );
    expect(after.value).toBe(77.25);
    await mine.app.close();
  });

  test('history is of windows that start in [from, to)', async () => {
    const { body } = await t.get(`/api/v1/kpis/air-no2-hour?zone=harbour&${range('18T10:00:00', '18T13:00:00')}`);
    expect(body.kpi.id).toBe('air-no2-hour');
    expect(body.values.map((value: { start: string }) => value.start.slice(11, 16))).toEqual([
      '10:00',
      '11:00',
      '12:00',
    ]);
    expect(body.next).toBeNull();
  });

  test('a page of history ends between windows, and next goes on from there', async () => {
    const first = (await t.get(`/api/v1/kpis/air-no2-hour?limit=20&${range('18T10:00:00', '18T13:00:00')}`)).body;
    // Nine zones a window: two whole windows fit.
    expect(first.values).toHaveLength(18);
    expect(first.next).toBe('2026-06-18T12:00:00.000Z');
    const { status, body } = await t.get(`/api/v1/kpis/air-no2-hour?limit=5&${range('18T10:00:00', '18T13:00:00')}`);
    expect(status).toBe(400);
    expect(body.error.message).toContain('limit');
  });

  test.each([
    ['/api/v1/kpis/air-no2-our?from=2026-06-18T10:00Z&to=2026-06-18T11:00Z', 404, 'air-no2-hour'],
    ['/api/v1/kpis/air-no2-hour?zone=harbor&from=2026-06-18T10:00Z&to=2026-06-18T11:00Z', 404, 'harbour'],
    ['/api/v1/kpis/air-no2-hour?zone=device:nobody&from=2026-06-18T10:00Z&to=2026-06-18T11:00Z', 404, 'device'],
    ['/api/v1/kpis?zone=nowhere', 404, 'zone'],
    ['/api/v1/kpis/air-no2-hour?from=2026-06-18T10:00Z', 400, 'cannot answer without to'],
    ['/api/v1/kpis/air-no2-hour?from=2026-06-18T11:00Z&to=2026-06-18T10:00Z', 400, 'later than from'],
    ['/api/v1/kpis/air-no2-hour?from=2026-06-18T11:00&to=2026-06-18T12:00Z', 400, 'with its offset'],
    ['/api/v1/kpis/air-no2-hour?window=fortnight&from=2026-06-18T10:00Z&to=2026-06-18T11:00Z', 400, 'rolling-24h'],
    ['/api/v1/kpis/air-no2-hour?limit=0&from=2026-06-18T10:00Z&to=2026-06-18T11:00Z', 400, '1 to 50000'],
    ['/api/v1/kpis?colour=red', 400, 'colour'],
  ])('%s is %i and says what is allowed', async (url, status, text) => {
    const answer = await t.get(url);
    expect(answer.status).toBe(status);
    expect(answer.body.error.message).toContain(text);
    expect(Object.keys(answer.body)).toEqual(['error']);
  });
});

describe('operations', () => {
  test('quarantine pages join without gap or repetition', async () => {
    const seen: number[] = [];
    for (let before = ''; ; ) {
      const { body } = await t.get(`/api/v1/quarantine?limit=50${before === '' ? '' : `&before=${before}`}`);
      seen.push(...body.quarantine.map((row: { sequence: number }) => row.sequence));
      if (body.next === null) break;
      before = body.next;
    }
    expect(seen).toHaveLength(260);
    expect(new Set(seen).size).toBe(260);
  });

  test('rows of one message stay on one page, even when they are more than the page', async () => {
    const mine = await testApp();
    const row = (await mine.sources.store.quarantine({ limit: 1 }))[0]!;
    const rows = [9, 9, 9, 5, 3].map((sequence, index) => ({ ...row, sequence, index }));
    mine.sources.store.quarantine = async ({ limit, beforeSequence = 100 }) =>
      rows.filter(({ sequence }) => sequence < beforeSequence).slice(0, limit);
    const first = (await mine.get('/api/v1/quarantine?limit=2')).body;
    expect(first.quarantine.map((each: { sequence: number }) => each.sequence)).toEqual([9, 9, 9]);
    const second = (await mine.get(`/api/v1/quarantine?limit=2&before=${first.next}`)).body;
    expect(second.quarantine.map((each: { sequence: number }) => each.sequence)).toEqual([5, 3]);
    expect(second.next).toBeNull();
    await mine.app.close();
  });

  test('quarantine is narrowed by reason and device; an unknown reason is 400 with the list', async () => {
    const { body } = await t.get('/api/v1/quarantine?reason=conflict&device=aq-0000');
    expect(body.quarantine.length).toBeGreaterThan(0);
    for (const row of body.quarantine) expect(row).toMatchObject({ reason: 'conflict', device: 'aq-0000' });
    const bad = await t.get('/api/v1/quarantine?reason=dunno');
    expect(bad.status).toBe(400);
    expect(bad.body.error.message).toContain('time_in_future');
    expect((await t.get('/api/v1/quarantine?before=abc')).status).toBe(400);
    expect((await t.get('/api/v1/quarantine?limit=1001')).status).toBe(400);
  });

  test('accounting says whether both identities hold', async () => {
    const mine = await testApp();
    expect((await mine.get('/api/v1/accounting')).body).toMatchObject({
      balanced: { messages: true, readings: true },
      progress: { engineLagSeconds: 0.12 },
      rates: { messagesPerSecond: 41.6 },
    });
    const accounting = mine.sources.accounting();
    mine.sources.setAccounting({
      ...accounting,
      readings: { ...accounting.readings, duplicate: accounting.readings.duplicate - 1 },
    });
    expect((await mine.get('/api/v1/accounting')).body.balanced).toEqual({ messages: true, readings: false });
    await mine.app.close();
  });

  test('readiness is 503 with the problems while there are any; health stays 200', async () => {
    const mine = await testApp();
    expect((await mine.get('/readyz')).status).toBe(200);
    mine.sources.problemList.push('the store is away since 14:20');
    expect(await mine.get('/readyz')).toEqual({
      status: 503,
      body: { ready: false, problems: ['the store is away since 14:20'], stores: [] },
    });
    expect((await mine.get('/healthz')).status).toBe(200);
    await mine.app.close();
  });

  test('a store that fails is 503 or 500 without a word of its insides', async () => {
    const mine = await testApp();
    mine.sources.store.quarantine = async () => {
      throw new OperatingError('store_unwritable', 'cannot read /secret/path: disk I/O', { retryable: true });
    };
    mine.sources.store.latestKpis = async () => {
      throw new TypeError('undefined is not a function at /secret/path.ts');
    };
    const away = await mine.get('/api/v1/quarantine');
    expect(away.status).toBe(503);
    const broken = await mine.get('/api/v1/kpis');
    expect(broken.status).toBe(500);
    expect(JSON.stringify([away.body, broken.body])).not.toContain('secret');
    expect(mine.logged.join()).toContain('secret');
    await mine.app.close();
  });
});
