import { afterAll, beforeAll, expect, test } from 'vitest';
import { REJECT_REASONS } from '../../../src/model/index.ts';
import { newestValue } from '../../e2e/support/fake-sources.ts';
import { type TestApp, testApp } from './support.ts';

let t: TestApp;
let text = '';
beforeAll(async () => {
  t = await testApp();
  text = (await t.app.inject({ url: '/metrics' })).body;
});
afterAll(() => t.app.close());

const NAME = /^[a-z_][a-z0-9_]*$/;
const SAMPLE = /^([a-zA-Z_][a-zA-Z0-9_]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*",?)*)\})? (\S+)$/;

/** Samples of the exposition format: name, labels as text, value. */
function samples(body: string): { name: string; labels: string; value: number }[] {
  return body
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels, value] = SAMPLE.exec(line) ?? expect.fail(`not a sample: ${line}`);
      return { name: name!, labels: labels ?? '', value: Number(value) };
    });
}

const sampleOf = (name: string, labels = '') =>
  samples(text).find((each) => each.name === name && each.labels === labels)?.value;

test('every line is HELP, TYPE or a sample, every family is named after the product and has both', () => {
  const typed = new Set(
    [...text.matchAll(/^# TYPE (\S+) (counter|gauge|histogram|summary)$/gm)].map((match) => match[1]),
  );
  const helped = new Set([...text.matchAll(/^# HELP (\S+) \S/gm)].map((match) => match[1]));
  expect(helped).toEqual(typed);
  for (const { name, value } of samples(text)) {
    expect(name).toMatch(NAME);
    expect(name.startsWith('vitals_')).toBe(true);
    expect(typed.has(name) || typed.has(name.replace(/_(bucket|sum|count)$/, '')), name).toBe(true);
    expect(Number.isNaN(value) && !name.startsWith('vitals_nodejs_')).toBe(false);
  }
});

test('counts by outcome and by reason come from the accounting, closed lists complete', () => {
  expect(sampleOf('vitals_messages_total', 'outcome="decoded"')).toBe(81_944);
  expect(sampleOf('vitals_readings_total', 'outcome="late_filed"')).toBe(190);
  expect(sampleOf('vitals_late_readings_waiting')).toBe(12);
  expect(sampleOf('vitals_late_readings_total', 'outcome="rebuilt"')).toBe(345);
  expect(sampleOf('vitals_late_readings_total', 'outcome="too_old"')).toBe(7);
  expect(sampleOf('vitals_window_events_total', 'kind="silent"')).toBe(3);
  const reasons = samples(text).filter(({ name }) => name === 'vitals_rejects_total');
  expect(reasons.map(({ labels }) => labels)).toEqual(REJECT_REASONS.map((reason) => `reason="${reason}"`));
  expect(sampleOf('vitals_broker_refused_total', 'reason="not_authorized"')).toBe(4);
  expect(sampleOf('vitals_broker_refused_total', 'reason="client_id"')).toBe(0);
});

test('jobs are counted by kind, each state of it', () => {
  expect(sampleOf('vitals_jobs', 'kind="export",state="completed"')).toBe(7);
  expect(sampleOf('vitals_jobs', 'kind="export",state="failed"')).toBe(0);
  expect(sampleOf('vitals_jobs', 'kind="decode-again",state="failed"')).toBe(2);
  expect(samples(text).filter(({ name }) => name === 'vitals_jobs')).toHaveLength(10);
});

test('times are in seconds, lags are differences', () => {
  expect(sampleOf('vitals_engine_lag_seconds')).toBe(0.12);
  expect(sampleOf('vitals_journal_sync_max_seconds')).toBeCloseTo(0.0184, 10);
  expect(sampleOf('vitals_store_lag_records')).toBe(43);
});

test('KPI gauges are of zones and city only, and those without a value are absent', async () => {
  const mine = await testApp();
  mine.sources.push({
    kpis: [
      newestValue('air-no2-hour', 'harbour', { value: null, valid: false }),
      newestValue('air-o3-8h', 'harbour', { value: 81.25 }),
      { ...newestValue('air-o3-8h', 'harbour'), zone: 'device:aq-0000' },
    ],
  });
  const body = (await mine.app.inject({ url: '/metrics' })).body;
  expect(body).toContain('vitals_kpi_value{kpi="air-o3-8h",zone="harbour"} 81.25');
  expect(body).not.toContain('vitals_kpi_value{kpi="air-no2-hour",zone="harbour"}');
  expect(body).toContain('vitals_kpi_valid{kpi="air-no2-hour",zone="harbour"} 0');
  expect(body).not.toContain('device:');
  await mine.app.close();
});

test('KPI gauges are bounded, and what is left out is counted', async () => {
  const mine = await testApp();
  const one = newestValue('air-no2-hour', 'harbour');
  mine.sources.store.latestKpis = async () =>
    Array.from({ length: 5_020 }, (_, index) => ({ ...one, zone: `z${index}` }));
  const body = (await mine.app.inject({ url: '/metrics' })).body;
  expect(samples(body).filter(({ name }) => name === 'vitals_kpi_value')).toHaveLength(5_000);
  expect(body).toContain('vitals_kpi_left_out 20');
  await mine.app.close();
});

test('a store that is away leaves the rest of the page standing', async () => {
  const mine = await testApp();
  mine.sources.store.stats = () => Promise.reject(new Error('away'));
  mine.sources.store.latestKpis = () => Promise.reject(new Error('away'));
  const response = await mine.app.inject({ url: '/metrics' });
  expect(response.statusCode).toBe(200);
  expect(response.body).toContain('vitals_journal_bytes 48234112');
  expect(response.body).not.toMatch(/^vitals_store_bytes /m);
  await mine.app.close();
});
