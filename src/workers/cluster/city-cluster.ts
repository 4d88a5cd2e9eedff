import { hostname } from 'node:os';
import { type Clock, formatDuration } from '../../base/index.ts';
import { createViewPublisher } from '../../broker/external/index.ts';
import { type Config, EXTERNAL_BROKER } from '../../config/index.ts';
import { createBullLeases } from '../../jobs/bullmq/index.ts';
import type { Leases } from '../../jobs/index.ts';
import { type CityStreams, type Cut, positionOf } from '../../journal/index.ts';
import { createThrottle, type Logger } from '../../telemetry/index.ts';
import type { ClusterStanding } from '../../views/index.ts';
import { cityOf } from '../city-of.ts';
import { profileFolders } from '../device-rights.ts';
import { MadeCuts } from '../made-cuts.ts';
import { patiently } from '../patience.ts';
import { jobsPlace } from '../redis-place.ts';
import { cityBasis } from './city-basis.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { KpiTopics, type KpiTopicsOptions } from './kpi-topics.ts';
import { isLeftBehind, noteLeftBehind } from './left-behind.ts';
import { type PartitionThread, startPartitionThread } from './partition-client.ts';
import { StreamsJournal } from './streams-journal.ts';
import { openStreams, type StreamsPlace, streamsPlace } from './streams-place.ts';

/** Redis that is away says so at every try. */
const PROBLEM_EVERY_MS = 60_000;
/** Without a cut for so long the city stands still. */
const CUT_MS_MAX = 30_000;

export interface ClusterOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly roles: readonly string[];
  /** Of this reader of the whole; the same after a restart. */
  readonly replicaName: string;
  onFailure(error: Error): void;
}

/** What a process has to do with the others of its city. */
export interface CityCluster {
  readonly journal: StreamsJournal;
  /** Where threads find the streams. */
  readonly place: StreamsPlace;
  /** Owns partitions from now on. @throws OperatingError `profile_invalid`... */
  startEngine(): Promise<void>;
  /**
   * Moves the end of `journal` as all partitions are decoded, from now on.
   *
   * @param storePosition what the store includes: it was decoded, unless the streams are others
   * @returns that, or where the streams end before it; and the oldest position that can be read
   */
  follow(storePosition: number): Promise<{ readonly durable: number; readonly firstSequence: number }>;
  /**
   * Lets this process be the one that publishes KPI topics to the broker of the city. The caller closes it.
   *
   * @throws OperatingError `config_invalid` for a file of certificates that cannot be read
   */
  kpiTopics(sources: KpiTopicsOptions['sources']): KpiTopics;
  /**
   * Where an error says that the streams have let go what this node needs, they keep nothing for it any more, and no later
   * start hides it.
   */
  leaveBehind(error: Error): Promise<void>;
  standing(): ClusterStanding;
  /** What keeps the city from going on, one sentence each. */
  problems(): readonly string[];
  close(): Promise<void>;
}

/**
 * Joins the processes of a city. Waits for Redis as long as it takes.
 *
 * @throws OperatingError `profile_invalid`, `streams_layout`
 */
export async function openCluster(options: ClusterOptions): Promise<CityCluster> {
  const { config, clock, log, roles } = options;
  const makesNumbers = roles.includes('engine') || roles.includes('api');
  // Before anything is open that an error would leave behind.
  const basis = makesNumbers ? cityBasis(cityOf(config)) : undefined;
  const throttle = createThrottle({ log, clock, everyMs: PROBLEM_EVERY_MS });
  const onProblem = (error: Error): void => throttle.warn(error.message, {}, `Redis of the journal: ${error.message}`);
  const place = streamsPlace(config);
  const streams = await patiently(() => openStreams(place, clock, onProblem), onProblem);
  const node = nodeName();
  const leases = createBullLeases({ node, redis: jobsPlace(config), clock, onProblem });
  return new JoinedCluster(options, { streams, leases, place, node, basis, onProblem });
}

/** Of this process; no other one has it, and none has it again. */
function nodeName(): string {
  return `${hostname().slice(0, 40)}-${process.pid}-${Math.floor(performance.timeOrigin).toString(36)}`;
}

interface Parts {
  readonly streams: CityStreams;
  readonly leases: Leases;
  readonly place: StreamsPlace;
  readonly node: string;
  readonly basis: string | undefined;
  onProblem(error: Error): void;
}

class JoinedCluster implements CityCluster {
  readonly journal: StreamsJournal;
  readonly place: StreamsPlace;
  readonly #options: ClusterOptions;
  readonly #parts: Parts;
  readonly #watch: ClusterWatch;
  #made: MadeCuts | undefined;
  #thread: PartitionThread | undefined;
  #topics: KpiTopics | undefined;

