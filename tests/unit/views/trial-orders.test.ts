import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOUR_MS, OperatingError } from '../../../src/base/index.ts';
import type { OrderState, Orders } from '../../../src/views/http/index.ts';
import { range, type TestApp, takenOrder, testApp } from './support.ts';

const ORDER = takenOrder('7', 'k');
const FROM_MS = Date.UTC(2026, 5, 18);
const PERIOD = range('18T00:00:00', '19T00:00:00');
const TIMES = { fromMs: FROM_MS, toMs: FROM_MS + 24 * HOUR_MS };

let t: TestApp;
const asked: unknown[] = [];
let refusal: OperatingError | undefined;

beforeAll(async () => {
  const take = async (order: unknown): Promise<OrderState> => {
    if (refusal !== undefined) throw refusal;
    asked.push(order);
    return ORDER;
  };
  const orders: Orders = {
    ...{
      decodeAgain: take,
      exportDays: take,
      tryKpi: take,
      evaluateAlarm: take,
      report: take,
      importFile: take,
      recompute: take,
    },
    ...{ list: async () => [], cancel: async () => undefined, retry: async () => undefined },
  };
  t = await testApp({}, { orders });
});
afterAll(() => t.app.close());

async function post(url: string, payload?: unknown) {
  const headers = { 'x-vitals-order': '1', ...(payload === undefined ? {} : { 'content-type': 'application/json' }) };
  const body =
    payload === undefined ? {} : { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) };
  const response = await t.app.inject({ method: 'POST', url: `/api/v1/${url}`, headers, ...body });
  return { status: response.statusCode, body: response.json() };
}

describe('the trial of a KPI', () => {
  test('is ordered by an id, with zones, and without a body', async () => {
    const { status, body } = await post(`kpi-trials?kpi=own-a&zone=west&zone=device:b&${PERIOD}`);
    expect([status, body.order.id, body.order.createdAt]).toEqual([202, '7', '1970-01-01T00:00:00.000Z']);
    expect(asked.pop()).toEqual({ ...TIMES, kpi: 'own-a', scopes: ['west', 'device:b'] });
  });

  test('is ordered by a definition in the body', async () => {
    const definition = { id: 'own-b', inputs: {} };
    expect((await post(`kpi-trials?${PERIOD}`, definition)).status).toBe(202);
    expect(asked.pop()).toEqual({ ...TIMES, definition, scopes: [] });
  });

  test('with what cannot be tried is refused as it is told', async () => {
    refusal = new OperatingError('kpi_not_tried', 'cannot try x: it depends on now');
    const { status, body } = await post(`kpi-trials?kpi=x&${PERIOD}`);
    refusal = undefined;
    expect([status, body.error]).toEqual([400, { code: 'kpi_not_tried', message: 'cannot try x: it depends on now' }]);
  });

  test('takes no long body and nothing that is no JSON', async () => {
    expect((await post(`kpi-trials?${PERIOD}`, { title: 'x'.repeat(70_000) })).status).toBe(413);
    expect((await post(`kpi-trials?${PERIOD}`, '{"id":')).status).toBe(400);
  });
});

describe('the evaluation of an alarm', () => {
  test('is ordered with its rule', async () => {
    const rule =
      'kpi=air-pm2-5-hour&zone=west&condition=above&threshold=25&clear=-2.5&holdFor=2h&clearFor=30m&coverage=0.75';
    expect((await post(`alarm-evaluations?${rule}&${PERIOD}`)).status).toBe(202);
    expect(asked.pop()).toEqual({
      ...{ ...TIMES, kpi: 'air-pm2-5-hour', zone: 'west', condition: 'above', threshold: 25, clearThreshold: -2.5 },
      ...{ holdForMs: 2 * HOUR_MS, clearForMs: HOUR_MS / 2, coverageMin: 0.75 },
    });
  });

  test('holds and clears at once, on whole coverage, when nothing is said', async () => {
    await post(`alarm-evaluations?kpi=a&zone=west&condition=below&threshold=1e2&${PERIOD}`);
    const rule = { kpi: 'a', zone: 'west', condition: 'below', threshold: 100 };
    expect(asked.pop()).toEqual({ ...TIMES, ...rule, holdForMs: 0, clearForMs: 0, coverageMin: 1 });
  });

  test.each([
    ['threshold=high', 'cannot use threshold "high": write a number'],
    ['threshold=1&condition=beside', 'cannot use condition "beside"'],
    ['threshold=1&holdFor=long', 'cannot use holdFor "long": write a duration such as 30m or 2h, at most 366d'],
    ['threshold=1&holdFor=400d', 'at most 366d'],
    ['threshold=1&coverage=75', 'write a number from 0 to 1'],
    ['', 'threshold'],
  ])('with %s is refused with what is allowed', async (rule, message) => {
    const condition = rule.includes('condition') ? '' : '&condition=above';
    const { status, body } = await post(`alarm-evaluations?kpi=a&zone=west${condition}&${rule}&${PERIOD}`);
    expect([status, body.error.code]).toEqual([400, 'bad_parameter']);
    expect(body.error.message).toContain(message);
  });
});

test('neither is taken without the header of orders', async () => {
  for (const path of ['kpi-trials', 'alarm-evaluations']) {
    expect((await t.app.inject({ method: 'POST', url: `/api/v1/${path}?${PERIOD}` })).statusCode).toBe(403);
  }
});
