import { appendFileSync, mkdirSync, statSync } from 'node:fs';
import { assert, BugError, type Clock } from '../base/index.ts';
import type { Series } from '../model/index.ts';
import type {
  ChangesSource,
  Mirror,
  MirrorLevel,
  MirrorStanding,
  Sent,
  StoreChanges,
  StoreMark,
} from '../store/index.ts';
import { type LineBatch, Lines } from '../store/influx/index.ts';
import { paneValue } from '../windows/index.ts';
import { mirrorFiles, readCursor, takeRewind, writeCursor } from './mirror-files.ts';

/** Lines of one request; the sweet spot of InfluxDB. */
const LINES_MAX = 5_000;
/** Rows that one question to the embedded store is to bring, and may bring at most. */
const ROWS_PER_STEP = 20_000;
const ROWS_MAX = 60_000;
const STEP_FIRST = 500;
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
  /** What the mirror is, such as its address and database: another one is told everything. */
  readonly target: string;
  readonly mirror: Mirror;
  readonly source: ChangesSource;
  /** Zone of a device by the configuration; empty where it has none. */
  zoneOf(device: string): string;
  /** Where cursor and refused points are kept. */
  readonly folder: string;
  readonly clock: Clock;
  /** Resolves after so long, or earlier when the loop is to stop; never rejects. */
  wait(forMs: number): Promise<void>;
  /** 0 to 1. */
  random(): number;
  onStanding(standing: MirrorStanding): void;
  /** Something that somebody should know. */
  onWarning(text: string): void;
}

/** Everything that there is comes after it, also rows that were written before batches were stamped. */
const BEFORE_ALL: StoreMark = { position: 0, stamp: -100_000_001 };

/**
 * Tells a mirror everything that the embedded store gets, from where the mirror was left. While the mirror is away its
 * cursor stays where it is; what the embedded store let go meanwhile (`store.readingsAge`) is not told any more. A point
 * that is refused for good is found by halving, written down, and left out. Nothing that a mirror does ends it.
 */
export class MirrorLoop {
  readonly #options: MirrorLoopOptions;
  readonly #files: ReturnType<typeof mirrorFiles>;
  readonly #lines: Lines;
  #series: readonly Series[] = [];
  #mark = BEFORE_ALL;
  /** The embedded store that the mark is of; 0 before the first. */
  #madeAtMs = 0;
  #isFirstRound = true;
  readonly #steps = { position: STEP_FIRST, stamp: STEP_FIRST };
  #batchesBehind = Number.POSITIVE_INFINITY;
  #problem: string | null = null;
  #levelAtMs = Number.NaN;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  #stopping = false;
  /** Where it was when, oldest first, as far back as `REPEAT_MS` and one more. */
  #reached: { readonly atMs: number; readonly mark: StoreMark }[] = [];
  /** What it was told in the half-minute before it went away; told again once it has everything else. */
  #repeat: { readonly from: StoreMark; readonly until: StoreMark } | undefined;
  /** That is being told again; where to go on afterwards. */
  #repeating: { readonly until: StoreMark; readonly goOn: StoreMark } | undefined;
  /** What could not be made the last time. */
  #said: ReadonlySet<string> = new Set();
  /** Refused since they were told of last. */
  #untold = { points: 0, detail: '' };
  readonly #totals = { linesTotal: 0, bytesTotal: 0, refusedTotal: 0, droppedTotal: 0, retriesTotal: 0 };

