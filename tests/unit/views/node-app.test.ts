import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createNodeServer } from '../../../src/views/http/index.ts';
import { fakeCluster } from '../../e2e/support/fake-cluster.ts';
import { createFakeSources, type FakeOptions } from '../../e2e/support/fake-sources.ts';

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

/** The small server of a process without an API, on a free port. */
async function openNode(http: NonNullable<FakeOptions['config']> = {}) {
  const sources = createFakeSources({ deviceCount: 1, config: { http: { port: 0, ...http } } });
  const server = createNodeServer(sources, { log });
  onTestFinished(() => server.close());
  const { url } = await server.open();
  return { sources, server, url, get: (path: string, init?: RequestInit) => fetch(`${url}${path}`, init) };
}

test('says that it works, and its version', async () => {
  const { url, get } = await openNode();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  const answer = await get('/healthz');
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok', version: '0.1.0-test' }]);
});

test('is ready while there is no problem, and says which there are', async () => {
  const { sources, get } = await openNode();
  const ready = await get('/readyz');
  expect([ready.status, await ready.json()]).toEqual([200, { ready: true, problems: [], stores: [] }]);
  sources.problemList.push('3 of 8 partitions have no owner', 'Redis is away');
  const answer = await get('/readyz');
  const problems = ['3 of 8 partitions have no owner', 'Redis is away'];
  expect([answer.status, await answer.json()]).toEqual([503, { ready: false, problems, stores: [] }]);
});

test('has metrics of the process, its journal, its broker and the city, and none of what is measured', async () => {
  const { sources, get } = await openNode();
  sources.setCluster(fakeCluster());
  const answer = await get('/metrics');
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  for (const line of [
    'vitals_build_info{version="0.1.0-test"} 1',
    'vitals_ready 1',
    'vitals_journal_waiting_records 3',
    'vitals_broker_connections 58',
    'vitals_partition_owned{partition="0"} 1',
    'vitals_engines 3',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).toMatch(/^vitals_process_cpu_seconds_total /m);
  expect(text).not.toMatch(/^vitals_(kpi|readings|devices|store)_/m);
  sources.problemList.push('Redis is away');
  expect(await (await get('/metrics')).text()).toMatch(/^vitals_ready 0$/m);
});

test('says in words what else it does not have, and where that is', async () => {
  const { get } = await openNode();
  for (const path of ['/', '/api/v1/kpis', '/api/v1/cluster', '/in/a', '/api/docs']) {
    const answer = await get(path);
    expect(answer.status, path).toBe(404);
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe('not_found');
    for (const said of ['/healthz', '/readyz', '/metrics', 'role api']) expect(error.message).toContain(said);
  }
  expect((await get('/healthz', { method: 'POST' })).status).toBe(405);
});

test('two of them listen beside each other, and an address that is taken is named', async () => {
  const [one, two] = [await openNode(), await openNode()];
  expect(one.url).not.toBe(two.url);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as { port: number };
  await expect(openNode({ port })).rejects.toMatchObject({
    code: 'address_in_use',
    message: expect.stringContaining(`127.0.0.1:${port}`),
  });
});

test('does not listen where others reach it without TLS, unless that is meant', async () => {
  await expect(openNode({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'encryption_required' });
  const { url } = await openNode({ host: '0.0.0.0', allowUnencrypted: true });
  const { status } = await fetch(`http://127.0.0.1:${new URL(url).port}/healthz`);
  expect(status).toBe(200);
});

test('is closed twice, and without having been opened', async () => {
  const { server, get } = await openNode();
  await server.close();
  await server.close();
  await expect(get('/healthz')).rejects.toThrow();
  await createNodeServer(createFakeSources(), { log }).close();
});
