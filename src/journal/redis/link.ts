import { OperatingError } from '../../base/index.ts';
import {
  answered,
  answersOf,
  connectForStreams,
  isElsewhere,
  letGo,
  nodeAt,
  type RedisClient,
  type RedisPipeline,
  type RedisServer,
  refreshNodes,
  settled,
} from '../../redis/index.ts';

/** When what was written is as durable as promised. */
export type StreamDurability =
  /** With the answer: the server syncs its file before it answers (appendonly yes, appendfsync always). */
  | { readonly kind: 'fsync' }
  /** When so many replicas have it; fewer of them in that time, and it is asked again. */
  | { readonly kind: 'replicas'; readonly count: number; readonly timeoutMs: number };

/** How long an answer may take, beside the time in which the server waits for replicas or for something to come. */
const SILENCE_MS_MAX = 5_000;

export interface LinkOptions {
  readonly server: RedisServer;
  readonly durability: StreamDurability;
  readonly onProblem: (error: Error) => void;
  /** How long the server itself may wait before it answers, ms. */
  readonly blockMs?: number;
}

/** A connection for orders and questions, each of which is answered or refused with `streams_unreachable`. */
export class StreamLink {
  readonly redis: RedisClient;
  readonly #options: LinkOptions;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.redis = connectForStreams(options.server, options.onProblem, silenceMs(options));
  }

  settled(): Promise<void> {
    return settled(this.redis);
  }

  /** @throws OperatingError `streams_unreachable`, retryable */
  ask<T>(ask: (redis: RedisClient) => Promise<T>): Promise<T> {
    const asked = { code: 'streams_unreachable', what: 'the streams in Redis', server: this.#options.server };
    return answered(this.redis, asked, () => ask(this.redis));
  }

  /** One order; answered when what it changed is durable. */
  async order(add: (pipeline: RedisPipeline) => unknown): Promise<unknown> {
    return (await this.ask(() => this.#together((pipeline) => void add(pipeline), true)))[0];
  }

  /**
   * The same for each partition, which may be done twice; together for those that lie on one node.
   *
   * @param slots of the partitions
   * @returns answers by partition
   */
  each(
    slots: readonly number[],
    isDurable: boolean,
    add: (pipeline: RedisPipeline, partition: number) => unknown,
  ): Promise<readonly unknown[]> {
    const send = (): Promise<readonly unknown[]> => this.#eachOnce(slots, isDurable, add);
    return this.ask(async () => {
      try {
        return await send();
      } catch (error) {
        if (!isElsewhere(error)) throw error;
        await refreshNodes(this.redis);
        return send();
      }
    });
  }

  close(): void {
    letGo(this.redis);
  }

  async #eachOnce(
    slots: readonly number[],
    isDurable: boolean,
    add: (pipeline: RedisPipeline, partition: number) => unknown,
  ): Promise<readonly unknown[]> {
    const answers: unknown[] = [];
    const sent = groupsByNode(this.redis, slots, [...slots.keys()]).map(async (group) => {
      const all = (pipeline: RedisPipeline): void => group.forEach((partition) => void add(pipeline, partition));
      const own = await this.#together(all, isDurable);
      for (const [at, partition] of group.entries()) answers[partition] = own[at];
    });
    await Promise.all(sent);
    return answers;
  }

  async #together(add: (pipeline: RedisPipeline) => void, isDurable: boolean): Promise<unknown[]> {
    const { durability } = this.#options;
    const pipeline = this.redis.pipeline();
    add(pipeline);
    if (isDurable) addWait(pipeline, durability);
    const answers = await answersOf(pipeline);
    const lack = isDurable ? lackOf(durability, answers.at(-1)) : undefined;
    if (lack !== undefined) throw new Error(lack);
    return answers;
  }
}

export function silenceMs({ durability, blockMs = 0 }: LinkOptions): number {
  return SILENCE_MS_MAX + blockMs + (durability.kind === 'replicas' ? durability.timeoutMs : 0);
}

/** Partitions that can be asked for together. */
export function groupsByNode(
  redis: RedisClient,
  slots: readonly number[],
  partitions: readonly number[],
): readonly (readonly number[])[] {
  return [...Map.groupBy(partitions, (partition) => nodeAt(redis, slots[partition]!)).values()];
}

/** Behind orders: answered when all that this connection wrote is where it must be. */
export function addWait(pipeline: RedisPipeline, durability: StreamDurability): void {
  if (durability.kind === 'replicas') pipeline.wait(durability.count, durability.timeoutMs);
}

/** @returns what is missing, by the answer to what `addWait` added */
export function lackOf(durability: StreamDurability, answer: unknown): string | undefined {
  if (durability.kind === 'fsync') return undefined;
  const { count, timeoutMs } = durability;
  const seen = Number(answer);
  return seen >= count ? undefined : `${seen} of ${count} replicas have it after ${timeoutMs} ms`;
}

export function damaged(partition: number, last: number, why: string): OperatingError {
  return new OperatingError(
    'journal_damaged',
    `cannot read the batch of partition ${partition} that ends with record ${last}: ${why}`,
  );
}

export function gap(what: string, after: number, trimmed: number): OperatingError {
  return new OperatingError('journal_gap', `cannot read ${what} after ${after}: it was trimmed up to ${trimmed}`);
}
