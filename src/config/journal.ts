import * as z from 'zod';
import { bytes, bytesOrNone, duration } from './fields.ts';
import { checkRedis, redisSchema } from './redis.ts';

/** What was taken, before anything is made of it. */
export const journalSchema = z
  .strictObject({
    /** `local`: files of the data folder. `redis`: streams, for a city that is served by several processes. */
    backend: z.enum(['local', 'redis']).default('local'),
    segmentMax: bytes('64MiB'),
    retentionBytes: bytes('10GiB'),
    retentionAge: duration('30d'),
    /**
     * From this size on nothing is acknowledged while the store is away; twice `retentionBytes` when absent. With
     * `redis`: memory that the server uses; 40 % of its maxmemory when absent.
     */
    budget: bytesOrNone,
    /** While nobody publishes, a time mark is written this often. */
    markEvery: duration('10s'),
    /** Below this much free disk nothing is acknowledged any more. */
    freeBytesMin: bytes('256MiB'),
    /** With `redis`: where; that of the jobs when absent. */
    redis: redisSchema.optional(),
    /** With `redis`: streams that messages are spread over, by topic. Fixed once the city is served. */
    partitions: z.int().min(1).max(1_024).default(16),
    /**
     * With `redis`: replicas that have a message before it is acknowledged; 0: it is on the disk of the server, which
     * must have `appendonly yes` and `appendfsync always`.
     */
    replicas: z.int().min(0).max(5).default(0),
    /** With `redis`: how long a process that died or hangs owns a partition. */
    lease: duration('10s'),
  })
  .prefault({});

export type JournalConfig = z.output<typeof journalSchema>;

/** Names the password of Redis among the secrets; no user of MQTT has a name with a slash. */
export const JOURNAL_REDIS = 'journal/redis';

const LEASE_MS_MIN = 3_000;
const LEASE_MS_MAX = 300_000;
/** Readers of the whole see time pass by cuts alone. */
const MARK_EVERY_MS_MAX = 10_000;

/** @param jobs where jobs lie: partitions are owned by jobs, so they need a queue that all processes see */
export function checkJournal(journal: JournalConfig, jobs: { readonly backend: string }): string[] {
  return journal.backend === 'redis' ? checkStreams(journal, jobs) : checkFiles(journal);
}

/** Retention must be able to bring the journal below its budget, a segment at a time. */
function checkFiles({ budget, retentionBytes, segmentMax, redis }: JournalConfig): string[] {
  const problems: string[] = [];
  if (redis !== undefined) {
    problems.push('journal: redis is given and backend is "local"; write backend: redis, or leave redis out');
  }
  if (budget !== undefined && budget < retentionBytes + 2 * segmentMax) {
    problems.push(
      `journal: budget (${budget} B) must be at least retentionBytes (${retentionBytes} B) and two segments (segmentMax, ${segmentMax} B)`,
    );
  }
  return problems;
}

function checkStreams({ redis, lease, markEvery }: JournalConfig, jobs: { readonly backend: string }): string[] {
  const problems = redis === undefined ? [] : checkRedis('journal.redis', redis);
  if (jobs.backend !== 'bullmq') {
    problems.push(
      `journal: backend is "redis" and jobs.backend is "${jobs.backend}"; who owns a partition is a job that all processes see: write jobs: {backend: bullmq}`,
    );
  }
  if (lease < LEASE_MS_MIN || lease > LEASE_MS_MAX) {
    problems.push(`journal: lease (${lease} ms) must be between ${LEASE_MS_MIN / 1000}s and ${LEASE_MS_MAX / 1000}s`);
  }
  if (markEvery > MARK_EVERY_MS_MAX) {
    problems.push(
      `journal: markEvery (${markEvery} ms) must be at most ${MARK_EVERY_MS_MAX / 1000}s with backend "redis"`,
    );
  }
  return problems;
}
