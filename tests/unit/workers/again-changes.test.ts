import { describe, expect, it } from 'vitest';
import { Quality, type Reading } from '../../../src/model/index.ts';
import { ReadingStatus, type StoredReading } from '../../../src/store/index.ts';
import { againChanges } from '../../../src/workers/again-changes.ts';

const SERIES = 3;
const TIME_MS = 60_000;
const DAY = { device: 'air-1', quantity: 'pm2_5', channel: '', timeMs: TIME_MS };

type Said = readonly [sequence: number, value: number, quality: Quality];

const stored = ([sequence, value, quality]: Said): StoredReading => {
  return { series: SERIES, timeMs: TIME_MS, value, quality, status: ReadingStatus.again, sequence };
};

/** What the store holds of one identity, and what is corrected, after some messages were decoded again. */
function again(rows: readonly Said[], messages: readonly number[], given: readonly Said[]) {
  const readings = given.map(([sequence, value, quality], index) => {
    return { series: SERIES, sequence, index, reading: { ...DAY, value, quality } as Reading };
  });
  const changes = againChanges(new Set(messages), readings, rows.map(stored));
  const kept = changes.identities.length === 0 ? rows : changes.rows.map(said);
  return { kept: [...kept].sort(([a], [b]) => a - b), corrected: changes.corrections.map(({ value }) => value) };
}

function said({ sequence, value, quality }: StoredReading): Said {
  return [sequence, value, quality as Quality];
}

describe('messages that speak of one identity, decoded again one after the other', () => {
  const { good, bad } = Quality;

  it('keep a bad reading that came first, for the time when the good one is gone', () => {
    const first = again([[2, 24, good]], [1], [[1, 5, bad]]);
    expect(first).toEqual({
      kept: [
        [1, 5, bad],
        [2, 24, good],
      ],
      corrected: [],
    });
    expect(again(first.kept, [2], [])).toEqual({ kept: [[1, 5, bad]], corrected: [Number.NaN] });
  });

  it('forget a bad reading that is not given any more, though a good one stands', () => {
    const rows: Said[] = [
      [1, 5, bad],
      [2, 24, good],
    ];
    const first = again(rows, [1], []);
    expect(first).toEqual({ kept: [[2, 24, good]], corrected: [] });
    expect(again(first.kept, [2], [])).toEqual({ kept: [], corrected: [undefined] });
  });

  it('change nothing when they say what they said', () => {
    const rows: Said[] = [
      [1, 5, bad],
      [2, 24, good],
      [3, 7, good],
    ];
    for (const one of rows) expect(again(rows, [one[0]], [one])).toEqual({ kept: rows, corrected: [] });
    expect(again(rows, [1, 2, 3], rows)).toEqual({ kept: rows, corrected: [] });
  });
});
