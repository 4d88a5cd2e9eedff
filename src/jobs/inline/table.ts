import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { OperatingError } from '../../base/index.ts';
import type { Job, JobCount, JobState } from '../jobs.ts';

/** Raised with every change of the table; an older program refuses a newer file. */
const SCHEMA_VERSION = 1;

const DDL = `
  CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    input TEXT NOT NULL,
    state TEXT NOT NULL,
    progress REAL NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    attempts_max INTEGER NOT NULL,
    deduplication_key TEXT,
    not_before_ms INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL,
    finished_at_ms INTEGER,
    result TEXT,
    error TEXT,
    checkpoint TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, kind, id);
  CREATE UNIQUE INDEX IF NOT EXISTS jobs_by_key ON jobs (deduplication_key) WHERE state IN ('waiting', 'active');
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** A job with what only the queue needs to know. */
export interface StoredJob extends Omit<Job, 'nextAttemptAtMs'> {
  readonly attemptsMax: number;
  readonly deduplicationKey: string | null;
  readonly notBeforeMs: number;
}

/** Columns that a step of a job changes; JSON columns as text. */
export interface JobChanges {
  readonly state?: JobState;
  readonly progress?: number;
  readonly attempts?: number;
  readonly notBeforeMs?: number;
  readonly finishedAtMs?: number | null;
  readonly result?: string;
  readonly error?: string | null;
  readonly checkpoint?: string;
}

const COLUMNS: Readonly<Record<keyof JobChanges, string>> = {
  state: 'state',
  progress: 'progress',
  attempts: 'attempts',
  notBeforeMs: 'not_before_ms',
  finishedAtMs: 'finished_at_ms',
  result: 'result',
  error: 'error',
  checkpoint: 'checkpoint',
};

/** The rows of the queue in an SQLite file; each change is on disk (WAL, synchronised) when the call returns. */
export class JobsTable {
  private readonly database: DatabaseSync;

  /** @throws OperatingError `jobs_locked`, `jobs_unwritable`, `jobs_damaged`, `jobs_schema_newer` */
  constructor(file: string) {
    try {
      mkdirSync(dirname(resolve(file)), { recursive: true });
      this.database = new DatabaseSync(file, { timeout: 0 });
    } catch (cause) {
      throw openError(file, cause);
    }
    try {
      // Exclusive: a second process would run the same jobs.
      this.database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      const version = this.database.prepare('PRAGMA user_version').get()?.user_version;
      if (Number(version) > SCHEMA_VERSION) {
        const message = `cannot open the jobs ${file}: they have schema version ${version}, this program knows up to ${SCHEMA_VERSION}; use the newer program`;
        throw new OperatingError('jobs_schema_newer', message);
      }
      this.database.exec(`BEGIN IMMEDIATE; ${DDL} COMMIT`);
    } catch (cause) {
      this.database.close();
      throw openError(file, cause);
    }
  }

  add(row: {
    kind: string;
    input: string;
    attemptsMax: number;
    deduplicationKey: string | null;
    createdAtMs: number;
  }): StoredJob {
    const sql = `INSERT INTO jobs (kind, input, state, attempts_max, deduplication_key, created_at_ms) VALUES (?, ?, 'waiting', ?, ?, ?)`;
    const { kind, input, attemptsMax, deduplicationKey, createdAtMs } = row;
    const { lastInsertRowid } = this.run(sql, kind, input, attemptsMax, deduplicationKey, createdAtMs);
    return this.get(String(lastInsertRowid))!;
  }

  get(id: string): StoredJob | undefined {
    return /^[1-9]\d{0,14}$/.test(id) ? this.select('WHERE id = ?', Number(id))[0] : undefined;
  }

  /** The waiting or active job with this key. */
  byKey(key: string): StoredJob | undefined {
    return this.select(`WHERE deduplication_key = ? AND state IN ('waiting', 'active')`, key)[0];
  }

  /** The oldest waiting job of the kind that may run at `nowMs`. */
  next(kind: string, nowMs: number): StoredJob | undefined {
    return this.select(
      `WHERE state = 'waiting' AND kind = ? AND not_before_ms <= ? ORDER BY id LIMIT 1`,
      kind,
      nowMs,
    )[0];
  }

  /** When the next waiting job of the kind may run. */
  nextAtMs(kind: string): number | undefined {
    const row = this.database
      .prepare(`SELECT min(not_before_ms) AS at FROM jobs WHERE state = 'waiting' AND kind = ?`)
      .get(kind);
    return row?.at === null || row?.at === undefined ? undefined : Number(row.at);
  }

  list(filter: { kind?: string | undefined; state?: JobState | undefined; limit: number }): StoredJob[] {
    const conditions = [
      filter.kind === undefined ? '' : 'kind = ?',
      filter.state === undefined ? '' : 'state = ?',
    ].filter(Boolean);
    const values = [filter.kind, filter.state].filter((value) => value !== undefined);
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    return this.select(`${where} ORDER BY id DESC LIMIT ?`, ...values, filter.limit);
  }

  counts(): JobCount[] {
    return this.database
      .prepare('SELECT kind, state, count(*) AS count FROM jobs GROUP BY state, kind ORDER BY kind, state')
      .all()
      .map(({ kind, state, count }) => ({ kind: kind as string, state: state as JobState, count: Number(count) }));
  }

  active(): StoredJob[] {
    return this.select(`WHERE state = 'active' ORDER BY id`);
  }

  waitingCount(): number {
    return Number(this.database.prepare(`SELECT count(*) AS count FROM jobs WHERE state = 'waiting'`).get()?.count);
  }

  change(id: string, changes: JobChanges): void {
    const names = Object.keys(changes) as (keyof JobChanges)[];
    const values = names.map((name) => changes[name] as SQLInputValue);
    this.run(
      `UPDATE jobs SET ${names.map((name) => `${COLUMNS[name]} = ?`).join(', ')} WHERE id = ?`,
      ...values,
      Number(id),
    );
  }

  /** Keeps the newest ended jobs only. */
  dropEndedBeyond(count: number): void {
    const ended = `state IN ('completed', 'failed', 'cancelled')`;
    this.run(
      `DELETE FROM jobs WHERE ${ended} AND id <= (SELECT id FROM jobs WHERE ${ended} ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      count,
    );
  }

  close(): void {
    this.database.close();
  }

  private run(sql: string, ...values: SQLInputValue[]) {
    return withCode('write to', () => this.database.prepare(sql).run(...values));
  }

  private select(tail: string, ...values: SQLInputValue[]): StoredJob[] {
    return this.database
      .prepare(`SELECT * FROM jobs ${tail}`)
      .all(...values)
      .map(jobFrom);
  }
}

