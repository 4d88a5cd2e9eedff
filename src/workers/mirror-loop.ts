import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, type Clock } from '../base/index.ts';
import type { Series } from '../model/index.ts';
import type { ChangesSource, Mirror, MirrorLevel, MirrorStanding, StoreChanges, StoreMark } from '../store/index.ts';
import { type LineBatch, Lines } from '../store/influx/index.ts';
import { paneValue } from '../windows/index.ts';

/** Lines of one request; the sweet spot of InfluxDB. */
const LINES_MAX = 5_000;
/** Rows that one question to the embedded store is to bring. */
const ROWS_PER_STEP = 20_000;
const STEP_FIRST = 500;
const STEP_MAX = 1_000_000;
/** What is new is sent this often when the mirror is level. */
const EVERY_MS = 1_000;
const BACK_OFF_FIRST_MS = 500;
const BACK_OFF_MS_MAX = 60_000;
/** Whoever asks for more patience than that is asked again all the same. */
const RETRY_AFTER_MS_MAX = 600_000;
/** What was taken so shortly before a mirror went away is told again: it may have been in its memory only. */
const REPEAT_MS = 30_000;
/** The cursor may be older than what was sent: sending twice says the same. */
const SAVE_EVERY_MS = 1_000;
/** Refused points that are written down. */
const REFUSED_BYTES_MAX = 16 << 20;

export interface MirrorLoopOptions {
  readonly name: string;
  readonly mirror: Mirror;
  readonly source: ChangesSource;
  /** Where cursor and refused points are kept. */
  readonly folder: string;
  readonly clock: Clock;
  /** Resolves after so long, or earlier when the signal aborts; never rejects. */
  wait(forMs: number): Promise<void>;
  /** 0 to 1. */
  random(): number;
  onStanding(standing: MirrorStanding): void;
  /** Something that somebody should know. */
  onWarning(text: string): void;
}

/**
 * Tells a mirror everything that the embedded store gets, from where the mirror was left. While the mirror is away its
 * cursor stays where it is; what the embedded store let go meanwhile (`store.readingsAge`) is not told any more. A point
 * that is refused for good is found by halving, written down, and left out.
 */
export class MirrorLoop {
  readonly #options: MirrorLoopOptions;
  readonly #files: { readonly cursor: string; readonly rewind: string; readonly refused: string };
  readonly #lines: Lines;
  #series: readonly Series[] = [];
  #zones: ReadonlyMap<string, string> = new Map();
  #mark = BEFORE_ALL;
  readonly #steps = { position: STEP_FIRST, stamp: STEP_FIRST };
  #problem: string | null = null;
  #levelAtMs = Number.NaN;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  #stopping = false;
  /** Where it was when, oldest first, as far back as `REPEAT_MS` and one more. */
  #reached: { readonly atMs: number; readonly mark: StoreMark }[] = [];
  /** Where to begin again once it is back. */
  #repeatFrom: StoreMark | undefined;
  readonly #totals = { linesTotal: 0, bytesTotal: 0, refusedTotal: 0, droppedTotal: 0, retriesTotal: 0 };

