import * as z from 'zod';
import { checkRedis, redisSchema } from './redis.ts';

const jobsRedisSchema = redisSchema.extend({
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
    redis: jobsRedisSchema.optional(),
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
  return redis === undefined ? [] : checkRedis('jobs.redis', redis);
}