  constructor(options: MirrorLoopOptions) {
    this.#options = options;
    this.#files = mirrorFiles(options.folder, options.name);
    const names = { series: (id: number) => this.#series[id]!, zone: options.zoneOf, paneValue };
    this.#lines = new Lines(names, LINES_MAX);
  }

  standing(): MirrorStanding {
    const { position } = this.#repeating?.goOn ?? this.#mark;
    return {
      name: this.#options.name,
      position,
      problem: this.#problem,
      batchesBehind: this.#batchesBehind,
      isRepeating: this.#repeating !== undefined || this.#repeat !== undefined,
      levelAtMs: this.#levelAtMs,
      ...this.#totals,
    };
  }

  /** Lets `run` return after the request at hand. */
  stop(): void {
    this.#stopping = true;
  }

  /** Runs until `stop`. Rejects at our own mistakes only. */
  async run(): Promise<void> {
    this.#options.onStanding(this.standing());
    await this.#withPatience(async () => this.#begin());
    await this.#open();
    while (!this.#stopping) await this.#withPatience(() => this.#round());
    await this.#withPatience(async () => this.#save());
    await this.#options.mirror.close();
  }

  /** A full disk, or a store that has no memory now: it is tried again, as everything that the machine does to us. */
  async #withPatience(work: () => Promise<void>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await work();
        return;
      } catch (error) {
        const isOurs = error instanceof BugError || error instanceof TypeError || error instanceof RangeError;
        if (isOurs) throw error;
        if (this.#stopping) return;
        await this.#backOff(attempt, (error as Error).message);
      }
    }
  }

  #begin(): void {
    const { folder, clock, target } = this.#options;
    mkdirSync(folder, { recursive: true });
    const saved = readCursor(this.#files.cursor);
    if (saved !== undefined && saved.target !== target) {
      this.#options.onWarning(`is told everything: what was told before went to ${saved.target}`);
    } else if (saved !== undefined) {
      this.#mark = saved.mark;
      this.#madeAtMs = saved.madeAtMs;
      this.#levelAtMs = saved.levelAtMs;
    }
    this.#reached = [{ atMs: clock.monotonicMs(), mark: this.#mark }];
  }

  async #open(): Promise<void> {
    const problems = await this.#options.mirror.open();
    // Said once, and not at every try while it is away.
    for (const problem of problems) if (!this.#said.has(problem)) this.#options.onWarning(problem);
    this.#said = new Set(problems);
  }

