import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Path of a certificate or key of `tests/fixtures/tls`. */
export function tlsFile(name: string): string {
  return fileURLToPath(new URL(`../../../fixtures/tls/${name}`, import.meta.url));
}

/** `mqtt.tls` with the server's certificate, on any free port. */
export const SERVER_TLS = { port: 0, certFile: tlsFile('server.crt'), keyFile: tlsFile('server.key') } as const;

/** What a client of the test's server trusts, and shows of itself. */
export function clientTls(name?: string) {
  const ca = readFileSync(tlsFile('authority.crt'));
  if (name === undefined) return { ca };
  return { ca, cert: readFileSync(tlsFile(`${name}.crt`)), key: readFileSync(tlsFile(`${name}.key`)) };
}
