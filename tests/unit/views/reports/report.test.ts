import { describe, expect, test } from 'vitest';
import { kpiInfoBody } from '../../../../src/views/bodies.ts';
import { reportCsv, reportHtml, standingOf } from '../../../../src/views/index.ts';
import { reportPeriod } from '../../../../src/views/reports/period.ts';
import { KpiCollector } from '../../../../src/views/reports/report.ts';
import {
  cityOf,
  DAILY,
  HOUR,
  HOURLY,
  kpiValue,
  ROLLING,
  readCsv,
  reportOf,
  STANDARD_DAY,
  tablesOf,
  textOf,
  YEARLY,
} from './support.ts';

const at = (text: string) => Temporal.Instant.from(text).epochMilliseconds;
const htmlOf = (report: Parameters<typeof reportHtml>[0]) => [...reportHtml(report)].join('');
const csvOf = (report: Parameters<typeof reportCsv>[0]) => readCsv([...reportCsv(report)].join(''));

/** 1 March 2026 in Madrid begins at 23:00 UTC. */
const DAY_MS = at('2026-02-28T23:00Z');

describe('the report of a day', () => {
  const config = cityOf({ targets: { 'no2-hour': 40, 'no2-day': { target: 25, direction: 'lower' } } });
  const values = [
    // Of the days beside it, which must not enter.
    kpiValue(HOURLY, DAY_MS - HOUR, 1),
    kpiValue(HOURLY, DAY_MS + 24 * HOUR, 999),
    kpiValue(HOURLY, DAY_MS, 31.26, { band: 1 }),
    kpiValue(HOURLY, DAY_MS + HOUR, 40, { band: 1, validCount: 11, coverage: 11 / 12 }),
    kpiValue(HOURLY, DAY_MS + 2 * HOUR, 52.04, { band: 2, revision: 2, reason: 'late' }),
    // Not valid: neither highest nor missed.
    kpiValue(HOURLY, DAY_MS + 3 * HOUR, 88.8, {
      band: 2,
      valid: false,
      validCount: 4,
      coverage: 4 / 12,
      note: '13:00',
    }),
    kpiValue(DAILY, DAY_MS, 26.5, {
      validCount: 23,
      expectedCount: 24,
      coverage: 23 / 24,
      revision: 1,
      reason: 'facts',
    }),
  ];
  const report = () => reportOf({ config, kpis: [HOURLY, DAILY, ROLLING, YEARLY], values }, '2026-03-01');

  test('gives the value of the day where there is one, and compares the hours without averaging them', async () => {
    const [summary] = tablesOf(htmlOf(await report()));
    expect(summary).toEqual([
      expect.any(Array),
      ['Air'],
      [
        'NO₂ of the hour µg/m³',
        '1 hour',
        '–',
        '31.3 2026-03-01 00:00 +01:00 Why?',
        '52.0 2026-03-01 02:00 +01:00 Why?',
        '88.8 not valid 2026-03-01 03:00 +01:00 Why?',
        // 3 valid hours of the 24 of the day.
        '13 %',
        '3 of 24 windows',
        'final 1 corrected',
        // 31.26 and 40 are at most 40.
        '≤ 40 met by 2 of 3',
      ],
      [
        'NO₂ of the day EN: 1 µg/m³',
        '1 day',
        '26.5 Why?',
        '–',
        '–',
        '–',
        '23/24 · 96 %',
        'yes',
        'final revision 1',
        '≤ 25 missed',
      ],
    ]);
  });

  test('has a table of the hours with what each is worth', async () => {
    const [, hours, days] = tablesOf(htmlOf(await report()));
    expect(hours).toEqual([
      ['From', 'To', 'Value, µg/m³', 'Band', 'Target', 'Coverage', 'Valid', 'Standing', 'Revision', 'Note', 'Why'],
      row('00:00', '01:00', '31.3', 'Low', 'met', '12/12 · 100 %', 'yes', '0', ''),
      row('01:00', '02:00', '40.0', 'Low', 'met', '11/12 · 92 %', 'yes', '0', ''),
      row('02:00', '03:00', '52.0', 'High', 'missed', '12/12 · 100 %', 'yes', '2, late', ''),
      row('03:00', '04:00', '88.8', 'High', '', '4/12 · 33 %', 'no', '0', '13:00'),
    ]);
    expect(days).toHaveLength(2);

    function row(from: string, to: string, ...[value, band, target, coverage, valid, revision, note]: string[]) {
      const [start, end] = [from, to].map((clock) => `2026-03-01 ${clock} +01:00`);
      return [start, end, value, band, target, coverage, valid, 'final', revision, note, 'Why?'];
    }
  });

  test('says whose it is, how long it is, and what it does not hold', async () => {
    const text = textOf(htmlOf(await report()));
    expect(text).toContain(
      'Population 1,200 Area 3.25 km² Period 2026-03-01 00:00 +01:00 to 2026-03-02 00:00 +01:00 , 24 hours',
    );
    expect(text).toContain('Time zone Europe/Madrid Made at 2026-06-01 12:30 +02:00 by City Vitals 1.2.3');
    expect(text).toContain('Standing final : 5 values, 1 not valid, 2 corrected');
    expect(text).toContain('Without a value in the period: Ozone, 8 hours.');
    expect(text).toContain('Windows longer than a day, which say nothing of it: NO₂ of the year.');
  });

  test('is the same as CSV, in full precision and with the offset', async () => {
    const rows = csvOf(await report());
    expect(rows.map(({ part, kpi }) => `${part} ${kpi}`)).toEqual([
      'summary no2-hour',
      'summary no2-day',
      ...Array(4).fill('window no2-hour'),
      'window no2-day',
    ]);
    expect(rows[0]).toMatchObject({
      ...{ zone: 'west', period: '2026-03-01', unit: 'ug/m3', window: 'hour', value: '', target: '40' },
      ...{ start: '2026-03-01T00:00:00+01:00', end: '2026-03-02T00:00:00+01:00', coverage: '0.125' },
      ...{ windows: '24', windows_said: '4', windows_valid: '3', windows_final: '4', windows_revised: '1' },
      ...{ windows_target_met: '2', lowest: '31.26', lowest_start: '2026-03-01T00:00:00+01:00' },
      ...{ highest: '52.04', highest_start: '2026-03-01T02:00:00+01:00' },
      ...{ last: '88.8', last_start: '2026-03-01T03:00:00+01:00', last_valid: 'false' },
    });
    expect(rows[1]).toMatchObject({ value: '26.5', revision: '1', reason: 'facts', target: '25', target_met: 'false' });
    expect(rows[5]).toMatchObject({
      ...{ start: '2026-03-01T03:00:00+01:00', end: '2026-03-01T04:00:00+01:00', value: '88.8', band: 'High' },
      ...{ coverage: '0.3333333333333333', valid_count: '4', expected_count: '12', valid: 'false', final: 'true' },
      ...{ revision: '0', reason: '', note: '13:00', target_met: '', windows: '' },
      why: '/#/kpi/no2-hour/west?why=2026-03-01T02%3A59%3A59.999Z',
    });
  });

  test('is provisional while the period runs, or a value of it may change', async () => {
    const runs = await reportOf({ config, kpis: [HOURLY], values, nowMs: DAY_MS + 5 * HOUR }, '2026-03-01');
    expect(standingOf(runs)).toMatchObject({ isFinal: false, provisional: 0 });
    expect(textOf(htmlOf(runs))).toContain('provisional : the period is not over, 4 values');
    const open = await reportOf(
      { kpis: [DAILY], values: [kpiValue(DAILY, DAY_MS, 3, { final: false })] },
      '2026-03-01',
    );
    expect(standingOf(open)).toEqual({ values: 1, provisional: 1, revised: 0, invalid: 0, isFinal: false });
    expect(textOf(htmlOf(open))).toContain('provisional : 1 value, 0 not valid, 0 corrected, 1 provisional');
  });
});

