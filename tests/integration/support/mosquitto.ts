import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from './workbench.ts';

const PLACES = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/usr/bin/mosquitto'];
export const MOSQUITTO = PLACES.find((place) => existsSync(place));

/** A Mosquitto of the test's own on a free port, with the settings that docs/delivery.md gives. */
export class Mosquitto {
  readonly port: number;
  readonly #config: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, config: string) {
    this.port = port;
    this.#config = config;
  }

  /** @param lines more of mosquitto.conf */
  static async start(folder: string, lines: readonly string[] = ['allow_anonymous true']): Promise<Mosquitto> {
    const port = await freePort();
    const config = join(folder, `mosquitto-${port}.conf`);
    const settings = [
      `listener ${port} 127.0.0.1`,
      'max_inflight_messages 1000',
      'max_queued_messages 0',
      // Started by root it would become a user that may not write into the folder.
      ...(process.getuid?.() === 0 ? ['user root'] : []),
      ...lines,
    ];
    writeFileSync(config, `${settings.join('\n')}\n`);
    const mosquitto = new Mosquitto(port, config);
    await mosquitto.start();
    return mosquitto;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.#child = spawn(MOSQUITTO!, ['-c', this.#config], { stdio: 'ignore' });
    for (let tries = 0; tries < 100; tries++) {
      if (await isOpen(this.port)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('mosquitto does not listen');
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
