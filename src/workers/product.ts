import { join } from 'node:path';
import { type Clock, FailureThrottle, formatDuration, OperatingError, systemClock } from '../base/index.ts';
import { createEmbeddedBroker } from '../broker/embedded/index.ts';
import { createExternalBroker } from '../broker/external/index.ts';
import type { Broker, Posts } from '../broker/index.ts';
import { type Config, EXTERNAL_BROKER } from '../config/index.ts';
import {
  type AuditTrail,
  type DeviceDirectory,
  openAudit,
  openDeviceDirectory,
  openUserDirectory,
  readAudit,
} from '../identity/index.ts';
import type { JournalWriter } from '../journal/index.ts';
import { kpiInfo, U4SSC_KPIS, u4sscOverview } from '../kpis/index.ts';
import type { Accounting, Message, Series } from '../model/index.ts';
import { type Logger, rateMeter } from '../telemetry/index.ts';
import {
  createHttpServer,
  createNodeServer,
  type HttpViews,
  type Orders,
  type PeopleOptions,
} from '../views/http/index.ts';
import { type EngineStanding, type LiveUpdate, publishKpiTopics, type ViewSources } from '../views/index.ts';
import { aggregateNeed, aggregatePanes, aggregateReadings } from '../windows/index.ts';
import { cityKpis } from './city-kpis.ts';
import { CityMirrors } from './city-mirrors.ts';
import { cityOf } from './city-of.ts';
import { cityOrders } from './city-orders.ts';
import { type CityCluster, type KpiTopics, openCluster, refuseLeftBehind, replicaName } from './cluster/index.ts';
import { prepareFolder } from './data-folder.ts';
import { profileFolders, profileTopics } from './device-rights.ts';
import { type EngineThread, startEngineThread } from './engine-client.ts';
import { openHttpTls } from './http-tls.ts';
import { JOB_KINDS, jobHandlers, reportsFolder } from './job-handlers.ts';
import type { JobLoad } from './job-pace.ts';
import type { JournalBudget } from './journal-budget.ts';
import { factsOfZones } from './kpi-city.ts';
import { rebuiltFromMs } from './late-rebuild.ts';
import { NO_BROKER } from './no-broker.ts';
import { NOT_STANDING_YET, NOTHING_YET } from './nothing-yet.ts';
import { type CityJobs, openCityJobs, startBatchProcess } from './open-jobs.ts';
import { budgetOf, journalFolder, openFileJournal } from './open-journal.ts';
import { openPosts } from './open-posts.ts';
import { seriesTerms } from './pipeline.ts';
import { Retention } from './retention.ts';
import { ALL_ROLES, type Role, type Roles } from './roles.ts';
import { openStoreThread, type StoreThread } from './store-client.ts';

export interface ProductOptions {
  readonly config: Config;
  readonly version: string;
  readonly log: Logger;
  /** Absolute path of the built page. */
  readonly webFolder: string;
  readonly clock?: Clock;
  /** What the process does; everything when absent. Less needs a journal in Redis. */
  readonly roles?: Roles;
}

