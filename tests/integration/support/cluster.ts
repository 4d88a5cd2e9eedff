import { setTimeout as sleep } from 'node:timers/promises';
import { Mosquitto, openRedisServer, type ServerProcess } from '../../../harness/index.ts';
import { systemClock } from '../../../src/base/index.ts';
import { type CityFile, type Config, loadConfig } from '../../../src/config/index.ts';
import type { CityStreams } from '../../../src/journal/index.ts';
import { openStreams, streamsPlace } from '../../../src/workers/cluster/index.ts';
import { type Server, Workbench } from './workbench.ts';

/** A process of the city: its place stays, whoever runs in it. */
export interface Member {
  readonly name: string;
  readonly roles: string;
  server: Server;
}

export interface ClusterOptions {
  readonly city: CityFile;
  readonly partitions: number;
  /** As the configuration writes it. */
  readonly lease: string;
  readonly journal?: Partial<CityFile['journal']>;
}

/** A city over several processes behind Mosquitto and Redis, with one process beside it that gets the same messages. */
export class TestCluster {
  readonly bench = new Workbench();
  readonly members: Member[] = [];
  mosquitto!: Mosquitto;
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
    cluster.redis = await openRedisServer(cluster.bench.path('redis'));
    const { city, partitions, lease, journal } = options;
    const url = `redis://127.0.0.1:${cluster.redis.port}`;
    cluster.#config = cluster.bench.city({
      ...city,
      mqtt: { external: { url: cluster.mosquitto.url, share: 'city', topics: ['#'] } },
      journal: { ...journal, backend: 'redis', partitions, lease },
      jobs: { backend: 'bullmq', redis: { url } },
    });
    return cluster;
  }

  /** One process that does everything, with a session of its own at the same broker. */
  startAlone(name: string): Promise<Server> {
    const external = { url: this.mosquitto.url, clientId: name, topics: ['#'] };
    const config = this.bench.city({ ...this.#options.city, mqtt: { external } });
    return this.bench.start({ config, data: this.bench.path(name) });
  }

  async start(name: string, roles: string): Promise<Member> {
    const member = { name, roles, server: await this.#launch(name, roles) };
    this.members.push(member);
    return member;
  }

  /** Ends it and starts it again. @param downMs in between */
  async restart(member: Member, signal: NodeJS.Signals, downMs = 0): Promise<void> {
    member.server.kill(signal);
    await member.server.ended;
    await sleep(downMs);
    member.server = await this.#launch(member.name, member.roles);
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
    await this.redis.kill();
    await this.mosquitto.stop();
  }

  #launch(name: string, roles: string): Promise<Server> {
    const set = [`mqtt.external.clientId=${name}`];
    return this.bench.start({ config: this.#config, data: this.bench.path(name), set, roles });
  }
}
