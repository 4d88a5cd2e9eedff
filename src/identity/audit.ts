import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Clock, SECOND_MS } from '../base/index.ts';
import { giveToOwner } from './record-file.ts';

/** What the trail speaks of. */
export const AUDIT_KINDS = [
  'start',
  'login',
  'login_refused',
  'publish_refused',
  'subscribe_refused',
  'cut',
  'device_added',
  'device_rotated',
  'device_revoked',
  'user_added',
  'user_changed',
  'user_removed',
  'token_added',
  'token_removed',
  'access_refused',
  'decode_again',
  'export',
  'kpi_trial',
  'alarm_evaluation',
  'report',
  'import',
  'recompute',
  'job_cancelled',
  'job_retried',
] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

/** What happened; texts from outside are cut and escaped when they are written. */
export interface AuditEvent {
  readonly kind: AuditKind;
  /** Device, gateway or user; empty when nobody said who it is. */
  readonly who: string;
  /** `mqtt`, `http` or `command`. */
  readonly by: string;
  readonly address?: string | undefined;
  readonly cause?: string | undefined;
}

/** A line of the trail. */
export interface AuditLine extends AuditEvent {
  readonly at: string;
  /** How often it happened since the line before that says the same; absent for once. */
  readonly count?: number;
}

/** Keeps what happened. Safe to call from anywhere: it never throws and never waits. */
export interface AuditTrail {
  record(event: AuditEvent): void;
  /** Writes what is still held back. */
  close(): void;
}

const FILE = 'audit.jsonl';
const TEXT_CHARACTERS_MAX = 200;
/** The same event is written once in this time and counted meanwhile: a device that tries again and again is one story. */
const REPEAT_MS = 60_000;
const REPEATS_MAX = 10_000;
const LINES_HELD_MAX = 10_000;

export interface AuditOptions {
  readonly dataFolder: string;
  readonly clock: Clock;
  /** Length of the file at which it is put aside, and how many of those are kept. */
  readonly fileBytesMax?: number;
  readonly filesMax?: number;
  readonly onProblem?: (error: Error) => void;
}

const FILE_BYTES_MAX = 16 << 20;
const FILES_MAX = 8;

/** Opens the trail of a data folder: `audit.jsonl`, older parts in `audit.jsonl.1` and on; the oldest part goes. */
export function openAudit(options: AuditOptions): AuditTrail {
  return new FileAudit(options);
}

interface Repeat {
  readonly event: AuditEvent;
  sinceMs: number;
  count: number;
}

class FileAudit implements AuditTrail {
  readonly #file: string;
  readonly #options: AuditOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #repeats = new Map<string, Repeat>();
  #lines: string[] = [];
  #leftOut = 0;

  constructor(options: AuditOptions) {
    this.#options = options;
    this.#file = join(options.dataFolder, FILE);
    this.#timer = setInterval(() => this.#everySecond(), SECOND_MS);
    this.#timer.unref();
  }

  record(event: AuditEvent): void {
    const key = JSON.stringify([event.kind, event.who, event.by, event.address, event.cause]);
    const nowMs = this.#options.clock.nowMs();
    const known = this.#repeats.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    if (this.#repeats.size >= REPEATS_MAX) this.#tellRepeats(Number.POSITIVE_INFINITY);
    this.#repeats.set(key, { event, sinceMs: nowMs, count: 0 });
    this.#add(event, nowMs, 1);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#tellRepeats(Number.POSITIVE_INFINITY);
    this.#flush();
  }

  #everySecond(): void {
    this.#tellRepeats(this.#options.clock.nowMs());
    this.#flush();
  }

  /** Writes how often something was repeated, when its time is over. */
  #tellRepeats(nowMs: number): void {
    for (const [key, { event, sinceMs, count }] of this.#repeats) {
      if (nowMs - sinceMs < REPEAT_MS) continue;
      this.#repeats.delete(key);
      if (count > 0) this.#add(event, Number.isFinite(nowMs) ? nowMs : this.#options.clock.nowMs(), count);
    }
  }

  #add(event: AuditEvent, atMs: number, count: number): void {
    if (this.#lines.length >= LINES_HELD_MAX) {
      this.#leftOut++;
      return;
    }
    this.#lines.push(auditLine(event, atMs, count));
  }

  #flush(): void {
    if (this.#leftOut > 0) {
      const cause = `${this.#leftOut} events were left out: more came than can be written`;
      this.#lines.push(auditLine({ kind: 'cut', who: '', by: 'audit', cause }, this.#options.clock.nowMs(), 1));
      this.#leftOut = 0;
    }
    const lines = this.#lines;
    if (lines.length === 0) return;
    this.#lines = [];
    try {
      this.#putAside();
      appendFileSync(this.#file, lines.join(''), { mode: 0o600 });
    } catch (error) {
      this.#options.onProblem?.(error as Error);
    }
  }

  #putAside(): void {
    const { fileBytesMax = FILE_BYTES_MAX, filesMax = FILES_MAX } = this.#options;
    if (!existsSync(this.#file) || statSync(this.#file).size < fileBytesMax) return;
    rmSync(`${this.#file}.${filesMax}`, { force: true });
    for (let part = filesMax - 1; part >= 1; part--) {
      if (existsSync(`${this.#file}.${part}`)) renameSync(`${this.#file}.${part}`, `${this.#file}.${part + 1}`);
    }
    renameSync(this.#file, `${this.#file}.1`);
  }
}

/** Adds one line at once, for commands: a running server writes to the same file. */
export function appendAudit(dataFolder: string, event: AuditEvent, nowMs: number): void {
  mkdirSync(dataFolder, { recursive: true });
  const handle = openSync(join(dataFolder, FILE), 'a', 0o600);
  try {
    appendFileSync(handle, auditLine(event, nowMs, 1));
    giveToOwner(dataFolder, handle);
  } finally {
    closeSync(handle);
  }
}

/** The newest lines of a trail, oldest first; lines that cannot be read are passed over. */
export function readAudit(
  dataFolder: string,
  { limit, kinds }: { readonly limit: number; readonly kinds?: readonly AuditKind[] },
): readonly AuditLine[] {
  const found: AuditLine[] = [];
  const file = join(dataFolder, FILE);
  for (let part = 0; found.length < limit; part++) {
    const path = part === 0 ? file : `${file}.${part}`;
    if (!existsSync(path)) break;
    for (const text of readFileSync(path, 'utf8').split('\n').reverse()) {
      const line = parsedLine(text);
      if (line === undefined || kinds?.includes(line.kind) === false) continue;
      if (found.length >= limit) break;
      found.push(line);
    }
  }
  return found.reverse();
}

function parsedLine(text: string): AuditLine | undefined {
  try {
    const line = JSON.parse(text) as AuditLine;
    return typeof line.at === 'string' && AUDIT_KINDS.includes(line.kind) ? line : undefined;
  } catch {
    return undefined;
  }
}

function auditLine({ kind, who, by, address, cause }: AuditEvent, atMs: number, count: number): string {
  const at = Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toString({ smallestUnit: 'millisecond' });
  const line = { at, kind, who: cut(who), by, address, cause: cause === undefined ? undefined : cut(cause) };
  return `${JSON.stringify(count === 1 ? line : { ...line, count })}\n`;
}

function cut(text: string): string {
  return text.length <= TEXT_CHARACTERS_MAX ? text : `${text.slice(0, TEXT_CHARACTERS_MAX)}…`;
}