export interface Product {
  /** Where publishers and people connect. */
  readonly mqttUrl: string;
  /** All addresses of MQTT, the announced one first. */
  readonly mqttUrls: readonly string[];
  readonly httpUrl: string;
  /** Where the first admin is made, while there is none and one is needed. It is a secret. */
  readonly setupUrl: string | undefined;
  readonly sources: ViewSources;
  /** Resolves with the reason when something broke that only a restart can mend. */
  readonly failed: Promise<Error>;
  /** Stops taking, lets what was acknowledged reach the disk, closes everything in order. Safe to call twice. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 3_000;
/** Batches of history that are fetched while another one is worked on. */
const BATCHES_AHEAD = 2;
const BUDGET_LOOK_EVERY_MS = 250;
/** Lag from which the process says that it is not ready. */
const LAG_MS_MAX = 30_000;

/**
 * Opens the rooms in the order of the data's way back (store, engine, journal, broker, views) and joins them.
 *
 * @throws OperatingError with one clear sentence: `data_folder_unwritable`, `journal_locked`, `store_locked`,
 *   `address_in_use`, `profile_invalid`, `authentication_required`...
 */
export async function openProduct(options: ProductOptions): Promise<Product> {
  prepareFolder(options.config.dataFolder);
  const product = new RunningProduct(options);
  try {
    await product.open();
  } catch (error) {
    await product.close();
    throw error;
  }
  return product;
}

class RunningProduct implements Product {
  mqttUrl = '';
  mqttUrls: readonly string[] = [];
  httpUrl = '';
  setupUrl: string | undefined;
  readonly sources: ViewSources;
  readonly failed: Promise<Error>;
  readonly #options: ProductOptions;
  readonly #clock: Clock;
  /** Failed logins of devices, by whatever way they come. */
  readonly #throttle: FailureThrottle;
  readonly #messageRate;
  readonly #readingRate;
  readonly #listeners = new Set<(update: LiveUpdate) => void>();
  readonly #closers: (() => Promise<void> | void)[] = [];
  #fail: (error: Error) => void = () => {};
  #store!: StoreThread;
  #journal!: JournalWriter;
  #budget!: JournalBudget;
  #retention: Retention | undefined;
  #engine!: EngineThread;
  #broker = NO_BROKER;
  #cluster: CityCluster | undefined;
  #kpiTopics: KpiTopics | undefined;
  #cityJobs!: CityJobs;
  #audit!: AuditTrail;
  #devices!: DeviceDirectory;
  #people!: PeopleOptions;
  #posts: Posts | undefined;
  #http: HttpViews | undefined;
  #mirrors: CityMirrors | undefined;
  #accounting: Accounting = NOTHING_YET;
  #standing: EngineStanding = NOT_STANDING_YET;
  #engineSequence = 0;
  #storeSequence = 0;
  #levelAtMs: number;
  #unmarked = false;
  #markedAtMs = 0;
  #closing: Promise<void> | undefined;

  constructor(options: ProductOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#throttle = new FailureThrottle(this.#clock);
    this.#messageRate = rateMeter(this.#clock, 5);
    this.#readingRate = rateMeter(this.#clock, 5);
    this.#levelAtMs = this.#clock.monotonicMs();
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.sources = this.#makeSources();
  }

