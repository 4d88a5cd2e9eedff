import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import { answered, answersOf, type RedisClient, type RedisPlace, sayGone, sayHere } from '../../redis/index.ts';
import type { NodeHolding } from '../fair-share.ts';
import type { LeaseTable, LeaseTiming, Taking } from '../lease-node.ts';
import type { LeaseOwner } from '../leases.ts';

/** Nobody reads the queue's events. */
const EVENTS_KEPT = 100;

export interface LeaseTableOptions {
  /** The queue of its leases: a job for each name, which nobody ever finishes. Its lock is the lease. */
  readonly group: string;
  readonly redis: RedisClient;
  readonly place: RedisPlace;
  /** Told of what the queue cannot tell anybody who waits for it. */
  readonly onProblem: (error: Error) => void;
  readonly timing: LeaseTiming;
  /** Between two steps of a node. */
  readonly stepMs: number;
}

/**
 * Names that nobody can take and nobody holds: their job was removed, finished or put elsewhere. What is left of it goes, so
 * that it can be added again. A name with a lock has an owner, whatever else is wrong with it.
 */
const GONE = `
  local listed = {}
  for _, list in ipairs({KEYS[1], KEYS[2]}) do
    for _, name in ipairs(redis.call('LRANGE', list, 0, -1)) do listed[name] = true end
  end
  local gone = {}
  for at = 2, #ARGV do
    local name = ARGV[at]
    local key = ARGV[1] .. name
    local isWhole = listed[name] and redis.call('EXISTS', key) == 1
    if not isWhole and redis.call('EXISTS', key .. ':lock') == 0 then
      redis.call('DEL', key)
      redis.call('LREM', KEYS[1], 0, name)
      redis.call('LREM', KEYS[2], 0, name)
      for set = 3, #KEYS do redis.call('ZREM', KEYS[set], name) end
      table.insert(gone, name)
    end
  end
  return gone
`;

/** Leases as jobs in Redis. Refuses with an OperatingError `jobs_unreachable` while Redis is away. */
export class BullLeaseTable {
  readonly #options: LeaseTableOptions;
  readonly #redis: RedisClient;
  readonly #queue: Queue;

  constructor(options: LeaseTableOptions) {
    const { group, redis, place, onProblem, timing, stepMs } = options;
    this.#options = options;
    this.#redis = redis;
    const queueOptions = {
      ...{ connection: redis, prefix: place.prefix, skipVersionCheck: true },
      ...{ streams: { events: { maxLen: EVENTS_KEPT } }, lockDuration: timing.leaseMs },
      // Half a step, so that no step finds that another one has looked just before something ran out.
      stalledInterval: Math.ceil(stepMs / 2),
      // A name is not to blame for the nodes that died with it: it must never fail, however often it loses its node.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    };
    this.#queue = new Queue(group, queueOptions);
    this.#queue.on('error', onProblem);
  }

  /** As one node sees it, which has a name of its own. */
  seenBy(node: string, names: readonly string[]): LeaseTable {
    const known = new Set(names);
    return {
      beat: (held) => this.#answered(() => this.#beat(node, held)),
      leave: () => this.#answered(() => sayGone(this.#redis, this.#nodesKey, node)),
      take: () => this.#answered(() => this.#take(node, known)),
      extend: (takings) => this.#answered(() => this.#extend(takings)),
      release: ({ name, token }) => this.#answered(() => this.#release(name, token)),
      mend: () => this.#answered(() => this.#mend(names)),
    };
  }

  owners(names: readonly string[]): Promise<readonly LeaseOwner[]> {
    return this.#answered(async () => {
      const pipeline = this.#redis.pipeline();
      for (const name of names) {
        const key = this.#queue.toKey(name);
        pipeline.hmget(key, 'pb', 'processedOn').exists(`${key}:lock`);
      }
      const answers = await answersOf(pipeline);
      return names.map((name, at) => {
        const [fields, isLocked] = answers.slice(2 * at, 2 * at + 2) as [(string | null)[], number];
        const [node, since] = isLocked === 1 ? fields : [];
        return { name, node: node ?? undefined, sinceMs: since == null ? undefined : Number(since) };
      });
    });
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }

  async #beat(node: string, held: number): Promise<readonly NodeHolding[]> {
    const { presentMs } = this.#options.timing;
    const [present] = await Promise.all([
      sayHere(this.#redis, this.#nodesKey, { name: node, says: String(held), withinMs: presentMs }),
      // What ran out goes back to those that wait.
      this.#queue.getBackend().moveStalledJobsToWait(),
    ]);
    return [...present].map(([id, said]) => ({ id, held: Number(said) }));
  }

  async #take(node: string, known: ReadonlySet<string>): Promise<Taking | undefined> {
    const token = randomUUID();
    const [job, name] = (await this.#queue.getBackend().moveToActive(token, node)) as [object | null, string | 0];
    if (job === null || job === undefined || name === 0) return undefined;
    if (!known.has(name)) return this.#forget(name, token);
    // After the lock and before it can run out: whoever takes the name later gets a higher number.
    return { name, token, number: await this.#redis.incr(this.#numberKey) };
  }

  /** There were more names once. */
  async #forget(name: string, token: string): Promise<undefined> {
    await this.#release(name, token);
    await this.#queue.remove(name);
  }

  #extend(takings: readonly Taking[]): Promise<string[]> {
    const names = takings.map(({ name }) => name);
    const tokens = takings.map(({ token }) => token);
    return this.#queue.getBackend().extendLocks(names, tokens, this.#options.timing.leaseMs);
  }

  async #release(name: string, token: string): Promise<void> {
    try {
      await this.#queue.getBackend().moveJobFromActiveToWait(name, token);
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
  }

  async #mend(names: readonly string[]): Promise<void> {
    const keys = ['wait', 'active', 'delayed', 'prioritized', 'completed', 'failed', 'waiting-children'];
    const paths = keys.map((key) => this.#queue.toKey(key));
    const gone = (await this.#redis.eval(GONE, paths.length, ...paths, this.#queue.toKey(''), ...names)) as string[];
    if (gone.length === 0) return;
    // One that another node adds meanwhile stays as it is.
    await this.#queue.addBulk(gone.map((name) => ({ name, data: {}, opts: { jobId: name } })));
  }

  get #nodesKey(): string {
    return `${this.#options.place.prefix}:${this.#options.group}-nodes`;
  }

  get #numberKey(): string {
    return `${this.#options.place.prefix}:${this.#options.group}-number`;
  }

  #answered<T>(ask: () => Promise<T>): Promise<T> {
    const asked = { code: 'jobs_unreachable', what: 'the leases in Redis', server: this.#options.place };
    return answered(this.#redis, asked, ask);
  }
}

/** The job is gone, or its lock is: BullMQ gives negative codes for both. */
function isRefused(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' && code < 0;
}
