import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

const CONNECT = 1;
const SUBSCRIBE = 8;

/** A SUBSCRIBE that waits for what the test makes of it. */
export interface AskedFilters {
  readonly filters: readonly string[];
  /** Answers with one code a filter. */
  answer(...codes: readonly number[]): void;
  /** Breaks the connection instead. */
  drop(): void;
}

/** Stands where a broker of MQTT 3.1.1 stands, lets everybody in, and answers each SUBSCRIBE as it is told. */
export class ScriptedBroker {
  /** What the next CONNACK says of the session. */
  hasSession = false;
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #asked: AskedFilters[] = [];
  #wake: () => void = () => {};

  private constructor() {
    this.#server = createServer((socket) => this.#join(socket));
  }

  static async open(): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker();
    broker.#server.listen(0, '127.0.0.1');
    await once(broker.#server, 'listening');
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next SUBSCRIBE, in the order in which they came. */
  async asked(): Promise<AskedFilters> {
    for (;;) {
      const next = this.#asked.shift();
      if (next !== undefined) return next;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Breaks all connections. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.drop();
    this.#server.close();
  }

  #join(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      // All that a consumer sends here is shorter than 128 bytes: its length is one byte.
      while (rest.length >= 2 && rest.length >= 2 + rest[1]!) {
        const body = rest.subarray(2, 2 + rest[1]!);
        this.#take(socket, rest[0]! >> 4, body);
        rest = rest.subarray(2 + body.length);
      }
    });
  }

  #take(socket: Socket, type: number, body: Buffer): void {
    if (type === CONNECT) {
      this.connections++;
      socket.write(Buffer.from([0x20, 2, this.hasSession ? 1 : 0, 0]));
    }
    if (type !== SUBSCRIBE) return;
    const filters: string[] = [];
    for (let at = 2; at < body.length; at += 3 + body.readUInt16BE(at))
      filters.push(body.toString('utf8', at + 2, at + 2 + body.readUInt16BE(at)));
    const [high, low] = [body[0]!, body[1]!];
    this.#asked.push({
      filters,
      answer: (...codes) => void socket.write(Buffer.from([0x90, 2 + codes.length, high, low, ...codes])),
      drop: () => void socket.destroy(),
    });
    this.#wake();
  }
}
