import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS, localDay, MINUTE_MS } from '../../../src/base/index.ts';
import { type Pane, paneAt, paneLevelAt, Quality, type Reading } from '../../../src/model/index.ts';
import {
  hourIsValid,
  mergePanes,
  paneValue,
  sortedReadings,
  type ToldPanes,
  WindowEngine,
  type WindowSettings,
  type WindowTick,
} from '../../../src/windows/index.ts';

const NOON_MS = Date.UTC(2026, 5, 15, 12);

describe('the window engine', () => {
  it('counts a reading once and keeps the first of two that contradict each other', () => {
    const windows = engine();
    expect(windows.accept(reading({ value: 10 })).outcome).toBe('counted');
    expect(windows.accept(reading({ value: 10 })).outcome).toBe('duplicate');
    expect(windows.accept(reading({ value: 11 })).outcome).toBe('conflict');
    windows.tick();
    expect(hour(windows, NOON_MS)).toMatchObject({ count: 1, sum: 10 });
  });

  it('lets a value take the place of no value, whichever comes first', () => {
    for (const order of [
      [Number.NaN, 7],
      [7, Number.NaN],
    ]) {
      const windows = engine();
      for (const value of order)
        windows.accept(reading({ value, quality: Number.isNaN(value) ? Quality.bad : Quality.good }));
      windows.tick();
      expect(hour(windows, NOON_MS)).toMatchObject({ count: 1, invalidCount: 0, sum: 7 });
    }
  });

  it('keeps bad readings for coverage and out of the value', () => {
    const windows = engine();
    for (let minute = 0; minute < 60; minute++) {
      const quality = minute < 20 ? Quality.bad : Quality.good;
      windows.accept(
        reading({ timeMs: NOON_MS + minute * MINUTE_MS, value: quality === Quality.bad ? Number.NaN : 5, quality }),
      );
    }
    windows.tick();
    const pane = hour(windows, NOON_MS)!;
    expect(pane).toMatchObject({ count: 40, invalidCount: 20, coveredSlots: 40, expectedSlots: 60 });
    expect(hourIsValid('gauge', pane)).toBe(false);
  });

  it('was heard in an hour when its readings say so now, also where a bad one moved and the pane is the same', () => {
    const windows = engine({ latenessMs: 0 });
    const at = (minute: number): number => NOON_MS + minute * MINUTE_MS;
    windows.accept(reading({ timeMs: at(5), value: 10 }));
    windows.accept(reading({ timeMs: at(40), value: Number.NaN, quality: Quality.bad }));
    windows.accept(reading({ timeMs: at(100), value: 10 }));
    windows.tick();
    const heardMinute = () => (windows.view(0).heardMs(NOON_MS, NOON_MS + HOUR_MS) - NOON_MS) / MINUTE_MS;
    expect(heardMinute()).toBe(40);
    windows.correct({ series: 0, timeMs: at(20), value: Number.NaN, before: undefined });
    windows.correct({ series: 0, timeMs: at(40), value: undefined, before: Number.NaN });
    windows.tick();
    expect(hour(windows, NOON_MS)).toMatchObject({ count: 1, invalidCount: 1 });
    expect(heardMinute()).toBe(20);
  });

  it('takes 45 of 60 minutes as a valid hour and 44 as not', () => {
    for (const [minutes, valid] of [
      [45, true],
      [44, false],
    ] as const) {
      const windows = engine();
      for (let minute = 0; minute < minutes; minute++)
        windows.accept(reading({ timeMs: NOON_MS + minute * MINUTE_MS }));
      windows.tick();
      expect(hourIsValid('gauge', hour(windows, NOON_MS)!)).toBe(valid);
    }
  });

  it('does not mind seconds of jitter around the minute', () => {
    const windows = engine();
    for (let minute = 0; minute < 180; minute++) {
      windows.accept(reading({ timeMs: NOON_MS + minute * MINUTE_MS + (minute % 2 === 0 ? -2_000 : 2_000) }));
    }
    windows.tick();
    expect(hourIsValid('gauge', hour(windows, NOON_MS + HOUR_MS)!)).toBe(true);
  });

  it.each([4, 6, 7, 8, 10, 24, 25, 40, 45, 50].flatMap((minutes) => [0, 1, 3].map((from) => [minutes, from] as const)))(
    'takes all hours and quarters of a device as valid that reports every %i minutes from %i past on',
    (minutes, from) => {
      const windows = engine();
      const expectEveryMs = minutes * MINUTE_MS;
      for (let at = from; at < 26 * 60; at += minutes) {
        windows.accept(reading({ timeMs: NOON_MS + at * MINUTE_MS, expectEveryMs }));
      }
      windows.tick();
      const hours = windows.view(0).hours(NOON_MS, NOON_MS + DAY_MS);
      expect(hours.length).toBe(24);
      expect(hours.filter((pane) => !hourIsValid('gauge', pane))).toEqual([]);
      const quarters = windows.view(0).quarters(NOON_MS, NOON_MS + DAY_MS);
      expect(quarters.filter((pane) => !hourIsValid('gauge', pane))).toEqual([]);
      // Neither is anything lost or won where they are put together.
      const { coveredSlots, expectedSlots } = mergePanes(hours, NOON_MS, NOON_MS + DAY_MS, expectEveryMs);
      expect([coveredSlots, expectedSlots]).toEqual([Math.floor(1440 / minutes), Math.floor(1440 / minutes)]);
    },
  );

  it('does not let half an hour of hurried readings stand for the whole', () => {
    const windows = engine();
    for (let second = 0; second < 30 * 60; second += 10) windows.accept(reading({ timeMs: NOON_MS + second * 1_000 }));
    windows.tick();
    expect(hourIsValid('gauge', hour(windows, NOON_MS)!)).toBe(false);
  });

  it('remembers the quarter-hours of SO2 behind its readings as those of energy, also after a restart', () => {
    const settings = { latenessMs: 15 * MINUTE_MS, horizonMs: 2 * HOUR_MS };
    const windows = engine(settings);
    // The air has records of hours alone: quarters are numbered apart.
    const quantities = ['pm2_5', 'so2', 'power_active'] as const;
    for (let minute = 0; minute < 20 * 60; minute++) {
      for (const quantity of quantities) {
        windows.accept(reading({ quantity, value: Math.floor(minute / 15), timeMs: NOON_MS + minute * MINUTE_MS }));
      }
      if (minute % 30 === 29) windows.tick();
    }
    const restored = engine(settings);
    const snapshot = windows.beginSnapshot();
    for (let piece = snapshot.next(); piece !== undefined; piece = snapshot.next()) restored.restorePiece(piece);
    for (const one of [windows, restored]) {
      const quarters = quantities.map((_, id) => one.view(id).quarters(NOON_MS + HOUR_MS, NOON_MS + 2 * HOUR_MS));
      const means = quarters.map((panes) => panes.map((pane) => paneValue('gauge', pane)));
      expect(means).toEqual([[], [4, 5, 6, 7], [4, 5, 6, 7]]);
      expect(quarters[1]![0]).toMatchObject({ count: 15, coveredSlots: 15, expectedSlots: 15 });
    }
  });

  it('remembers the extremes of hours of the quantities that are asked for, also after a restart', () => {
    const settings = { latenessMs: 15 * MINUTE_MS, horizonMs: 2 * HOUR_MS, extremesOf: new Set(['temperature']) };
    const windows = engine(settings);
    for (let minute = 0; minute < 20 * 60; minute++) {
      for (const quantity of ['pm2_5', 'temperature']) {
        windows.accept(reading({ quantity, value: 600 - minute, timeMs: NOON_MS + minute * MINUTE_MS }));
      }
      if (minute % 30 === 29) windows.tick();
    }
    // Numbers grow beyond the columns that are there, which are made anew.
    for (let index = 0; index < 70; index++) windows.accept(reading({ device: `d${index}`, timeMs: NOON_MS + DAY_MS }));
    windows.tick();
    const restored = engine({ ...settings, extremesOf: new Set() });
    const snapshot = windows.beginSnapshot();
    for (let piece = snapshot.next(); piece !== undefined; piece = snapshot.next()) restored.restorePiece(piece);
    for (const one of [windows, restored]) {
      const extremes = [0, 1].map((id) => {
        const panes = one.view(id).hours(NOON_MS, NOON_MS + 2 * HOUR_MS);
        return panes.map(({ min, max }) => [min, max]);
      });
      const none = [Number.NaN, Number.NaN];
      expect(extremes[0]).toEqual([none, none]);
      expect(extremes[1]).toEqual([
        [541, 600],
        [481, 540],
      ]);
    }
  });

  it('averages decibels as energy: 50, 50, 50 and 80 dB are 73.992409 dB', () => {
    const windows = engine();
    for (const [index, value] of [50, 50, 50, 80].entries()) {
      windows.accept(reading({ quantity: 'laeq', value, timeMs: NOON_MS + index * MINUTE_MS }));
    }
    windows.tick();
    expect(paneValue('level', hour(windows, NOON_MS)!)).toBeCloseTo(73.992409, 6);
  });

  it('averages directions as vectors: 350 and 30 degrees are 10', () => {
    const windows = engine();
    windows.accept(reading({ quantity: 'wind_direction', value: 350 }));
    windows.accept(reading({ quantity: 'wind_direction', value: 30, timeMs: NOON_MS + MINUTE_MS }));
    windows.tick();
    expect(paneValue('angle', hour(windows, NOON_MS)!)).toBeCloseTo(10, 9);
  });

  it('files what is older than the horizon, and makes a revision of what a final window missed', () => {
    const windows = engine({ clock: 'wall', latenessMs: 15 * MINUTE_MS, horizonMs: 6 * HOUR_MS });
    windows.passTime(NOON_MS);
    windows.accept(reading({ timeMs: NOON_MS - 2 * HOUR_MS, value: 4 }));
    windows.accept(reading({ timeMs: NOON_MS, value: 4 }));
    expect(toldHour(windows.tick(), NOON_MS - 2 * HOUR_MS)).toMatchObject({ final: true, revision: 0 });
    expect(windows.accept(reading({ timeMs: NOON_MS - 2 * HOUR_MS + 1, value: 8 })).outcome).toBe('counted');
    expect(windows.accept(reading({ timeMs: NOON_MS - 7 * HOUR_MS, value: 8 })).outcome).toBe('lateFiled');
    const tick = windows.tick();
    expect(toldHour(tick, NOON_MS - 2 * HOUR_MS)).toMatchObject({ final: true, revision: 1, sum: 12 });
    expect(tick.events).toContainEqual({
      kind: 'revised',
      series: 0,
      atMs: NOON_MS - 2 * HOUR_MS,
      reason: 'late',
      revision: 1,
      before: 4,
      after: 6,
    });
  });

  it('is not moved by one reception time that leaps ahead, and follows when time goes on from there', () => {
    const windows = engine({ clock: 'wall', latenessMs: 15 * MINUTE_MS, horizonMs: 6 * HOUR_MS });
    windows.passTime(NOON_MS);
    windows.passTime(NOON_MS + 30 * DAY_MS);
    windows.passTime(NOON_MS + 30 * DAY_MS);
    expect(windows.nowMs).toBe(NOON_MS);
    expect(windows.accept(reading({ timeMs: NOON_MS + 1_000 })).outcome).toBe('counted');
    windows.passTime(NOON_MS + 30 * DAY_MS + MINUTE_MS);
    expect(windows.nowMs).toBe(NOON_MS + 30 * DAY_MS + MINUTE_MS);
  });

  it('refuses series beyond its bound and goes on with those it has', () => {
    const windows = engine({ seriesMax: 1 });
    expect(windows.accept(reading({ device: 'a' })).outcome).toBe('counted');
    expect(windows.accept(reading({ device: 'b' }))).toEqual({ outcome: 'series_limit', series: -1 });
    expect(windows.accept(reading({ device: 'a', timeMs: NOON_MS + 1 })).outcome).toBe('counted');
  });

  it.each([
    ['Europe/Madrid', '2026-03-29', 23],
    ['Europe/Madrid', '2026-10-25', 25],
    ['Australia/Lord_Howe', '2026-10-04', 23.5],
    ['Asia/Kolkata', '2026-06-01', 24],
  ])('fills the local day of %s on %s with %d hours', (timeZone, date, hours) => {
    const windows = engine({ timeZone });
    const day = localDay(timeZone, date);
    for (let atMs = day.startMs; atMs < day.endMs; atMs += 15 * MINUTE_MS) {
      windows.accept(reading({ timeMs: atMs, expectEveryMs: 15 * MINUTE_MS }));
    }
    windows.tick();
    const panes = windows.view(0).hours(day.startMs, day.endMs);
    expect(panes).toHaveLength(Math.ceil(hours));
    expect(mergePanes(panes, day.startMs, day.endMs, 15 * MINUTE_MS)).toMatchObject({
      count: hours * 4,
      expectedSlots: hours * 4,
    });
  });
});