  /** Tells a part of what it does not have, or waits where there is nothing. */
  async #round(): Promise<void> {
    await this.#obeyRewind();
    const { position, stamp, madeAtMs, openedAt } = await this.#options.source.stats();
    const target = { position, stamp };
    this.#knowStore(openedAt, madeAtMs);
    this.#batchesBehind = Math.max(0, target.stamp - (this.#repeating?.goOn ?? this.#mark).stamp);
    if (!isAt(this.#mark, target)) await this.#tell(target);
    if (this.#stopping) return;
    const isLevel = isAt(this.#mark, target);
    if (isLevel) {
      this.#levelAtMs = this.#options.clock.nowMs();
      this.#batchesBehind = 0;
      if (this.#problem !== null) this.#tellProblem(null);
    }
    if (this.#options.clock.monotonicMs() - this.#savedAtMs >= SAVE_EVERY_MS) this.#save();
    this.#options.onStanding(this.standing());
    if (isLevel && this.#repeat !== undefined) this.#beginRepeat(this.#repeat);
    else if (isLevel) await this.#options.wait(EVERY_MS);
  }

  /**
   * A store that was made anew, or put back from a backup, has other batches under the same marks. Whatever was told before
   * this run, the store had when it was opened.
   */
  #knowStore(openedAt: StoreMark, madeAtMs: number): void {
    const isOther = this.#madeAtMs !== 0 && this.#madeAtMs !== madeAtMs;
    const isBehind = this.#isFirstRound && !isAt(openedAt, this.#mark);
    this.#madeAtMs = madeAtMs;
    this.#isFirstRound = false;
    if (!isOther && !isBehind) return;
    this.#options.onWarning(
      'is told everything: the embedded store is another one, or older, than what was told before',
    );
    this.#goTo(BEFORE_ALL);
  }

  /** Tells what some messages and batches brought, as many as make a fair number of rows. */
  async #tell(target: StoreMark): Promise<void> {
    const after = this.#mark;
    const asked = {
      position: Math.min(target.position, after.position + this.#steps.position),
      stamp: Math.min(target.stamp, after.stamp + this.#steps.stamp),
    };
    const changes = await this.#options.source.changes({ after, upTo: asked }, ROWS_MAX);
    await this.#learn(changes);
    for (const batch of this.#lines.batches(changes)) {
      await this.#deliver(batch);
      if (this.#stopping) return;
    }
    this.#tellOfRefused();
    this.#reach(changes.upTo);
    const stamped = changes.panes.rows + changes.kpis.length;
    for (const [by, rows] of [['position', changes.readings.count] as const, ['stamp', stamped] as const]) {
      const granted = changes.upTo[by] - after[by];
      if (granted < asked[by] - after[by]) this.#steps[by] = Math.max(1, granted);
      else if (rows > ROWS_MAX) this.#steps[by] = Math.max(1, this.#steps[by] >> 1);
      else if (granted === this.#steps[by] && rows < ROWS_PER_STEP) this.#steps[by] *= 2;
    }
  }

  #reach(mark: StoreMark): void {
    this.#mark = mark;
    this.#reached.push({ atMs: this.#options.clock.monotonicMs(), mark });
    if (this.#repeating === undefined || !isAt(mark, this.#repeating.until)) return;
    this.#mark = this.#repeating.goOn;
    this.#repeating = undefined;
  }

  /** Goes back for a while; what is new waits, and nothing that was told is lost if it goes away meanwhile. */
  #beginRepeat({ from, until }: { readonly from: StoreMark; readonly until: StoreMark }): void {
    this.#repeat = undefined;
    this.#repeating = { until, goOn: this.#mark };
    this.#mark = from;
  }

  #goTo(mark: StoreMark): void {
    this.#mark = mark;
    this.#repeat = undefined;
    this.#repeating = undefined;
    this.#reached = [{ atMs: this.#options.clock.monotonicMs(), mark }];
    Object.assign(this.#steps, { position: STEP_FIRST, stamp: STEP_FIRST });
  }

  /** What it was told since `REPEAT_MS` ago, or a little earlier. */
  #toldLately(): { readonly from: StoreMark; readonly until: StoreMark } {
    const beforeMs = this.#options.clock.monotonicMs() - REPEAT_MS;
    while (this.#reached.length > 1 && this.#reached[1]!.atMs < beforeMs) this.#reached.shift();
    const marks = this.#reached.map(({ mark }) => mark);
    return { from: marks.reduce((a, b) => least(a, b)), until: marks.reduce((a, b) => most(a, b)) };
  }

  /** Names of series that came since the last time. */
  async #learn({ readings, panes }: StoreChanges): Promise<void> {
    let newest = -1;
    for (let row = 0; row < readings.count; row++) newest = Math.max(newest, readings.series[row]!);
    for (let row = 0; row < panes.rows; row++) newest = Math.max(newest, panes.series[row]!);
    if (newest < this.#series.length) return;
    const known: Series[] = [];
    for (const series of await this.#options.source.series({})) known[series.id] = series;
    this.#series = known;
    assert(newest < known.length, `the store has rows of the series ${newest}, and not the series`);
  }

  /** Until it is there, or its points are written down as refused, or the loop is stopped. */
  async #deliver(batch: LineBatch): Promise<void> {
    for (let attempt = 0; !this.#stopping; attempt++) {
      const sent = await this.#send(batch);
      if (sent.kind === 'later') {
        await this.#wait(attempt, sent);
        continue;
      }
      if (this.#problem !== null) this.#tellProblem(null);
      if (sent.kind === 'taken') this.#count(batch, sent.dropped);
      else await this.#divide(batch, sent.detail, sent.kind === 'refused' ? sent.lines : undefined);
      return;
    }
  }

  /** Who has not taken a single line yet may refuse all of them for what they have in common: that is no point's fault. */
  async #send(batch: LineBatch): Promise<Sent> {
    const sent = await this.#options.mirror.send(batch.level, batch.text);
    const hasTaken = this.#totals.linesTotal > 0 || !Number.isNaN(this.#levelAtMs);
    if (sent.kind !== 'refused' || sent.lines !== undefined || hasTaken) return sent;
    const lines = batch.text.split('\n');
    for (const at of new Set([0, lines.length >> 1, lines.length - 1])) {
      const one = await this.#options.mirror.send(batch.level, lines[at]!);
      if (one.kind === 'taken') return sent;
    }
    return { kind: 'later', detail: sent.detail };
  }

  #count({ lines, text }: LineBatch, dropped: number): void {
    this.#totals.linesTotal += lines;
    this.#totals.bytesTotal += text.length;
    this.#totals.droppedTotal += dropped;
  }

  async #wait(
    attempt: number,
    { detail, afterMs, isAway, isMissing }: Extract<Sent, { kind: 'later' }>,
  ): Promise<void> {
    if (isAway === true) {
      const { from, until } = this.#toldLately();
      this.#repeat = {
        from: least(from, this.#repeat?.from ?? from),
        until: most(until, this.#repeat?.until ?? until),
      };
    }
    await this.#backOff(attempt, detail, afterMs);
    // Whoever comes back may have been set up anew.
    if (!this.#stopping && (isAway === true || isMissing === true)) await this.#open();
  }

  async #backOff(attempt: number, detail: string, afterMs = 0): Promise<void> {
    this.#totals.retriesTotal++;
    if (this.#problem !== detail) this.#tellProblem(detail);
    const growing = Math.min(BACK_OFF_MS_MAX, BACK_OFF_FIRST_MS * 2 ** Math.min(attempt, 20));
    const jittered = growing * (0.5 + this.#options.random() / 2);
    await this.#options.wait(Math.max(jittered, Math.min(afterMs, RETRY_AFTER_MS_MAX)));
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
      const bad = [...named].map((line) => lines[line]!);
      this.#refuse(batch.level, bad, detail);
      const rest = lines.filter((_, line) => !named.has(line));
      return rest.length === 0 ? undefined : this.#deliver(batchOf(batch.level, rest));
    }
    const half = Math.ceil(lines.length / 2);
    await this.#deliver(batchOf(batch.level, lines.slice(0, half)));
    await this.#deliver(batchOf(batch.level, lines.slice(half)));
  }

  #refuse(level: MirrorLevel, lines: readonly string[], detail: string): void {
    this.#totals.refusedTotal += lines.length;
    this.#untold = { points: this.#untold.points + lines.length, detail };
    const { refused } = this.#files;
    const at = new Date(this.#options.clock.nowMs()).toISOString();
    const text = lines.map((line) => `${JSON.stringify({ at, level, line, detail })}\n`).join('');
    const size = statSync(refused, { throwIfNoEntry: false })?.size ?? 0;
    if (size + text.length <= REFUSED_BYTES_MAX) appendFileSync(refused, text);
  }

  #tellOfRefused(): void {
    const { points, detail } = this.#untold;
    if (points === 0) return;
    this.#untold = { points: 0, detail: '' };
    this.#options.onWarning(`${points} points were refused: ${detail} (see ${this.#files.refused})`);
  }

  /** `vitals store rewind` leaves word of where to begin again. */
  async #obeyRewind(): Promise<void> {
    await takeRewind(this.#files.rewind, async (toMs) => {
      const { position, stamp } = toMs === 0 ? BEFORE_ALL : await this.#options.source.markBefore(toMs);
      this.#goTo(least(this.#mark, { position, stamp }));
      this.#save();
      this.#options.onWarning(`begins again after position ${this.#mark.position}, as ordered`);
    });
  }

  /** A little before where it is: after the next start that is told again, as the mirror may be killed meanwhile. */
  #save(): void {
    this.#savedAtMs = this.#options.clock.monotonicMs();
    const lately = this.#toldLately().from;
    const mark = least(lately, this.#repeat?.from ?? lately);
    const [{ target }, madeAtMs, levelAtMs] = [this.#options, this.#madeAtMs, this.#levelAtMs];
    writeCursor(this.#files.cursor, { mark, madeAtMs, target, levelAtMs });
  }
}

function least(a: StoreMark, b: StoreMark): StoreMark {
  return { position: Math.min(a.position, b.position), stamp: Math.min(a.stamp, b.stamp) };
}

function most(a: StoreMark, b: StoreMark): StoreMark {
  return { position: Math.max(a.position, b.position), stamp: Math.max(a.stamp, b.stamp) };
}

function isAt(mark: StoreMark, target: StoreMark): boolean {
  return mark.position >= target.position && mark.stamp >= target.stamp;
}

function batchOf(level: MirrorLevel, lines: readonly string[]): LineBatch {
  return { level, text: lines.join('\n'), lines: lines.length };
}