/** Faults of the file system may pass; SQLite takes a failed statement back whole. */
function withCode<Answer>(what: string, work: () => Answer): Answer {
  try {
    return work();
  } catch (cause) {
    const message = `cannot ${what} the jobs: ${(cause as Error).message}`;
    throw new OperatingError('jobs_work_failed', message, { retryable: true, cause });
  }
}

function jobFrom(row: Record<string, unknown>): StoredJob {
  return {
    id: String(row.id),
    kind: row.kind as string,
    input: jsonFrom(row.input),
    state: row.state as JobState,
    progress: row.progress as number,
    attempts: row.attempts as number,
    attemptsMax: row.attempts_max as number,
    deduplicationKey: row.deduplication_key as string | null,
    notBeforeMs: row.not_before_ms as number,
    createdAtMs: row.created_at_ms as number,
    finishedAtMs: row.finished_at_ms as number | null,
    result: jsonFrom(row.result),
    error: row.error as string | null,
    checkpoint: jsonFrom(row.checkpoint),
  };
}

function jsonFrom(text: unknown): unknown {
  return text === null ? null : JSON.parse(text as string);
}

function openError(file: string, cause: unknown): OperatingError {
  if (cause instanceof OperatingError) return cause;
  const text = (cause as Error).message;
  if (/locked|busy/i.test(text)) {
    return new OperatingError('jobs_locked', `cannot open the jobs ${file}: another process has them (${text})`, {
      cause,
    });
  }
  if (/not a database|malformed/i.test(text)) {
    const message = `cannot open the jobs ${file}: the file is damaged or no job list (${text}); move it away, then start again with an empty list`;
    return new OperatingError('jobs_damaged', message, { cause });
  }
  return new OperatingError('jobs_unwritable', `cannot open the jobs ${file}: ${text}`, { cause });
}
