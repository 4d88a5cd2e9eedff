import { answersOf, type RedisClient } from '../../redis/index.ts';
import type { Job, JobState } from '../jobs.ts';

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
  'vitals:again',
] as const;

type Fields = Record<(typeof FIELDS)[number], string | null>;

/**
 * A change only while the caller holds the job's lock and nobody cancelled it, or did and wants it to run again: 1; 0 when
 * the lock is lost; -1 when it is to stop.
 */
const LOCKED = `
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
`;
const OWNED = `${LOCKED}
  if redis.call('HEXISTS', KEYS[1], 'vitals:cancelledAt') == 1 then return -1 end
  if redis.call('HEXISTS', KEYS[1], 'vitals:again') == 1 then return -1 end
`;

const BEGIN = `${LOCKED}
  if redis.call('HEXISTS', KEYS[1], 'vitals:cancelledAt') == 1 then return -1 end
  redis.call('HDEL', KEYS[1], 'vitals:again')
  redis.call('HSET', KEYS[1], 'progress', '0')
  return redis.call('HINCRBY', KEYS[1], 'vitals:attempts', 1)
`;

const CHANGE = `${OWNED}
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
  return 1
`;

/** Being stopped is no attempt that failed. */
const RELEASE = `${LOCKED}
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

/**
 * What makes a failed or cancelled job one that waits, as far as it is not the queue's: 'active' while its handler still
 * runs, 'ended' or 'waiting' where it lies otherwise; 0 for any other job. What a dead process left of it goes, too.
 */
const RETRY = `
  local cancelled = redis.call('HDEL', KEYS[1], 'vitals:cancelledAt') == 1
  local ended = redis.call('HEXISTS', KEYS[1], 'finishedOn') == 1
  if not cancelled and (not ended or redis.call('HEXISTS', KEYS[1], 'returnvalue') == 1) then return 0 end
  redis.call('HSET', KEYS[1], 'vitals:attempts', '0', 'progress', '0')
  redis.call('HDEL', KEYS[1], 'defa', 'stc', 'atm')
  if ended then return 'ended' end
  if redis.call('EXISTS', KEYS[2]) == 0 then return 'waiting' end
  redis.call('HSET', KEYS[1], 'vitals:again', '1')
  return 'active'
`;

/** Whether the holder's job was cancelled and is to run again. */
const IS_AGAIN = `${LOCKED}
  return redis.call('HEXISTS', KEYS[1], 'vitals:again')
