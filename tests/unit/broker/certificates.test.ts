import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { DAY_MS, manualClock } from '../../../src/base/index.ts';
import { CertificateWatch } from '../../../src/broker/embedded/certificate-watch.ts';
import {
  alternativeNames,
  commonNames,
  readCertificates,
  type ServerCertificates,
  theName,
} from '../../../src/broker/embedded/certificates.ts';
import { Listener } from '../../../src/broker/embedded/listener.ts';
import { plantTree } from '../../tidy/support/source-tree.ts';
import { mqttConfig } from './support/embedded.ts';
import { SERVER_TLS, tlsFile } from './support/tls.ts';

describe('the name of a certificate', () => {
  it('is its one common name', () => {
    expect(theName(commonNames('O=City\nCN=meter-1'))).toBe('meter-1');
    expect(theName(commonNames('CN=meter-1\nCN=meter-2'))).toBe('');
    expect(theName(commonNames('O=City'))).toBe('');
    expect(theName(commonNames('O=CN=meter-1'))).toBe('');
    expect(theName(commonNames('CN=meter 1'))).toBe('');
    expect(theName(commonNames(undefined))).toBe('');
  });

  it('is its one alternative name of the kind, and none where quotes could hide a separator', () => {
    expect(theName(alternativeNames('DNS:a.example, URI:urn:dev:1', 'URI:'))).toBe('urn:dev:1');
    expect(theName(alternativeNames('DNS:a, DNS:b', 'DNS:'))).toBe('');
    expect(theName(alternativeNames('DNS:"a, URI:urn:dev:1"', 'URI:'))).toBe('');
    expect(theName(alternativeNames(undefined, 'DNS:'))).toBe('');
  });
});

describe('renewed certificates', () => {
  function setUp() {
    const folder = plantTree({});
    mkdirSync(join(folder, 'new'));
    const certFile = join(folder, 'cert.pem');
    const keyFile = join(folder, 'key.pem');
    const put = (name: string, file: string) => copyFileSync(tlsFile(name), file);
    put('server.crt', certFile);
    put('server.key', keyFile);
    const clock = manualClock(Temporal.Instant.from('2027-01-01T00:00:00Z').epochMilliseconds);
    const renewed: ServerCertificates[] = [];
    const told: string[] = [];
    const { tls } = mqttConfig({ tls: { certFile, keyFile } });
    const log = { warn: (_fields: object, text: string) => void told.push(text) };
    const watch = new CertificateWatch(tls!, (one) => renewed.push(one), { section: 'mqtt.tls', clock, log });
    return { certFile, keyFile, put, clock, renewed, told, watch };
  }

  it('are taken when both files fit, and not while the renewal is half done', () => {
    const { certFile, keyFile, put, renewed, told, watch } = setUp();
    watch.look();
    expect(renewed).toEqual([]);
    put('meter-1.crt', certFile);
    watch.look();
    expect([renewed.length, told]).toEqual([0, ['changed certificates were not taken']]);
    put('meter-1.key', keyFile);
    watch.look();
    watch.look();
    expect(renewed.map(({ cert }) => cert.toString())).toEqual([
      readCertificates({ ...mqttConfig({ tls: SERVER_TLS }).tls!, certFile, keyFile }, 'mqtt.tls').cert.toString(),
    ]);
  });

  it('are missed in time: a certificate that ends is told of, once a day', () => {
    const { clock, told, watch, certFile } = setUp();
    watch.look();
    expect(told).toEqual([]);
    clock.set(Temporal.Instant.from('2126-10-30T00:00:00Z').epochMilliseconds);
    watch.look();
    watch.look();
    expect(told).toEqual(['the certificate of mqtt.tls ends soon']);
    clock.advance(30 * DAY_MS);
    watch.look();
    expect(told.at(-1)).toContain('has ended');
    writeFileSync(certFile, '');
    watch.look();
    expect(told.at(-1)).toBe('changed certificates were not taken');
  });
});

it('a listener shows renewed certificates to who comes next', async () => {
  const config = mqttConfig({ tls: SERVER_TLS });
  const endpoint = { kind: 'mqtts', key: 'mqtt.tls', host: '127.0.0.1', port: 0 } as const;
  const place = { letIn: () => {}, leave: () => {} };
  const door = { enter: () => place, arrive: () => {} };
  const listener = await Listener.open(endpoint, config, readCertificates(config.tls!, 'mqtt.tls'), door);
  listener.admit();
  const shown = () =>
    new Promise<unknown>((resolve) => {
      const socket = connect({ port: Number(new URL(listener.url).port), rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().subject.CN);
        socket.destroy();
      });
    });
  expect(await shown()).toBe('localhost');
  const files = { certFile: tlsFile('meter-1.crt'), keyFile: tlsFile('meter-1.key') };
  listener.renew(readCertificates({ ...config.tls!, ...files }, 'mqtt.tls'));
  expect(await shown()).toBe('meter-1');
  await listener.close();
});
