import { describe, expect, it } from 'vitest';
import { testApp } from './support.ts';

const WHY = '/api/v1/kpis/air-pm2-5-24h/why';

describe('GET /kpis/{id}/why', () => {
  it('answers with formula, devices, zones, facts and revisions, each with the value before', async () => {
    const { app, get } = await testApp();
    const { status, body } = await get(`${WHY}?zone=marenza`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ zone: 'marenza', equal: true, deviceCount: 260, leftOutCount: 2, next: '200', days: null },
      kpi: { id: 'air-pm2-5-24h', window: 'rolling-24h' },
      formula: { method: expect.any(String), completeness: 'at least 18 of 24 hours', spatial: expect.any(String) },
      facts: [{ id: 'population', value: 214_300, source: 'Municipal register', since: null }],
    });
    expect(body.devices).toHaveLength(200);
    expect(body.devices[0]).toMatchObject({ device: 'aq-0000', name: 'Cathedral square', weight: 1 / 260, used: true });
    expect(body.leftOut.map(({ reason }: { reason: string }) => reason)).toEqual([
      'too little that is valid: 12 of 24, 18 are needed',
      'no reading in the window',
    ]);
    const { value } = body.published;
    expect(
      body.revisions.map((row: Record<string, unknown>) => [row.revision, row.reason, row.before, row.value]),
    ).toEqual([
      [0, null, null, value + 2],
      [1, 'late', value + 2, value + 1],
      [2, 'facts', value + 1, value],
    ]);
    expect(body.published).toMatchObject({ revision: 2, reason: 'facts' });
    expect(body.recomputed).toMatchObject({ revision: 2, value });
    await app.close();
  });

  it('pages devices, and lists the days of a window of many', async () => {
    const { app, get } = await testApp();
    const { body } = await get(`/api/v1/kpis/air-pm2-5-year/why?zone=marenza&limit=100&offset=200`);
    expect(body.devices.map(({ device }: { device: string }) => device).at(-1)).toBe('aq-0259');
    expect(body).toMatchObject({ leftOut: [], leftOutCount: 2, next: null, days: { ended: 365, listed: 14 } });
    expect(body.days.list).toHaveLength(30);
    await app.close();
  });

  it.each([
    ['/api/v1/kpis/air-pm2-5/why?zone=marenza', 404, /cannot find the kpi "air-pm2-5": near: .*air-pm2-5-24h/],
    [`${WHY}?zone=harbor`, 404, /cannot find the zone "harbor": near: harbour/],
    [`${WHY}?zone=device:nobody`, 404, /cannot find the device "nobody"/],
    [WHY, 400, /cannot answer without zone: it is required/],
    [`${WHY}?zone=marenza&window=day`, 400, /cannot use window "day": air-pm2-5-24h is of the window rolling-24h/],
    [`${WHY}?zone=marenza&at=yesterday`, 400, /cannot use at "yesterday": write an instant with its offset/],
    [
      `${WHY}?zone=marenza&at=2026-07-01T00:00:00Z`,
      400,
      /cannot use at "2026-07-01T00:00:00.000Z": readings have come up to 2026-06-18T14:25:00.000Z, before the window/,
    ],
    [`${WHY}?zone=marenza&limit=5000`, 400, /cannot use limit "5000": write a whole number from 1 to 1000/],
    [`${WHY}?zone=marenza&off=1`, 400, /cannot use the query/],
  ])('refuses %s with one sentence', async (url, status, message) => {
    const { app, get } = await testApp();
    const answer = await get(url);
    expect(answer.status).toBe(status);
    expect(answer.body.error.message).toMatch(message);
    await app.close();
  });

  it('asks for the instant given, and for the newest published window without one', async () => {
    const { app, sources, get } = await testApp();
    const asked: (number | undefined)[] = [];
    const { why } = sources;
    Object.assign(sources, {
      why: (question: Parameters<typeof why>[0]) => {
        asked.push(question.atMs);
        return why(question);
      },
    });
    await get(`${WHY}?zone=marenza&at=2026-06-18T10:00:00Z`);
    await get(`${WHY}?zone=marenza`);
    expect(asked[0]).toBe(Date.UTC(2026, 5, 18, 10));
    // The window that runs ends with the hour.
    expect(asked[1]).toBe(Date.UTC(2026, 5, 18, 15) - 1);
    await app.close();
  });
});
