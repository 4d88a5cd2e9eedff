import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/base/index.ts';
import { Quality, type Reading } from '../../../src/model/index.ts';
import { sortedReadings, WindowEngine } from '../../../src/windows/index.ts';
import { LevelRows, levelStatsOf } from '../../../src/windows/level-rows.ts';

const NOON_MS = Date.UTC(2026, 5, 15, 12);

describe('levels that an hour is exceeded by', () => {
  it('are percentiles, linear between ranks, of the readings that count: 50, 52 ... 70 dB', () => {
    const values = [50, 70, 52, 68, Number.NaN, 54, 66, 56, 64, 58, 62, 60];
    const readings = sortedReadings(
      values.map((_, index) => NOON_MS + index),
      values,
    );
    expect(levelStatsOf(readings, NOON_MS, NOON_MS + 100)).toEqual({ l10: 68, l50: 60, l90: 52, max: 70 });
    expect(levelStatsOf(readings, NOON_MS + 100, NOON_MS + 200)).toBeUndefined();
  });

  it('of one a second come from counters of 0.1 dB, and are exact for tenths of a decibel', () => {
    // 40.0 to 75.9 dB, ten times each, in a wild order: ranks 359.9, 1799.5 and 3239.1 of 3600.
    const values = Array.from({ length: 3600 }, (_, index) => 40 + ((index * 7) % 360) / 10);
    const readings = sortedReadings(
      values.map((_, index) => NOON_MS + index * 1000),
      values,
    );
    const { l10, l50, l90, max } = levelStatsOf(readings, NOON_MS, NOON_MS + HOUR_MS)!;
    expect(l10).toBeCloseTo(72.31, 10);
    expect(l50).toBeCloseTo(57.95, 10);
    expect(l90).toBeCloseTo(43.59, 10);
    expect(max).toBe(75.9);
  });

  it('are remembered when their readings are gone, and after a restart', () => {
    const windows = engine();
    minutes(windows, NOON_MS, 60);
    windows.tick();
    minutes(windows, NOON_MS + HOUR_MS, 10 * 60);
    windows.tick();
    // 41 to 100 dB: position 53.1, 29.5 and 5.9 of 59.
    const stats = windows.view(0).levels(NOON_MS)!;
    expect(stats.l10).toBeCloseTo(94.1, 10);
    expect(stats.l50).toBeCloseTo(70.5, 10);
    expect(stats.l90).toBeCloseTo(46.9, 10);
    expect(stats.max).toBe(100);
    const restored = engine();
    const snapshot = windows.beginSnapshot();
    for (let piece = snapshot.next(); piece !== undefined; piece = snapshot.next())
      restored.restorePiece(piece.slice());
    expect(restored.view(0).levels(NOON_MS)).toEqual(stats);
  });

  it('stay when 99 series join the hour, and when it changes while a snapshot is written', () => {
    const windows = engine();
    windows.accept(reading(NOON_MS, 50));
    windows.tick();
    for (let number = 0; number < 99; number++) {
      windows.accept({ ...reading(NOON_MS + MINUTE_MS, 60), device: `other-${number}` });
    }
    windows.tick();
    expect(windows.view(0).levels(NOON_MS)).toMatchObject({ max: 50 });
    const snapshot = windows.beginSnapshot();
    windows.accept(reading(NOON_MS + 2 * MINUTE_MS, 70));
    windows.tick();
    expect(windows.view(0).levels(NOON_MS)).toMatchObject({ max: 70 });
    expect(windows.view(99).levels(NOON_MS)).toMatchObject({ max: 60 });
    const restored = engine();
    for (let piece = snapshot.next(); piece !== undefined; piece = snapshot.next())
      restored.restorePiece(piece.slice());
    expect(restored.view(0).levels(NOON_MS)).toMatchObject({ max: 50 });
  });

  it('follow a late reading', () => {
    const windows = engine();
    minutes(windows, NOON_MS, 59);
    windows.tick();
    minutes(windows, NOON_MS + HOUR_MS, 30);
    windows.tick();
    expect(windows.view(0).levels(NOON_MS)).toMatchObject({ max: 99 });
    windows.accept(reading(NOON_MS + 59 * MINUTE_MS, 120));
    windows.tick();
    expect(windows.view(0).levels(NOON_MS)).toMatchObject({ l50: 70.5, max: 120 });
  });

  it('of slow series are made of the readings themselves', () => {
    const windows = engine();
    for (const [index, value] of [50, 60].entries()) {
      windows.accept({ ...reading(NOON_MS + index * 15 * MINUTE_MS, value), expectEveryMs: 15 * MINUTE_MS });
    }
    windows.tick();
    expect(windows.view(0).levels(NOON_MS)).toMatchObject({ l50: 55, max: 60 });
    expect(windows.view(0).levels(NOON_MS + HOUR_MS)).toBeUndefined();
  });

  it('are not asked of what is no level', () => {
    const windows = engine();
    windows.accept({ ...reading(NOON_MS, 5), quantity: 'pm10' });
    windows.tick();
    expect(windows.view(0).levels(NOON_MS)).toBeUndefined();
  });
});

describe('rows of level statistics', () => {
  it('are those of their records, however many there are, and a copy is one of its own', () => {
    const rows = new LevelRows();
    for (let record = 0; record < 100; record += 3) rows.set(record, { l10: record, l50: 2, l90: 1, max: 200 });
    const copy = rows.copy();
    rows.set(99, undefined);
    expect(rows.get(99)).toBeUndefined();
    expect(copy.get(99)).toEqual({ l10: 99, l50: 2, l90: 1, max: 200 });
    expect(new LevelRows(rows.content.slice()).get(60)).toEqual(rows.get(60));
    expect(rows.get(1)).toBeUndefined();
  });
});

function engine(): WindowEngine {
  return new WindowEngine({
    clock: 'event',
    latenessMs: 15 * MINUTE_MS,
    horizonMs: 2 * HOUR_MS,
    counterGapMsMax: 3 * HOUR_MS,
    seriesMax: 100,
    silentAfterIntervals: 3,
    silentAfterMsMin: 5 * MINUTE_MS,
    timeZone: 'UTC',
    registerRateMaxPerHour: () => DAY_MS,
  });
}

/** 41, 42, 43 ... dB, one a minute. */
function minutes(windows: WindowEngine, fromMs: number, count: number): void {
  for (let minute = 0; minute < count; minute++) {
    windows.accept(reading(fromMs + minute * MINUTE_MS, 41 + (minute % 60)));
  }
}

function reading(timeMs: number, value: number): Reading {
  return {
    ...{ device: 'd', channel: '', quantity: 'laeq', value, timeMs, timeSource: 'device' },
    ...{ quality: Quality.good, periodMs: 0, expectEveryMs: MINUTE_MS },
  };
}
