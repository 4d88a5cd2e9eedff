import { describe, expect, it } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import type { JournalReader, JournalRecord } from '../../../src/journal/index.ts';
import type { StoreBatch } from '../../../src/store/index.ts';
import { type BatchWriter, EngineLoop } from '../../../src/workers/engine-loop.ts';
import type { Pipeline, PipelineSnapshot } from '../../../src/workers/pipeline.ts';
import type { Snapshots } from '../../../src/workers/snapshots.ts';

const EMPTY = { readings: {}, series: [], devices: [], panes: [], kpis: [], quarantine: [] };

const unasked = () => Promise.reject(new Error('the loop itself asks nothing'));
type LoopOptions = ConstructorParameters<typeof EngineLoop>[0];
const unexpected = () => expect.fail('nothing is to be told');
const NO_HISTORY = { readingsAround: unasked, panesOf: unasked, heardHours: unasked, kpiRevisions: unasked };

/** Ten marks, each of which ends a tick, behind a snapshot at 0 and a store that includes the first six. */
async function runLoop(
  storePosition: number,
  lateDueAt: readonly number[] = [],
  oldLooksAt: readonly number[] = [],
  newSeriesAt: readonly number[] = [],
) {
  const written: number[] = [];
  const series: [at: number, id: number][] = [];
  const stored: number[] = [];
  const snapshots: number[] = [];
  const safe: number[] = [];
  const rebuilt: { at: number; committed: number }[] = [];
  const readBack: { at: number; committed: number }[] = [];
  const clock = manualClock(0);
  const pipeline = {
    sequence: 0,
    take(record: JournalRecord) {
      this.sequence = record.sequence;
      clock.advance(1_000);
      return true;
    },
    get isLateDue() {
      return lateDueAt.includes(this.sequence);
    },
    async rebuildLate(history: unknown) {
      expect(history).toBe(writer);
      rebuilt.push({ at: this.sequence, committed: writer.position });
    },
    closeWindows() {
      return oldLooksAt.includes(this.sequence);
    },
    async readBack(history: unknown) {
      expect(history).toBe(writer);
      readBack.push({ at: this.sequence, committed: writer.position });
    },
    flush() {
      const series = newSeriesAt.includes(this.sequence) ? [{ id: this.sequence }] : [];
      return { batch: { ...EMPTY, series, position: this.sequence }, accounting: {} };
    },
    beginSnapshot() {
      return { state: { sequence: this.sequence } };
    },
  };
  const reader: JournalReader = {
    read: async (after, upTo) =>
      Array.from({ length: upTo - after }, (_, index) => ({ kind: 'mark', sequence: after + index + 1, atMs: 0 })),
    firstSequenceSince: async () => 1,
    close: async () => undefined,
  };
  const writer = {
    position: 0,
    ...NO_HISTORY,
    async write(batch: StoreBatch) {
      written.push(batch.position);
      for (const { id } of batch.series) series.push([batch.position, id]);
      // The commit takes its time: what asks meanwhile would miss the batch.
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      this.position = batch.position;
    },
  };
  const loop: EngineLoop = new EngineLoop({
    pipeline: pipeline as unknown as Pipeline,
    reader,
    writer: writer as unknown as BatchWriter,
    storePosition,
    snapshots: {
      begin: ({ state }: PipelineSnapshot) => ({
        sequence: state.sequence,
        step: async () => {
          snapshots.push(state.sequence);
          // The oldest of the three that are kept.
          return snapshots.slice(-3)[0];
        },
        giveUp: async () => undefined,
      }),
    } as unknown as Snapshots,
    snapshotEveryMs: 2_000,
    clock,
    onTick: ({ sequence }) => {
      if (sequence === 10) loop.stop();
    },
    onStored: (sequence) => stored.push(sequence),
    onSafe: (sequence) => safe.push(sequence),
    onWarning: (text) => expect.fail(text),
  });
  loop.advance(10);
  await loop.run();
  return { written, stored, snapshots, safe, rebuilt, readBack, series };
}

describe('the engine loop', () => {
  it('does not write again what the store includes, so that no kill can leave older panes there', async () => {
    const { written, stored } = await runLoop(6);
    expect(written).toEqual([7, 8, 9, 10]);
    expect(stored).toEqual([7, 8, 9, 10]);
  });

  it('tells of series that are new in what the store includes with the first batch that it does not', async () => {
    const { series } = await runLoop(6, [], [], [2, 5, 7, 9]);
    expect(series).toEqual([
      [7, 2],
      [7, 5],
      [7, 7],
      [9, 9],
    ]);
  });

  it('holds the journal behind the oldest snapshot kept, once the store includes the newest', async () => {
    const { snapshots, safe } = await runLoop(6);
    expect(snapshots).toEqual([2, 4, 6, 8, 10]);
    expect(safe).toEqual([2, 2, 2, 4]);
  });

  it('rebuilds late hours behind the commits of all earlier batches, and again when the journal is replayed', async () => {
    const { rebuilt, written } = await runLoop(6, [3, 8, 10]);
    expect(rebuilt).toEqual([
      { at: 3, committed: 0 },
      { at: 8, committed: 7 },
      { at: 10, committed: 9 },
    ]);
    expect(written).toEqual([7, 8, 9, 10]);
  });

  it('reads old hours back behind the commits of all earlier batches, and only where KPIs look at them', async () => {
    const { readBack, written } = await runLoop(6, [8], [4, 8, 9]);
    expect(readBack).toEqual([
      { at: 4, committed: 0 },
      { at: 8, committed: 7 },
      { at: 9, committed: 8 },
    ]);
    expect(written).toEqual([7, 8, 9, 10]);
  });

  it('ends when it is told to while it looks again at what was published', async () => {
    let loop: EngineLoop;
    const pipeline = {
      ...{ sequence: 0, isSettled: true, basis: 'now' },
      lookAgain() {
        // The start failed elsewhere, before the loop went to sleep for the first time.
        loop.stop();
        return [];
      },
      batchOf: () => ({ ...EMPTY, position: 0 }),
    };
    loop = new EngineLoop({
      ...({ pipeline, writer: { write: async () => undefined } } as unknown as Pick<
        LoopOptions,
        'pipeline' | 'writer'
      >),
      ...({ reader: {}, snapshots: {} } as unknown as Pick<LoopOptions, 'reader' | 'snapshots'>),
      ...{ storePosition: 0, storeBasis: 'before', snapshotEveryMs: 1_000, clock: manualClock(0) },
      ...{ onTick: unexpected, onStored: unexpected, onSafe: unexpected, onWarning: unexpected },
    });
    await loop.run();
  });

  it('writes everything to a new store', async () => {
    expect((await runLoop(0)).written).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});