describe('the bounds of the window engine', () => {
  it('files what finds no room in memory, and rebuilds its hour from the store', () => {
    const windows = engine({ seriesMax: 2, memoryBytesMax: 65_536 });
    const timesMs = Array.from({ length: 10_000 }, (_, second) => NOON_MS + second * 1_000);
    const outcomes = timesMs.map((timeMs) => windows.accept(reading({ timeMs, value: 2 })).outcome);
    expect(outcomes[0]).toBe('counted');
    expect(outcomes.at(-1)).toBe('lateFiled');
    const told = panesTold(windows.tick());
    const readings = sortedReadings(timesMs, new Float64Array(timesMs.length).fill(2));
    for (const late of windows.takeLate({ readingsMax: 20_000, daysMax: 1 })) {
      windows.rebuild(late.series, late.timesMs, { readings, told, isStored: false });
    }
    const tick = windows.tick();
    expect(toldHour(tick, NOON_MS)).toMatchObject({ count: 3_600, sum: 7_200 });
    expect(toldHour(tick, NOON_MS + 2 * HOUR_MS)).toMatchObject({ count: 2_800, sum: 5_600 });
  });

  it('counts late readings that find no place in the queue, and does not refuse them', () => {
    const windows = engine({ clock: 'wall', latenessMs: MINUTE_MS, horizonMs: HOUR_MS, lateMax: 2 });
    windows.passTime(NOON_MS);
    for (const minute of [1, 2, 3, 3]) {
      const { outcome } = windows.accept(reading({ timeMs: NOON_MS - DAY_MS + minute * MINUTE_MS }));
      expect(outcome).toBe('lateFiled');
    }
    expect(windows).toMatchObject({ lateCount: 2, lateLeftCount: 2 });
  });

  it('tells of 48 empty hours, then gives the series up until it is heard again', () => {
    const windows = engine({ clock: 'wall', latenessMs: 0, horizonMs: HOUR_MS });
    const kinds: string[] = [];
    const passTo = (timeMs: number): void => {
      windows.passTime(timeMs - 2 * MINUTE_MS);
      windows.passTime(timeMs);
      kinds.push(...windows.tick().events.map(({ kind }) => kind));
    };
    passTo(NOON_MS);
    windows.accept(reading({ timeMs: NOON_MS }));
    passTo(NOON_MS + MINUTE_MS);
    for (let day = 1; day <= 5; day++) passTo(NOON_MS + day * DAY_MS);
    expect(kinds.filter((kind) => kind === 'silent')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'empty')).toHaveLength(48);
    windows.accept(reading({ timeMs: NOON_MS + 5 * DAY_MS }));
    passTo(NOON_MS + 5 * DAY_MS + MINUTE_MS);
    expect(kinds.at(-1)).toBe('heard');
  });
});

