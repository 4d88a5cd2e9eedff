import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHttpServer, type HttpViews } from '../../../src/views/http/index.ts';
import { createFakeSources, type FakeOptions, newestValue } from '../../e2e/support/fake-sources.ts';
import { testApp } from './support.ts';

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const open: HttpViews[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function serve(fake: FakeOptions = {}) {
  const sources = createFakeSources(fake);
  const server = createHttpServer(sources, { webFolder: '/nowhere', log, clock: sources.clock });
  open.push(server);
  return { sources, server, ...(await server.open()) };
}

/** Events of a stream, read one by one. */
async function* events(url: string, headers: Record<string, string> = {}) {
  const abort = new AbortController();
  const response = await fetch(url, { headers, signal: abort.signal });
  expect(response.status).toBe(200);
  let text = '';
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const fields = Object.fromEntries(
          text
            .slice(0, end)
            .split('\n')
            .map((line) => line.split(/: (.*)/s).slice(0, 2)),
        );
        text = text.slice(end + 2);
        if (fields.event !== undefined)
          yield {
            event: fields.event as string,
            id: fields.id as string,
            data: JSON.parse(fields.data as string),
            headers: response.headers,
          };
      }
    }
  } finally {
    abort.abort();
  }
}

/** Open streams, as the metrics tell. */
async function clientCount(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^vitals_stream_clients (\d+)$/m.exec(text)?.[1]);
}

describe('live stream', () => {
  test('starts with the full state and goes on with updates; ids are journal sequences', async () => {
    const { sources, url } = await serve({ deviceCount: 8 });
    const stream = events(`${url}/api/v1/stream`);
    const first = [(await stream.next()).value!, (await stream.next()).value!, (await stream.next()).value!];
    expect(first.map(({ event }) => event)).toEqual(['kpis', 'devices', 'accounting']);
    expect(first[1]!.data).toHaveLength(8);
    expect(first[0]!.headers.get('x-accel-buffering')).toBe('no');
    expect(first[0]!.headers.get('content-type')).toContain('text/event-stream');
    expect(first[0]!.headers.get('x-content-type-options')).toBe('nosniff');
    sources.push({ sequence: 90_000, kpis: [newestValue('air-no2-hour', 'harbour', { value: 99.5 })] });
    const next = (await stream.next()).value!;
    expect(next).toMatchObject({ event: 'kpis', id: '90000' });
    expect(next.data[0]).toMatchObject({ kpi: 'air-no2-hour', zone: 'harbour', value: 99.5 });
    expect((await stream.next()).value).toMatchObject({ event: 'accounting', data: { balanced: { messages: true } } });
    await stream.return(undefined);
  });

  test('a client that comes back with Last-Event-ID gets only what changed since', async () => {
    const { sources, url } = await serve();
    sources.push({ sequence: 90_000 });
    sources.push({ sequence: 90_010, kpis: [newestValue('air-o3-8h', 'north', { value: 1 })] });
    sources.push({ sequence: 90_020, kpis: [newestValue('air-o3-8h', 'north', { value: 2 })] });
    const stream = events(`${url}/api/v1/stream?topics=kpis`, { 'last-event-id': '90010' });
    const { value } = await stream.next();
    expect(value!.data.map((each: { value: number }) => each.value)).toEqual([2]);
    await stream.return(undefined);
  });

  test('a client that comes back gets the headers of every stream, and gives its place up when it leaves', async () => {
    const { sources, url } = await serve();
    sources.push({ sequence: 90_000 });
    sources.push({ sequence: 90_010, kpis: [newestValue('air-o3-8h', 'north', { value: 1 })] });
    const stream = events(`${url}/api/v1/stream?topics=kpis`, { 'last-event-id': '90010' });
    const { headers, data } = (await stream.next()).value!;
    expect(data.map((each: { value: number }) => each.value)).toEqual([1]);
    expect(headers.get('content-type')).toContain('text/event-stream');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await clientCount(url)).toBe(1);
    sources.push({ sequence: 90_020, kpis: [newestValue('air-o3-8h', 'north', { value: 2 })] });
    expect((await stream.next()).value!.data[0].value).toBe(2);
    await stream.return(undefined);
    await vi.waitFor(async () => expect(await clientCount(url)).toBe(0));
  });

  test('topics and zone narrow it', async () => {
    const { sources, url } = await serve();
    const stream = events(`${url}/api/v1/stream?topics=kpis&zone=harbour`);
    const { value: state } = await stream.next();
    expect(new Set(state!.data.map((each: { zone: string }) => each.zone))).toEqual(new Set(['harbour']));
    sources.push({ kpis: [newestValue('air-o3-8h', 'north'), newestValue('air-o3-8h', 'harbour', { value: 7 })] });
    const { value } = await stream.next();
    expect(value!.data).toHaveLength(1);
    await stream.return(undefined);
  });

  test('unknown topics and zones are refused, and clients above the limit get 503', async () => {
    const { url } = await serve({ config: { http: { port: 0, streamClientsMax: 1 } } });
    expect((await fetch(`${url}/api/v1/stream?topics=weather`)).status).toBe(400);
    expect((await fetch(`${url}/api/v1/stream?zone=atlantis`)).status).toBe(404);
    const stream = events(`${url}/api/v1/stream`);
    await stream.next();
    const refused = await fetch(`${url}/api/v1/stream`);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('10');
    await stream.return(undefined);
  });

  test('closing ends open streams and listens to the engine no more', async () => {
    const { sources, server, url } = await serve();
    const stream = events(`${url}/api/v1/stream`);
    await stream.next();
    expect(sources.listenerCount()).toBe(1);
    await server.close();
    await server.close();
    expect(sources.listenerCount()).toBe(0);
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toThrow();
  });

  test('HEAD of the stream answers with its headers and ends', async () => {
    const { url } = await serve();
    const response = await fetch(`${url}/api/v1/stream`, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
  });
});

