import * as z from 'zod';

/** A user or a password in it would stand in logs; they have keys of their own. */
const REDIS_URL = /^rediss?:\/\/[^/@?#]+(\/\d{1,3})?$/;

const redisSchema = z.strictObject({
  url: z.string().regex(REDIS_URL, 'write redis://host:6379, redis://host:6379/1 or rediss://host:6379'),
  username: z.string().min(1).optional(),
  /** Environment variable with the password. */
  passwordEnv: z.string().min(1).optional(),
  /** File with the certificates that the server's is checked against, beside those of the system. */
  caFile: z.string().min(1).optional(),
  /** Begins all keys; by the city's id when absent. In braces, so that a cluster keeps them in one slot. */
  prefix: z
    .string()
    .regex(/^\{[A-Za-z0-9_.-]{1,64}\}$/, 'write 1 to 64 of A-Z, a-z, 0-9, "_", "." and "-" in braces: {vitals}')
    .optional(),
});

/** Work that outlives a request. */
export const jobsSchema = z
  .strictObject({
    /** `inline`: in this process. `bullmq`: in Redis, and batches of readings by `vitals worker` processes, too. */
    backend: z.enum(['inline', 'bullmq']).default('inline'),
    redis: redisSchema.optional(),
  })
  .prefault({});

export type JobsConfig = z.output<typeof jobsSchema>;

/** Names the password of Redis among the secrets; no user of MQTT has a name with a slash. */
export const JOBS_REDIS = 'jobs/redis';

export function checkJobs({ backend, redis }: JobsConfig): string[] {
  if (backend === 'bullmq' && redis === undefined) {
    return ['jobs: backend is "bullmq" and redis is missing; write redis: {url: redis://host:6379}'];
  }
  if (backend === 'inline' && redis !== undefined) {
    return ['jobs: redis is given and backend is "inline"; write backend: bullmq, or leave redis out'];
  }
  return redis?.caFile === undefined || redis.url.startsWith('rediss:')
    ? []
    : [`jobs: redis.caFile is given for ${redis.url}, which is not encrypted; write rediss://`];
}