  constructor(options: MirrorLoopOptions) {
    this.#options = options;
    const { folder, name } = options;
    mkdirSync(folder, { recursive: true });
    this.#files = mirrorFiles(folder, name);
    const names = {
      series: (id: number) => this.#series[id]!,
      zone: (device: string) => this.#zones.get(device) ?? '',
      paneValue,
    };
    this.#lines = new Lines(names, LINES_MAX);
    const saved = readCursor(this.#files.cursor);
    if (saved !== undefined) {
      this.#mark = saved.mark;
      this.#levelAtMs = saved.levelAtMs;
    }
    this.#reached.push({ atMs: options.clock.monotonicMs(), mark: this.#mark });
  }

  standing(): MirrorStanding {
    const { position } = this.#mark;
    const [problem, levelAtMs] = [this.#problem, this.#levelAtMs];
    return { name: this.#options.name, position, problem, levelAtMs, ...this.#totals };
  }

  /** Lets `run` return after the request at hand. */
  stop(): void {
    this.#stopping = true;
  }

  /** Runs until `stop`. Rejects when the embedded store refuses for good. */
  async run(): Promise<void> {
    await this.#open();
    while (!this.#stopping) {
      await this.#takeRewind();
      const { position, stamp } = await this.#options.source.stats();
      const target = { position, stamp };
      if (!isAt(this.#mark, target)) await this.#tell(target);
      else this.#isLevel();
      this.#options.onStanding(this.standing());
      if (isAt(this.#mark, target) && !this.#stopping) await this.#options.wait(EVERY_MS);
    }
    this.#save(this.#repeatFrom ?? this.#mark);
    await this.#options.mirror.close();
  }

  async #open(): Promise<void> {
    for (const problem of await this.#options.mirror.open()) this.#options.onWarning(problem);
  }

  /** Tells what some messages and batches brought, as many as make a fair number of rows. */
  async #tell(target: StoreMark): Promise<void> {
    const upTo = {
      position: Math.max(this.#mark.position, Math.min(target.position, this.#mark.position + this.#steps.position)),
      stamp: Math.max(this.#mark.stamp, Math.min(target.stamp, this.#mark.stamp + this.#steps.stamp)),
    };
    const changes = await this.#options.source.changes({ after: this.#mark, upTo });
    await this.#learn(changes);
    for (const batch of this.#lines.batches(changes)) {
      await this.#deliver(batch);
      if (this.#stopping) return;
    }
    this.#reach(upTo);
    this.#steps.position = nextStep(this.#steps.position, changes.readings.count);
    this.#steps.stamp = nextStep(this.#steps.stamp, changes.panes.rows + changes.kpis.length);
    if (isAt(this.#mark, target)) this.#isLevel();
    if (this.#options.clock.monotonicMs() - this.#savedAtMs >= SAVE_EVERY_MS) this.#save(this.#reached[0]!.mark);
  }

  #reach(mark: StoreMark): void {
    this.#mark = this.#repeatFrom ?? mark;
    this.#repeatFrom = undefined;
    const atMs = this.#options.clock.monotonicMs();
    this.#reached.push({ atMs, mark: this.#mark });
    while (this.#reached.length > 1 && this.#reached[1]!.atMs < atMs - REPEAT_MS) this.#reached.shift();
  }

  #isLevel(): void {
    this.#levelAtMs = this.#options.clock.nowMs();
  }

  /** Names of series and zones of devices that came since the last time. */
  async #learn({ readings, panes }: StoreChanges): Promise<void> {
    let newest = -1;
    for (let row = 0; row < readings.count; row++) newest = Math.max(newest, readings.series[row]!);
    for (let row = 0; row < panes.rows; row++) newest = Math.max(newest, panes.series[row]!);
    if (newest < this.#series.length) return;
    this.#series = await this.#options.source.series({});
    this.#zones = new Map((await this.#options.source.devices()).map(({ device, zone }) => [device, zone]));
    assert(newest < this.#series.length, `the store has rows of the series ${newest}, and not the series`);
  }

  /** Until it is there, or its points are written down as refused, or the loop is stopped. */
  async #deliver(batch: LineBatch): Promise<void> {
    for (let attempt = 0; !this.#stopping; attempt++) {
      const sent = await this.#options.mirror.send(batch.level, batch.text);
      if (sent.kind === 'later') {
        if (sent.isAway === true) this.#repeatFrom ??= this.#reached[0]!.mark;
        await this.#backOff(attempt, sent.detail, sent.afterMs);
        continue;
      }
      if (this.#problem !== null) this.#tellProblem(null);
      if (sent.kind === 'taken') this.#count(batch, sent.dropped);
      else await this.#divide(batch, sent.detail, sent.kind === 'refused' ? sent.lines : undefined);
      return;
    }
  }

  #count({ lines, text }: LineBatch, dropped: number): void {
    this.#totals.linesTotal += lines;
    this.#totals.bytesTotal += text.length;
    this.#totals.droppedTotal += dropped;
  }

  async #backOff(attempt: number, detail: string, afterMs = 0): Promise<void> {
    this.#totals.retriesTotal++;
    if (this.#problem !== detail) this.#tellProblem(detail);
    const growing = Math.min(BACK_OFF_MS_MAX, BACK_OFF_FIRST_MS * 2 ** Math.min(attempt, 20));
    const jittered = growing * (0.5 + this.#options.random() / 2);
    await this.#options.wait(Math.max(jittered, Math.min(afterMs, RETRY_AFTER_MS_MAX)));
    // Whoever comes back may have been set up anew.
    if (!this.#stopping) await this.#options.mirror.open();
  }

  #tellProblem(problem: string | null): void {
    this.#problem = problem;
    this.#options.onStanding(this.standing());
  }

  /** Sends the halves on their own, down to the lines that are refused; or without the lines that are named. */
  async #divide(batch: LineBatch, detail: string, refused: readonly number[] | undefined): Promise<void> {
    const lines = batch.text.split('\n');
    if (lines.length === 1) return this.#refuse(batch.level, lines, detail);
    if (refused?.every((line) => line < lines.length) === true) {
      const named = new Set(refused);
      this.#refuse(
        batch.level,
        [...named].map((line) => lines[line]!),
        detail,
      );
      const rest = lines.filter((_, line) => !named.has(line));
      return rest.length === 0 ? undefined : this.#deliver(batchOf(batch.level, rest));
    }
    const half = Math.ceil(lines.length / 2);
    await this.#deliver(batchOf(batch.level, lines.slice(0, half)));
    await this.#deliver(batchOf(batch.level, lines.slice(half)));
  }

  #refuse(level: MirrorLevel, lines: readonly string[], detail: string): void {
    this.#totals.refusedTotal += lines.length;
    const { refused } = this.#files;
    const at = new Date(this.#options.clock.nowMs()).toISOString();
    const text = lines.map((line) => `${JSON.stringify({ at, level, line, detail })}\n`).join('');
    const size = statSync(refused, { throwIfNoEntry: false })?.size ?? 0;
    if (size + text.length <= REFUSED_BYTES_MAX) appendFileSync(refused, text);
    this.#options.onWarning(`${lines.length} points were refused: ${detail} (see ${refused})`);
  }

  /** `vitals store rewind` leaves word of where to begin again. */
  async #takeRewind(): Promise<void> {
    const order = readRewind(this.#files.rewind);
    if (order === undefined) return;
    const { position, stamp } = await this.#options.source.markBefore(order.toMs);
    this.#mark = { position: Math.min(this.#mark.position, position), stamp: Math.min(this.#mark.stamp, stamp) };
    this.#reached = [{ atMs: this.#options.clock.monotonicMs(), mark: this.#mark }];
    this.#save(this.#mark);
    rmSync(this.#files.rewind, { force: true });
    this.#options.onWarning(`begins again after position ${this.#mark.position}, as ordered`);
  }

  /** @param mark where to begin after the next start; after a kill a little of what was told before is told again */
  #save(mark: StoreMark): void {
    this.#savedAtMs = this.#options.clock.monotonicMs();
    const { cursor } = this.#files;
    const levelAtMs = Number.isNaN(this.#levelAtMs) ? null : this.#levelAtMs;
    writeFileSync(`${cursor}.tmp`, JSON.stringify({ ...mark, levelAtMs }));
    renameSync(`${cursor}.tmp`, cursor);
  }
}

/** Rows that were written before batches were stamped have stamp 0. */
const BEFORE_ALL: StoreMark = { position: 0, stamp: -1 };

/** A store that was made anew is behind for a while: what it brings then was told before. */
function isAt(mark: StoreMark, target: StoreMark): boolean {
  return mark.position >= target.position && mark.stamp >= target.stamp;
}

/** So many positions or batches are looked at at once that they bring a fair number of rows. */
function nextStep(step: number, rows: number): number {
  if (rows > ROWS_PER_STEP) return Math.max(1, Math.floor(step / 2));
  return rows < ROWS_PER_STEP / 2 ? Math.min(STEP_MAX, step * 2) : step;
}

function batchOf(level: MirrorLevel, lines: readonly string[]): LineBatch {
  return { level, text: lines.join('\n'), lines: lines.length };
}

/** Where the cursors of all mirrors lie. */
export function mirrorFolder(dataFolder: string): string {
  return join(dataFolder, 'mirrors');
}

/** Where a mirror's cursor lies, and what goes with it. */
export function mirrorFiles(folder: string, name: string) {
  return {
    cursor: join(folder, `${name}.json`),
    rewind: join(folder, `${name}.rewind.json`),
    refused: join(folder, `${name}.refused.ndjson`),
  };
}

/** To begin again before all that says something of an instant or later; 0 for everything. */
export interface Rewind {
  /** ms UTC. */
  readonly toMs: number;
}

/** @returns undefined when there is none, or none that can be read: then everything is told again */
export function readCursor(file: string): { readonly mark: StoreMark; readonly levelAtMs: number } | undefined {
  const tree = readTree(file);
  if (typeof tree?.position !== 'number' || typeof tree.stamp !== 'number') return undefined;
  const mark = { position: tree.position, stamp: tree.stamp };
  return { mark, levelAtMs: typeof tree.levelAtMs === 'number' ? tree.levelAtMs : Number.NaN };
}

export function writeRewind(file: string, rewind: Rewind): void {
  writeFileSync(`${file}.tmp`, JSON.stringify(rewind));
  renameSync(`${file}.tmp`, file);
}

function readRewind(file: string): Rewind | undefined {
  const tree = readTree(file);
  return typeof tree?.toMs === 'number' ? { toMs: tree.toMs } : undefined;
}

function readTree(file: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
