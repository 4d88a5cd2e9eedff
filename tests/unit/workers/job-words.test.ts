import { expect, test } from 'vitest';
import { describeJob } from '../../../src/workers/job-words.ts';

const MAY_MS = Date.UTC(2026, 4, 1, 22);
const period = { fromMs: MAY_MS, toMs: MAY_MS + 5_400_000, topics: [], upToSequence: 9 };
const madrid = (kind: string, input: unknown) => describeJob('Europe/Madrid', kind, input);

test('an export is told by its kinds and its days, in the time of the city', () => {
  const days = { kinds: ['readings', 'kpis'], fromMs: MAY_MS, toMs: MAY_MS + 2 * 86_400_000, folder: 'x' };
  expect(madrid('export', days)).toBe('readings, kpis 2026-05-02 to 2026-05-03');
  expect(describeJob('UTC', 'export', days)).toBe('readings, kpis 2026-05-01 to 2026-05-03');
});

test('what is decoded again is told by its period, or as quarantine, and by its first topics', () => {
  expect(madrid('decode-again', period)).toBe('messages received 2026-05-02 00:00 to 2026-05-02 01:30');
  expect(madrid('decode-again', { ...period, topics: ['a/#', 'b/+'] })).toBe(
    'messages of a/#, b/+ received 2026-05-02 00:00 to 2026-05-02 01:30',
  );
  const quarantine = { reason: 'missing_field', device: 'box-1' };
  expect(madrid('decode-again', { ...period, topics: ['a', 'b', 'c', 'd', 'e'], quarantine })).toBe(
    'messages of a, b, c and 2 more in quarantine, refused for missing_field, device box-1',
  );
  expect(madrid('decode-again', { ...period, quarantine: {} })).toBe('messages in quarantine');
});

test('trials are told by what is tried, where and when', () => {
  const times = { fromMs: MAY_MS, toMs: MAY_MS + 3_600_000 };
  const when = '2026-05-02 00:00 to 2026-05-02 01:00';
  expect(madrid('kpi-trial', { kpi: 'air-no2', scopes: ['west'], ...times })).toBe(`air-no2 of west, ${when}`);
  expect(madrid('kpi-trial', { kpi: 'air-no2', scopes: ['west', 'east'], ...times })).toBe(
    `air-no2 of 2 zones, ${when}`,
  );
  const alarm = { kpi: 'air-no2', zone: 'west', condition: 'above', threshold: 200, ...times };
  expect(madrid('alarm-evaluation', alarm)).toBe(`air-no2 of west above 200, ${when}`);
});

test('what is recomputed is told by its devices and days', () => {
  const days = { fromMs: MAY_MS, toMs: MAY_MS + 2 * 86_400_000 };
  expect(madrid('recompute', { mode: 'check', ...days })).toBe('check all devices, 2026-05-02 to 2026-05-03');
  expect(madrid('recompute', { mode: 'repair', device: 'box-1', ...days })).toBe(
    'repair box-1, 2026-05-02 to 2026-05-03',
  );
});

test('a kind that has no words says nothing', () => {
  expect(madrid('tea', { anything: 1 })).toBe('');
});
