import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Mosquitto, openRedisServer, programFile, type ServerProcess } from '../../../harness/index.ts';
import { systemClock } from '../../../src/base/index.ts';
import { type CityFile, type Config, loadConfig, type RedisConfig } from '../../../src/config/index.ts';
import type { CityStreams } from '../../../src/journal/index.ts';
import { openStreams, streamsPlace } from '../../../src/workers/cluster/index.ts';
import { type Server, Workbench } from './workbench.ts';

/** While nobody publishes, cuts come so often: they tell that the city goes on. */
const MARK_EVERY = '1s';

/** A process of the city: its place stays, whoever runs in it. */
export interface Member {
  readonly name: string;
  readonly roles: string;
  readonly launch: LaunchOptions;
  server: Server;
}

export interface ClusterOptions {
  readonly city: CityFile;
  readonly partitions: number;
  /** As the configuration writes it. */
  readonly lease: string;
  readonly journal?: Partial<CityFile['journal']>;
  /** Where Redis is, as the configuration writes it; a server of the cluster's own when absent. */
  readonly redis?: RedisConfig;
  /** Further arguments for the cluster's own server. */
  readonly redisArguments?: readonly string[];
}

/** What a process is started with beside its roles. */
export interface LaunchOptions {
  readonly set?: readonly string[];
  readonly under?: readonly string[];
}

/** A city over several processes behind Mosquitto and Redis, with one process beside it that gets the same messages. */
export class TestCluster {
  readonly bench = new Workbench();
  readonly members: Member[] = [];
  mosquitto!: Mosquitto;
  /** Its own server. */
  redis!: ServerProcess;
  readonly #options: ClusterOptions;
  #config = '';

  private constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** Starts broker and Redis; members are started one by one. */
  static async open(options: ClusterOptions): Promise<TestCluster> {
    const cluster = new TestCluster(options);
    cluster.mosquitto = await Mosquitto.start(cluster.bench.folder);
    const { partitions, redis, redisArguments: more = [] } = options;
    if (redis === undefined) cluster.redis = await openRedisServer(cluster.bench.path('redis'), { more });
    cluster.#configure(partitions);
    return cluster;
  }

  #configure(partitions: number): void {
    const { city, lease, journal, redis } = this.#options;
    this.#config = this.bench.city({
      ...city,
      mqtt: { external: { url: this.mosquitto.url, share: 'city', topics: ['#'] } },
      journal: { ...journal, backend: 'redis', partitions, lease, markEvery: MARK_EVERY },
      jobs: { backend: 'bullmq', redis: redis ?? { url: this.redisUrl } },
    });
  }

  /** Runs `vitals partitions`. @returns what it refused with; undefined when the number is the new one, for starts to come */
  async repartition(partitions: number): Promise<string | undefined> {
    const words = [programFile(), 'partitions', String(partitions), '--config', this.#config];
    const refusal = await new Promise<string | undefined>((resolve) => {
      execFile(process.execPath, words, (error, _stdout, stderr) => resolve(error === null ? undefined : stderr));
    });
    if (refusal === undefined) this.#configure(partitions);
    return refusal;
  }

  /** One process that does everything, with a session of its own at the same broker. */
  startAlone(name: string): Promise<Server> {
    const external = { url: this.mosquitto.url, clientId: name, topics: ['#'] };
    const config = this.bench.city({ ...this.#options.city, mqtt: { external } });
    return this.bench.start({ config, data: this.bench.path(name) });
  }

  async start(name: string, roles: string, launch: LaunchOptions = {}): Promise<Member> {
    const member = { name, roles, launch, server: await this.#launch(name, roles, launch) };
    this.members.push(member);
    return member;
  }

  /** Of the cluster's own server. */
  get redisUrl(): string {
    return `redis://127.0.0.1:${this.redis.port}`;
  }

  /** Ends it and starts it again. @param downMs in between */
  async restart(member: Member, signal: NodeJS.Signals, downMs = 0): Promise<void> {
    member.server.kill(signal);
    await member.server.ended;
    await sleep(downMs);
    member.server = await this.#launch(member.name, member.roles, member.launch);
  }

  /** Ends it for good, in order. @throws Error when it ends otherwise than with code 0 */
  async end(member: Member): Promise<void> {
    const { code, signal, stderr } = await member.server.stop();
    if (code !== 0) throw new Error(`${member.name} ended with ${code ?? signal}: ${stderr.slice(-2_000)}`);
    this.members.splice(this.members.indexOf(member), 1);
  }

  having(role: string): Member[] {
    return this.members.filter(({ roles }) => roles.split(',').includes(role));
  }

  /** Where the store of a process lies. */
  storeOf(name: string): string {
    return this.bench.path(`${name}/store.duckdb`);
  }

  /** As its processes have it. */
  config(): Config {
    return loadConfig({ file: this.#config, dataFolder: this.bench.path('none'), environment: {} });
  }

  /** The streams behind them; the caller closes them. */
  streams(): Promise<CityStreams> {
    return openStreams(streamsPlace(this.config()), systemClock, () => {});
  }

  async close(): Promise<void> {
    await this.bench.close();
    await this.redis?.kill();
    await this.mosquitto?.stop();
  }

  #launch(name: string, roles: string, { set = [], ...launch }: LaunchOptions): Promise<Server> {
    const settings = [`mqtt.external.clientId=${name}`, ...set];
    return this.bench.start({ config: this.#config, data: this.bench.path(name), set: settings, roles, ...launch });
  }
}
