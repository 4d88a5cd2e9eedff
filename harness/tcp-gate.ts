import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be shut: for a peer behind it, the other side has died. */
export class TcpGate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: number;
  #isShut = false;
  #losesAnswers = false;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (socket) => this.#join(socket));
  }

  static async open(target: number): Promise<TcpGate> {
    const gate = new TcpGate(target);
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts all connections; new ones are cut at once. */
  shut(): void {
    this.#isShut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Connections that are there stay open, and nothing comes through them any more, as if a router had forgotten them. */
  stall(): void {
    for (const socket of this.#sockets) socket.unpipe().resume();
  }

  reopen(): void {
    this.#isShut = false;
    this.#losesAnswers = false;
  }

  /** From now on what the server answers is lost, and the connection with it, until it is reopened. */
  loseAnswers(): void {
    this.#losesAnswers = true;
  }

  close(): void {
    this.shut();
    this.#server.close();
  }

  #join(peer: Socket): void {
    if (this.#isShut) {
      peer.destroy();
      return;
    }
    const server = connect({ host: '127.0.0.1', port: this.#target, noDelay: true });
    joinEnds(peer, server, this.#sockets);
    server.on('data', () => {
      if (this.#losesAnswers) peer.destroy();
    });
    peer.pipe(server);
    server.pipe(peer);
  }
}

/** Two sockets that end together; while they are there they stand in the set. */
export function joinEnds(one: Socket, two: Socket, sockets: Set<Socket>): void {
  for (const [socket, other] of [
    [one, two],
    [two, one],
  ] as const) {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  }
}