  constructor(options: ClusterOptions, parts: Parts) {
    const { clock, replicaName, roles } = options;
    const { streams, leases, place, node, basis, onProblem } = parts;
    this.#options = options;
    this.#parts = parts;
    this.place = place;
    this.journal = new StreamsJournal({ streams, clock, writerName: node, replicaName, onProblem });
    this.#watch = new ClusterWatch({
      ...{ streams, leases, clock, node, roles, basis },
      onDifferent: (names) =>
        options.log.warn(
          { processes: names },
          `other processes have another configuration or other device profiles: ${names.join(', ')}; numbers may differ until all are started with the same`,
        ),
    });
  }

  async startEngine(): Promise<void> {
    const { config, log, onFailure } = this.#options;
    const { place, node } = this.#parts;
    this.#thread = await startPartitionThread(
      {
        ...{ config: cityOf(config), profileFolders: profileFolders(config), streams: place, node },
        leases: jobsPlace(config),
      },
      { onInfo: (text) => log.info({}, text), onWarning: (text) => log.warn({}, text), onFailure },
    );
  }

  async follow(storePosition: number): Promise<{ readonly durable: number; readonly firstSequence: number }> {
    const { streams, onProblem } = this.#parts;
    const oldest = await patiently(() => this.#holdOldest(), onProblem);
    // And goes on saying so while a snapshot is loaded, which takes as long as it takes.
    this.journal.setConsumerPosition('engine', positionOf(oldest));
    const newest = await patiently(() => streams.newestCut(), onProblem);
    const [firstSequence, end] = [positionOf(oldest) + 1, positionOf(newest)];
    const durable = Math.min(storePosition, end);
    this.journal.advance(durable);
    if (storePosition > end) return { durable, firstSequence };
    const made = new MadeCuts({
      streams,
      onProblem,
      onMade: (position, { number }) => this.journal.advance(position, number),
    });
    this.#made = made;
    made.follow(Math.max(durable, firstSequence - 1)).catch((error: Error) => this.#options.onFailure(error));
    return { durable, firstSequence };
  }

  /** Says that all from the oldest cut on is needed, so that it is not trimmed before this reader has said how far it is. */
  async #holdOldest(): Promise<Cut> {
    const { streams } = this.#parts;
    const { replicaName: name } = this.#options;
    for (;;) {
      const oldest = await streams.oldestCut();
      await streams.noteReplica({ name, position: positionOf(oldest) });
      // Who trims meanwhile did not know of it.
      if ((await streams.oldestCut()).number === oldest.number) return oldest;
    }
  }

  kpiTopics(sources: KpiTopicsOptions['sources']): KpiTopics {
    const { config, clock, log } = this.#options;
    const { node, onProblem } = this.#parts;
    const publisher = createViewPublisher({
      ...{ config: config.mqtt.external!, password: config.secrets.get(EXTERNAL_BROKER), log },
      clientId: `kpis-of-${config.city.id}`,
    });
    const topics = new KpiTopics({
      ...{ sources, publisher, log },
      leases: createBullLeases({
        ...{ group: 'kpi-topics', node, redis: jobsPlace(config), clock, onProblem },
        timing: { leaseMs: config.journal.lease },
      }),
    });
    this.#topics = topics;
    return topics;
  }

  async leaveBehind(error: Error): Promise<void> {
    if (!isLeftBehind(error)) return;
    const { config, log, replicaName: name } = this.#options;
    try {
      noteLeftBehind(config.dataFolder, error);
      await this.journal.stopNoting();
      await this.#parts.streams.forgetReplica(name);
    } catch (failure) {
      log.warn({ err: failure }, `it could not be noted that this node is left behind: ${(failure as Error).message}`);
    }
  }

  standing(): ClusterStanding {
    const kpiTopics = this.#topics?.standing();
    return { ...this.#watch.standing(), ...(kpiTopics === undefined ? {} : { kpiTopics }) };
  }

  problems(): readonly string[] {
    const { problem, partitions, cut, cutter, atMs } = this.#watch.standing();
    // Redis' own words stay in the log and behind the login: a probe has none.
    if (problem !== null) return ['the journal in Redis cannot be looked at'];
    const ownerless = partitions.filter(({ owner }) => owner === undefined).length;
    const cutAgeMs = atMs - cut.atMs;
    return [
      ...(ownerless > 0
        ? [`${ownerless} of ${partitions.length} partitions have no owner: is a process with the role engine running?`]
        : []),
      ...(cutter === undefined || cutAgeMs > CUT_MS_MAX
        ? [
            `nothing ends the cycles of the journal: the newest cut is ${Number.isFinite(cutAgeMs) ? `${formatDuration(cutAgeMs)} old` : 'still to come'}`,
          ]
        : []),
    ];
  }

  async close(): Promise<void> {
    await this.#thread?.stop();
    await this.#made?.stop();
    await this.#watch.stop();
    await this.journal.close();
    await this.#parts.leases.close();
    await this.#parts.streams.close();
  }
}
