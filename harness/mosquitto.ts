import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, untilListening } from './ports.ts';

const PLACES = [
  '/usr/sbin/mosquitto',
  '/usr/local/sbin/mosquitto',
  '/usr/bin/mosquitto',
  '/opt/homebrew/sbin/mosquitto',
];
const START_MS_MAX = 5_000;

/** Where Mosquitto is installed; undefined where it is not. */
export const MOSQUITTO = PLACES.find((place) => existsSync(place));

/** What docs/delivery.md asks of a Mosquitto in front of the product. */
const DELIVERY = ['max_inflight_messages 1000', 'max_queued_messages 0', 'allow_anonymous true'];

/** A Mosquitto of one's own on a free port. */
export class Mosquitto {
  readonly port: number;
  readonly #config: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, config: string) {
    this.port = port;
    this.#config = config;
  }

  /**
   * @param folder where its settings go
   * @param lines mosquitto.conf beside the listener
   */
  static async start(folder: string, lines: readonly string[] = DELIVERY): Promise<Mosquitto> {
    const port = await freePort();
    const config = join(folder, `mosquitto-${port}.conf`);
    const settings = [
      `listener ${port} 127.0.0.1`,
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

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    this.#child = spawn(MOSQUITTO!, ['-c', this.#config], { stdio: 'ignore' });
    try {
      await untilListening(this.port, START_MS_MAX);
    } catch (error) {
      await this.stop('SIGKILL');
      throw error;
    }
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
