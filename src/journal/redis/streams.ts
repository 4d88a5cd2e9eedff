import { type Clock, OperatingError } from '../../base/index.ts';
import { addressOf, mastersOf, type RedisServer, sayGone, sayHere, slotsOf } from '../../redis/index.ts';
import type { JournalRecord } from '../journal.ts';
import type {
  CityStreams,
  Cut,
  HeardReplica,
  MadeBatch,
  MadeOutcome,
  StreamMember,
  StreamMemory,
  StreamReplica,
  StreamStats,
  StreamWriter,
} from '../streams.ts';
import { positionOf } from '../streams.ts';
import { CUT_BLOCK_MS_MAX, Cuts } from './cuts.ts';
import { type CommonKeys, commonKeys, partitionKeys } from './keys.ts';
import { type LinkOptions, type StreamDurability, StreamLink } from './link.ts';
import { Partitions } from './partitions.ts';
import { LAY_OUT, NOTE_REPLICA, REPLICAS } from './scripts.ts';
import { RedisStreamWriter } from './writer.ts';

export interface CityStreamsOptions {
  readonly place: RedisServer;
  /** Begins all keys, in braces. */
  readonly name: string;
  readonly partitions: number;
  readonly durability: StreamDurability;
  readonly clock: Clock;
  /** Told when Redis cannot be used, or does not keep what was promised; it is tried again all the time. */
  readonly onProblem: (error: Error) => void;
}

/**
 * Opens the streams of a city in Redis (7.0 or later).
 *
 * @throws OperatingError `streams_layout` when they were made for another number of partitions, `streams_unreachable`
 *   (retryable) when Redis does not answer within some seconds
 */
export async function openCityStreams(options: CityStreamsOptions): Promise<CityStreams> {
  const links = openLinks(options);
  try {
    await Promise.all(Object.values(links).map((link) => link.settled()));
    const keys = commonKeys(options.name);
    await checkLayout(options, keys, links.orders);
    await checkSync(options, links.questions);
    const partitions = Array.from({ length: options.partitions }, (_, at) => partitionKeys(options.name, at).state);
    const slots = await links.questions.ask((redis) => slotsOf(redis, partitions));
    return new RedisStreams(options, keys, links, slots);
  } catch (error) {
    for (const link of Object.values(links)) link.close();
    throw error;
  }
}

interface Links {
  readonly orders: StreamLink;
  readonly questions: StreamLink;
  readonly waits: StreamLink;
}

function openLinks(options: CityStreamsOptions): Links {
  const common = linkOptions(options);
  return {
    orders: new StreamLink(common),
    questions: new StreamLink(common),
    waits: new StreamLink({ ...common, blockMs: CUT_BLOCK_MS_MAX }),
  };
}

function linkOptions({ place, durability, onProblem }: CityStreamsOptions): LinkOptions {
  return { server: place, durability, onProblem };
}

async function checkLayout(
  { name, partitions, place }: CityStreamsOptions,
  { layout }: CommonKeys,
  orders: StreamLink,
): Promise<void> {
  const known = String(await orders.ask((redis) => redis.eval(LAY_OUT, 1, layout, partitions)));
  if (known === String(partitions)) return;
  throw new OperatingError(
    'streams_layout',
    `cannot open the streams ${name} in Redis at ${addressOf(place)} with ${partitions} partitions: ` +
      `they have ${known.replace('>', ', on the way to ')}; write that, or see "vitals partitions --help"`,
  );
}

/** Says so when a server does not sync before it answers. One that does not tell, is believed. */
async function checkSync({ durability, place, onProblem }: CityStreamsOptions, questions: StreamLink): Promise<void> {
  if (durability.kind !== 'fsync') return;
  for (const master of mastersOf(questions.redis)) {
    const answer = await master.config('GET', 'append*').catch(() => []);
    const settings = Object.fromEntries(pairsOf(answer as string[]));
    const { appendonly = 'yes', appendfsync = 'always' } = settings;
    if (appendonly === 'yes' && appendfsync === 'always') continue;
    const text = `Redis at ${addressOf(place)} has appendonly ${appendonly} and appendfsync ${appendfsync}: what it acknowledges may be lost with it; set appendonly yes and appendfsync always, or ask for replicas`;
    onProblem(new OperatingError('streams_not_durable', text));
  }
}

class RedisStreams implements CityStreams {
  readonly partitions: number;
  readonly #options: CityStreamsOptions;
  readonly #keys: CommonKeys;
  readonly #links: Links;
  readonly #slots: readonly number[];
  readonly #parts: Partitions;
  readonly #cuts: Cuts;
  readonly #writers = new Set<StreamWriter>();

  constructor(options: CityStreamsOptions, keys: CommonKeys, links: Links, slots: readonly number[]) {
    this.#options = options;
    this.#keys = keys;
    this.#links = links;
    this.#slots = slots;
    this.partitions = options.partitions;
    this.#parts = new Partitions(options.name, slots, links.orders, links.questions);
    const { partitions, clock, durability } = options;
    this.#cuts = new Cuts({ keys, partitions, clock, waitsForReplicas: durability.kind === 'replicas' }, links);
  }

