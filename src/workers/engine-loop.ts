import type { Clock } from '../base/index.ts';
import type { KpiQuestion } from '../kpis/index.ts';
import type { RevisedValue, Series } from '../model/index.ts';
import type { StoreBatch, StoredKpis, StoreHistory } from '../store/index.ts';
import type { EngineStanding, LiveUpdate } from '../views/index.ts';
import type { WhyOutcome } from './engine-protocol.ts';
import type { EngineReader } from './engine-record.ts';
import type { Pipeline, PipelineTick } from './pipeline.ts';
import type { SnapshotFile, Snapshots } from './snapshots.ts';

const READ_BYTES_MAX = 4 << 20;
/** Batches that may be on their way to the store before the engine waits for it. */
const BATCHES_MAX = 3;

/** After a snapshot the engine works at least this many times as long as it took. */
const SNAPSHOT_REST_FACTOR = 20;

/** Writes batches in order; `position` is the newest one known to be committed. Questions see what is committed. */
export interface BatchWriter extends StoreHistory, StoredKpis {
  readonly position: number;
  write(batch: StoreBatch): Promise<void>;
}

export interface EngineLoopOptions {
  readonly pipeline: Pipeline;
  readonly reader: EngineReader;
  readonly writer: BatchWriter;
  /** Journal position that the store included at the start. */
  readonly storePosition: number;
  /** Basis of its KPI values; undefined when it does not say. */
  readonly storeBasis?: string | undefined;
  readonly snapshots: Snapshots;
  readonly snapshotEveryMs: number;
  readonly clock: Clock;
  onTick(update: LiveUpdate, standing: EngineStanding): void;
  /** The store includes everything up to the sequence. */
  onStored(sequence: number): void;
  /** A snapshot is on disk and the store includes it: the journal before it is not needed any more. */
  onSafe(sequence: number, newestSnapshot: number): void;
  /** Something that somebody should know, and that the engine lives with. */
  onWarning(text: string): void;
}

/**
 * Carries records from the journal through the pipeline to the store. It reads the journal's files itself, so nothing
 * queues in memory however far it lags; a slow store slows it.
 */
export class EngineLoop {
  readonly #options: EngineLoopOptions;
  readonly #writes: Promise<void>[] = [];
  /** New in ticks that the store included at the start; they go with the first one that it does not. */
  readonly #untoldSeries: Series[] = [];
  #durable: number;
  /** Something came since the loop went to sleep last: it may have come while the loop was busy. */
  #isWoken = false;
  #endSleep: () => void = () => {};
  #stopping = false;
  /** What was published under another configuration has been looked at again. */
  #hasLookedAgain = false;
  /** The question that waits for the end of a tick. */
  #question: { readonly question: KpiQuestion; readonly tell: (outcome: WhyOutcome) => void } | undefined;
  #snapshotDueMs: number;
  /** The one that is being written. */
  #snapshot: SnapshotFile | undefined;
  #snapshotTookMs = 0;
  #snapshotSequence = 0;
  #oldestSnapshot = 0;
  /** Sequence of the one that was begun last. */
  #newestSnapshot = 0;

  constructor(options: EngineLoopOptions) {
    this.#options = options;
    this.#durable = options.pipeline.sequence;
    this.#snapshotDueMs = options.clock.monotonicMs() + options.snapshotEveryMs;
  }

  /** Tells how far the journal is durable. */
  advance(durableSequence: number): void {
    this.#durable = Math.max(this.#durable, durableSequence);
    this.#wake();
  }