describe('a day when clocks change', () => {
  const hoursFrom = (startMs: number, count: number) =>
    Array.from({ length: count }, (_, hour) => kpiValue(HOURLY, startMs + hour * HOUR, hour));

  test('in autumn has 25 hours, and the two that the clock shows alike are told apart', async () => {
    const values = hoursFrom(at('2026-10-24T22:00Z'), 25);
    const report = await reportOf({ kpis: [HOURLY], values }, '2026-10-25');
    const document = htmlOf(report);
    const [summary, hours] = tablesOf(document);
    expect(textOf(document)).toContain('2026-10-25 00:00 +02:00 to 2026-10-26 00:00 +01:00 , 25 hours');
    expect(summary![2]!.slice(6, 8)).toEqual(['100 %', '25 of 25 windows']);
    expect(hours!.slice(3, 6).map(([from, , value]) => [from, value])).toEqual([
      ['2026-10-25 02:00 +02:00', '2.0'],
      ['2026-10-25 02:00 +01:00', '3.0'],
      ['2026-10-25 03:00 +01:00', '4.0'],
    ]);
  });

  test('in spring has 23, of which all are all', async () => {
    const values = hoursFrom(at('2026-03-28T23:00Z'), 24);
    const report = await reportOf({ kpis: [HOURLY], values }, '2026-03-29');
    const [row] = csvOf(report);
    expect(row).toMatchObject({ windows: '23', windows_said: '23', coverage: '1', last: '22' });
    expect(row!.last_start).toBe('2026-03-29T23:00:00+02:00');
  });

  test('has one day of standard time, which is the value of the day', async () => {
    const values = [-1, 0, 1].map((day) => kpiValue(STANDARD_DAY, at('2026-07-14T23:00Z') + day * 24 * HOUR, 50 + day));
    const [row, ...windows] = csvOf(await reportOf({ kpis: [STANDARD_DAY], values }, '2026-07-15'));
    expect(row).toMatchObject({ value: '50', start: '2026-07-15T01:00:00+02:00', end: '2026-07-16T01:00:00+02:00' });
    expect(windows).toHaveLength(1);
  });
});

