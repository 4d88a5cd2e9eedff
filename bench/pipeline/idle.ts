import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectPacket } from '../../harness/index.ts';
import { residentBytesOfProcess } from '../processes.ts';
import { KEEPALIVE_SECONDS } from './connection.ts';
import type { Server } from './servers.ts';

const IDLE_CONNECTIONS = 5_000;
const AT_A_TIME = 100;
/** Time to give back what connecting took for a moment. */
const SETTLE_MS = 3_000;

/** Memory of the server for each of 5,000 connections that were let in and say nothing, bytes. */
export async function bytesPerIdleConnection(server: Server): Promise<number> {
  const sockets: Socket[] = [];
  try {
    // The first ones make the code and the pools that all share.
    await open(server.port, sockets, AT_A_TIME);
    await sleep(SETTLE_MS / 3);
    const before = residentBytesOfProcess(server.pid);
    for (let count = 0; count < IDLE_CONNECTIONS; count += AT_A_TIME) await open(server.port, sockets, AT_A_TIME);
    await sleep(SETTLE_MS);
    return (residentBytesOfProcess(server.pid) - before) / IDLE_CONNECTIONS;
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function open(port: number, sockets: Socket[], count: number): Promise<void> {
  const opened = Array.from(
    { length: count },
    (_, index) =>
      new Promise<void>((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port });
        sockets.push(socket);
        socket.on('error', reject);
        socket.once('data', () => resolve());
        socket.write(
          connectPacket({ clientId: `idle-${sockets.length}-${index}`, keepaliveSeconds: KEEPALIVE_SECONDS }),
        );
      }),
  );
  await Promise.all(opened);
}
