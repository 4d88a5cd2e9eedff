import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { reportText, type VerifyReport, verifyRecording } from '../../../simulators/verify/index.ts';

/*
 * Three made-up stations with PM2.5 and PM10 and results worked out by hand: a year, a network without one of its sites,
 * and what the city published of two days.
 */
const folder = mkdtempSync(join(tmpdir(), 'verify-years-'));
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

beforeAll(() => {
  for (const name of ['expected', 'published']) mkdirSync(join(folder, name));
  write(
    'mapping.yaml',
    `recording: years
calendar: UTC
time: { formats: ["YYYY-MM-DD"], zones: { "*": UTC } }
readings:
  - { from: PM10, quantity: pm10, every: 1h, period: 1h }
  - { from: PM2.5, quantity: pm2_5, every: 1h, period: 1h }
`,
  );
  const rows = ['a', 'b', 'far'].map((device) => `${device},2019-03-01,z,PM2.5,ug/m3,1,\n`);
  write('data.csv', `device,time,zone,quantity,unit,value,flag\n${rows.join('')}a,2020-02-28,z,PM10,ug/m3,1,\n`);
  write(
    'expected/yearly.csv',
    `device,quantity,unit,year,n,mean,max,p50,p98,hours_in_data,coverage,hours_gt_200,valid_days_gt_50
a,PM10,ug/m3,2019,8700,40.5,90,40,80,8760,0.993151,0,2
`,
  );
  write(
    'expected/network_pm25_seasonal_year.csv',
    `sites,seasonal_year_Mar_Feb,n,pooled_mean,mean_of_site_means\n2 (all but far),2019,400,16,20\n`,
  );
  write('expected/network_pm25_month.csv', 'month,n,pooled_mean\n2019-03,300,19.333333\n');
  write(
    'published/city_daily_means_2019.csv',
    `device,date,quantity,unit,city_daily_mean,city_flag
a,2019-05-01,PM10,ug/m3,00020,V
a,2019-05-02,PM10,ug/m3,00021,N
a,2019-05-03,PM10,ug/m3,00000,N
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

type Row = Record<string, unknown>;
const span = (from: string, to: string): Row => ({ start: `${from}T00:00:00Z`, end: `${to}T00:00:00Z` });
const YEAR = span('2019-01-01', '2020-01-01');
const aggregate = (bounds: Row, fields: Row): Row => ({
  ...bounds,
  ...{ value: null, min: null, max: null, first: null, last: null },
  ...{ count: 0, validParts: 0, expected: 0, coverage: 0, valid: true },
  ...fields,
});
const kpi = (bounds: Row, fields: Row): Row => ({
  ...bounds,
  ...{ value: null, validCount: 0, expectedCount: 0, coverage: 0, valid: true },
  ...fields,
});
const dayValues = (values: readonly number[]): Row[] =>
  values.map((value, index) => kpi(span(`2019-01-0${index + 1}`, `2019-01-0${index + 2}`), { value }));

/** Answers by path, window and device; each test changes some. */
const answers = (): Record<string, Row[]> => {
  const march = span('2019-03-01', '2019-04-01');
  const april = span('2019-04-01', '2019-05-01');
  const season = span('2019-03-01', '2020-02-29');
  return {
    // Site a: (200 · 15 + 100 · 6) / 300 = 12; site b: 28; all hours: (3600 + 2800) / 400 = 16, in March 5800 / 300.
    'aggregates month a': [
      aggregate(march, { value: 15, validParts: 200 }),
      aggregate(april, { value: 6, validParts: 100 }),
    ],
    'aggregates month b': [aggregate(march, { value: 28, validParts: 100 })],
    'aggregates month far': [aggregate(march, { value: 999, validParts: 700 })],
    'aggregates year a': [
      aggregate(YEAR, {
        ...{ value: 40.5, max: 90, validParts: 8700, count: 8700 },
        stats: { p50: { value: 40 }, p98: { value: 80 } },
      }),
    ],
    'aggregates day a': [
      aggregate(span('2019-05-01', '2019-05-02'), { value: 20.75 }),
      aggregate(span('2019-05-02', '2019-05-03'), { value: 99, valid: false }),
    ],
    'air-pm10-year': [kpi(YEAR, { value: 40.5, validCount: 8700, expectedCount: 8760, coverage: 8700 / 8760 })],
    'air-pm10-days-above-50-year': [kpi(YEAR, { value: 1 })],
    'air-pm10-day': [...dayValues([50, 50.4, 51]), kpi(span('2019-02-01', '2019-02-02'), { value: 70, valid: false })],
    'air-pm2-5-365d': [kpi({ ...season, end: '2020-03-01T00:00:00Z' }, { value: 20 })],
  };
};

let server: Server | undefined;
afterEach(async () => {
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

async function verified(change: Record<string, Row[]> = {}): Promise<VerifyReport> {
  const all = { ...answers(), ...change };
  server = createServer((request, response) => {
    const { pathname, searchParams: asked } = new URL(request.url ?? '', 'http://x');
    const device = asked.get('device')?.split(':')[1];
    const id = pathname.split('/').at(-1) ?? '';
    const rows = all[id === 'aggregates' ? `aggregates ${asked.get('window')} ${device}` : id] ?? [];
    const body = id === 'aggregates' ? { unit: 'ug/m3', rows } : { kpi: { unit: 'ug/m3' }, values: rows };
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return verifyRecording({ folder, httpUrl: `http://127.0.0.1:${port}` });
}

const differences = ({ columns }: VerifyReport): string[] =>
  columns
    .filter(({ different }) => different > 0)
    .map(({ file, column, source }) => `${file.replace('.csv', '')} ${column} (${source})`);

describe('verifying years of air', () => {
  test('finds nothing where years, networks and published days are as expected', async () => {
    const report = await verified();
    expect(differences(report)).toEqual([]);
    const compared = report.columns.map(({ file, column, source, compared: count }) => [file, column, source, count]);
    expect(compared).toContainEqual(['yearly.csv', 'p98', 'year of readings', 1]);
    expect(compared).toContainEqual(['yearly.csv', 'coverage', 'kpi air-pm10-year', 1]);
    expect(compared).toContainEqual(['yearly.csv', 'valid_days_gt_50', 'days of kpi air-pm10-day', 1]);
    expect(compared).toContainEqual(['published/city_daily_means_2019.csv', 'city_daily_mean', 'day of hours', 1]);
    expect(compared).toContainEqual(['published/city_daily_means_2019.csv', 'city_flag', 'day of hours', 3]);
    expect(compared).toContainEqual(['network_pm25_month.csv', 'n', 'month of hours, of all sites', 1]);
    expect(compared).toContainEqual([
      'network_pm25_seasonal_year.csv',
      'mean_of_site_means',
      'month of hours, of all sites',
      1,
    ]);
    expect(report.notCovered).toEqual(['yearly.csv: hours_in_data, hours_gt_200 of PM10']);
  });

  test('says which days are above a limit only before they are rounded', async () => {
    const report = await verified();
    const ruled = report.columns.flatMap((column) => column.ruled);
    expect(ruled).toEqual([
      {
        row: 'a PM10 2019',
        ours: 1,
        want: '2',
        reason: '1 days above 50 are not when rounded to the decimals of the limit',
      },
    ]);
    expect(reportText(report)).toMatch(/yearly\.csv valid_days_gt_50 .* a PM10 2019 +1 +2 +1 days above 50/);
    expect(reportText(report)).toContain(`${report.compared - 1} equal, 1 by rule, 0 different`);
  });

  test('finds a count that neither the days nor rounding lead to', async () => {
    const wrong = await verified({ 'air-pm10-days-above-50-year': [kpi(YEAR, { value: 0 })] });
    expect(differences(wrong)).toEqual(['yearly valid_days_gt_50 (kpi air-pm10-days-above-50-year)']);
    const days = await verified({ 'air-pm10-day': dayValues([50, 51]) });
    expect(differences(days)).toEqual([
      'yearly valid_days_gt_50 (kpi air-pm10-days-above-50-year)',
      'yearly valid_days_gt_50 (days of kpi air-pm10-day)',
    ]);
  });

  test('finds a day that the city says otherwise, and one that it holds for valid', async () => {
    const day = (value: number, valid: boolean) => [aggregate(span('2019-05-01', '2019-05-02'), { value, valid })];
    expect(differences(await verified({ 'aggregates day a': day(20.76, true) }))).toEqual([
      'published/city_daily_means_2019 city_daily_mean (day of hours)',
    ]);
    expect(differences(await verified({ 'aggregates day a': day(20, false) }))).toEqual([
      'published/city_daily_means_2019 city_flag (day of hours)',
    ]);
  });

  test('finds a site that counts twice, and leaves the site out that the file is without', async () => {
    const { 'aggregates month a': a } = answers();
    expect(differences(await verified({ 'aggregates month b': a! }))).toEqual([
      'network_pm25_month n (month of hours, of all sites)',
      'network_pm25_month pooled_mean (month of hours, of all sites)',
      'network_pm25_seasonal_year n (month of hours, of all sites)',
      'network_pm25_seasonal_year pooled_mean (month of hours, of all sites)',
      'network_pm25_seasonal_year mean_of_site_means (month of hours, of all sites)',
    ]);
  });
});
