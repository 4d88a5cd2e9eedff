import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseMapping } from '../../../simulators/replay/index.ts';
import {
  accountingFaults,
  agrees,
  canonicalJson,
  cityForRecording,
  decimalsOf,
  keyWindow,
  questionRanges,
  reportText,
  verifyRecording,
  waitUntilLevel,
} from '../../../simulators/verify/index.ts';
import { HOUR_MS } from '../../../src/base/index.ts';
import { loadConfig } from '../../../src/config/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'verify-'));
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

/*
 * Two days of a made-up station in ppb, a register in litres, and results worked out by hand. One ppb of NO2 is
 * 1.9125 ug/m3 at 20 Cel (KPI.md 2.10); the exact factor is that of molar mass over molar volume.
 */
const NO2 = 46.0055 / ((8.314462618 * 293.15) / 101.325);
const DAY = ['2020-01-01', '2020-01-02', '2020-01-03'] as const;

beforeAll(() => {
  mkdirSync(join(folder, 'expected'));
  write(
    'mapping.yaml',
    `recording: hand-made
calendar: Europe/Berlin
time: { formats: ["YYYY-MM-DD HH:mm"], zones: { "*": Europe/Berlin } }
readings:
  - { from: NO2, quantity: no2, every: 1h, period: 1h }
  - { from: meter, quantity: water_volume, every: 1h }
`,
  );
  write(
    'data.csv',
    `device,time,zone,quantity,unit,value,flag\ns,2020-01-01 00:00,z,NO2,ppb,10,\nm,2020-01-01 00:00,z,meter,L,5,\n`,
  );
  write(
    'expected/daily_mean.csv',
    `device,quantity,unit,day,slots,n,mean,min,max,valid
s,NO2,ppb,${DAY[0]},24,24,10.333333,9.5,12.0,1
s,NO2,ppb,${DAY[1]},24,17,20.0,19.0,21.5,0
s,NO2,ppb,${DAY[2]},24,0,,,,0
`,
  );
  write(
    'expected/daily_consumption.csv',
    `device,day,n_readings,first,last,sum_delta,sum_pos,n_neg,max_gap_h,boundary,night_min_per_h,unit
m,${DAY[0]},24,5.0,105.0,100.0,100.0,0,1.0,,0.0,L
m,${DAY[2]},20,110.0,230.0,125.0,125.0,0,24.0,125.0,0.0,L
`,
  );
  write('expected/summary.csv', 'device,readings\ns,41\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

type Row = Record<string, unknown>;
const start = (day: string) => keyWindow(day, 'day', 'Europe/Berlin')!;
const row = (day: string, change: Row): Row => ({
  start: new Date(start(day).startMs).toISOString(),
  end: new Date(start(day).endMs).toISOString(),
  value: null,
  min: null,
  max: null,
  first: null,
  last: null,
  count: 0,
  validParts: 0,
  expected: 24,
  coverage: 0,
  valid: false,
  revision: 0,
  final: false,
  ...change,
});
const air = (): Row[] => [
  row(DAY[0], {
    value: 10.33333333 * NO2,
    min: 9.5 * NO2,
    max: 12 * NO2,
    count: 24,
    validParts: 24,
    coverage: 1,
    valid: true,
  }),
  row(DAY[1], { value: 20 * NO2, min: 19 * NO2, max: 21.5 * NO2, count: 17, validParts: 17, coverage: 17 / 24 }),
];
const water = (): Row[] => [
  row(DAY[0], { value: 0.1, first: 0.005, last: 0.105, count: 24, valid: true }),
  row(DAY[1], { value: null }),
  row(DAY[2], { value: 0.125, first: 0.11, last: 0.23, count: 20, valid: true }),
];

let server: Server | undefined;
afterEach(async () => {
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

/** A product that answers what it is told to. */
async function product(answers: { no2?: Row[]; water?: Row[]; extra?: Row; status?: number; accounting?: () => Row }) {
  const asked: URL[] = [];
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    asked.push(url);
    const rows = url.searchParams.get('quantity') === 'no2' ? (answers.no2 ?? air()) : (answers.water ?? water());
    const unit = url.searchParams.get('quantity') === 'no2' ? 'ug/m3' : 'm3';
    const body =
      url.pathname === '/api/v1/accounting'
        ? answers.accounting?.()
        : { series: { id: 7, unit }, unit, rows, ...answers.extra };
    response.writeHead(answers.status ?? 200, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { httpUrl: `http://127.0.0.1:${port}`, asked };
}

async function verify(answers: Parameters<typeof product>[0]) {
  const { httpUrl, asked } = await product(answers);
  return { report: await verifyRecording({ folder, httpUrl }), asked };
}

const differences = async (answers: Parameters<typeof product>[0]) =>
  (await verify(answers)).report.columns
    .filter(({ different }) => different > 0)
    .map(({ file, column, different }) => `${file} ${column} ${different}`);

describe('verifying a recording', () => {
  test('finds nothing where everything is as expected, in the recorded units', async () => {
    const { report, asked } = await verify({});
    expect(report.different).toBe(0);
    // 3 rows of 5 columns, 2 rows of 6 columns.
    expect(report.compared).toBe(27);
    const no2 = asked.find((url) => url.searchParams.get('quantity') === 'no2')!;
    expect(Object.fromEntries(no2.searchParams)).toMatchObject({
      device: 'hand-made:s',
      quantity: 'no2',
      channel: '',
      window: 'day',
      of: 'hours',
      tz: 'Europe/Berlin',
      to: '2020-01-03T23:00:00.000Z',
    });
    const meter = asked.find((url) => url.searchParams.get('quantity') === 'water_volume')!;
    expect(Object.fromEntries(meter.searchParams)).toMatchObject({
      device: 'hand-made:m',
      of: 'readings',
      method: 'end',
    });
  });

  test('lists what no window of the product speaks of', async () => {
    const { report } = await verify({});
    expect(report.notCovered).toEqual([
      'daily_consumption.csv: n_neg, max_gap_h, night_min_per_h',
      'daily_mean.csv: slots',
      'summary.csv: whole file',
    ]);
  });

  test('finds a wrong value, extreme, count and validity', async () => {
    const change = (at: number, fields: Row) => air().map((one, index) => (index === at ? { ...one, ...fields } : one));
    expect(await differences({ no2: change(0, { value: 10.33336 * NO2 }) })).toEqual(['daily_mean.csv mean 1']);
    expect(await differences({ no2: change(1, { max: 21.5001 * NO2 }) })).toEqual(['daily_mean.csv max 1']);
    expect(await differences({ no2: change(1, { validParts: 18 }) })).toEqual(['daily_mean.csv n 1']);
    expect(await differences({ no2: change(1, { valid: true }) })).toEqual(['daily_mean.csv valid 1']);
    expect(await differences({ no2: change(0, { value: null }) })).toEqual(['daily_mean.csv mean 1']);
  });

  test('finds a value where nothing is known, and a missing row', async () => {
    const surplus = [...air(), row(DAY[2], { value: 3, min: 3, max: 3, validParts: 1 })];
    expect(await differences({ no2: surplus })).toEqual([
      'daily_mean.csv n 1',
      'daily_mean.csv mean 1',
      'daily_mean.csv min 1',
      'daily_mean.csv max 1',
    ]);
    const missing = await differences({ no2: air().slice(1) });
    expect(missing).toEqual(['n', 'mean', 'min', 'max', 'valid'].map((column) => `daily_mean.csv ${column} 1`));
  });

  test('accepts an empty row as well as none where nothing valid was recorded', async () => {
    expect(await differences({ no2: [...air(), row(DAY[2], {})] })).toEqual([]);
  });

  test('takes what crossed a boundary from the last window that had readings', async () => {
    const wrong = water();
    wrong[0] = { ...wrong[0], last: 0.104 };
    expect(await differences({ water: wrong })).toEqual([
      'daily_consumption.csv last 1',
      'daily_consumption.csv boundary 1',
    ]);
  });

  test('shows the first differences with the answer', async () => {
    const { report } = await verify({ no2: [] });
    const text = reportText(report);
    expect(text).toContain('daily_mean.csv mean: s NO2 2020-01-01: expected 10.333333, got nothing\n    no answer');
    expect(text).toContain(`digest ${report.digest}`);
  });

  test('refuses an answer that was cut, has another form, or is an error', async () => {
    await expect(verify({ extra: { next: '2020-01-02T00:00:00Z' } })).rejects.toThrow(/the answer was cut/);
    await expect(verify({ no2: [{ start: 'yesterday' }] })).rejects.toThrow(/not the agreed form/);
    await expect(verify({ status: 404 })).rejects.toThrow(/cannot get \/aggregates\?.*status 404/);
  });
});

describe('a stamp that the recording has twice', () => {
  const other = mkdtempSync(join(tmpdir(), 'verify-repeats-'));
  beforeAll(() => {
    mkdirSync(join(other, 'expected'));
    const mapping = `recording: twice
time: { formats: ["YYYY-MM-DDTHH:mm:ssZ"], zones: { "*": in-text } }
readings: [{ from: pm, quantity: no2, every: 1m }]
`;
    writeFileSync(join(other, 'mapping.yaml'), mapping);
    const line = (time: string, value: number) => `s,2020-01-01T${time}Z,z,pm,ug/m3,${value},`;
    // Hour 0 says 4 twice; hour 1 contradicts itself; hour 2 is plain.
    const rows = [
      line('00:00:00', 4),
      line('00:00:00', 4),
      line('00:10:00', 7),
      line('01:00:00', 1),
      line('01:00:00', 9),
      line('02:00:00', 5),
    ];
    writeFileSync(join(other, 'data.csv'), ['device,time,zone,quantity,unit,value,flag', ...rows, ''].join('\n'));
    const expected = [
      '2020-01-01T00:00:00Z,3,5.0,4.0,7.0',
      '2020-01-01T01:00:00Z,2,5.0,1.0,9.0',
      '2020-01-01T02:00:00Z,1,5.0,5.0,5.0',
    ];
    writeFileSync(
      join(other, 'expected/hourly_mean_utc.csv'),
      ['device,quantity,bin,n,mean,min,max', ...expected.map((one) => `s,pm,${one}`), ''].join('\n'),
    );
  });
  afterAll(() => rmSync(other, { recursive: true }));

  const hour = (at: number, value: number, count: number, min: number, max: number) => ({
    ...row(DAY[0], { value, count, min, max }),
    start: new Date(Date.UTC(2020, 0, 1, at)).toISOString(),
    end: new Date(Date.UTC(2020, 0, 1, at + 1)).toISOString(),
  });
  const columnsOf = async (rows: Row[]) => {
    const { httpUrl } = await product({ no2: rows });
    const { columns } = await verifyRecording({ folder: other, httpUrl });
    return columns.map(({ column, compared, different, notCovered }) => [column, compared, different, notCovered]);
  };

  test('counts once; where it contradicts itself only the count is compared', async () => {
    expect(await columnsOf([hour(0, 5.5, 2, 4, 7), hour(1, 1, 1, 1, 1), hour(2, 5, 1, 5, 5)])).toEqual([
      ['n', 3, 0, 0],
      ['mean', 2, 0, 1],
      ['min', 2, 0, 1],
      ['max', 2, 0, 1],
    ]);
  });

  test('is a difference where the product counts it twice', async () => {
    const twice = await columnsOf([hour(0, 5, 3, 4, 7), hour(1, 5, 2, 1, 9), hour(2, 5, 1, 5, 5)]);
    expect(twice.slice(0, 2)).toEqual([
      ['n', 3, 2, 0],
      ['mean', 2, 1, 1],
    ]);
  });
});

describe('a register that is not summed naively', () => {
  const other = mkdtempSync(join(tmpdir(), 'verify-register-'));
  // Litres, hourly: two readings of another meter among its own, and a step back of 4. Its own rise by 20 to the last.
  const litres = [5000, 5004, 90_300, 5010, 90_340, 5015, 5011, 5020];
  const naive = litres.slice(1).map((value, at) => value - litres[at]!);
  const rises = naive.filter((step) => step > 0).reduce((a, b) => a + b, 0);
  beforeAll(() => {
    mkdirSync(join(other, 'expected'));
    const mapping = `recording: mixed
role: customer
time: { formats: ["YYYY-MM-DDTHH:mm:ssZ"], zones: { "*": in-text } }
readings: [{ from: meter, quantity: water_volume, every: 1h }]
`;
    writeFileSync(join(other, 'mapping.yaml'), mapping);
    const rows = litres.map((value, hour) => `m,2020-01-01T0${hour}:00:00Z,z,meter,L,${value},`);
    writeFileSync(join(other, 'data.csv'), ['device,time,zone,quantity,unit,value,flag', ...rows, ''].join('\n'));
    writeFileSync(
      join(other, 'expected/daily_consumption.csv'),
      `device,day,n_readings,first,last,sum_delta,sum_pos,boundary\nm,${DAY[0]},8,5000,5020,20,${rises},\n`,
    );
  });
  afterAll(() => rmSync(other, { recursive: true }));

  const reportFor = async (m3: number) => {
    const value = { ...row(DAY[0], { value: m3, first: 5, last: 5.02, count: 8 }), start: '2020-01-01T00:00:00.000Z' };
    const { httpUrl } = await product({ water: [{ ...value, end: '2020-01-02T00:00:00.000Z' }] });
    return verifyRecording({ folder: other, httpUrl });
  };

  test('is explained by the rules that lead to the number of the product', async () => {
    const report = await reportFor(0.02);
    expect(report.different).toBe(0);
    const explained = report.columns.flatMap((column) =>
      column.explained.map((one) => ({ ...one, in: column.column })),
    );
    expect(explained).toEqual([
      {
        in: 'sum_pos',
        device: 'm',
        key: DAY[0],
        ours: 20,
        sumDelta: '20',
        sumPos: String(rises),
        reason: 'passed over 90300 90340; backflow -4',
      },
    ]);
    expect(reportText(report)).toContain(`m       2020-01-01  20    20         ${rises}   passed over 90300 90340`);
  });

  test('is a difference where the rules lead to another number', async () => {
    const report = await reportFor(0.024);
    expect(report.columns.filter(({ different }) => different > 0).map(({ column }) => column)).toEqual([
      'sum_delta',
      'sum_pos',
    ]);
  });
});

describe('digest', () => {
  const digest = async (answers: Parameters<typeof product>[0]) => (await verify(answers)).report.digest;

  test('is that of the results: it ignores when they were made and sees the last bit', async () => {
    const first = await digest({});
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    const otherRun = air().map((one) => ({ watermark: '2020-01-05T00:00:00Z', sequence: 99, ...one }));
    const lastBit = air();
    lastBit[0] = { ...lastBit[0], value: (lastBit[0]?.value as number) * (1 + 2 ** -52) };
    expect(await digest({ no2: lastBit })).not.toBe(first);
    expect(await digest({ no2: otherRun })).toBe(first);
  });

  test('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: 1, a: [{ d: 0.1, c: null }], series: { id: 3, unit: 'x' } })).toBe(
      canonicalJson({ series: { unit: 'x', id: 9 }, a: [{ c: null, d: 0.1 }], b: 1 }),
    );
    expect(canonicalJson({ id: 1 })).not.toBe(canonicalJson({ id: 2 }));
  });
});

describe('comparison', () => {
  test('holds a rounded number to its printed digits or to a millionth', () => {
    expect(agrees('10.333333', 10.3333334, 'rounded', 6)).toBe(true);
    expect(agrees('10.3333', 10.33334999, 'rounded', 4)).toBe(true);
    expect(agrees('10.3333', 10.3336, 'rounded', 4)).toBe(false);
    expect(agrees('1000000.0', 1_000_000.9, 'rounded', 6)).toBe(true);
    expect(agrees('1000000.0', 1_000_001.1, 'rounded', 6)).toBe(false);
  });

  test('holds an exact number, a count and a flag exactly', () => {
    expect(agrees('9.5', 9.5 * (1 + 1e-10), 'exact', 1)).toBe(true);
    expect(agrees('9.5', 9.5001, 'exact', 1)).toBe(false);
    expect(agrees('0.433333', 0.4333333, 'exact', 6)).toBe(true);
    expect(agrees('0.433333', 0.433334, 'exact', 6)).toBe(false);
    expect(agrees('9.5', 9.5000003, 'exact', 6)).toBe(false);
    expect(agrees('24', 24, 'count', 0)).toBe(true);
    expect(agrees('24', 23, 'count', 0)).toBe(false);
    expect(agrees('1', true, 'flag', 0)).toBe(true);
    expect(agrees('0', true, 'flag', 0)).toBe(false);
    expect(agrees('1', 1, 'flag', 0)).toBe(false);
  });

  test('tells nothing from something', () => {
    expect(agrees('', null, 'rounded', 6)).toBe(true);
    expect(agrees('', 0, 'rounded', 6)).toBe(false);
    expect(agrees('0.0', null, 'rounded', 6)).toBe(false);
    expect(agrees('1.5', Number.NaN, 'rounded', 6)).toBe(false);
  });

  test('reads how far a column is rounded', () => {
    expect(decimalsOf(['1', '2.25', '', '3.5'])).toBe(2);
    expect(decimalsOf(['1.5e-3'])).toBe(4);
    expect(decimalsOf([])).toBe(0);
  });
});

describe('windows of expected results', () => {
  const hours = (key: string, window: 'day' | 'month' | 'year' | 'hour', zone: string) => {
    const found = keyWindow(key, window, zone);
    return found === undefined ? undefined : (found.endMs - found.startMs) / HOUR_MS;
  };

  test('have the length of the local calendar', () => {
    expect(hours('2018-03-25', 'day', 'Europe/Madrid')).toBe(23);
    expect(hours('2018-10-28', 'day', 'Europe/Madrid')).toBe(25);
    expect(hours('2018-03', 'month', 'Europe/Madrid')).toBe(743);
    expect(hours('2018', 'year', 'Europe/Madrid')).toBe(8760);
    expect(hours('2019-08-01T12:00:00Z', 'hour', 'UTC')).toBe(1);
    expect(keyWindow('2006-12-16T17', 'hour', 'Europe/Paris')?.startMs).toBe(Date.UTC(2006, 11, 16, 16));
    expect(keyWindow('2025-03-21T00:00', 'hour', 'UTC')?.startMs).toBe(Date.UTC(2025, 2, 21));
    expect(keyWindow('soon', 'day', 'UTC')).toBeUndefined();
    expect(keyWindow('2018-13', 'month', 'UTC')).toBeUndefined();
  });

  test('are asked for in pieces that cover each of them', () => {
    const windows = Array.from({ length: 3000 }, (_, at) => ({ startMs: at * HOUR_MS, endMs: (at + 1) * HOUR_MS }));
    const ranges = questionRanges(windows);
    expect(ranges.length).toBeGreaterThan(3);
    for (const { fromMs, toMs } of ranges) expect((toMs - fromMs) / HOUR_MS).toBeLessThanOrEqual(800);
    // A window is answered when its end lies in (from, to].
    for (const { endMs } of windows)
      expect(ranges.some(({ fromMs, toMs }) => endMs > fromMs && endMs <= toMs)).toBe(true);
  });
});

describe('bookkeeping', () => {
  const sound = {
    sequence: 12,
    messages: { received: 10, decoded: 8, ignored: 1, quarantined: 1 },
    readings: { received: 20, counted: 15, invalid: 2, duplicate: 1, lateFiled: 1, quarantined: 1 },
    rejects: { malformed: 1, time_missing: 1 },
    progress: { durableSequence: 12, engineSequence: 12, storeSequence: 12 },
  };

  test('is without fault when every message and reading is somewhere', () => {
    expect(accountingFaults(sound, 10)).toEqual([]);
    expect(accountingFaults(sound, 11)[0]).toMatch(/11 messages were acknowledged, 10 received/);
    expect(accountingFaults({ ...sound, readings: { ...sound.readings, counted: 14 } }, 10)).toHaveLength(1);
    expect(accountingFaults({ ...sound, messages: { ...sound.messages, ignored: 0 } }, 10)).toHaveLength(1);
    expect(accountingFaults({ ...sound, rejects: {} }, 10)).toHaveLength(1);
  });

  test('is waited for until the store has everything that was durable', async () => {
    const states = [
      { durable: 5, store: 3, received: 4 },
      { durable: 9, store: 9, received: 8 },
      { durable: 12, store: 9, received: 10 },
      { durable: 13, store: 12, received: 10 },
    ];
    let at = 0;
    const { httpUrl } = await product({
      accounting: () => {
        const { durable, store, received } = states[Math.min(at++, states.length - 1)]!;
        const progress = { durableSequence: durable, engineSequence: store, storeSequence: store };
        return { ...sound, messages: { ...sound.messages, received }, progress };
      },
    });
    expect((await waitUntilLevel(httpUrl, { messagesMin: 10 })).messages.received).toBe(10);
    expect(at).toBe(4);
  });

  test('is given up when the store stands still', async () => {
    const { httpUrl } = await product({
      accounting: () => ({ ...sound, progress: { ...sound.progress, storeSequence: 3 } }),
    });
    await expect(waitUntilLevel(httpUrl, { messagesMin: 10, stallMsMax: 1 })).rejects.toThrow(
      /the store stands at 3 of 12/,
    );
  });
});

describe('city of a recording', () => {
  test('is a valid configuration in which nothing is too late', () => {
    const mapping = parseMapping(
      'time: { formats: ["X"], zones: { "*": UTC } }\ncalendar: Europe/Rome\nrole: bulk\nreadings: [{ from: a, quantity: water_flow, every: 1h }]',
      'test',
    );
    const survey = {
      series: [],
      repeats: new Map(),
      registers: new Map(),
      oldestMs: Date.UTC(2021, 0, 1),
      newestMs: Date.UTC(2023, 2, 31),
      readingCount: 1,
    };
    const file = join(folder, 'city.yaml');
    writeFileSync(file, cityForRecording('water', mapping, survey));
    const config = loadConfig({ file, dataFolder: folder, environment: {} });
    expect(config.windows.clock).toBe('event');
    expect(config.windows.lateness).toBeGreaterThan(survey.newestMs - survey.oldestMs);
    expect(config.windows.horizon).toBeGreaterThanOrEqual(config.windows.lateness);
    expect(config.city.timeZone).toBe('Europe/Rome');
    expect(config.devices).toEqual([{ match: 'water:*', role: 'bulk' }]);
  });
});
