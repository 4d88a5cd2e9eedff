import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProduct } from '../../simulators/verify/index.ts';
import { cityFile } from './cases.ts';

/** A server in a process of its own. */
export interface Server {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export interface ProductServer extends Server {
  readonly httpUrl: string;
}

const MOSQUITTO = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto'];
const START_MS_MAX = 5_000;

/** The product with an empty data folder and a city of ten zones. */
export async function productServer(): Promise<ProductServer> {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-bench-'));
  const configFile = join(folder, 'city.yaml');
  writeFileSync(configFile, cityFile());
  const product = await startProduct({ configFile, dataFolder: join(folder, 'data') });
  return {
    pid: product.pid,
    port: Number(new URL(product.mqttUrl).port),
    httpUrl: product.httpUrl,
    stop: async () => {
      await product.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Mosquitto without persistence; undefined where it is not installed. */
export async function mosquittoServer(): Promise<Server | undefined> {
  const program = MOSQUITTO.find((path) => existsSync(path));
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'vitals-bench-mosquitto-'));
  const port = await freePort();
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'log_type none',
    'max_connections -1',
    'max_queued_messages 0',
  ];
  writeFileSync(join(folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
  const child = spawn(program, ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore' });
  const server = { pid: child.pid!, port, stop: () => stopChild(child, () => rmSync(folder, { recursive: true })) };
  for (let waitedMs = 0; !(await isListening(port)); waitedMs += 50) {
    if (waitedMs > START_MS_MAX) {
      await server.stop();
      throw new Error('cannot measure mosquitto: it does not listen');
    }
    await sleep(50);
  }
  return server;
}

/** Parses PUBLISH, writes PUBACK, and does nothing else. */
export async function bareSocketServer(): Promise<Server> {
  const child = fork(fileURLToPath(new URL(`./bare-socket${import.meta.url.slice(-3)}`, import.meta.url)));
  const [port] = (await once(child, 'message')) as [number];
  return { pid: child.pid!, port, stop: () => stopChild(child) };
}

async function stopChild(child: ChildProcess, after?: () => void): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  after?.();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