describe('guards', () => {
  test('everything but GET and HEAD is 405 with Allow', async () => {
    const { app } = await testApp();
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const) {
      const response = await app.inject({ method, url: '/api/v1/kpis' });
      expect(response.statusCode, method).toBe(405);
      expect(response.headers.allow).toBe('GET, HEAD');
    }
    expect((await app.inject({ method: 'HEAD', url: '/api/v1/kpis' })).statusCode).toBe(200);
    await app.close();
  });

  test('a host name of somebody else is refused on loopback, with any port of ours it is not', async () => {
    const { app } = await testApp();
    const status = async (host: string) => (await app.inject({ url: '/healthz', headers: { host } })).statusCode;
    for (const host of ['localhost', 'LOCALHOST:8080', '127.0.0.1', '127.0.0.1:1', '[::1]', '[::1]:8080'])
      expect(await status(host), host).toBe(200);
    for (const host of [
      'evil.example',
      'evil.example:8080',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '10.0.0.1',
    ])
      expect(await status(host), host).toBe(421);
    await app.close();
  });

  test('bound to the network, any host name is answered', async () => {
    const { app } = await testApp({ config: { http: { host: '0.0.0.0', port: 0 } } });
    expect((await app.inject({ url: '/healthz', headers: { host: 'vitals.city.example' } })).statusCode).toBe(200);
    await app.close();
  });

  test('every answer carries the security headers, refusals too', async () => {
    const { app } = await testApp();
    for (const url of ['/healthz', '/api/v1/kpis', '/nowhere', '/api/v1/kpis?x=1']) {
      const { headers } = await app.inject({ url });
      expect(headers['content-security-policy'], url).toContain("default-src 'none'");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    }
    await app.close();
  });

  test('an unknown path is 404, a path outside the page folder is not served', async () => {
    const { app } = await testApp();
    expect((await app.inject({ url: '/api/v1/nothing' })).json().error.code).toBe('not_found');
    expect((await app.inject({ url: '/..%2f..%2fetc/passwd' })).statusCode).toBe(404);
    expect((await app.inject({ url: '/' })).json().error.code).toBe('page_not_built');
    await app.close();
  });

  test('a query that is not well formed is refused without harm', async () => {
    const { app } = await testApp();
    expect((await app.inject({ url: '/api/v1/devices?device=%ff%00' })).statusCode).toBe(404);
    expect(
      (await app.inject({ url: `/api/v1/kpis/${'x'.repeat(500)}?from=2026-06-18T10:00Z&to=2026-06-18T11:00Z` }))
        .statusCode,
    ).toBeGreaterThanOrEqual(400);
    expect((await app.inject({ url: '/api/v1/kpis/%E0%A4%A' })).statusCode).toBe(400);
    await app.close();
  });
});

describe('page', () => {
  test('is served with assets that last and a page that does not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vitals-page-'));
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>x</title>');
    writeFileSync(join(folder, 'assets', 'a-1234.js'), '1');
    const { app } = await testApp({}, { webFolder: folder });
    const page = await app.inject({ url: '/' });
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['cache-control']).toBe('no-cache');
    expect((await app.inject({ url: '/assets/a-1234.js' })).headers['cache-control']).toContain('immutable');
    expect((await app.inject({ url: '/assets/none.js' })).statusCode).toBe(404);
    await app.close();
    rmSync(folder, { recursive: true });
  });
});

describe('listening', () => {
  test('a port that is taken stops the start with the address and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const sources = createFakeSources({ config: { http: { port } } });
    const server = createHttpServer(sources, { webFolder: '/nowhere', log });
    await expect(server.open()).rejects.toMatchObject({
      code: 'address_in_use',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    expect(sources.listenerCount()).toBe(0);
    await server.close();
    other.close();
  });

  test('an address that this machine has not is said so', async () => {
    const http = { host: '192.0.2.1', port: 0, allowUnencrypted: true };
    const server = createHttpServer(createFakeSources({ config: { http } }), { webFolder: '/nowhere', log });
    await expect(server.open()).rejects.toMatchObject({ code: 'address_not_available' });
  });

  test('a connection that was kept alive does not hold up closing', async () => {
    const { server, url } = await serve();
    const { port } = new URL(url);
    await new Promise<void>((resolve) => {
      request({ port, host: '127.0.0.1', path: '/healthz', headers: { connection: 'keep-alive' } }, (response) => {
        response.resume();
        response.on('end', resolve);
      }).end();
    });
    await server.close();
  });
});
