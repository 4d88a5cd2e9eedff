import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ConnectOptions, connectPacket } from '../../../../harness/packets.ts';

export * from '../../../../harness/packets.ts';

/** A client that sends exactly the bytes it is told to. */
export interface RawClient {
  readonly socket: Socket;
  /** All bytes that came so far. */
  received(): Buffer;
  /** Resolves when at least so many bytes have come, or the connection is closed. */
  bytes(count: number): Promise<Buffer>;
  /** Resolves when the other side has closed. */
  readonly closed: Promise<void>;
}

export async function rawClient(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let all = Buffer.alloc(0);
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const check of waiting) check();
  };
  socket.on('data', (chunk: Buffer) => {
    all = Buffer.concat([all, chunk]);
    wake();
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      resolve();
      wake();
    });
  });
  await once(socket, 'connect');
  const bytes = (count: number) =>
    new Promise<Buffer>((resolve) => {
      const check = () => {
        if (all.length < count && !socket.destroyed) return;
        waiting.delete(check);
        resolve(all);
      };
      waiting.add(check);
      check();
    });
  return { socket, received: () => all, bytes, closed };
}

/** A raw client that has been let in: its CONNACK is the first four bytes. */
export async function connectedRawClient(url: string, options?: ConnectOptions): Promise<RawClient> {
  const client = await rawClient(url);
  client.socket.write(connectPacket(options));
  await client.bytes(4);
  return client;
}
