import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  becomeReady,
  eventually,
  freePort,
  type LaunchedProduct,
  launchProduct,
  type RunningProduct,
  type StartOptions,
} from '../harness/index.ts';
import { type Random, seededRandom } from '../simulators/common/index.ts';
import type { CityFile } from '../src/config/index.ts';
import { type Plan, ZONES } from './messages.ts';
import { Publishers } from './publishers.ts';

const PUBLISHERS = 8;
const WINDOW = 200;
const UNDER_WAY = 100;
/** Longer than any start of the product takes with many other processes beside it would be felt as a pause, too. */
const SILENCE_MS_MAX = 3_000;
const PER_SECOND = { least: 300, most: 1_500 };
const HUSH_MS_MAX = 60_000;
/** Event time of the readings: half a minute apart, in a January long ago. */
const PLAN: Plan = { publisherCount: PUBLISHERS, fromMs: 1_767_571_200_000, stepMs: 30_000 };

/** What the publishers of a round do that is not the usual. */
export interface Load {
  readonly windowCount?: number;
  readonly perSecond?: number;
  /** Messages that are acknowledged before anything is disturbed. */
  readonly underWayCount?: number;
  /** Where they connect to, when not to the product. */
  readonly port?: number;
}

/** One product with its data folder and its publishers, from the beginning to the last look at it. */
export class Round {
  readonly fault: string;
  readonly seed: string;
  readonly random: Random;
  readonly folder: string;
  readonly dataFolder: string;
  readonly plan: Plan = PLAN;
  /** Where the product listens for MQTT, each time that it is started. */
  readonly port: number;
  /** Connections that are the product's own: the one to a broker of its own. */
  ownConnections = 0;
  readonly notes: string[] = [];
  readonly problems: string[] = [];
  /** What runs beside the product and must end with the round. */
  readonly #closers: (() => Promise<void> | void)[] = [];
  readonly #launched = new Set<LaunchedProduct>();
  #product: RunningProduct | undefined;
  #publishers: Publishers | undefined;
  #starts = 0;

  private constructor(fault: string, seed: string, folder: string, port: number) {
    this.fault = fault;
    this.seed = seed;
    this.random = seededRandom(seed);
    this.folder = folder;
    this.dataFolder = join(folder, 'data');
    this.port = port;
    mkdirSync(this.dataFolder, { recursive: true });
  }

  /** @param folder an empty one of the round's own */
  static async open(fault: string, seed: string, folder: string): Promise<Round> {
    return new Round(fault, seed, folder, await freePort());
  }

  get product(): RunningProduct {
    if (this.#product === undefined) throw new Error('the product was not started');
    return this.#product;
  }

  get publishers(): Publishers {
    if (this.#publishers === undefined) throw new Error('no publishers were started');
    return this.#publishers;
  }

  /** A number from `least` up to `most`, by chance. */
  between(least: number, most: number): number {
    return least + this.random() * (most - least);
  }

  /** Closed in reverse order, after product and publishers. */
  onClose(closer: () => Promise<void> | void): void {
    this.#closers.unshift(closer);
  }

  /** Starts the product on the round's data. */
  async start(more: Partial<StartOptions> & { readonly city?: Partial<CityFile> } = {}): Promise<RunningProduct> {
    this.#product = await becomeReady(this.launch(more));
    return this.#product;
  }

  /** Starts a product on another folder, where the publishers do not find it. */
  startApart(dataFolder: string): Promise<RunningProduct> {
    return becomeReady(this.launch({ dataFolder }));
  }

  /** Starts a process of the product and does not wait; the round ends it when it is closed. */
  launch({ city = {}, ...more }: Partial<StartOptions> & { readonly city?: Partial<CityFile> } = {}): LaunchedProduct {
    const configFile = join(this.folder, `city-${++this.#starts}.yaml`);
    writeFileSync(configFile, JSON.stringify({ ...CITY, ...city }));
    const port = more.dataFolder === undefined ? this.port : 0;
    const set = [`mqtt.port=${port}`, ...(more.set ?? [])];
    const product = launchProduct({ configFile, dataFolder: this.dataFolder, ...more, set });
    this.#launched.add(product);
    void product.ended.then(() => this.#launched.delete(product));
    return product;
  }

  /** Starts the publishers, and waits until they are well under way: what is disturbed must have a load. */
  async publish(load: Load = {}): Promise<Publishers> {
    this.#publishers = new Publishers({
      port: load.port ?? this.port,
      plan: this.plan,
      seed: this.seed,
      windowCount: load.windowCount ?? WINDOW,
      perSecond: load.perSecond ?? this.between(PER_SECOND.least, PER_SECOND.most),
      silenceMsMax: SILENCE_MS_MAX,
    });
    this.#publishers.go();
    await this.#publishers.untilAcknowledged(load.underWayCount ?? UNDER_WAY);
    return this.#publishers;
  }

  /**
   * Ends the publishers and waits until the product has taken all that was in its sockets: a connection that a publisher
   * gave up is read to its end, long after.
   */
  async hush(): Promise<void> {
    await this.#publishers?.close();
    const { httpUrl } = this.product;
    const underWay = async () => {
      const text = await (await fetch(`${httpUrl}/metrics`)).text();
      const of = (name: string) => Number(new RegExp(`^vitals_${name} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
      // Its own connections may have ended by now, too.
      return Math.max(0, of('broker_connections') - this.ownConnections) + of('journal_waiting_records');
    };
    await eventually(underWay, (count) => count === 0, HUSH_MS_MAX);
  }

  /** Kills the product and waits until it is gone. */
  async kill(): Promise<void> {
    this.product.kill('SIGKILL');
    await this.product.ended;
  }

  async close(): Promise<void> {
    await this.#publishers?.close();
    const living = [...this.#launched];
    // A stopped process hears no other signal.
    for (const product of living) product.kill('SIGKILL');
    await Promise.all(living.map(({ ended }) => ended));
    for (const closer of this.#closers.splice(0)) await closer();
  }
}

/** Everything stays live, so that the order of arrival changes no value; snapshots and ticks are frequent. */
const CITY: CityFile = {
  city: { id: 'torture', name: 'Torture', timeZone: 'Europe/Madrid', population: 100_000 },
  zones: Array.from({ length: ZONES }, (_, index) => ({
    id: `z${index}`,
    name: `Z${index}`,
    population: 20_000 + index,
  })),
  devices: Array.from({ length: ZONES }, (_, index) => ({
    match: `torture:z${index}-*`,
    zone: `z${index}`,
    role: index < 2 ? ('ambient' as const) : ('customer' as const),
    peopleServed: 3,
  })),
  windows: { clock: 'event', lateness: '60d', horizon: '60d', tick: '200ms' },
  snapshot: { every: '1s' },
  journal: { segmentMax: '1MiB', freeBytesMin: '16MiB' },
  log: { level: 'warn' },
};
