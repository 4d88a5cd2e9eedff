import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { joinEnds } from '../harness/index.ts';
import type { Random } from '../simulators/common/index.ts';

/** What a connection through the proxy suffers: by chance, after some bytes of its publisher. */
export type Misery = 'none' | 'cut' | 'throttle' | 'hole' | 'half-open';

const MISERIES: readonly Misery[] = ['none', 'cut', 'cut', 'throttle', 'hole', 'half-open'];
const BYTES = { least: 500, most: 200_000 };
const THROTTLE_BYTES = 700;
const THROTTLE_MS = 5;

/**
 * A network between publishers and a server, for as long as it is bad: it cuts connections in the middle of a packet
 * (RST), lets few bytes through at a time, swallows what is sent, or goes deaf on one way while the other one works.
 */
export class TcpProxy {
  isBad = true;
  readonly counts: Record<Misery, number> = { none: 0, cut: 0, throttle: 0, hole: 0, 'half-open': 0 };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #random: Random;
  readonly #target: number;

  private constructor(target: number, random: Random) {
    this.#target = target;
    this.#random = random;
    this.#server = createServer({ noDelay: true }, (socket) => this.#join(socket));
  }

  static async open(target: number, random: Random): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, random);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The network is good from now on; connections that suffered are cut, others stay. */
  heal(): void {
    this.isBad = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #join(publisher: Socket): void {
    const misery = this.isBad ? MISERIES[Math.floor(this.#random() * MISERIES.length)]! : 'none';
    this.counts[misery]++;
    const budget = BYTES.least + Math.floor(this.#random() * (BYTES.most - BYTES.least));
    const server = connect({ host: '127.0.0.1', port: this.#target, noDelay: true });
    joinEnds(publisher, server, this.#sockets);
    server.on('data', (chunk) => publisher.write(chunk));
    this.#forward(publisher, server, misery, budget);
  }

  #forward(publisher: Socket, server: Socket, misery: Misery, budget: number): void {
    let left = budget;
    publisher.on('data', (chunk: Buffer) => {
      const suffers = misery !== 'none' && chunk.length > left;
      if (!suffers) {
        left -= chunk.length;
        server.write(chunk);
        return;
      }
      if (misery === 'throttle') void trickle(publisher, server, chunk);
      else if (misery === 'half-open') {
        // The server hears everything, and its answers do not come.
        server.pause();
        server.write(chunk);
      } else {
        // The part of a packet that is through stays there; what follows is gone.
        if (left > 0) server.write(chunk.subarray(0, left));
        if (misery === 'cut') setImmediate(() => server.resetAndDestroy());
      }
      left = 0;
    });
  }
}

async function trickle(from: Socket, to: Socket, chunk: Buffer): Promise<void> {
  from.pause();
  for (let at = 0; at < chunk.length && !to.destroyed; at += THROTTLE_BYTES) {
    to.write(chunk.subarray(at, at + THROTTLE_BYTES));
    await new Promise((resolve) => setTimeout(resolve, THROTTLE_MS));
  }
  from.resume();
}