  writer(name: string): StreamWriter {
    const { name: streams, clock } = this.#options;
    const writer: StreamWriter = new RedisStreamWriter({
      ...linkOptions(this.#options),
      ...{ name, streams, clock, slots: this.#slots },
      onClosed: () => this.#writers.delete(writer),
    });
    this.#writers.add(writer);
    return writer;
  }

  readRaw(partition: number, after: number, upTo: number, bytesMax: number): Promise<readonly JournalRecord[]> {
    return this.#parts.readRaw(partition, after, upTo, bytesMax);
  }

  own(partition: number): Promise<number> {
    return this.#parts.own(partition);
  }

  appendMade(partition: number, epoch: number, batch: MadeBatch): Promise<MadeOutcome> {
    return this.#parts.appendMade(partition, epoch, batch);
  }

  readMade(partition: number, after: number, upTo: number, bytesMax: number): Promise<readonly MadeBatch[]> {
    return this.#parts.readMade(partition, after, upTo, bytesMax);
  }

  stats(): Promise<readonly StreamStats[]> {
    return this.#parts.stats();
  }

  cut(nowMs: number): Promise<Cut | undefined> {
    return this.#cuts.add(nowMs, () => this.#parts.ends(nowMs));
  }

  newestCut(): Promise<Cut> {
    return this.#cuts.newest();
  }

  oldestCut(): Promise<Cut> {
    return this.#cuts.oldest();
  }

  cutsAfter(number: number, waitMs: number): Promise<readonly Cut[]> {
    return this.#cuts.after(number, waitMs);
  }

  cutsAround(position: number): Promise<readonly [before: Cut, after: Cut] | undefined> {
    return this.#cuts.around(position);
  }

  async noteReplica({ name, ...said }: StreamReplica): Promise<void> {
    const text = JSON.stringify(said);
    await this.#links.orders.ask((redis) => redis.eval(NOTE_REPLICA, 1, this.#keys.replicas, name, text));
  }

  async replicas(): Promise<readonly HeardReplica[]> {
    const all = await this.#links.questions.ask((redis) => redis.eval(REPLICAS, 1, this.#keys.replicas));
    return [...triplesOf(all as string[])].map(([name, silentMs, text]) => ({
      ...{ name, silentMs: Number(silentMs) },
      ...(JSON.parse(text) as Omit<StreamReplica, 'name'>),
    }));
  }

  async forgetReplica(name: string): Promise<void> {
    await this.#links.orders.ask((redis) => redis.hdel(this.#keys.replicas, name));
  }

  async noteMember(member: StreamMember, withinMs: number): Promise<readonly StreamMember[]> {
    const said = { name: member.name, says: JSON.stringify(member), withinMs };
    const all = await this.#links.orders.ask((redis) => sayHere(redis, this.#keys.members, said));
    return [...all.values()].map((says) => JSON.parse(says));
  }

  async forgetMember(name: string): Promise<void> {
    await this.#links.orders.ask((redis) => sayGone(redis, this.#keys.members, name));
  }

  /** The messages first: without its cut nobody would find them any more. */
  async trim(position: number): Promise<void> {
    const cut = await this.#cuts.upTo(position);
    // Behind the first one all is there while it is the oldest.
    if (cut === undefined || cut.number === 1) return;
    await this.#parts.trim(cut.ends);
    await this.#cuts.trim(positionOf(cut));
  }

  memory(): Promise<StreamMemory> {
    return this.#links.questions.ask(async (redis) => {
      const all = await Promise.all(mastersOf(redis).map(async (master) => memoryIn(await master.info('memory'))));
      return all.reduce((fullest, one) => (isFuller(one, fullest) ? one : fullest));
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#writers].map((writer) => writer.close(0)));
    for (const link of Object.values(this.#links) as StreamLink[]) link.close();
  }
}

function memoryIn(info: string): StreamMemory {
  const used = Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
  const max = Number(/^maxmemory:(\d+)/m.exec(info)?.[1] ?? 0);
  return { used, max: max === 0 ? Number.POSITIVE_INFINITY : max };
}

function isFuller(one: StreamMemory, other: StreamMemory): boolean {
  const [share, otherShare] = [one.used / one.max, other.used / other.max];
  return share === otherShare ? one.used > other.used : share > otherShare;
}

function* pairsOf(list: readonly string[]): Generator<[string, string]> {
  for (let at = 0; at + 1 < list.length; at += 2) yield [list[at]!, list[at + 1]!];
}

function* triplesOf(list: readonly string[]): Generator<[string, string, string]> {
  for (let at = 0; at + 2 < list.length; at += 3) yield [list[at]!, list[at + 1]!, list[at + 2]!];
}
