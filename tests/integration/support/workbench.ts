import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { CityFile } from '../../../src/config/index.ts';

const PROGRAM = fileURLToPath(new URL('../../../bin/vitals.js', import.meta.url));
const READY_MS_MAX = 60_000;
/** Starts take half the processor time when the compiled sources are kept between them. */
const COMPILED = join(tmpdir(), 'vitals-it-compiled');

/** How a process ended: a code, or the signal that killed it. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of the product that is ready. */
export interface Server {
  readonly pid: number;
  readonly mqttUrl: string;
  readonly httpUrl: string;
  readonly ended: Promise<Ended>;
  /** What it has written so far, log lines included. */
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, then waits. */
  stop(): Promise<Ended>;
}

export interface ServeOptions {
  readonly config: string;
  readonly data: string;
  /** `key=value` lines; the ports are free ones unless they stand here. */
  readonly set?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A folder for one test and the processes started in it. */
export class Workbench {
  readonly folder = mkdtempSync(join(tmpdir(), 'vitals-it-'));
  readonly #processes = new Set<ChildProcess>();
  #files = 0;

  /** Writes a city.yaml; returns its path. */
  city(file: CityFile | string): string {
    const path = this.path(`city-${++this.#files}.yaml`);
    writeFileSync(path, typeof file === 'string' ? file : stringify(file));
    return path;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Starts the product and waits until it is ready. */
  async start(options: ServeOptions): Promise<Server> {
    const { child, ended, output } = this.#spawn(options);
    const addresses = await ready(child, ended, output);
    const kill = (signal: NodeJS.Signals) => void child.kill(signal);
    return {
      ...addresses,
      pid: child.pid ?? 0,
      ended,
      stdout: () => output.stdout,
      stderr: () => output.stderr,
      kill,
      stop: () => {
        kill('SIGTERM');
        return ended;
      },
    };
  }

  /**
   * Starts the product where it is expected to end by itself, or at a signal sent when it has said something; resolves
   * when it has ended.
   */
  run(
    options: ServeOptions & { readonly whenSaid?: { readonly text: string; readonly signal: NodeJS.Signals } },
  ): Promise<Ended> {
    const { child, ended, output } = this.#spawn(options);
    const { whenSaid } = options;
    const listen = (): void => {
      if (whenSaid === undefined || !output.stdout.includes(whenSaid.text)) return;
      child.stdout?.off('data', listen);
      child.kill(whenSaid.signal);
    };
    if (whenSaid !== undefined) child.stdout?.on('data', listen);
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS_MAX);
    return ended.finally(() => clearTimeout(timer));
  }

  /** Ends what still runs and removes the folder. */
  async close(): Promise<void> {
    const living = [...this.#processes];
    for (const child of living) child.kill('SIGKILL');
    await Promise.all(living.map((child) => new Promise<void>((resolve) => child.once('close', () => resolve()))));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn({ config, data, set = [], environment = {} }: ServeOptions) {
    const settings = ['mqtt.port=0', 'http.port=0', ...set].flatMap((line) => ['--set', line]);
    const child = spawn(
      process.execPath,
      [PROGRAM, 'serve', '--announce', '--config', config, '--data', data, ...settings],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_COMPILE_CACHE: COMPILED, ...environment } },
    );
    this.#processes.add(child);
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      output.stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output.stderr += chunk.toString('utf8');
    });
    const ended = new Promise<Ended>((resolve) => {
      child.once('close', (code, signal) => {
        this.#processes.delete(child);
        resolve({ code, signal, ...output });
      });
    });
    return { child, ended, output };
  }
}

async function ready(
  child: ChildProcess,
  ended: Promise<Ended>,
  output: { readonly stdout: string; readonly stderr: string },
): Promise<{ mqttUrl: string; httpUrl: string }> {
  let timer: NodeJS.Timeout | undefined;
  const announced = new Promise<{ mqttUrl: string; httpUrl: string }>((resolve, reject) => {
    child.stdout!.on('data', () => {
      const line = output.stdout.split('\n').find((text) => text.startsWith('{"ready":true'));
      if (line === undefined || !line.endsWith('}')) return;
      const { mqtt, http } = JSON.parse(line) as { mqtt: string; http: string };
      resolve({ mqttUrl: mqtt, httpUrl: http });
    });
    timer = setTimeout(() => reject(new Error(`not ready after ${READY_MS_MAX / 1000} s`)), READY_MS_MAX);
    void ended.then(({ code, signal, stderr }) =>
      reject(new Error(`the product ended before it was ready (${code ?? signal}): ${stderr}`)),
    );
  });
  return announced.finally(() => clearTimeout(timer));
}

/** A port that was free a moment ago, for a product that must come back at the same address. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

/** Answer of the API as JSON; fails on any status but 200. */
export async function getJson<T>(httpUrl: string, path: string): Promise<T> {
  const response = await fetch(`${httpUrl}${path}`, { signal: AbortSignal.timeout(30_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`GET ${path}: status ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as T;
}

/** Asks again until an answer is what is waited for, or fails with the last one. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isRight: (answer: T) => boolean,
  withinMs = 20_000,
): Promise<T> {
  for (let leftMs = withinMs; ; leftMs -= POLL_MS) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (leftMs <= 0)
      throw new Error(`not reached within ${withinMs / 1000} s; last: ${JSON.stringify(answer).slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const POLL_MS = 50;
