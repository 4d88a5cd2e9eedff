import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { OperatingError } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';

type ClientName = NonNullable<Config['mqtt']['tls']>['clientName'];

/** The files of a section such as `mqtt.tls`. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile?: string | undefined;
}

/** What a TLS server is made of. */
export interface ServerCertificates {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
  /** End of the server certificate's validity, ms UTC. */
  readonly validToMs: number;
}

/**
 * Reads the files of a section and checks that they belong together, so that a wrong file stops the start and not the
 * first client.
 *
 * @param section key of the configuration, such as `mqtt.tls`
 * @throws OperatingError `tls_invalid`, naming key and file
 */
export function readCertificates(config: CertificateFiles, section: string): ServerCertificates {
  const invalid = invalidIn(section);
  const cert = pemOf('certFile', config.certFile, invalid);
  const key = pemOf('keyFile', config.keyFile, invalid);
  const server = parsedCertificate('certFile', config.certFile, cert, invalid);
  if (!server.checkPrivateKey(parsedKey(config.keyFile, key, invalid)))
    throw invalid('keyFile', config.keyFile, `it is not the key of the certificate in ${resolve(config.certFile)}`);
  const { clientCaFile } = config;
  const ca = clientCaFile === undefined ? undefined : pemOf('clientCaFile', clientCaFile, invalid);
  if (ca !== undefined && !parsedCertificate('clientCaFile', clientCaFile!, ca, invalid).ca)
    throw invalid('clientCaFile', clientCaFile!, 'its first certificate is not that of an authority');
  return { cert, key, ca, validToMs: server.validToDate.getTime() };
}

type Invalid = (key: string, file: string, because: string, cause?: unknown) => OperatingError;

function invalidIn(section: string): Invalid {
  return (key, file, because, cause) =>
    new OperatingError('tls_invalid', `cannot use ${section}.${key} ${resolve(file)}: ${because}`, { cause });
}

function pemOf(key: string, file: string, invalid: Invalid): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw invalid(key, file, (cause as Error).message, cause);
  }
}

function parsedCertificate(key: string, file: string, pem: Buffer, invalid: Invalid): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw invalid(key, file, 'it holds no certificate in PEM form', cause);
  }
}

function parsedKey(file: string, pem: Buffer, invalid: Invalid): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const isEncrypted = pem.includes('ENCRYPTED');
    throw invalid(
      'keyFile',
      file,
      isEncrypted
        ? 'it is encrypted; write it without a passphrase, readable by the user of the process alone'
        : 'it holds no private key in PEM form',
      cause,
    );
  }
}

/** A text that can be looked up and told: no control characters, no separators of other formats. */
const NAME = /^[A-Za-z0-9_.:@/-]{1,256}$/;
const ALTERNATIVE_NAMES = { dns: 'DNS:', uri: 'URI:', email: 'email:' } as const;

/**
 * Who a client is by its certificate; undefined without one. A certificate that leaves the name open, because it has none
 * of the kind or several, is nobody's: empty.
 */
export function nameOfCertificate(socket: TLSSocket, rule: ClientName): string | undefined {
  if (!socket.authorized) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const { subject, subjectAltName } = certificate;
  return theName(rule === 'cn' ? commonNames(subject) : alternativeNames(subjectAltName, ALTERNATIVE_NAMES[rule]));
}

/** The one usable name of those that a certificate says; empty when there is none or more than one. */
export function theName(names: readonly string[]): string {
  const [name = ''] = names;
  return names.length === 1 && NAME.test(name) ? name : '';
}

/** Common names of a subject as node prints it, one part a line. */
export function commonNames(subject: string | undefined): string[] {
  return (subject ?? '')
    .split('\n')
    .filter((part) => part.startsWith('CN='))
    .map((part) => part.slice(3));
}

/**
 * Alternative names of a kind. A part with quotes holds characters that could pass for a separator (CVE-2021-44532): then
 * none is believed.
 */
export function alternativeNames(text: string | undefined, kind: string): string[] {
  if (text === undefined || text.includes('"')) return [];
  return text
    .split(', ')
    .filter((part) => part.startsWith(kind))
    .map((part) => part.slice(kind.length));
}
