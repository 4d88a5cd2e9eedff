import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { OperatingError } from '../../../src/base/index.ts';
import type { Orders } from '../../../src/views/http/index.ts';
import { plantTree } from '../../tidy/support/source-tree.ts';
import { takenOrder, testApp } from './support.ts';

async function withReports(files: Record<string, string>, report?: Orders['report']) {
  const root = plantTree(files);
  const reportsFolder = join(root, 'reports');
  const made = await testApp({}, { orders: { report } as Orders, reportsFolder });
  onTestFinished(() => made.app.close());
  return { ...made, root, reportsFolder };
}

test('reports are listed by name, a page at a time, and what is none is not among them', async () => {
  const { get, reportsFolder } = await withReports({
    'reports/harbour-2026-06.html': '<p>June</p>',
    'reports/harbour-2026-06.csv': 'a,b\r\n',
    'reports/north-2026.html': 'x',
    'reports/north-2026.csv.part': 'x',
    'reports/notes.txt': 'x',
  });
  const { body: first } = await get('/api/v1/reports?limit=2');
  expect(first).toEqual({
    reports: [
      {
        name: 'harbour-2026-06.csv',
        zone: 'harbour',
        period: '2026-06',
        format: 'csv',
        bytes: 5,
        madeAt: expect.any(String),
      },
      {
        name: 'harbour-2026-06.html',
        zone: 'harbour',
        period: '2026-06',
        format: 'html',
        bytes: 11,
        madeAt: expect.any(String),
      },
    ],
    next: 'harbour-2026-06.html',
  });
  const { body: second } = await get(`/api/v1/reports?limit=2&after=${first.next}`);
  expect([second.reports.map(({ name }: { name: string }) => name), second.next]).toEqual([['north-2026.html'], null]);
  expect((await get('/api/v1/reports?zone=north')).body.reports).toHaveLength(1);
  writeFileSync(join(reportsFolder, 'north-2025.csv'), '');
  expect((await get('/api/v1/reports?zone=north')).body.reports).toHaveLength(2);
});

test('before the first report the list is empty', async () => {
  const { get } = await withReports({});
  expect((await get('/api/v1/reports')).body).toEqual({ reports: [], next: null });
  expect((await get('/api/v1/reports/harbour-2026.html')).status).toBe(404);
});

test('a link is not followed, and a HEAD says how long a report is', async () => {
  const { app, get, root, reportsFolder } = await withReports({ secret: 'secret', 'reports/north-2026.html': 'four' });
  symlinkSync(join(root, 'secret'), join(reportsFolder, 'north-2025.html'));
  const refused = await get('/api/v1/reports/north-2025.html');
  expect([refused.status, refused.body.error.code]).toEqual([404, 'unknown_report']);
  const head = await app.inject({ method: 'HEAD', url: '/api/v1/reports/north-2026.html' });
  expect([head.statusCode, head.headers['content-length'], head.body]).toEqual([200, '4', '']);
});

test('an order is of a zone that there is, the city when none is named, and says why it is refused', async () => {
  const taken: unknown[] = [];
  const { app } = await withReports({}, async (order) => {
    taken.push(order);
    if (order.period === 'soon') throw new OperatingError('period_invalid', 'cannot report on the period "soon"');
    return takenOrder('7', 'report');
  });
  const order = async (query: string) => {
    const headers = { 'x-vitals-order': '1' };
    const response = await app.inject({ method: 'POST', url: `/api/v1/reports?${query}`, headers });
    return [response.statusCode, response.json().error?.code ?? response.json().order.id];
  };
  expect(await order('period=2026-06')).toEqual([202, '7']);
  expect(await order('zone=harbour&period=2026')).toEqual([202, '7']);
  expect(await order('zone=harbour&period=soon')).toEqual([400, 'period_invalid']);
  expect(await order('zone=atlantis&period=2026')).toEqual([404, 'unknown_zone']);
  expect(await order('zone=harbour&period=2026&day=1')).toEqual([400, 'bad_parameter']);
  expect(taken).toEqual([
    { zone: 'marenza', period: '2026-06' },
    { zone: 'harbour', period: '2026' },
    { zone: 'harbour', period: 'soon' },
  ]);
});
