import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { OperatingError } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { Place } from './admission.ts';
import { nameOfCertificate, type ServerCertificates } from './certificates.ts';
import type { Endpoint } from './exposure.ts';
import { WebSocketUpgrader } from './web-socket.ts';

/** Somebody who has come, by whatever way; MQTT has not been spoken yet. */
export interface Arrival {
  readonly stream: Duplex;
  readonly address: string;
  /** What the client's certificate says it is; empty when it says nothing usable, undefined without a certificate. */
  readonly certificateName: string | undefined;
  /** To be called when the client was let in. */
  onLetIn(): void;
}

/** What a listener does with whoever comes. */
export interface Door {
  /** Asked at the very start, before anything is spent; undefined closes the socket. */
  enter(socket: Socket): Place | undefined;
  arrive(arrival: Arrival): void;
}

const HANDSHAKE_TIMEOUT_MS = 5_000;

/**
 * An address that is listened on. Encryption and WebSocket are laid over sockets that were counted before: a flood is
 * turned away before it costs a handshake.
 */
export class Listener {
  readonly url: string;
  readonly #server: Server;
  readonly #door: Door;
  /** By the other end: an encrypted socket does not tell what it was laid over. */
  readonly #sockets = new Map<string, { readonly socket: Socket; readonly place: Place }>();
  readonly #tls: TlsServer | undefined;
  readonly #take: (socket: Socket) => void;
  #early: Socket[] | undefined = [];

  private constructor(
    server: Server,
    endpoint: Endpoint,
    config: Config['mqtt'],
    certificates: ServerCertificates | undefined,
    door: Door,
  ) {
    this.#server = server;
    this.#door = door;
    const { kind, host } = endpoint;
    const { port } = server.address() as AddressInfo;
    const path = kind === 'ws' || kind === 'wss' ? config.webSocket!.path : '';
    this.url = `${kind}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
    const clientName = config.tls?.clientName ?? 'cn';
    const arrive: Arrive = (stream, socket, onLetIn) => {
      const place = this.#sockets.get(nameOfPeer(socket))?.place;
      const certificateName = 'getPeerX509Certificate' in socket ? nameOfCertificate(socket, clientName) : undefined;
      const letIn = () => {
        place?.letIn();
        onLetIn?.();
      };
      door.arrive({ stream, address: socket.remoteAddress ?? '', certificateName, onLetIn: letIn });
    };
    const speak = path === '' ? (socket: Socket) => arrive(socket, socket) : upgraderOf(config, arrive);
    const isEncrypted = kind === 'mqtts' || kind === 'wss';
    this.#tls = isEncrypted ? tlsServerOf(config, certificates!, speak) : undefined;
    const tls = this.#tls;
    this.#take = tls === undefined ? speak : (socket) => void tls.emit('connection', socket);
    server.on('connection', (socket) => this.#onSocket(socket));
  }

  /** @throws OperatingError `address_in_use`, `address_not_available` */
  static async open(
    endpoint: Endpoint,
    config: Config['mqtt'],
    certificates: ServerCertificates | undefined,
    door: Door,
  ): Promise<Listener> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(explained(endpoint, error)));
      server.listen(endpoint.port, endpoint.host, resolve);
    });
    server.removeAllListeners('error');
    // Out of file descriptors: the connection is not taken, those that are there go on.
    server.on('error', () => {});
    return new Listener(server, endpoint, config, certificates, door);
  }

  /** Lets in who has come meanwhile, and whoever comes. */
  admit(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const socket of early) this.#take(socket);
  }

  /** New connections get these from now on; those that are there go on. */
  renew(certificates: ServerCertificates): void {
    this.#tls?.setSecureContext({ ...secureContext(certificates) });
  }

  /** Takes no more connections; resolves when all are closed. */
  close(): Promise<void> {
    for (const socket of this.#early ?? []) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Ends what is still there, also in the middle of a handshake. */
  destroy(): void {
    for (const { socket } of this.#sockets.values()) socket.destroy();
  }

  #onSocket(socket: Socket): void {
    const place = this.#door.enter(socket);
    if (place === undefined) {
      socket.destroy();
      return;
    }
    const name = nameOfPeer(socket);
    this.#sockets.set(name, { socket, place });
    socket.once('close', () => {
      place.leave();
      this.#sockets.delete(name);
    });
    socket.on('error', () => {});
    if (this.#early === undefined) this.#take(socket);
    else this.#early.push(socket);
  }
}

type Arrive = (stream: Duplex, socket: Socket | TLSSocket, onLetIn?: () => void) => void;

function upgraderOf(config: Config['mqtt'], arrive: Arrive): (socket: Socket) => void {
  const upgrader = new WebSocketUpgrader(config.webSocket!, config.packetMax, ({ stream, onLetIn }, socket) =>
    arrive(stream, socket as Socket, onLetIn),
  );
  return (socket) => upgrader.take(socket);
}

function nameOfPeer({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function secureContext({ cert, key, ca }: ServerCertificates) {
  return { cert, key, minVersion: 'TLSv1.2' as const, ...(ca === undefined ? {} : { ca }) };
}

function tlsServerOf(
  config: Config['mqtt'],
  certificates: ServerCertificates,
  speak: (socket: TLSSocket) => void,
): TlsServer {
  const wanted = config.tls?.clientCertificates ?? 'none';
  const server = createTlsServer({
    ...secureContext(certificates),
    requestCert: wanted !== 'none',
    // Who offers a certificate that is not good is turned away, also where none is needed: it is no accident.
    rejectUnauthorized: wanted === 'required',
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {});
    const hasBadCertificate =
      wanted === 'optional' && !socket.authorized && socket.getPeerX509Certificate() !== undefined;
    if (hasBadCertificate) socket.destroy();
    else speak(socket);
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

function explained({ key, host, port }: Endpoint, cause: NodeJS.ErrnoException): OperatingError {
  const where = `cannot listen for MQTT on ${host}:${port}`;
  if (cause.code === 'EADDRINUSE') {
    const text = `${where}: the address is in use by another process; stop that one or set ${key}.port to a free port`;
    return new OperatingError('address_in_use', text, { cause, retryable: true });
  }
  const because =
    cause.code === 'EADDRNOTAVAIL' || cause.code === 'ENOTFOUND'
      ? `this machine has no such address; set ${key}.host to one of its own`
      : cause.message;
  return new OperatingError('address_not_available', `${where}: ${because}`, { cause });
}
