import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answerOf, killChild, MOSQUITTO, Mosquitto, startProduct } from '../../harness/index.ts';
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
  if (MOSQUITTO === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'vitals-bench-mosquitto-'));
  const lines = ['allow_anonymous true', 'persistence false', 'log_type none', 'max_connections -1'];
  const mosquitto = await Mosquitto.start(folder, [...lines, 'max_queued_messages 0']);
  return {
    pid: mosquitto.pid,
    port: mosquitto.port,
    stop: async () => {
      await mosquitto.stop('SIGKILL');
      rmSync(folder, { recursive: true });
    },
  };
}

/** Parses PUBLISH, writes PUBACK, and does nothing else. */
export async function bareSocketServer(): Promise<Server> {
  const child = fork(fileURLToPath(new URL(`./bare-socket${import.meta.url.slice(-3)}`, import.meta.url)));
  const port = (await answerOf(child)) as number;
  return { pid: child.pid!, port, stop: () => killChild(child) };
}
