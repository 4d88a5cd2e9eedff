import { createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';

export interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly clientId: string;
}

/** A small broker that remembers what it got, can hold its acknowledgements back and can cut every connection. */
export async function testBroker(options: { readonly port?: number; readonly refuse?: boolean } = {}) {
  const received: Received[] = [];
  const held: (() => void)[] = [];
  let holding = false;
  const broker = await Aedes.createBroker({
    concurrency: 10_000,
    heartbeatInterval: 60_000,
    authenticate: (_client, _username, _password, done) => {
      if (options.refuse === true) done(Object.assign(new Error('no'), { returnCode: 5 }) as never, false);
      else done(null, true);
    },
    // Aedes acknowledges after this hook called back.
    authorizePublish: (client, packet, done) => {
      received.push({
        topic: packet.topic,
        payload: packet.payload.toString(),
        qos: packet.qos,
        clientId: client?.id ?? '',
      });
      if (holding) held.push(() => done(null));
      else done(null);
    },
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    broker.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    received,
    /** Acknowledgements held back so far. */
    heldCount: () => held.length,
    hold: () => {
      holding = true;
    },
    release: () => {
      holding = false;
      for (const done of held.splice(0)) done();
    },
    /** Cuts every connection; what was held is never acknowledged. */
    cut: () => {
      held.splice(0);
      holding = false;
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => broker.close(() => resolve()));
    },
  };
}

/** Waits for something that other code brings about, by the event loop and not by a fixed time. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 5_000; turn++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`never happened: ${what}`);
}