describe('registers', () => {
  const HOURLY = { quantity: 'water_volume', expectEveryMs: HOUR_MS } as const;
  const registerAt = (values: readonly number[], settings: Partial<WindowSettings> = {}): number[] => {
    const windows = engine(settings);
    for (const [index, value] of values.entries())
      windows.accept(reading({ ...HOURLY, value, timeMs: NOON_MS + index * HOUR_MS }));
    windows.tick();
    return values.slice(1).map((_, index) => hour(windows, NOON_MS + index * HOUR_MS)?.increase ?? Number.NaN);
  };

  it('gives each hour the difference to the next reading', () => {
    expect(registerAt([100, 102, 105, 105])).toEqual([2, 3, 0]);
  });

  it('passes over a zero between readings that rise', () => {
    expect(registerAt([5000, 5001, 0, 5003, 5004])).toEqual([1, 1, 1, 1]);
  });

  it('passes over a misread digit between readings that rise', () => {
    expect(registerAt([5000, 5001, 9002, 5003, 5004])).toEqual([1, 1, 1, 1]);
  });

  it('takes a bad reading as the first one it hears', () => {
    const windows = engine();
    expect(windows.accept(reading({ ...HOURLY, value: Number.NaN, quality: Quality.bad })).outcome).toBe('invalid');
    windows.tick();
    expect(hour(windows, NOON_MS)).toMatchObject({ count: 0, invalidCount: 1, increase: 0 });
  });

  it('counts from zero after an exchange', () => {
    expect(registerAt([812, 813, 0.5, 1.5])).toEqual([1, 0.5, 1]);
  });

  it('does not take a correction of the count for a new register', () => {
    expect(registerAt([66911, 66799, 66810])).toEqual([-112, 11]);
  });

  it('leaves a step open that no meter of its kind can make', () => {
    expect(registerAt([100, 101, 350, 351], { registerRateMaxPerHour: () => 20 })).toEqual([1, 0, 1]);
  });

  it('leaves the time open between readings further apart than the limit, and says the delta at its end', () => {
    const windows = engine();
    windows.accept(reading({ ...HOURLY, value: 10 }));
    windows.accept(reading({ ...HOURLY, value: 22, timeMs: NOON_MS + 4 * HOUR_MS }));
    windows.tick();
    expect(hour(windows, NOON_MS + HOUR_MS)).toBeUndefined();
    expect(hour(windows, NOON_MS + 4 * HOUR_MS)).toMatchObject({
      increase: 0,
      increaseCoveredMs: 0,
      increaseAtEnd: 12,
    });
  });

  it('shares an increase over the hours between two readings by time', () => {
    const windows = engine();
    windows.accept(reading({ ...HOURLY, value: 10, timeMs: NOON_MS + 30 * MINUTE_MS }));
    windows.accept(reading({ ...HOURLY, value: 13, timeMs: NOON_MS + 120 * MINUTE_MS }));
    windows.tick();
    expect(hour(windows, NOON_MS)).toMatchObject({ increase: 1, increaseCoveredMs: 30 * MINUTE_MS });
    expect(hour(windows, NOON_MS + HOUR_MS)).toMatchObject({ increase: 2, increaseCoveredMs: HOUR_MS });
  });
});

