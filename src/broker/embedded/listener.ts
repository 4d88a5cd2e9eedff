import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { OperatingError } from '../../base/index.ts';

/** The TCP side: an address that is listened on. */
export class Listener {
  readonly url: string;
  readonly #server: Server;
  readonly #onSocket: (socket: Socket) => void;
  #early: Socket[] | undefined = [];

  private constructor(server: Server, host: string, onSocket: (socket: Socket) => void) {
    this.#server = server;
    this.#onSocket = onSocket;
    const { port } = server.address() as AddressInfo;
    this.url = `mqtt://${host.includes(':') ? `[${host}]` : host}:${port}`;
    server.on('connection', (socket) => {
      if (this.#early === undefined) onSocket(socket);
      else this.#early.push(socket);
    });
  }

  /** @throws OperatingError `address_in_use`, `address_not_available` */
  static async open(host: string, port: number, onSocket: (socket: Socket) => void): Promise<Listener> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(explained(host, port, error)));
      server.listen(port, host, resolve);
    });
    server.removeAllListeners('error');
    // Out of file descriptors: the connection is not taken, those that are there go on.
    server.on('error', () => {});
    return new Listener(server, host, onSocket);
  }

  /** Lets in who has come meanwhile, and whoever comes. */
  admit(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const socket of early) this.#onSocket(socket);
  }

  /** Takes no more connections; resolves when all are closed. */
  close(): Promise<void> {
    for (const socket of this.#early ?? []) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function explained(host: string, port: number, cause: NodeJS.ErrnoException): OperatingError {
  const where = `cannot listen for MQTT on ${host}:${port}`;
  if (cause.code === 'EADDRINUSE') {
    const text = `${where}: the address is in use by another process; stop that one or set mqtt.port to a free port`;
    return new OperatingError('address_in_use', text, { cause, retryable: true });
  }
  const because =
    cause.code === 'EADDRNOTAVAIL' || cause.code === 'ENOTFOUND'
      ? 'this machine has no such address; set mqtt.host to one of its own'
      : cause.message;
  return new OperatingError('address_not_available', `${where}: ${because}`, { cause });
}
