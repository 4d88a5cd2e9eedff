import { describe, expect, it } from 'vitest';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/base/index.ts';
import { citySchema } from '../../../src/config/index.ts';
import type { Decoded, Intake } from '../../../src/intake/index.ts';
import type { JournalRecord } from '../../../src/journal/index.ts';
import { type Pane, Quality, type Series } from '../../../src/model/index.ts';
import type { StoreBatch } from '../../../src/store/index.ts';
import { Pipeline } from '../../../src/workers/pipeline.ts';
import { MemoryStore } from '../../property/support/memory-store.ts';
import { snapshotOf } from '../../property/support/snapshots.ts';

const NOON_MS = Date.UTC(2026, 5, 10, 12);

/** A store that also says which series it has. */
class KnowingStore extends MemoryStore {
  readonly series: Series[] = [];

  override apply(batch: StoreBatch): void {
    for (const series of batch.series) this.series[series.id] = series;
    super.apply(batch);
  }

  /** Readings that an hour of a device counts. */
  hourOf(device: string, startMs: number): number | undefined {
    return this.#pane(device, startMs)?.count;
  }

  increaseOf(device: string, startMs: number): number | undefined {
    return this.#pane(device, startMs)?.increase;
  }

  #pane(device: string, startMs: number): Pane | undefined {
    const { id } = this.series.find((one) => one?.device === device)!;
    return this.panes.get(`${id} hour ${startMs}`)?.pane;
  }
}

interface Sent {
  readonly device: string;
  readonly timeMs: number;
  /** Of a meter, m3. */
  readonly register?: number;
}

/** What a process does: it begins with a configuration, reads records, and ends. */
class Town {
  readonly store = new KnowingStore();
  #sequence = 0;

