import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { SECOND_MS } from '../../base/index.ts';
import type { Posts } from '../../broker/index.ts';

/** Certificate and key in PEM form. */
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** What TLS is spoken with. */
export interface HttpTls {
  readonly certificate: Certificate;
  /** Calls with a certificate that took the place of the one before, until the returned function is called. */
  onRenewed(listener: (certificate: Certificate) => void): () => void;
}

export interface ServerParts {
  readonly tls?: HttpTls | undefined;
  /** Counts connections, where devices may post. */
  readonly posts?: Posts | undefined;
}

/** From the first byte to the end of the headers, and to the end of the body: a request in drops is cut. */
const HEADERS_MS_MAX = 10 * SECOND_MS;
const REQUEST_MS_MAX = 30 * SECOND_MS;
const KEEP_ALIVE_MS = 20 * SECOND_MS;
/** How often it is looked for requests that take too long. */
const LOOK_EVERY_MS = 2 * SECOND_MS;
const HANDSHAKE_MS_MAX = 5 * SECOND_MS;

/** Makes the server: plain or over TLS, with limits on connections and on how long a request may take to come. */
export function createHttpOrTlsServer(listener: RequestListener, { tls, posts }: ServerParts): Server {
  const server = tls === undefined ? createServer(LIMITS, listener) : tlsServer(tls, listener);
  if (posts !== undefined) countConnections(server, posts);
  return server;
}

const LIMITS: ServerOptions = {
  headersTimeout: HEADERS_MS_MAX,
  requestTimeout: REQUEST_MS_MAX,
  keepAliveTimeout: KEEP_ALIVE_MS,
  connectionsCheckingInterval: LOOK_EVERY_MS,
};

function tlsServer(tls: HttpTls, listener: RequestListener): Server {
  const optionsOf = ({ cert, key }: Certificate) => ({ cert, key, minVersion: 'TLSv1.2' as const });
  const server = createTlsServer(
    { ...LIMITS, ...optionsOf(tls.certificate), handshakeTimeout: HANDSHAKE_MS_MAX },
    listener,
  );
  server.once(
    'close',
    tls.onRenewed((renewed) => server.setSecureContext(optionsOf(renewed))),
  );
  return server;
}

/** Before a handshake: a flood is turned away before it costs one. */
function countConnections(server: Server, posts: Posts): void {
  const arrived = new Map<string, () => void>();
  server.prependListener('connection', (socket: Socket) => {
    const place = posts.enter(socket.remoteAddress ?? '');
    if (place === undefined) {
      socket.destroy();
      return;
    }
    // By the other end: an encrypted socket does not tell what it was laid over.
    const name = nameOfPeer(socket);
    arrived.set(name, () => place.letIn());
    socket.once('close', () => {
      arrived.delete(name);
      place.leave();
    });
  });
  server.on('request', ({ socket }) => {
    const name = nameOfPeer(socket);
    arrived.get(name)?.();
    arrived.delete(name);
  });
}

function nameOfPeer({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
