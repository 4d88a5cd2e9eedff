import type { Redis } from 'ioredis';
import type { Job } from '../jobs.ts';

/** What BullMQ keeps in the hash of a job, and beside it in fields that only this product knows. */
const FIELDS = [
  'data',
  'timestamp',
  'finishedOn',
  'returnvalue',
  'failedReason',
  'progress',
  'vitals:attempts',
  'vitals:checkpoint',
  'vitals:cancelledAt',
] as const;

type Fields = Record<(typeof FIELDS)[number], string | null>;

/** A change only while the caller holds the job's lock and nobody cancelled it: 1; 0 when the lock is lost; -1 when cancelled. */
const OWNED = `
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
  if redis.call('HEXISTS', KEYS[1], 'vitals:cancelledAt') == 1 then return -1 end
`;

const BEGIN = `${OWNED}
  redis.call('HSET', KEYS[1], 'progress', '0')
  return redis.call('HINCRBY', KEYS[1], 'vitals:attempts', 1)
`;

const CHANGE = `${OWNED}
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
  return 1
`;

/** Being stopped is no attempt that failed. */
const RELEASE = `
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
  return redis.call('HINCRBY', KEYS[1], 'vitals:attempts', -1)
`;

/** 1 when the job had not ended; its state is final then. */
const CANCEL = `
  if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HEXISTS', KEYS[1], 'finishedOn') == 1 then return 0 end
  return redis.call('HSETNX', KEYS[1], 'vitals:cancelledAt', ARGV[1])
`;

/** Who asks for a change: the holder of the lock with this token. */
export interface Holder {
  /** Key of the job's hash. */
  readonly key: string;
  readonly token: string;
}

/** Where a job lies. */
export interface JobPlace {
  readonly id: string;
  readonly kind: string;
  /** Of its hash. */
  readonly key: string;
}

/** Why a holder may not change its job: the lock is another one's, or somebody cancelled it. */
export type Refusal = 'lost' | 'cancelled';

/** The product's own part of a job: attempts, checkpoint, cancellation; all of it goes with the job. */
export class JobRecords {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** @returns attempts with this one, or why it must not run */
  async begin(holder: Holder): Promise<number | Refusal> {
    const answer = await this.#owned(BEGIN, holder);
    return refusalOf(answer) ?? answer;
  }

  /** Sets a field of JSON. @returns why it must not */
  async change(holder: Holder, field: 'progress' | 'vitals:checkpoint', json: string): Promise<Refusal | undefined> {
    return refusalOf(await this.#owned(CHANGE, holder, field, json));
  }

  async release(holder: Holder): Promise<void> {
    await this.#owned(RELEASE, holder);
  }

  /** @returns true when it was not ended and is cancelled now */
  async cancel(key: string, nowMs: number): Promise<boolean> {
    return (await this.#redis.eval(CANCEL, 1, key, nowMs)) === 1;
  }

  /** In the given order; undefined for jobs that are gone. */
  async read(places: readonly JobPlace[]): Promise<(Job | undefined)[]> {
    const pipeline = this.#redis.pipeline();
    for (const { key } of places) pipeline.hmget(key, ...FIELDS).exists(`${key}:lock`);
    const answers = (await pipeline.exec()) ?? [];
    return places.map(({ id, kind }, at): Job | undefined => {
      const [[error, values], [lockError, isLocked]] = [answers[2 * at]!, answers[2 * at + 1]!];
      if (error ?? lockError) throw error ?? lockError;
      return jobOf(id, kind, fieldsOf(values as (string | null)[]), isLocked === 1);
    });
  }

  async #owned(script: string, { key, token }: Holder, ...more: string[]): Promise<number> {
    return (await this.#redis.eval(script, 2, key, `${key}:lock`, token, ...more)) as number;
  }
}

function refusalOf(answer: number): Refusal | undefined {
  if (answer > 0) return undefined;
  return answer < 0 ? 'cancelled' : 'lost';
}

function fieldsOf(values: readonly (string | null)[]): Fields {
  return Object.fromEntries(FIELDS.map((field, at) => [field, values[at] ?? null])) as Fields;
}

function jobOf(id: string, kind: string, fields: Fields, isLocked: boolean): Job | undefined {
  if (fields.data === null) return undefined;
  const cancelledAtMs = numberOf(fields['vitals:cancelledAt']);
  const finishedAtMs = numberOf(fields.finishedOn);
  const state = cancelledAtMs === null ? stateOf(fields, finishedAtMs, isLocked) : 'cancelled';
  return {
    id,
    kind,
    input: JSON.parse(fields.data).input,
    state,
    progress: state === 'completed' ? 1 : (numberOf(fields.progress) ?? 0),
    attempts: numberOf(fields['vitals:attempts']) ?? 0,
    createdAtMs: Number(fields.timestamp),
    finishedAtMs: cancelledAtMs ?? finishedAtMs,
    result: state === 'completed' ? JSON.parse(fields.returnvalue!).result : null,
    error: state === 'failed' ? (fields.failedReason ?? 'it failed') : null,
    checkpoint: JSON.parse(fields['vitals:checkpoint'] ?? 'null'),
  };
}

/** An active job whose lock ran out lost its process, and waits for another one. */
function stateOf({ returnvalue }: Fields, finishedAtMs: number | null, isLocked: boolean): Job['state'] {
  if (finishedAtMs === null) return isLocked ? 'active' : 'waiting';
  return returnvalue === null ? 'failed' : 'completed';
}

function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text);
}