  begin({ horizon, seriesMax = 50 }: { readonly horizon: string; readonly seriesMax?: number }): Pipeline {
    const config = citySchema.parse({
      city: { id: 'town', name: 'Town', timeZone: 'UTC' },
      zones: [{ id: 'west', name: 'West', population: 1000 }],
      devices: [{ match: 'air-*', zone: 'west' }],
      windows: { lateness: '10m', horizon, seriesMax },
    });
    return new Pipeline(config, intake, { stored: this.store.series });
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Each minute one message of each device and a mark. @returns the records */
  minutes(pipeline: Pipeline, fromMs: number, toMs: number, devices: readonly string[]): Promise<void> {
    return this.take(pipeline, this.recordsOf(fromMs, toMs, devices));
  }

  recordsOf(fromMs: number, toMs: number, devices: readonly string[]): JournalRecord[] {
    const records: JournalRecord[] = [];
    for (let atMs = fromMs; atMs < toMs; atMs += MINUTE_MS) {
      for (const device of devices) records.push(this.message(atMs, { device, timeMs: atMs }));
      records.push({ kind: 'mark', sequence: ++this.#sequence, atMs });
    }
    return records;
  }

  message(receivedAtMs: number, sent: Sent): JournalRecord {
    const payload = new TextEncoder().encode(JSON.stringify(sent));
    const message = { topic: 't', payload, payloadBytes: payload.length, clientId: 'c', receivedAtMs, flags: 0 };
    return { kind: 'message', sequence: ++this.#sequence, message };
  }

  /** @param storedUpTo what the store included when the process began */
  async take(pipeline: Pipeline, records: readonly JournalRecord[], storedUpTo = 0): Promise<void> {
    for (const record of records) {
      if (!pipeline.take(record)) continue;
      const isStored = record.sequence <= storedUpTo;
      if (pipeline.isLateDue) await pipeline.rebuildLate(this.store, isStored);
      if (pipeline.closeWindows(isStored)) await pipeline.readBack(this.store);
      const { batch } = pipeline.flush();
      if (!isStored) this.store.apply(batch);
    }
  }
}

const intake: Intake = (message): Decoded => {
  const { device, timeMs, register } = JSON.parse(new TextDecoder().decode(message.payload)) as Sent;
  const measured =
    register === undefined
      ? { quantity: 'pm2_5', value: 1 + (timeMs % 7), expectEveryMs: MINUTE_MS }
      : { quantity: 'water_volume', value: register, expectEveryMs: HOUR_MS };
  const reading = {
    ...{ device, timeMs, channel: '', timeSource: 'device' as const, quality: Quality.good, periodMs: 0 },
    ...measured,
  };
  return { kind: 'decoded', profile: 'test', gateway: '', readings: [reading], rejects: [] };
};

describe('a start with another configuration, or with less of the journal', () => {
  it('makes hours that a longer horizon reaches of what is stored, and counts nothing again', async () => {
    const town = new Town();
    const before = town.begin({ horizon: '1h' });
    await town.minutes(before, NOON_MS - 8 * HOUR_MS, NOON_MS, ['air-1']);
    const { state, pieces } = snapshotOf(before);

    let after = town.begin({ horizon: '12h' });
    await after.restore(state, pieces);
    after.adoptStored();
    await town.take(after, [
      town.message(NOON_MS, { device: 'air-1', timeMs: NOON_MS - 5 * HOUR_MS + 30 * SECOND_MS }),
      town.message(NOON_MS, { device: 'air-1', timeMs: NOON_MS - 6 * HOUR_MS }),
      town.message(NOON_MS, { device: 'air-1', timeMs: NOON_MS - 10 * MINUTE_MS + 30 * SECOND_MS }),
    ]);
    await town.minutes(after, NOON_MS, NOON_MS + 3 * MINUTE_MS, ['air-1']);
    // What is missing is remembered across one more start.
    const again = snapshotOf(after);
    after = town.begin({ horizon: '12h' });
    await after.restore(again.state, again.pieces);
    after.adoptStored();
    await town.take(after, [
      town.message(NOON_MS, { device: 'air-1', timeMs: NOON_MS - 7 * HOUR_MS + 30 * SECOND_MS }),
    ]);
    await town.minutes(after, NOON_MS + 3 * MINUTE_MS, NOON_MS + 6 * MINUTE_MS, ['air-1']);

    const hours = Array.from({ length: 8 }, (_, at) => town.store.hourOf('air-1', NOON_MS + (at - 8) * HOUR_MS));
    expect(hours).toEqual([60, 61, 60, 61, 60, 60, 60, 61]);
  });

  it('keeps the numbers of series, and stored panes whole, where the journal begins later and no snapshot is left', async () => {
    const town = new Town();
    await town.minutes(town.begin({ horizon: '2h' }), NOON_MS - HOUR_MS, NOON_MS + 30 * MINUTE_MS, ['air-1', 'air-2']);
    const known = town.store.series.map(({ device }) => device);

    const after = town.begin({ horizon: '2h' });
    after.startAt(town.sequence);
    after.adoptStored();
    await town.minutes(after, NOON_MS + 30 * MINUTE_MS, NOON_MS + 90 * MINUTE_MS, ['air-3', 'air-2', 'air-1']);

    expect(known).toEqual(['air-1', 'air-2']);
    expect(town.store.series.map(({ device }) => device)).toEqual(['air-1', 'air-2', 'air-3']);
    for (const device of known) {
      expect(town.store.hourOf(device, NOON_MS - HOUR_MS)).toBe(60);
      expect(town.store.hourOf(device, NOON_MS)).toBe(60);
      expect(town.store.hourOf(device, NOON_MS + HOUR_MS)).toBe(30);
    }
  });

  it.each([false, true])(
    'joins registers to what the store has of them (with another start in between: %s)',
    async (isBroken) => {
      const town = new Town();
      const meter = (atMs: number) => {
        const records: JournalRecord[] = [];
        // A meter that reports at 20 past, 1 m3 an hour.
        if (atMs % HOUR_MS === 20 * MINUTE_MS) {
          records.push(town.message(atMs, { device: 'meter-1', timeMs: atMs, register: atMs / HOUR_MS }));
        }
        records.push(...town.recordsOf(atMs, atMs + MINUTE_MS, ['air-1']));
        return records;
      };
      const run = async (pipeline: Pipeline, fromMs: number, toMs: number) => {
        for (let atMs = fromMs; atMs < toMs; atMs += MINUTE_MS) await town.take(pipeline, meter(atMs));
      };
      await run(town.begin({ horizon: '2h' }), NOON_MS - 4 * HOUR_MS, NOON_MS + 30 * MINUTE_MS);

      let after = town.begin({ horizon: '2h' });
      after.startAt(town.sequence);
      after.adoptStored();
      await run(after, NOON_MS + 30 * MINUTE_MS, NOON_MS + 50 * MINUTE_MS);
      if (isBroken) {
        const { state, pieces } = snapshotOf(after);
        after = town.begin({ horizon: '2h' });
        await after.restore(state, pieces);
        after.adoptStored();
      }
      await run(after, NOON_MS + 50 * MINUTE_MS, NOON_MS + 4 * HOUR_MS);

      const increases = [-3, -2, -1, 0, 1, 2].map((at) => town.store.increaseOf('meter-1', NOON_MS + at * HOUR_MS));
      for (const increase of increases) expect(increase).toBeCloseTo(1, 9);
      expect(town.store.hourOf('air-1', NOON_MS)).toBe(60);
    },
  );

  it('goes on from a snapshot with more series than may be now', async () => {
    const town = new Town();
    const before = town.begin({ horizon: '2h' });
    await town.minutes(before, NOON_MS, NOON_MS + 5 * MINUTE_MS, ['air-1', 'air-2', 'air-3']);
    const { state, pieces } = snapshotOf(before);
    const after = town.begin({ horizon: '2h', seriesMax: 1 });
    await after.restore(state, pieces);
    after.adoptStored();
    await town.minutes(after, NOON_MS + 5 * MINUTE_MS, NOON_MS + 9 * MINUTE_MS, ['air-4', 'air-3']);
    expect(town.store.series.map(({ device }) => device)).toEqual(['air-1', 'air-2', 'air-3']);
    expect(town.store.hourOf('air-3', NOON_MS)).toBe(9);
  });

  it('tells of series that the store does not have, and gives new numbers behind those that it has', async () => {
    const town = new Town();
    const before = town.begin({ horizon: '2h', seriesMax: 1 });
    await town.minutes(before, NOON_MS, NOON_MS + 5 * MINUTE_MS, ['air-1', 'air-2']);
    const { state, pieces } = snapshotOf(before);
    const replayed = town.recordsOf(NOON_MS + 5 * MINUTE_MS, NOON_MS + 8 * MINUTE_MS, ['air-1', 'air-2']);
    await town.take(before, replayed);

    const after = town.begin({ horizon: '2h', seriesMax: 9 });
    await after.restore(state, pieces);
    after.adoptStored();
    await town.take(after, replayed, town.sequence);
    const kept = snapshotOf(after);
    // Ended before a batch with the new series was written: the snapshot knows it, and the store does not.
    const last = town.begin({ horizon: '2h', seriesMax: 9 });
    await last.restore(kept.state, kept.pieces);
    last.adoptStored();
    await town.minutes(last, NOON_MS + 8 * MINUTE_MS, NOON_MS + 9 * MINUTE_MS, ['air-1', 'air-2']);
    expect(town.store.series.map(({ device }) => device)).toEqual(['air-1', 'air-2']);
  });

  it('refuses a snapshot of another store', async () => {
    const town = new Town();
    const before = town.begin({ horizon: '2h' });
    await town.minutes(before, NOON_MS, NOON_MS + MINUTE_MS, ['air-1']);
    const { state, pieces } = snapshotOf(before);
    const other = new Town();
    await other.minutes(other.begin({ horizon: '2h' }), NOON_MS, NOON_MS + MINUTE_MS, ['air-9']);
    const after = other.begin({ horizon: '2h' });
    await after.restore(state, pieces);
    expect(() => after.adoptStored()).toThrow(expect.objectContaining({ code: 'series_mismatch' }));
  });
});
