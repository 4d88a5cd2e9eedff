// In: ViewSources. Out: the HTTP API, the live stream, /metrics and the operators' page on one port.
import type { FastifyInstance } from 'fastify';
import { OperatingError } from '../../base/index.ts';
import type { ViewSources } from '../views.ts';
import { buildApp, type HttpOptions } from './app.ts';

export type { HttpOptions } from './app.ts';

/** The HTTP side of the product. */
export interface HttpViews {
  /**
   * Starts to listen at `http.host` and `http.port` of the configuration (port 0 takes a free one).
   * @returns the address to open in a browser
   * @throws OperatingError `address_in_use`, `address_not_available`, `address_not_allowed`
   */
  open(): Promise<{ readonly url: string }>;
  /** Ends streams and connections at once; safe to call twice, and without `open`. */
  close(): Promise<void>;
}

/** Creates the server; nothing listens before `open`. */
export function createHttpServer(sources: ViewSources, options: HttpOptions): HttpViews {
  let app: FastifyInstance | undefined;
  return {
    async open() {
      const { host, port } = sources.config.http;
      app = await buildApp(sources, options);
      try {
        return { url: await app.listen({ host, port }) };
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