`;

/** Where a job lies. */
export interface JobPlace {
  readonly id: string;
  readonly kind: string;
  /** Of its hash. */
  readonly key: string;
  /** Of the jobs of its kind that wait to be tried again. */
  readonly delayedKey: string;
}

/** Why a holder may not change its job: the lock is another one's, or somebody cancelled it. */
export type Refusal = 'lost' | 'cancelled';

/** The product's own part of a job: attempts, checkpoint, cancellation; all of it goes with the job. */
export class JobRecords {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
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

  /** Where a failed or cancelled job lies that waits again now; undefined for any other one. */
  async retry(key: string): Promise<'active' | 'ended' | 'waiting' | undefined> {
    const place = await this.#redis.eval(RETRY, 2, key, `${key}:lock`);
    return place === 0 ? undefined : (place as 'active' | 'ended' | 'waiting');
  }

  /** Whether the job was cancelled while it ran and is to run again. */
  async isAgain(holder: Holder): Promise<boolean> {
    return (await this.#owned(IS_AGAIN, holder)) === 1;
  }

  /** States alone, in the given order; undefined for jobs that are gone. */
  async states(places: readonly JobPlace[]): Promise<(JobState | undefined)[]> {
    const pipeline = this.#redis.pipeline();
    for (const { key } of places) {
      pipeline.hmget(key, 'timestamp', 'finishedOn', 'vitals:cancelledAt', 'vitals:again');
      pipeline.hexists(key, 'returnvalue').exists(`${key}:lock`);
    }
    const answers = await answersOf(pipeline);
    return places.map((_, at) => {
      const [fields, hasResult, isLocked] = answers.slice(3 * at, 3 * at + 3) as [(string | null)[], number, number];
      const [timestamp, finishedOn, cancelledAt, again] = fields;
      if (timestamp === null) return undefined;
      const held = { isEnded: finishedOn !== null, hasResult: hasResult === 1, isLocked: isLocked === 1 };
      return stateOf({ ...held, isCancelled: cancelledAt !== null, isAgain: again !== null });
    });
  }

  /** In the given order; undefined for jobs that are gone. */
  async read(places: readonly JobPlace[]): Promise<(Job | undefined)[]> {
    const pipeline = this.#redis.pipeline();
    for (const { id, key, delayedKey } of places) {
      pipeline
        .hmget(key, ...FIELDS)
        .exists(`${key}:lock`)
        .zscore(delayedKey, id);
    }
    const answers = await answersOf(pipeline);
    return places.map(({ id, kind }, at): Job | undefined => {
      const [values, isLocked, score] = answers.slice(3 * at, 3 * at + 3) as [(string | null)[], number, string | null];
      return jobOf(id, kind, fieldsOf(values), isLocked === 1, delayedUntilMs(score));
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

/** The queue orders jobs of one millisecond by the lower 12 bits. */
function delayedUntilMs(score: string | null): number | null {
  return score === null ? null : Math.floor(Number(score) / 4_096);
}

function jobOf(
  id: string,
  kind: string,
  fields: Fields,
  isLocked: boolean,
  nextAttemptAtMs: number | null,
): Job | undefined {
  if (fields.data === null) return undefined;
  const cancelledAtMs = numberOf(fields['vitals:cancelledAt']);
  const endedAtMs = numberOf(fields.finishedOn);
  const state = stateOf({
    ...{ isCancelled: cancelledAtMs !== null, isAgain: fields['vitals:again'] !== null },
    ...{ isEnded: endedAtMs !== null, hasResult: fields.returnvalue !== null, isLocked },
  });
  const isTriedAgain = state === 'waiting' && nextAttemptAtMs !== null;
  const texts = { data: fields.data, result: fields.returnvalue, checkpoint: fields['vitals:checkpoint'] };
  const damaged = (['data', 'result', 'checkpoint'] as const).find((part) => parsed(texts[part]) === undefined);
  if (damaged !== undefined) return damagedJob(id, kind, `its ${damaged} in Redis is no JSON`);
  return {
    id,
    kind,
    input: (parsed(texts.data) as { input?: unknown } | null)?.input ?? null,
    state,
    progress: state === 'completed' ? 1 : (numberOf(fields.progress) ?? 0),
    attempts: numberOf(fields['vitals:attempts']) ?? 0,
    createdAtMs: Number(fields.timestamp),
    finishedAtMs: cancelledAtMs ?? endedAtMs,
    result: state === 'completed' ? ((parsed(texts.result) as { result?: unknown } | null)?.result ?? null) : null,
    error: state === 'failed' || isTriedAgain ? (fields.failedReason ?? 'it failed') : null,
    nextAttemptAtMs: isTriedAgain ? nextAttemptAtMs : null,
    checkpoint: parsed(texts.checkpoint),
  };
}

/** A JSON value; null for nothing, undefined for what is no JSON. */
function parsed(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One record that somebody spoiled must not hide all others. */
function damagedJob(id: string, kind: string, error: string): Job {
  const nothing = { input: null, result: null, checkpoint: null, nextAttemptAtMs: null, finishedAtMs: null };
  return { id, kind, ...nothing, state: 'failed', progress: 0, attempts: 0, createdAtMs: 0, error };
}

interface Held {
  readonly isCancelled: boolean;
  readonly isAgain: boolean;
  readonly isEnded: boolean;
  readonly hasResult: boolean;
  readonly isLocked: boolean;
}

/** An active job whose lock ran out lost its process, and waits for another one. */
function stateOf({ isCancelled, isAgain, isEnded, hasResult, isLocked }: Held): JobState {
  if (isCancelled) return 'cancelled';
  if (isEnded) return hasResult ? 'completed' : 'failed';
  return isLocked && !isAgain ? 'active' : 'waiting';
}

function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text);
}
