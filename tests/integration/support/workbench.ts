import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import {
  becomeReady,
  type Ended,
  type LaunchedProduct,
  launchProduct,
  type RunningProduct,
} from '../../../harness/index.ts';
import type { CityFile } from '../../../src/config/index.ts';

export { type Ended, eventually, getJson, type RunningProduct as Server } from '../../../harness/index.ts';

const END_MS_MAX = 60_000;

export interface ServeOptions {
  readonly config: string;
  readonly data: string;
  /** `key=value` lines; the ports are free ones unless they stand here. */
  readonly set?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** What the process does; everything when absent. */
  readonly roles?: string;
  /** A tracer or the like, with its arguments, that becomes the product. */
  readonly under?: readonly string[];
}

/** A folder for one test and the processes started in it. */
export class Workbench {
  readonly folder = mkdtempSync(join(tmpdir(), 'vitals-it-'));
  readonly #products = new Set<LaunchedProduct>();
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
  start(options: ServeOptions): Promise<RunningProduct> {
    return becomeReady(this.#launch(options));
  }

  /**
   * Starts the product where it is expected to end by itself, or at a signal sent when it has said something; resolves
   * when it has ended.
   */
  run(
    options: ServeOptions & { readonly whenSaid?: { readonly text: string; readonly signal: NodeJS.Signals } },
  ): Promise<Ended> {
    const { child, ended, stdout } = this.#launch(options);
    const { whenSaid } = options;
    const listen = (): void => {
      if (whenSaid === undefined || !stdout().includes(whenSaid.text)) return;
      child.stdout?.off('data', listen);
      child.kill(whenSaid.signal);
    };
    if (whenSaid !== undefined) child.stdout?.on('data', listen);
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX);
    return ended.finally(() => clearTimeout(timer));
  }

  /** Ends what still runs and removes the folder. */
  async close(): Promise<void> {
    const living = [...this.#products];
    for (const product of living) product.kill('SIGKILL');
    await Promise.all(living.map(({ ended }) => ended));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #launch({ config, data, ...rest }: ServeOptions): LaunchedProduct {
    const product = launchProduct({ configFile: config, dataFolder: data, ...rest });
    this.#products.add(product);
    void product.ended.then(() => this.#products.delete(product));
    return product;
  }
}