  async open(): Promise<void> {
    const isApi = this.#has('api');
    if (isApi || this.#has('intake')) this.#openIdentity();
    await this.#openJournal();
    if (this.#has('engine')) await this.#cluster?.startEngine();
    if (isApi) await this.#openState();
    else if (this.#has('worker')) this.#startWorker();
    // Behind the ways in, which give what waits for the journal its time; before the engine and the journal.
    this.#closers.push(() => this.#budget.close());
    if (this.#has('intake')) await this.#openBroker();
    await this.#openHttp();
    if (isApi) this.#publishKpis();
    this.#startTimers();
  }

  /** To a broker that stands by itself by one process of the city, to the clients of its own by each. */
  #publishKpis(): void {
    const { external } = this.#options.config.mqtt;
    const { sources } = this;
    if (this.#cluster === undefined || external === undefined) {
      const publish = this.#broker.publish.bind(this.#broker);
      this.#closers.push(publishKpiTopics(sources, publish));
    } else if (external.publishKpis) {
      const topics = this.#cluster.kpiTopics(sources);
      this.#kpiTopics = topics;
      this.#closers.push(() => topics.close());
    }
  }

  #has(role: Role): boolean {
    return (this.#options.roles ?? ALL_ROLES).has(role);
  }

  /** What the journal is made into, and what works on it. */
  async #openState(): Promise<void> {
    await this.#openStore();
    await this.#openJobs();
    this.#openMirrors();
    await this.#openEngine();
    this.#startJobs();
    const { config, log } = this.#options;
    this.#retention = new Retention({
      ...{ config, log, clock: this.#clock, budget: this.#budget, store: this.#store },
      engineNowMs: () => this.#standing.nowMs,
    });
  }

  #startWorker(): void {
    const { config, log, version } = this.#options;
    const worker = startBatchProcess({ config, log, version, clock: this.#clock, concurrency: BATCHES_AHEAD });
    this.#closers.push(() => worker.close());
  }

  async #openHttp(): Promise<void> {
    const log = this.#options.log.child({ room: 'views' });
    this.#http = this.#has('api') ? this.#makeHttp(log) : this.#makeNodeHttp(log);
    const http = this.#http;
    this.#closers.push(() => http.close());
    const { url, setupUrl } = await http.open();
    this.httpUrl = url;
    this.setupUrl = setupUrl;
  }

  #makeNodeHttp(log: Logger): HttpViews {
    const { tls } = this.#options.config.http;
    return createNodeServer(this.sources, {
      log,
      ...(tls === undefined ? {} : { tls: openHttpTls(tls, this.#clock, log) }),
    });
  }

  #makeHttp(log: Logger): HttpViews {
    const { config, webFolder } = this.#options;
    const { tls } = config.http;
    const { board } = this.#cityJobs;
    if (config.http.ingest) this.#posts = this.#makePosts();
    return createHttpServer(this.sources, {
      ...{
        webFolder,
        log,
        people: this.#people,
        orders: this.#orders(),
        reportsFolder: reportsFolder(config.dataFolder),
      },
      ...(this.#posts === undefined ? {} : { posts: this.#posts }),
      ...(board === undefined ? {} : { board: board(JOB_KINDS) }),
      ...(tls === undefined ? {} : { tls: openHttpTls(tls, this.#clock, log) }),
    });
  }

  #makePosts(): Posts {
    const { config, log } = this.#options;
    return openPosts({
      ...{ config, clock: this.#clock, log: log.child({ room: 'ingest' }), topicsOf: this.#topicsOf() },
      ...{ devices: this.#devices, audit: this.#audit, throttle: this.#throttle },
      ...{ journal: this.#budget, broker: this.#broker },
      accept: (message, done) => this.#accept(message, done),
    });
  }

  #topicsOf() {
    const { config, log } = this.#options;
    return profileTopics(config, (error) => log.warn({ room: 'identity', err: error }, error.message));
  }

  #openIdentity(): void {
    const { config, log } = this.#options;
    const { dataFolder } = config;
    const onProblem = (error: Error) => log.warn({ room: 'identity', err: error }, error.message);
    const options = { dataFolder, clock: this.#clock, onProblem };
    const audit = openAudit(options);
    this.#closers.push(() => audit.close());
    this.#audit = audit;
    const devices = openDeviceDirectory(options);
    this.#closers.push(() => devices.close());
    this.#devices = devices;
    const users = openUserDirectory(options);
    this.#closers.push(() => users.close());
    this.#people = { users, audit, readAudit: (limit) => readAudit(dataFolder, { limit }) };
  }

  async #openBroker(): Promise<void> {
    const { log } = this.#options;
    this.#broker = this.#makeBroker(log.child({ room: 'broker' }));
    this.#closers.push(() => this.#broker.close(CLOSE_GRACE_MS));
    const { url, urls = [url] } = await this.#broker.open((message, done) => this.#accept(message, done));
    this.mqttUrl = url;
    this.mqttUrls = urls;
    this.#audit.record({ kind: 'start', who: '', by: 'server', cause: `MQTT at ${urls.join(', ')}` });
  }

  #makeBroker(brokerLog: Logger): Broker {
    const { config } = this.#options;
    const { mqtt, secrets } = config;
    const common = { clock: this.#clock, log: brokerLog };
    if (mqtt.external !== undefined) {
      const password = secrets.get(EXTERNAL_BROKER);
      return createExternalBroker({ ...common, config: mqtt.external, password, payloadBytesMax: mqtt.payloadMax });
    }
    return createEmbeddedBroker({
      ...common,
      ...{ config: mqtt, secrets, devices: this.#devices, audit: this.#audit, throttle: this.#throttle },
      topicsOf: this.#topicsOf(),
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    for (const close of this.#closers.reverse()) {
      try {
        await close();
      } catch (error) {
        this.#options.log.warn({ err: error }, 'closing a room failed');
      }
    }
  }

  async #openJournal(): Promise<void> {
    const { config, log } = this.#options;
    const { budget, retentionBytes } = config.journal;
    if (config.journal.backend === 'redis') {
      const cluster = await this.#openCluster();
      this.#journal = cluster.journal;
      this.#budget = budgetOf(cluster.journal, () => budget ?? cluster.journal.budget, log);
      return;
    }
    this.#journal = await openFileJournal(config, this.#clock);
    this.#budget = budgetOf(this.#journal, () => budget ?? 2 * retentionBytes, log);
    this.#closers.push(() => this.#journal.close());
    void this.#journal.failed.then((error) => this.#fail(error));
    this.#journal.setConsumerPosition('engine', 0);
  }

  async #openCluster(): Promise<CityCluster> {
    const { config, log, roles = ALL_ROLES } = this.#options;
    refuseLeftBehind(config.dataFolder);
    const cluster = await openCluster({
      ...{ config, clock: this.#clock, log: log.child({ room: 'journal' }), roles: [...roles] },
      replicaName: replicaName(config.dataFolder),
      onFailure: (error) => this.#fail(error),
    });
    this.#closers.push(() => cluster.close());
    this.#cluster = cluster;
    return cluster;
  }

  async #openStore(): Promise<void> {
    const { config, log } = this.#options;
    this.#store = await openStoreThread({
      file: join(config.dataFolder, 'store.duckdb'),
      memoryBytesMax: config.store.memoryMax,
      threads: config.store.threads,
    });
    this.#closers.push(() => this.#store.close());
    this.#store.onError((error) => this.#fail(error));
    this.#store.onWriteRetry((error, attempt) =>
      log.warn({ room: 'store', attempt, err: error }, 'a batch could not be stored yet'),
    );
  }

  #openMirrors(): void {
    const { config, log } = this.#options;
    if (config.stores.length === 0) return;
    const mirrors = new CityMirrors({
      ...{ config, clock: this.#clock, log: log.child({ room: 'store' }), readerPort: this.#store.readerPort() },
      onFailure: (error) => this.#fail(error),
    });
    this.#mirrors = mirrors;
    this.#closers.push(() => mirrors.stop());
  }

  async #openJobs(): Promise<void> {
    const { config, log, version } = this.#options;
    const owner = this.#cluster === undefined ? {} : { owner: replicaName(config.dataFolder) };
    this.#cityJobs = await openCityJobs({ config, log, version, clock: this.#clock, ...owner });
    this.#closers.push(() => this.#cityJobs.close());
  }

  /** Once the engine runs: it takes what is decoded again, and what is imported. */
  #startJobs(): void {
    const handlers = jobHandlers({
      config: this.#options.config,
      views: this.sources,
      clock: this.#clock,
      journal: this.#journal,
      store: this.#store,
      load: () => this.#jobLoad(),
      accept: (message, done) => this.#accept(message, done),
      rebuiltFromMs: () => this.#rebuiltFromMs(),
      engineNowMs: () => this.#standing.nowMs,
      batches: this.#cityJobs.batches,
    });
    for (const [kind, handler] of Object.entries(handlers)) this.#cityJobs.jobs.handle(kind, handler);
  }

  #jobLoad(): JobLoad {
    return {
      lateWaiting: this.#standing.late.waiting,
      engineSequence: this.#engineSequence,
      recordsBehind: this.#journal.durableSequence() - this.#storeSequence,
      isBlocked: this.#budget.stats().blocked !== null,
    };
  }

  /** In `event` mode nothing is too old. */
  #rebuiltFromMs(): number {
    const { windows, store } = this.#options.config;
    if (windows.clock === 'event') return Number.NEGATIVE_INFINITY;
    return rebuiltFromMs(this.#clock.nowMs(), store.readingsAge);
  }

  #orders(): Orders {
    const { config } = this.#options;
    const durableSequence = () => this.#journal.durableSequence();
    return cityOrders({ config, jobs: this.#cityJobs.jobs, audit: this.#audit, durableSequence });
  }

  async #openEngine(): Promise<void> {
    const { config, log } = this.#options;
    const { position, basis } = await this.#store.open();
    this.#storeSequence = position;
    const { durable, firstSequence } = await this.#journalBounds(position);
    if (position > durable) {
      throw new OperatingError(
        'journal_behind_store',
        `cannot start with ${config.dataFolder}: the store includes journal record ${position}, but the journal ends at ${durable}; they are not of one run`,
      );
    }
    const engine = startEngineThread(
      {
        config: cityOf(config),
        profileFolders: profileFolders(config),
        journal: this.#cluster?.place ?? { folder: journalFolder(config) },
        snapshotFolder: join(config.dataFolder, 'snapshots'),
        profileFile: join(config.dataFolder, 'profiles.bin'),
        journalFirstSequence: firstSequence,
        storePosition: position,
        storedSeries: await this.#store.series({}),
        storeBasis: basis,
        storePort: this.#store.writerPort(),
      },
      {
        onTick: (update, standing) => this.#onTick(update, standing),
        onStored: (sequence) => {
          this.#storeSequence = Math.max(this.#storeSequence, sequence);
        },
        onSafe: (sequence, newestSnapshot) => {
          this.#journal.setConsumerPosition('engine', sequence);
          this.#cluster?.journal.noteSnapshot(newestSnapshot);
        },
        onWarning: (text) => log.warn({ room: 'engine' }, text),
        onFailure: (error) => void Promise.resolve(this.#cluster?.leaveBehind(error)).then(() => this.#fail(error)),
      },
    );
    this.#engine = await engine.catch(async (error: Error) => {
      await this.#cluster?.leaveBehind(error);
      throw error;
    });
    this.#closers.push(() => this.#stopEngine());
    this.#engineSequence = this.#engine.startedAt;
    if (this.#cluster !== undefined) this.#journal.setConsumerPosition('engine', this.#engine.startedAt);
    log.info(
      { room: 'engine', from: this.#engine.startedAt, to: durable },
      'engine started; it reads the journal from there',
    );
    this.#journal.onDurable((sequence) => this.#engine.advance(sequence));
    this.#engine.advance(durable);
  }

  /** A store that takes nothing is not waited for: what it lacks is in the journal. */
  async #stopEngine(): Promise<void> {
    const timer = setTimeout(() => this.#store.giveUpWaiting(), CLOSE_GRACE_MS);
    await this.#engine.stop();
    clearTimeout(timer);
  }

  /** The oldest record kept, and where the journal ends, as far as the store has to be compared with it. */
  async #journalBounds(storePosition: number): Promise<{ readonly durable: number; readonly firstSequence: number }> {
    if (this.#cluster !== undefined) return this.#cluster.follow(storePosition);
    return { durable: this.#journal.durableSequence(), firstSequence: this.#journal.stats().firstSequence };
  }

  #accept(message: Message, done: (error?: Error) => void): void {
    this.#messageRate.add(1);
    this.#unmarked = true;
    this.#budget.append(message, done);
  }

  #onTick(update: LiveUpdate, standing: EngineStanding): void {
    const counted = update.accounting.readings.counted - this.#accounting.readings.counted;
    if (this.#accounting !== NOTHING_YET && counted > 0) this.#readingRate.add(counted);
    this.#accounting = update.accounting;
    this.#standing = standing;
    this.#engineSequence = update.sequence;
    if (update.sequence >= this.#journal.durableSequence()) {
      this.#levelAtMs = this.#clock.monotonicMs();
      // Who is behind would put older values in the place of what others have published.
      this.#kpiTopics?.level();
    }
    for (const listener of this.#listeners) listener(update);
  }

  /** Time marks close the last tick when nobody publishes, and let silence and lateness pass. */
  #startTimers(): void {
    const { config } = this.#options;
    const mark = (): void => {
      const nowMs = this.#clock.nowMs();
      if (!this.#unmarked && nowMs - this.#markedAtMs < config.journal.markEvery) return;
      this.#unmarked = false;
      this.#markedAtMs = nowMs;
      this.#journal.appendMark(nowMs, () => {});
    };
    const marks = setInterval(mark, config.windows.tick);
    const looks = setInterval(() => void this.#lookAtBudget(), BUDGET_LOOK_EVERY_MS);
    const timers = [marks, looks];
    timers.push(...(this.#retention?.start() ?? []));
    this.#closers.push(() => {
      for (const timer of timers) clearInterval(timer);
    });
  }

  async #lookAtBudget(): Promise<void> {
    await this.#budget
      .look(this.#clock.nowMs())
      .catch((error) => this.#options.log.warn({ err: error }, 'trimming failed'));
    // The engine may have a snapshot to make that lets the journal be trimmed, and nothing else wakes it: a journal that is
    // blocked, or partitions that nobody cuts.
    const isQuiet = this.#budget.stats().blocked !== null || this.#cluster !== undefined;
    if (isQuiet && this.#has('api')) this.#engine.advance(this.#journal.durableSequence());
  }

  #makeSources(): ViewSources {
    const { config, version } = this.#options;
    const store = (): StoreThread => this.#store;
    const termsOf = seriesTerms(config);
    const paneRuleOf = (series: Series) => termsOf(series).rule;
    return {
      config,
      version,
      kpis: cityKpis(config).map(kpiInfo),
      u4ssc: { kpis: U4SSC_KPIS, overview: u4sscOverview },
      facts: factsOfZones(config),
      windows: { aggregateNeed, aggregatePanes, aggregateReadings, paneRuleOf },
      store: {
        series: (filter) => store().series(filter),
        devices: () => store().devices(),
        readings: (...args) => store().readings(...args),
        panes: (...args) => store().panes(...args),
        latest: (series) => store().latest(series),
        kpis: (query) => store().kpis(query),
        latestKpis: () => store().latestKpis(),
        quarantine: (query) => store().quarantine(query),
        stats: () => store().stats(),
      },
      why: (question) => this.#engine.why(question),
      accounting: () => this.#accounting,
      progress: () => ({
        durableSequence: this.#journal.durableSequence(),
        engineSequence: this.#engineSequence,
        storeSequence: this.#storeSequence,
        engineLagMs: this.#lagMs(),
      }),
      engineStanding: () => this.#standing,
      brokerStats: () => this.#broker.stats(),
      postStats: () => this.#posts?.stats(),
      journalStats: () => this.#budget.stats(),
      mirrors: () => this.#mirrors?.backlogs(this.#budget.stats(), this.#storeSequence) ?? [],
      cluster: () => this.#cluster?.standing(),
      quarantineDropped: () => this.#retention?.quarantineDropped ?? 0,
      jobCounts: () => this.#cityJobs.counts(),
      rates: () => ({ messagesPerS: this.#messageRate.perSecond(), readingsPerS: this.#readingRate.perSecond() }),
      problems: () => this.#problems(),
      onUpdate: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
  }

  #lagMs(): number {
    if (!this.#has('api')) return 0;
    const isLevel = this.#engineSequence >= this.#journal.durableSequence();
    return isLevel ? 0 : this.#clock.monotonicMs() - this.#levelAtMs;
  }

  #problems(): string[] {
    const problems: string[] = [];
    const { blocked } = this.#budget.stats();
    if (blocked) problems.push(`the journal does not take messages: ${blocked}`);
    const lagMs = this.#lagMs();
    problems.push(...(this.#cluster?.problems() ?? []), ...this.#broker.problems());
    if (lagMs > LAG_MS_MAX) problems.push(`the engine is ${formatDuration(lagMs)} behind the journal`);
    return problems;
  }
}
