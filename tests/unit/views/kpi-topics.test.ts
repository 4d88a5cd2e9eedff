import { expect, test } from 'vitest';
import { publishKpiTopics } from '../../../src/views/index.ts';
import { createFakeSources, newestValue } from '../../e2e/support/fake-sources.ts';

interface Published {
  readonly topic: string;
  readonly body: { value: number | null; end: string; zone: string };
  readonly retain: boolean;
}

async function started() {
  const sources = createFakeSources();
  const published: Published[] = [];
  const stop = publishKpiTopics(sources, (topic, payload, { retain }) => {
    published.push({ topic, body: JSON.parse(new TextDecoder().decode(payload)), retain });
  });
  await new Promise((resolve) => setImmediate(resolve));
  const before = published.splice(0);
  return { sources, published, before, stop };
}

test('starts with everything that the store holds, retained, a topic a zone, KPI and window', async () => {
  const { before, sources } = await started();
  expect(before).toHaveLength((await sources.store.latestKpis()).length);
  const one = before.find(({ topic }) => topic === 'kpi/harbour/air-no2-hour/hour');
  expect(one).toMatchObject({
    retain: true,
    body: { zone: 'harbour', kpi: 'air-no2-hour', end: '2026-06-18T15:00:00.000Z' },
  });
});

test('publishes a change once; a watermark that moves on its own is none', async () => {
  const { sources, published } = await started();
  const value = newestValue('air-no2-hour', 'harbour', { value: 99, watermarkMs: 5_000_000_000_000 });
  sources.push({ kpis: [value] });
  sources.push({ kpis: [{ ...value, watermarkMs: value.watermarkMs + 60_000 }] });
  sources.push({ kpis: [{ ...value, watermarkMs: value.watermarkMs + 120_000, final: true }] });
  expect(published.map(({ body }) => body.value)).toEqual([99, 99]);
});

test('a correction of an older window does not take the place of the newest', async () => {
  const { sources, published } = await started();
  const value = newestValue('air-no2-hour', 'harbour');
  sources.push({
    kpis: [{ ...value, startMs: value.startMs - 3_600_000, endMs: value.endMs - 3_600_000, value: 1, revision: 4 }],
  });
  expect(published).toEqual([]);
});

test('an earlier revision that comes after a later one, as from a slow store, changes nothing', async () => {
  const { sources, published } = await started();
  sources.push({ kpis: [newestValue('air-no2-hour', 'harbour', { value: 41, revision: 3 })] });
  sources.push({
    kpis: [newestValue('air-no2-hour', 'harbour', { value: 40, revision: 2, watermarkMs: 5_000_000_000_000 })],
  });
  expect(published.map(({ body }) => body.value)).toEqual([41]);
});

test('values of single devices are not published, and nothing is after stop', async () => {
  const { sources, published, stop } = await started();
  sources.push({ kpis: [{ ...newestValue('air-no2-hour', 'harbour'), zone: 'device:aq-0000', value: 3 }] });
  stop();
  sources.push({ kpis: [newestValue('air-no2-hour', 'harbour', { value: 3, revision: 9 })] });
  expect(published).toEqual([]);
  expect(sources.listenerCount()).toBe(0);
});