describe('a report', () => {
  test('of a period without a value says so, and is whole', async () => {
    const report = await reportOf({ kpis: [HOURLY, YEARLY], values: [] }, '2026-03');
    const document = htmlOf(report);
    expect(document).toMatch(/^<!doctype html>.*<\/html>\n$/s);
    expect(textOf(document)).toContain('empty : there is no value of this period');
    expect(textOf(document)).toContain('No KPI has a value in this period.');
    expect(tablesOf(document)).toEqual([]);
    expect(csvOf(report)).toEqual([]);
  });

  test('of values that say nothing has dashes, and no lowest or highest', async () => {
    const values = [
      kpiValue(HOURLY, DAY_MS, null, { valid: false, validCount: 0, coverage: 0 }),
      kpiValue(HOURLY, DAY_MS + HOUR, Number.NaN, { valid: true }),
    ];
    const report = await reportOf({ kpis: [HOURLY], values }, '2026-03-01');
    const document = htmlOf(report);
    const [summary, hours] = tablesOf(document);
    expect(summary![2]!.slice(3, 5)).toEqual(['–', '–']);
    expect(hours!.slice(1).map((cells) => cells[2])).toEqual(['–', '–']);
    expect(document).not.toContain('<svg class="chart"');
    expect(csvOf(report).map(({ value, lowest }) => [value, lowest])).toEqual([
      ['', ''],
      ['', ''],
      ['', ''],
    ]);
  });

  test('tells of a rolling window by its end, and of one that began before the period too', async () => {
    const values = [7, 8].map((hours) => kpiValue(ROLLING, DAY_MS + (hours - 15) * HOUR, hours));
    const report = await reportOf({ kpis: [ROLLING], values }, '2026-03-01');
    const [summary] = tablesOf(htmlOf(report));
    // The first ends at midnight, with the day before.
    expect(summary![2]!.slice(3, 8)).toEqual([
      ...Array(3).fill('8.0 to 2026-03-01 01:00 +01:00 Why?'),
      '4 %',
      '1 of 24 windows',
    ]);
    expect(csvOf(report)[0]).toMatchObject({ lowest: '8', lowest_start: '2026-02-28T17:00:00+01:00' });
  });

  test('of a year has the days in its tables, and the hours in the summary alone', async () => {
    const startMs = at('2025-12-31T23:00Z');
    const values = [
      ...Array.from({ length: 48 }, (_, hour) => kpiValue(HOURLY, startMs + hour * HOUR, hour)),
      kpiValue(DAILY, startMs, 7),
      kpiValue(DAILY, startMs + 24 * HOUR, 9),
      kpiValue(YEARLY, startMs, 8, { endMs: at('2026-12-31T23:00Z'), final: false }),
    ];
    const report = await reportOf({ kpis: [HOURLY, DAILY, YEARLY], values }, '2026');
    const document = htmlOf(report);
    const [summary, ...tables] = tablesOf(document);
    expect(summary!.slice(2).map((cells) => [cells[0], cells[2], cells[7]])).toEqual([
      ['NO₂ of the hour µg/m³', '–', '48 of 8,760 windows'],
      ['NO₂ of the day EN: 1 µg/m³', '–', '2 of 365 windows'],
      ['NO₂ of the year µg/m³', '8.0 Why?', 'yes'],
    ]);
    expect(tables.map((rows) => rows.length - 1)).toEqual([2, 1]);
    expect(textOf(document)).toContain('NO₂ of the hour (48 windows of 1 hour)');
    expect(textOf(document)).toContain('Left out of the table: its 48 windows of 1 hour.');
    expect(csvOf(report).filter(({ part }) => part === 'window')).toHaveLength(3);
  });

  test('has no more rows than its bounds, and counts all that it leaves out', () => {
    const period = reportPeriod('2026-03', 'UTC');
    const info = kpiInfoBody({ ...HOURLY, window: 'quarter' }, undefined, 'Based on accurate measurements');
    const collector = (rowsLeft: number) => {
      const made = new KpiCollector(info, period, rowsLeft);
      for (let index = 0; index < 1_000; index++)
        made.add({ ...kpiValue(HOURLY, period.startMs + index * 900_000, index), quality: info.quality });
      return made.report()!;
    };
    expect([collector(60_000), collector(5)].map(({ values, leftOut }) => [values.length, leftOut])).toEqual([
      [800, 200],
      [5, 995],
    ]);
    expect(collector(5).summary).toMatchObject({ saidCount: 1_000, highest: { value: 999 }, windowCount: null });
  });

  test('escapes names: they are text in HTML, and no formula in CSV', async () => {
    const evil = '<img src=x onerror=alert(1)>"\'&<script>alert(2)</script>';
    const config = cityOf({
      city: { id: 'town', name: evil, timeZone: 'Europe/Madrid' },
      zones: [{ id: 'west', name: `${evil}\u202e\n`, population: 1 }],
    });
    const kpi = {
      ...HOURLY,
      title: `=${evil}`,
      unitLabel: evil,
      method: evil,
      code: '@cmd',
      bands: [{ name: evil, upTo: 1, color: '"><script>' }],
    };
    const values = [0, 1].map((hour) => kpiValue(kpi, DAY_MS + hour * HOUR, 1 + hour, { band: 1, note: `-${evil}` }));
    const report = await reportOf({ config, kpis: [kpi], values }, '2026-03-01');
    const document = htmlOf(report);
    expect(document).not.toMatch(/<(?:img|script)\b/i);
    // Every attribute is whole: no quote of a name has ended one.
    expect(
      document
        .replace(/<style>.*?<\/style>/s, '')
        .replace(/<[a-z][a-z0-9-]*(?: [a-zA-Z:-]+(?:="[^"<>]*")?)*\/?>|<\/[a-z0-9]+>|<!doctype html>/g, ''),
    ).not.toMatch(/[<>]/);
    const rows = csvOf(report);
    expect(rows[0]!.title).toBe(`'=${evil}`);
    expect(rows[0]!.code).toBe("'@cmd");
    expect(rows[1]!.note).toBe(`'-${evil}`);
  });

  test('needs nothing from elsewhere and runs nothing', async () => {
    const values = [0, 1].map((hour) => kpiValue(HOURLY, DAY_MS + hour * HOUR, hour));
    const document = htmlOf(await reportOf({ kpis: [HOURLY], values }, '2026-03-01'));
    expect(document).not.toMatch(/<script|<link|<img|\bsrc=|@import|url\(|https?:|\bstyle="|\son[a-z]+="/i);
    const links = [...document.matchAll(/href="([^"]*)"/g)].map(([, to]) => to!);
    expect(
      links.filter((to) => !/^(?:#kpi-no2-hour$|\/#\/kpi\/no2-hour\/west|west-2026-03-01\.csv$)/.test(to)),
    ).toEqual([]);
    for (const [, table = ''] of document.matchAll(/<table>(.*?)<\/table>/gs)) {
      expect(table).toMatch(/^<caption>[^<]+<\/caption><thead>/);
      expect([...table.matchAll(/<th(?! scope="(?:col|row|rowgroup)")[ >]/g)]).toEqual([]);
    }
    expect(document).toMatch(/<svg class="chart"[^>]* role="img" aria-label="NO₂ of the hour: 2 windows from /);
  });

  test('of the city holds its own values, and of an unknown zone is refused', async () => {
    const values = [kpiValue(DAILY, DAY_MS, 5), kpiValue(DAILY, DAY_MS, 6, { zone: 'town' })];
    const city = { kpis: [DAILY, { ...HOURLY, scopes: ['zone'] as const }], values };
    const report = await reportOf(city, '2026-03-01', 'town');
    expect(csvOf(report).map(({ zone, value }) => [zone, value])).toEqual([
      ['town', '6'],
      ['town', '6'],
    ]);
    expect(report.silent).toEqual([]);
    for (const zone of ['../west', 'device:air-1', '', 'WEST', '__proto__'])
      await expect(reportOf(city, '2026-03-01', zone)).rejects.toThrow(
        expect.objectContaining({ code: 'zone_unknown', message: expect.stringContaining('known are town, west') }),
      );
  });
});
