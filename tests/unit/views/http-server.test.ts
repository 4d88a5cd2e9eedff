import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { createHttpOrTlsServer, type HttpTls } from '../../../src/views/http/server.ts';
import { clientTls, tlsFile } from '../broker/support/tls.ts';
import { ingest, rawConnection, requestText } from './ingest-support.ts';

const certificateOf = (name: string) => ({
  cert: readFileSync(tlsFile(`${name}.crt`)),
  key: readFileSync(tlsFile(`${name}.key`)),
});

/** TLS of a server, and a way to renew its certificate. */
function serverTls() {
  let renew: ((certificate: HttpTls['certificate']) => void) | undefined;
  const tls: HttpTls = {
    certificate: certificateOf('server'),
    onRenewed(listener) {
      renew = listener;
      return () => {
        renew = undefined;
      };
    },
  };
  return { tls, renew: (name: string) => renew?.(certificateOf(name)), isWatched: () => renew !== undefined };
}

function statusOver(url: string, path: string, options: object): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method: 'POST', agent: false, ...options }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    sent.on('error', reject).end('{}');
  });
}

describe('HTTP over TLS', () => {
  test('is spoken with the certificate, and plain HTTP is not', async () => {
    const { tls } = serverTls();
    const { url, journal } = await ingest({ server: { tls } });
    expect(url).toMatch(/^https:/);
    expect(await statusOver(url, '/in/in/a', clientTls())).toBe(200);
    expect(journal.messages).toHaveLength(1);
    await expect(statusOver(url, '/in/in/a', {})).rejects.toThrow(/certificate/);
    await expect(fetch(`${url.replace('https', 'http')}/healthz`)).rejects.toThrow();
    expect(await statusOver(url, '/in/in/a', clientTls())).toBe(200);
  });

  test('is not spoken in old TLS', async () => {
    const { url } = await ingest({ server: { tls: serverTls().tls } });
    const { hostname, port } = new URL(url);
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const socket = connect({ host: hostname, port: Number(port), ...clientTls(), ...old });
    await expect(
      new Promise((resolve, reject) => socket.on('error', reject).on('secureConnect', resolve)),
    ).rejects.toThrow();
  });

  test('takes a renewed certificate for new connections, and looks for none once it is closed', async () => {
    const { tls, renew, isWatched } = serverTls();
    const { url, server } = await ingest({ server: { tls } });
    const { hostname, port } = new URL(url);
    const subject = () =>
      new Promise<string>((resolve, reject) => {
        const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
          resolve(socket.getPeerX509Certificate()!.subject);
          socket.destroy();
        });
        socket.on('error', reject);
      });
    const before = await subject();
    renew('meter-1');
    expect(await subject()).not.toBe(before);
    await server.close();
    expect(isWatched()).toBe(false);
  });

  test('may listen where others reach it', async () => {
    const http = { host: '0.0.0.0', tls: { certFile: 'x', keyFile: 'y' } };
    const { url } = await ingest({ http, server: { tls: serverTls().tls } });
    const local = `https://localhost:${new URL(url).port}`;
    expect(await statusOver(local, '/in/in/a', clientTls())).toBe(200);
  });
});

describe('a connection', () => {
  test('is one of a number of its address', async () => {
    const { url, posts } = await ingest({ mqtt: { limitLoopback: true, connectionsPerAddressMax: 2 } });
    const [one, two] = [await rawConnection(url), await rawConnection(url)];
    const three = await rawConnection(url);
    await three.closed;
    expect(posts.stats().refused).toEqual({ connection_limit: 1 });
    one.socket.destroy();
    two.socket.write(requestText('/in/in/a', '{}'));
    await two.answers(1);
    expect(two.statuses()).toEqual([200]);
    two.socket.destroy();
  });

  test('over TLS is counted before its handshake, and once', async () => {
    const { url, posts } = await ingest({
      mqtt: { limitLoopback: true, connectionsPerAddressMax: 1 },
      server: { tls: serverTls().tls },
    });
    const silent = await rawConnection(url);
    await expect(statusOver(url, '/in/in/a', clientTls())).rejects.toThrow();
    silent.socket.destroy();
    await silent.closed;
    await expect.poll(() => statusOver(url, '/in/in/a', clientTls()).catch(() => 0)).toBe(200);
    expect(posts.stats().refused.connection_limit).toBeGreaterThanOrEqual(1);
  });

  test('whose request comes in drops is cut when its time is over', () => {
    const server = createHttpOrTlsServer(() => {}, {});
    expect([server.headersTimeout, server.requestTimeout, server.keepAliveTimeout]).toEqual([10_000, 30_000, 20_000]);
    const tls = createHttpOrTlsServer(() => {}, { tls: serverTls().tls });
    expect([tls.headersTimeout, tls.requestTimeout]).toEqual([10_000, 30_000]);
  });
});
