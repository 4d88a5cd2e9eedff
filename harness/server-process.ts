import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { killChild } from './children.ts';
import { freePort } from './ports.ts';

const START_MS_MAX = 20_000;
const POLL_MS = 50;

/** The first of these that is there. */
export function installed(...places: string[]): string | undefined {
  return places.find((place) => existsSync(place));
}

/** How to start a server on a port, and how it says that it is ready: `healthPath` or `isHealthy`. */
export interface ServerPlan {
  readonly program: string;
  readonly args: (port: number) => readonly string[];
  /** All of it: nothing of ours is handed down. */
  readonly environment?: (port: number) => Readonly<Record<string, string>>;
  /** Answers 2xx once it is ready. */
  readonly healthPath?: string;
  /** Where it speaks no HTTP. */
  readonly isHealthy?: (port: number) => Promise<boolean>;
}

/** A server of one's own that keeps its port over restarts. */
export class ServerProcess {
  readonly port: number;
  readonly #plan: ServerPlan;
  #child: ChildProcess | undefined;

  private constructor(port: number, plan: ServerPlan) {
    this.port = port;
    this.#plan = plan;
  }

  /** @param isStarted false for one that `start` is called of later */
  static async open(plan: ServerPlan, isStarted = true): Promise<ServerProcess> {
    const server = new ServerProcess(await freePort(), plan);
    if (isStarted) await server.start();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves once it answers. */
  async start(): Promise<void> {
    const { program, args, environment, healthPath = '', isHealthy = isOk(this.url + healthPath) } = this.#plan;
    const env = environment?.(this.port) ?? {};
    const child = spawn(program, args(this.port), { stdio: 'ignore', env });
    this.#child = child;
    for (let waitedMs = 0; !(await isHealthy(this.port)); waitedMs += POLL_MS) {
      if (child.exitCode !== null || waitedMs >= START_MS_MAX) throw new Error(`${program} does not start`);
      await sleep(POLL_MS);
    }
  }

  /** SIGTERM, and waits until it is gone. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    if (this.#child !== undefined) await killChild(this.#child);
  }
}

function isOk(url: string): () => Promise<boolean> {
  return async () => {
    try {
      return (await fetch(url)).ok;
    } catch {
      return false;
    }
  };
}
