import { afterAll, beforeAll, expect, test } from 'vitest';
import { U4SSC_KPIS } from '../../../src/kpis/index.ts';
import { type TestApp, testApp } from './support.ts';

const MEASURED = 'Based on accurate measurements';
const CITY = {
  ...{ id: 'marenza', name: 'Marenza', timeZone: 'Europe/Madrid', population: 214_300 },
  facts: {
    drainageKm: [{ value: 400, source: 'map', quality: MEASURED }],
    drainageMonitoredKm: [
      { value: 100, source: 'works', quality: MEASURED },
      // The fake city stands in June 2026.
      { from: '2026-07-01', value: 400, source: 'plan', quality: 'Personal estimation' },
    ],
  },
};

let t: TestApp;
beforeAll(async () => {
  t = await testApp({
    config: {
      city: CITY,
      targets: { 'EC: ICT: D: 1A': 50, 'air-no2-hour': { target: 30, direction: 'lower' } },
      reported: [
        { kpi: 'SC: EH: H: 3C', period: 2025, value: 410, source: 'health office', quality: 'Personal estimation' },
      ],
    },
  });
});
afterAll(() => t.app.close());

test('all 91 KPIs are answered with how the city stands to them', async () => {
  const { status, body } = await t.get('/api/v1/u4ssc');
  expect(status).toBe(200);
  expect(body.kpis.map((kpi: { code: string }) => kpi.code)).toEqual(U4SSC_KPIS.map(({ code }) => code));
  const of = (code: string) => body.kpis.find((kpi: { code: string }) => kpi.code === code);
  expect(of('EC: ICT: D: 1A')).toMatchObject({
    ...{ standing: 'facts', level: 'advanced', dimension: 'Economy', subDimension: 'ICT', category: 'Drainage' },
    facts: [
      { id: 'drainageMonitoredKm', value: 100, quality: MEASURED },
      { id: 'drainageKm', value: 400, quality: MEASURED },
    ],
    numbers: [{ value: 25, origin: 'facts', quality: MEASURED, target: 50, percentOfTarget: 50, points: 2 }],
  });
  expect(of('SC: EH: H: 3C')).toMatchObject({
    standing: 'reported',
    numbers: [{ value: 410, origin: 'reported', period: '2025', excluded: 'no target' }],
    reported: [{ series: '', period: '2025', value: 410, source: 'health office' }],
  });
  // The mean of the year is shown, and earns no points without a target.
  expect(of('EN: EN: AQ: 1C').numbers[1]).toMatchObject({
    series: 'PM2.5',
    kpi: 'air-pm2-5-year',
    excluded: 'no target',
  });
});

test('scores come by dimension, sub-dimension and category', async () => {
  const { body } = await t.get('/api/v1/u4ssc');
  const economy = body.scores[0];
  expect(economy).toMatchObject({ name: 'Economy', percent: 50, band: '33-66', points: 2, scored: 1 });
  expect(economy.subDimensions[0].categories).toContainEqual(
    expect.objectContaining({ name: 'Drainage', percent: 50, scored: 1, excluded: 0 }),
  );
  expect(body.scores[2]).toMatchObject({ name: 'Society and Culture', percent: null, band: null, scored: 0 });
});

test('parameters are refused', async () => {
  expect((await t.get('/api/v1/u4ssc?zone=harbour')).status).toBe(400);
});

test('values and KPIs bear a data-quality label, and a target may turn the direction', async () => {
  const { body } = await t.get('/api/v1/kpis?zone=harbour');
  expect(new Set(body.latest.map((value: { quality: string }) => value.quality))).toEqual(new Set([MEASURED]));
  expect(body.kpis.find((kpi: { id: string }) => kpi.id === 'air-no2-hour')).toMatchObject({
    ...{ target: 30, direction: 'lower', quality: MEASURED, facts: [] },
  });
});

test('before the first reading the newest numbers by date are those that hold', async () => {
  const people = [
    { from: '2020-01-01', value: 900 },
    { from: '2025-01-01', value: 1_000 },
  ];
  const early = await testApp({
    config: {
      city: { ...CITY, population: people, facts: { gridRenewableShare: [{ from: '2025-01-01', value: 0.5 }] } },
      zones: [{ id: 'harbour', name: 'Harbour', population: people }],
      devices: [],
    },
  });
  const { sources } = early;
  const [kpi] = sources.kpis;
  const standing = { ...sources.engineStanding(), nowMs: Number.NEGATIVE_INFINITY };
  Object.assign(sources, { engineStanding: () => standing, kpis: [{ ...kpi!, facts: ['gridRenewableShare'] }] });
  const { city, zones } = (await early.get('/api/v1/zones')).body;
  expect([city.population, zones[0].population]).toEqual([1_000, 1_000]);
  const { kpis } = (await early.get('/api/v1/kpis')).body;
  expect(kpis[0].quality).toBe('Unknown methodology, not traceable');
  await early.app.close();
});