  /** Takes a question, to be answered between two ticks; one at a time. */
  ask(question: KpiQuestion, tell: (outcome: WhyOutcome) => void): void {
    if (this.#question === undefined) this.#question = { question, tell };
    else tell({ error: 'another question is being answered' });
    this.#wake();
  }

  /** Lets `run` return after the record at hand; what it did not take is taken after the next start. */
  stop(): void {
    this.#stopping = true;
    this.#wake();
  }

  /** Runs until `stop`. Rejects when journal or store refuse for good. */
  async run(): Promise<void> {
    const { pipeline, reader } = this.#options;
    while (!this.#stopping) {
      await this.#betweenTicks();
      if (pipeline.sequence >= this.#durable) {
        await this.#idle();
        continue;
      }
      const records = await reader.read(pipeline.sequence, this.#durable, READ_BYTES_MAX);
      for (const record of records) {
        if (this.#stopping) break;
        // Of thousands of records one ends a tick: only then is there something to wait for.
        if (!pipeline.take(record)) continue;
        await this.#endTick(record.sequence);
        await this.#betweenTicks();
      }
    }
    await Promise.all(this.#writes);
    await this.#snapshot?.giveUp();
  }

  /** While nothing comes, what was taken is put into a snapshot: a full journal can then be trimmed up to here. */
  async #idle(): Promise<void> {
    const { pipeline, clock } = this.#options;
    this.#tellSafe();
    const isDue = pipeline.isSettled && clock.monotonicMs() >= this.#snapshotDueMs;
    if (this.#snapshot !== undefined) await this.#stepSnapshot();
    else if (isDue && pipeline.sequence > this.#newestSnapshot) await this.#beginSnapshot();
    else await this.#sleep();
  }

  /** What is done where a tick has ended: the store then has all that the engine has. */
  async #betweenTicks(): Promise<void> {
    const { pipeline, storePosition } = this.#options;
    if (!pipeline.isSettled) return;
    if (!this.#hasLookedAgain && pipeline.sequence >= storePosition) {
      this.#hasLookedAgain = true;
      await this.#lookAgain();
    }
    await this.#answer();
  }

  /** The basis is written last: what a kill leaves undone is done at the next start. */
  async #lookAgain(): Promise<void> {
    const { pipeline, writer, storeBasis, clock, onTick } = this.#options;
    await Promise.all(this.#writes.splice(0));
    for await (const values of pipeline.lookAgain(storeBasis, writer)) {
      await writer.write(pipeline.batchOf(values));
      const { accounting, late, outages, events, nowMs } = pipeline.standing();
      const kpis = toldValues(values);
      const update = { sequence: pipeline.sequence, atMs: clock.nowMs(), kpis, devices: [], accounting };
      onTick(update, { nowMs, late, outages, events });
    }
    if (storeBasis !== pipeline.basis) await writer.write(pipeline.batchOf([], pipeline.basis));
  }

  /** Answers the question that waits, where a tick has ended: the store then has all that the engine has. */
  async #answer(): Promise<void> {
    const { pipeline, writer, storePosition } = this.#options;
    if (this.#question === undefined) return;
    const { question, tell } = this.#question;
    if (pipeline.sequence < storePosition) {
      this.#question = undefined;
      tell({ error: 'the engine still reads what was before its start' });
      return;
    }
    await Promise.all(this.#writes.splice(0));
    try {
      tell({ answer: (await pipeline.explain(question, writer)) ?? null });
    } catch (error) {
      // A question changes nothing: readings are taken on, whatever is wrong with an answer.
      this.#options.onWarning(`a value could not be explained: ${(error as Error).message}`);
      tell({ error: 'it cannot take this value apart; its log says more' });
    } finally {
      this.#question = undefined;
    }
  }

  async #endTick(sequence: number): Promise<void> {
    const { pipeline, writer, storePosition } = this.#options;
    const isStored = sequence <= storePosition;
    if (pipeline.isLateDue) {
      await Promise.all(this.#writes.splice(0));
      await pipeline.rebuildLate(writer, isStored);
    }
    if (pipeline.isAgainDue) {
      await Promise.all(this.#writes.splice(0));
      await pipeline.decodeAgain(writer);
    }
    if (pipeline.closeWindows(isStored)) {
      await Promise.all(this.#writes.splice(0));
      await pipeline.readBack(writer);
    }
    await this.#finishTick(pipeline.flush());
  }

  async #finishTick(tick: PipelineTick): Promise<void> {
    const { clock, onTick } = this.#options;
    const { batch, accounting, late, outages, events, nowMs } = tick;
    const update: LiveUpdate = {
      sequence: batch.position,
      atMs: clock.nowMs(),
      kpis: toldValues(batch.kpis),
      devices: batch.devices,
      accounting,
    };
    this.#writes.push(this.#store(batch));
    if (this.#writes.length >= BATCHES_MAX) await this.#writes.shift();
    onTick(update, { nowMs, late, outages, events });
    this.#tellSafe();
    if (this.#snapshot !== undefined) await this.#stepSnapshot();
    else if (clock.monotonicMs() >= this.#snapshotDueMs) await this.#beginSnapshot();
  }

  /**
   * What the store includes already is not written again: a kill in the middle of that would leave older panes beside a
   * position that claims the newer ones, and a snapshot between the two would never make them again.
   */
  async #store(batch: StoreBatch): Promise<void> {
    const { writer, storePosition, onStored } = this.#options;
    if (batch.position <= storePosition) {
      // Under another configuration there may be some that the store has never seen.
      for (const series of batch.series) this.#untoldSeries.push(series);
      return;
    }
    const series = this.#untoldSeries.length === 0 ? batch.series : [...this.#untoldSeries.splice(0), ...batch.series];
    await writer.write({ ...batch, series });
    onStored(writer.position);
  }

  /** Once the store includes the newest snapshot, the journal before the oldest one is not needed any more. */
  #tellSafe(): void {
    const { writer, storePosition, onSafe } = this.#options;
    if (this.#snapshotSequence === 0 || Math.max(storePosition, writer.position) < this.#snapshotSequence) return;
    onSafe(this.#oldestSnapshot, this.#snapshotSequence);
    this.#snapshotSequence = 0;
  }

  async #beginSnapshot(): Promise<void> {
    const { pipeline, snapshots } = this.#options;
    this.#snapshotTookMs = 0;
    await this.#timed(() => {
      this.#snapshot = snapshots.begin(pipeline.beginSnapshot());
      this.#newestSnapshot = pipeline.sequence;
    });
    await this.#stepSnapshot();
  }

  /** Writes a little of the snapshot on its way. What it is to say is fixed since it was begun. */
  async #stepSnapshot(): Promise<void> {
    const { clock, snapshotEveryMs, onWarning } = this.#options;
    const snapshot = this.#snapshot!;
    try {
      let oldest: number | undefined;
      await this.#timed(async () => {
        oldest = await snapshot.step();
      });
      if (oldest === undefined) return;
      this.#oldestSnapshot = oldest;
      this.#snapshotSequence = snapshot.sequence;
    } catch (error) {
      // The journal keeps all that a snapshot would have spared: the next start takes longer, nothing is lost.
      onWarning(`a snapshot could not be written: ${(error as Error).message}`);
    }
    this.#snapshot = undefined;
    const restMs = Math.max(snapshotEveryMs, SNAPSHOT_REST_FACTOR * this.#snapshotTookMs);
    this.#snapshotDueMs = clock.monotonicMs() + restMs;
  }

  async #timed(work: () => void | Promise<void>): Promise<void> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    await work();
    this.#snapshotTookMs += clock.monotonicMs() - startMs;
  }

  #wake(): void {
    this.#isWoken = true;
    this.#endSleep();
  }

  /** Until something comes; not at all when it came already. */
  async #sleep(): Promise<void> {
    if (!this.#isWoken) {
      await new Promise<void>((resolve) => {
        this.#endSleep = resolve;
      });
    }
    this.#isWoken = false;
  }
}

/** Corrected values of older windows that one update carries: a year that is rebuilt has far more. */
const REVISED_TOLD_MAX = 1_000;

/** What live views show: the newest window of every KPI of zones and city, and before them what was corrected. */
function toldValues(kpis: readonly RevisedValue[]): RevisedValue[] {
  const newest = new Map<string, RevisedValue>();
  const revised = new Set<RevisedValue>();
  for (const value of kpis) {
    if (value.zone.startsWith('device:')) continue;
    if (value.revision > 0) revised.add(value);
    const key = `${value.kpi}\n${value.zone}`;
    const before = newest.get(key);
    if (before === undefined || value.startMs >= before.startMs) newest.set(key, value);
  }
  for (const value of newest.values()) revised.delete(value);
  return [...[...revised].slice(-REVISED_TOLD_MAX), ...newest.values()];
}
