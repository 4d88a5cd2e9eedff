// In: ViewSources. Out: the HTTP API, the live stream, /metrics and the operators' page on one port.
import type { FastifyInstance } from 'fastify';
import { OperatingError, systemClock } from '../../base/index.ts';
import type { ViewSources } from '../views.ts';
import { buildApp, type HttpOptions } from './app.ts';
import { buildNodeApp, type NodeOptions, type NodeSources } from './node-app.ts';
import { needsLogin } from './people.ts';
import { isLoopback } from './security.ts';
import type { HttpTls } from './server.ts';
import { Setup } from './setup.ts';

export type { HttpOptions } from './app.ts';
export type { NodeOptions, NodeSources } from './node-app.ts';
export { ORDER_HEADER } from './order-guard.ts';
export type { DecodeAgainOrder, OrderedBy, OrderState, Orders } from './orders.ts';
export type { PeopleOptions } from './people.ts';
export type { HttpTls } from './server.ts';

/** The HTTP side of the product. */
export interface HttpViews {
  /**
   * Starts to listen at `http.host` and `http.port` of the configuration (port 0 takes a free one).
   * @returns the address to open in a browser, and the link that makes the first admin where one is needed
   * @throws OperatingError `address_in_use`, `address_not_available`, `address_not_allowed`, `encryption_required`
   */
  open(): Promise<{ readonly url: string; readonly setupUrl?: string }>;
  /** Ends streams and connections at once; safe to call twice, and without `open`. */
  close(): Promise<void>;
}

/** Creates the server; nothing listens before `open`. */
export function createHttpServer(sources: ViewSources, options: HttpOptions): HttpViews {
  return server(sources.config.http, options.tls, async () => {
    const setup = setupOf(sources, options);
    const app = await buildApp(sources, { ...options, ...(setup === undefined ? {} : { setup }) });
    return { app, setupLink: setup?.link };
  });
}

/** The same for a process of a city that has nothing to show but how it is. */
export function createNodeServer(sources: NodeSources, options: NodeOptions): HttpViews {
  return server(sources.config.http, options.tls, async () => ({ app: await buildNodeApp(sources, options) }));
}

interface Built {
  readonly app: FastifyInstance;
  readonly setupLink?: string | undefined;
}

function server(http: ViewSources['config']['http'], tls: HttpTls | undefined, build: () => Promise<Built>): HttpViews {
  let app: FastifyInstance | undefined;
  return {
    async open() {
      const { host, port } = http;
      checkEncryption(http);
      const built = await build();
      app = built.app;
      try {
        const url = shownUrl(await app.listen({ host, port }), tls !== undefined);
        return { url, ...(built.setupLink === undefined ? {} : { setupUrl: `${url}${built.setupLink}` }) };
      } catch (cause) {
        await app.close();
        throw listenError(cause, host, port);
      }
    },
    async close() {
      await app?.close();
    },
  };
}

/** The framework does not know that its server speaks TLS. */
function shownUrl(url: string, isEncrypted: boolean): string {
  return isEncrypted ? url.replace(/^http:/, 'https:') : url;
}

function setupOf({ config }: ViewSources, { people, clock = systemClock }: HttpOptions): Setup | undefined {
  if (people === undefined || !needsLogin(config.http, people.users)) return undefined;
  return new Setup({ ...people, clock });
}

/** Passwords and tokens travel with every request: others must not be able to read them. */
function checkEncryption({ host, allowUnencrypted, tls }: ViewSources['config']['http']): void {
  if (isLoopback(host) || allowUnencrypted || tls !== undefined) return;
  throw new OperatingError(
    'encryption_required',
    `cannot serve HTTP at ${host} without TLS: passwords and data would be open to others; give http.tls a certificate, ` +
      'or set http.host to 127.0.0.1 and put a proxy with TLS in front of it, or, where the network is protected otherwise, set http.allowUnencrypted to true',
  );
}

const LISTEN_ERRORS: Readonly<Record<string, readonly [code: string, cause: string]>> = {
  EADDRINUSE: ['address_in_use', 'another process listens there; stop it, or set http.port to another number'],
  EADDRNOTAVAIL: ['address_not_available', 'this machine has no such address; set http.host to one that it has'],
  ENOTFOUND: ['address_not_available', 'there is no such host; set http.host to an address of this machine'],
  EACCES: ['address_not_allowed', 'this user may not listen there; set http.port to 1024 or above'],
};

function listenError(cause: unknown, host: string, port: number): unknown {
  const known = LISTEN_ERRORS[(cause as NodeJS.ErrnoException).code ?? ''];
  if (known === undefined) return cause;
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return new OperatingError(known[0], `cannot serve HTTP at ${shownHost}:${port}: ${known[1]}`, { cause });
}
