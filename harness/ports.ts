import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/** A port of this machine that was free a moment ago, for a server that must come back at the same address. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether somebody takes connections at a port of this machine. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Waits until somebody listens. @throws Error after `msMax` */
export async function untilListening(port: number, msMax: number): Promise<void> {
  for (let waitedMs = 0; !(await isListening(port)); waitedMs += POLL_MS) {
    if (waitedMs >= msMax) throw new Error(`nobody listens at port ${port} after ${msMax} ms`);
    await sleep(POLL_MS);
  }
}
