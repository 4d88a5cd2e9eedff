import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobBody } from '../../../src/views/http/schemas.ts';
import { createFakeOrders, type FakeOrders } from '../../e2e/support/fake-orders.ts';
import { createFakeSources } from '../../e2e/support/fake-sources.ts';
import { type TestApp, testApp } from './support.ts';

const DAYS = 'from=2026-03-01T12:00:00Z&to=2026-03-31T12:00:00Z';

let fake: FakeOrders;
let t: TestApp;
beforeEach(async () => {
  fake = await createFakeOrders(createFakeSources());
  t = await testApp({}, { orders: fake.orders });
});
afterEach(async () => {
  await t.app.close();
  await fake.close();
});

async function order(path: string, headers: Record<string, string> = { 'x-vitals-order': 'test' }) {
  const response = await t.app.inject({ method: 'POST', url: `/api/v1/${path}`, headers });
  return { status: response.statusCode, ...(response.json() as { order?: JobBody; error?: { code: string } }) };
}

const ordered = async (path: string) => (await order(path)).order!.id;
const jobs = async (query = '') => (await t.get(`/api/v1/jobs${query}`)).body.jobs as JobBody[];

/** Lets jobs run until one has the state. */
async function reach(id: string, state: string): Promise<JobBody> {
  for (;;) {
    const found = (await jobs()).find((job) => job.id === id);
    if (found?.state === state) return found;
    fake.passTime();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the list of jobs', () => {
  test('says of each what it is about, how far it is and how often it was begun', async () => {
    const { order: added } = await order(`exports?${DAYS}&what=hours,readings`);
    expect(added).toEqual({
      id: '1',
      kind: 'export',
      description: 'readings, hours 2026-03-01 to 2026-03-31',
      state: 'waiting',
      progress: 0,
      attempts: 0,
      createdAt: '2026-06-18T14:25:00.000Z',
      finishedAt: null,
      nextAttemptAt: null,
      error: null,
      result: null,
    });
    fake.jobs.handle('export', async () => ({ files: 62 }));
    expect(await reach('1', 'completed')).toMatchObject({ attempts: 1, progress: 1, result: { files: 62 } });
    expect((await jobs())[0]?.finishedAt).toMatch(/^2026-06-18T/);
  });

  test('is filtered by kind and state, newest first, and bounded', async () => {
    const first = await ordered(`exports?${DAYS}`);
    const again = await ordered('quarantine/replay');
    const last = await ordered(`exports?${DAYS}&what=kpis`);
    await order(`jobs/cancel?id=${last}`);
    const ids = async (query: string) => (await jobs(query)).map(({ id }) => id);
    expect(await ids('')).toEqual([last, again, first]);
    expect(await ids('?kind=export')).toEqual([last, first]);
    expect(await ids('?kind=export&state=waiting')).toEqual([first]);
    expect(await ids('?state=cancelled')).toEqual([last]);
    expect(await ids('?state=failed')).toEqual([]);
    expect(await ids('?kind=nothing')).toEqual([]);
    expect(await ids('?limit=2')).toEqual([last, again]);
  });

  test.each([
    ['state=broken', /cannot use state "broken": write one of waiting, active, completed, failed, cancelled/],
    ['limit=1001', /cannot use limit "1001": write a whole number from 1 to 1000/],
    ['colour=red', /colour/],
  ])('refuses %s with what is allowed', async (query, message) => {
    const { status, body } = await t.get(`/api/v1/jobs?${query}`);
    expect([status, body.error.code]).toEqual([400, 'bad_parameter']);
    expect(body.error.message).toMatch(message);
  });

  test('tells of a failed attempt and of the next one, then of what failed for good', async () => {
    fake.jobs.handle('export', async () => Promise.reject(new Error('cannot write: the disk is full')));
    const id = await ordered(`exports?${DAYS}`);
    let job: JobBody | undefined;
    while (job?.nextAttemptAt == null) {
      await new Promise((resolve) => setImmediate(resolve));
      [job] = await jobs();
    }
    expect(job).toMatchObject({
      ...{ state: 'waiting', attempts: 1, error: 'cannot write: the disk is full', finishedAt: null },
      nextAttemptAt: '2026-06-18T14:25:01.000Z',
    });
    await reach(id, 'failed');
    expect(await jobs('?state=failed')).toMatchObject([{ id, attempts: 3, nextAttemptAt: null }]);
  });
});

describe('a job that is run again', () => {
  test('waits with the same input, goes on from its checkpoint, and it is written down', async () => {
    fake.jobs.handle('export', async ({ checkpoint }) => {
      await checkpoint({ day: 3 });
      throw new Error('no');
    });
    const id = await ordered(`exports?${DAYS}`);
    const { description } = await reach(id, 'failed');
    fake.jobs.handle('export', async ({ job }) => job.checkpoint);
    const { status, order: again } = await order(`jobs/retry?id=${id}`);
    expect([status, again]).toMatchObject([202, { id, description, error: null }]);
    expect(await reach(id, 'completed')).toMatchObject({ result: { day: 3 }, attempts: 1 });
    expect(fake.events.map(({ kind }) => kind)).toEqual(['export', 'job_retried']);
  });

  test('must have failed or been cancelled, must be there, and nothing may have taken its place', async () => {
    const id = await ordered(`exports?${DAYS}`);
    expect(await order(`jobs/retry?id=${id}`)).toMatchObject({ status: 409, error: { code: 'job_not_failed' } });
    expect(await order('jobs/retry?id=77')).toMatchObject({ status: 404, error: { code: 'job_unknown' } });
    expect(await order('jobs/retry')).toMatchObject({ status: 400 });
    await order(`jobs/cancel?id=${id}`);
    const second = await ordered(`exports?${DAYS}`);
    expect(await order(`jobs/retry?id=${id}`)).toMatchObject({ status: 409, error: { code: 'job_ordered_already' } });
    await order(`jobs/cancel?id=${second}`);
    expect(await order(`jobs/retry?id=${id}`)).toMatchObject({ status: 202, order: { id, state: 'waiting' } });
    expect(fake.events.filter(({ kind }) => kind === 'job_retried')).toHaveLength(1);
  });

  test('is ordered by who means to', async () => {
    const id = await ordered(`exports?${DAYS}`);
    await order(`jobs/cancel?id=${id}`);
    expect(await order(`jobs/retry?id=${id}`, {})).toMatchObject({
      status: 403,
      error: { code: 'order_header_missing' },
    });
    expect((await t.get(`/api/v1/jobs/retry?id=${id}`)).status).toBe(404);
    expect((await jobs())[0]?.state).toBe('cancelled');
  });
});

test('without a login everybody is an admin without a name', async () => {
  expect(await t.get('/api/v1/me')).toEqual({ status: 200, body: { name: '', role: 'admin' } });
});