function engine(settings: Partial<WindowSettings> = {}): WindowEngine {
  return new WindowEngine({
    clock: 'event',
    latenessMs: DAY_MS,
    horizonMs: 10 * DAY_MS,
    counterGapMsMax: 3 * HOUR_MS,
    seriesMax: 100,
    silentAfterIntervals: 3,
    silentAfterMsMin: 5 * MINUTE_MS,
    timeZone: 'UTC',
    registerRateMaxPerHour: () => Number.POSITIVE_INFINITY,
    ...settings,
  });
}

function reading(change: Partial<Reading> = {}): Reading {
  return {
    device: 'd',
    channel: '',
    quantity: 'pm2_5',
    value: 5,
    timeMs: NOON_MS,
    timeSource: 'device',
    quality: Quality.good,
    periodMs: 0,
    expectEveryMs: MINUTE_MS,
    ...change,
  };
}

function hour(windows: WindowEngine, startMs: number) {
  return windows.view(0).hours(startMs, startMs + 1)[0];
}

/** The hour as the tick told it. */
/** Panes of one series as a store has them. */
function panesTold({ panes }: WindowTick): ToldPanes {
  const rows = Array.from({ length: panes.rows }, (_, row) => ({
    level: paneLevelAt(panes, row),
    pane: paneAt(panes, row),
  }));
  return { pane: (level, startMs) => rows.find((row) => row.level === level && row.pane.startMs === startMs)?.pane };
}

function toldHour({ panes }: WindowTick, startMs: number): Pane | undefined {
  const rows = Array.from({ length: panes.rows }, (_, row) => row);
  const row = rows.find((at) => paneLevelAt(panes, at) === 'hour' && panes.startMs[at] === startMs);
  return row === undefined ? undefined : paneAt(panes, row);
}
