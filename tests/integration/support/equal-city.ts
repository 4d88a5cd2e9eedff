import { differencesOf, digestOf, everythingOf, waitUntilLevel } from '../../../simulators/verify/index.ts';
import { type CityStreams, type Cut, positionOf } from '../../../src/journal/index.ts';
import type { AccountingBody } from '../../../src/views/http/schemas.ts';
import { type ClusterOptions, type Member, TestCluster } from './cluster.ts';
import { allCuts, storeOfOneEngine } from './one-engine.ts';
import { type ComparedStores, compareStores, storedPosition } from './stores.ts';
import { eventually, getJson, type Server } from './workbench.ts';

/** While nothing moves for so long, nothing will. */
const STALL_MS_MAX = 300_000;
/** A reader that holds trimming back: what came is still there when all has ended. */
const KEEPER = 'keeps-all';
const KEEP_EVERY_MS = 60_000;

/** What is asked for of the API. */
export interface Asked {
  readonly fromMs: number;
  readonly toMs: number;
  readonly seriesMax?: number;
}

export interface Compared {
  /** Empty when all is equal bit for bit. */
  readonly differences: readonly string[];
  /** To print. */
  readonly figures: string;
}

/**
 * A city over several processes whose messages are kept, so that what it said can be held against what others say of the
 * same messages: one process with a session of its own at the same broker, another api process, and one engine that
 * reads the messages as they came.
 */
export class EqualCity {
  readonly cluster: TestCluster;
  readonly #streams: CityStreams;
  readonly #keeping: NodeJS.Timeout;
  #alone: Server | undefined;

  private constructor(cluster: TestCluster, streams: CityStreams) {
    this.cluster = cluster;
    this.#streams = streams;
    this.#keeping = setInterval(() => void this.#keep().catch(() => undefined), KEEP_EVERY_MS);
  }

  /** Two intakes, three engines and one api process, and one process beside them, if that is asked for. */
  static async open(options: ClusterOptions, { isBesideOne }: { readonly isBesideOne: boolean }): Promise<EqualCity> {
    const cluster = await TestCluster.open(options);
    const city = new EqualCity(cluster, await cluster.streams());
    await city.#keep();
    if (isBesideOne) city.#alone = await cluster.startAlone('alone');
    for (const name of ['intake-1', 'intake-2']) await cluster.start(name, 'intake');
    for (const name of ['engine-1', 'engine-2', 'engine-3']) await cluster.start(name, 'engine');
    await cluster.start('api-1', 'api');
    return city;
  }

  /** Waits until all have taken so many messages; the readings that they say they have. */
  async level(messagesMin: number): Promise<AccountingBody[]> {
    const answers: AccountingBody[] = [];
    for (const { httpUrl } of this.#readers()) {
      await waitUntilLevel(httpUrl, { messagesMin, stallMsMax: STALL_MS_MAX });
      answers.push(await getJson<AccountingBody>(httpUrl, '/api/v1/accounting'));
    }
    return answers;
  }

  /** What the API of the first reader says, held against what that of all others says. */
  async compareAnswers({ fromMs, toMs, ...options }: Asked): Promise<Compared> {
    const [expected, ...others] = await Promise.all(
      this.#readers().map(({ httpUrl }) => everythingOf(httpUrl, fromMs, toMs, options)),
    );
    const figures = `${expected!.size} answers, digest ${digestOf(expected!).slice(0, 16)}`;
    return { figures, differences: others.flatMap((got) => differencesOf(expected!, got)) };
  }

  /** Ends all: first who makes the journal longer, then, where it ends, who reads it. */
  async end(): Promise<void> {
    const { cluster } = this;
    for (const role of ['intake', 'engine']) {
      for (const member of cluster.having(role)) await cluster.end(member);
    }
    await this.#untilRead();
    for (const member of cluster.having('api')) await cluster.end(member);
    await this.#alone?.stop();
  }

  /** What one engine makes of the messages as they came, held against what a process has stored. Both have ended. */
  async compareWithOneEngine(name: string): Promise<Compared & Pick<ComparedStores, 'rows'>> {
    const { cluster } = this;
    const file = cluster.storeOf('one-engine');
    const upTo = await storedPosition(cluster.storeOf(name));
    const messages = await storeOfOneEngine(this.#streams, { config: cluster.config(), upTo, file });
    const { rows, differences } = await compareStores(file, cluster.storeOf(name), 'all');
    return { figures: `${messages} messages up to ${upTo}: ${JSON.stringify(rows)}`, rows, differences };
  }

  async close(): Promise<void> {
    clearInterval(this.#keeping);
    await this.#streams.close();
    await this.cluster.close();
  }

  #readers(): Server[] {
    const apis = this.cluster.having('api').map(({ server }) => server);
    return this.#alone === undefined ? apis : [this.#alone, ...apis];
  }

  /** Nobody makes cuts any more, nor anything of messages: all api processes come to where it ends. */
  async #untilRead(): Promise<void> {
    const end = await this.#newestMade();
    const stored = ({ server }: Member): Promise<number> =>
      getJson<AccountingBody>(server.httpUrl, '/api/v1/accounting').then(({ progress }) => progress.storeSequence);
    const apis = this.cluster.having('api');
    const areAt = (positions: readonly number[]): boolean => positions.every((position) => position === end);
    await eventually(() => Promise.all(apis.map(stored)), areAt, STALL_MS_MAX);
  }

  async #newestMade(): Promise<number> {
    const [cuts, stats] = [await allCuts(this.#streams), await this.#streams.stats()];
    const isMade = ({ ends }: Cut): boolean => ends.every((end, partition) => stats[partition]!.madeEnd >= end);
    return positionOf(cuts.findLast(isMade)!);
  }

  async #keep(): Promise<void> {
    await this.#streams.noteReplica({ name: KEEPER, position: 0 });
  }
}
