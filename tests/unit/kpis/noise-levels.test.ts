import { describe, expect, it } from 'vitest';
import { MINUTE_MS } from '../../../src/base/index.ts';
import { exposureBands } from '../../../src/kpis/arithmetic/index.ts';
import type { HourLevels, KpiWindow, Part, ZoneFacts } from '../../../src/kpis/index.ts';
import { NO_FACTS } from '../../../src/model/index.ts';
import {
  dayOf,
  device,
  type FakeHour,
  hoursFrom,
  hoursUntil,
  kpi,
  NO_DEVICE_FACTS,
  partOf,
  repeat,
} from './support/fakes.ts';

const DAY = dayOf('2026-06-01T12:00:00Z');
const LONG_DAY = dayOf('2026-10-25T12:00:00Z', 'Europe/Madrid');
const HOUR = hoursUntil('2026-06-01T12:00:00Z', 1);

const sensor = (hours: readonly FakeHour[]) => device({}, [['laeq', { hours }]]);

describe('the day-night level', () => {
  it('counts the night from 22 to 07: 15 h of 60 dB and 9 h of 50 dB + 10 are 60 dB', () => {
    const said = sensor(hoursFrom(DAY.startMs, [...repeat(50, 7), ...repeat(60, 15), ...repeat(50, 2)]));
    expect(partOf('noise-ldn', said, DAY)).toMatchObject({ validCount: 24, expectedCount: 24, valid: true });
    expect(partOf('noise-ldn', said, DAY).value).toBeCloseTo(60, 10);
  });

  it('is the published one: 80 by day and 45 by night are 77.967 dB, also on a day of 25 hours', () => {
    for (const [window, nightHours] of [
      [DAY, 7],
      [LONG_DAY, 8],
    ] as const) {
      const values = [...repeat(45, nightHours), ...repeat(80, 15), ...repeat(45, 2)];
      expect(partOf('noise-ldn', sensor(hoursFrom(window.startMs, values)), window).value).toBeCloseTo(77.96703, 5);
    }
  });

  it('needs both periods', () => {
    const said = sensor(hoursFrom(DAY.startMs + 7 * 3_600_000, repeat(60, 15)));
    expect(partOf('noise-ldn', said, DAY)).toMatchObject({ value: null, valid: false, validCount: 15 });
    const short = sensor(hoursFrom(DAY.startMs, [50, ...repeat(undefined, 6), ...repeat(60, 15)]));
    expect(partOf('noise-ldn', short, DAY)).toMatchObject({ valid: false, validCount: 16 });
  });
});

describe('the level of a day', () => {
  it('is the mean energy of its valid hours: 12 h of 60 and 12 h of 50 dB are 57.404 dB', () => {
    const said = partOf('noise-laeq-day', sensor(hoursFrom(DAY.startMs, [...repeat(60, 12), ...repeat(50, 12)])), DAY);
    expect(said).toMatchObject({ validCount: 24, expectedCount: 24, valid: true });
    expect(said.value).toBeCloseTo(57.404, 3);
  });

  it('needs 18 of 24 hours, and 19 of 25', () => {
    expect(partOf('noise-laeq-day', sensor(hoursFrom(DAY.startMs, repeat(60, 18))), DAY).valid).toBe(true);
    expect(partOf('noise-laeq-day', sensor(hoursFrom(DAY.startMs, repeat(60, 17))), DAY).valid).toBe(false);
    expect(partOf('noise-laeq-day', sensor(hoursFrom(LONG_DAY.startMs, repeat(60, 18))), LONG_DAY).valid).toBe(false);
  });
});

describe('levels exceeded within an hour', () => {
  const LEVELS: HourLevels = { l10: 68, l50: 60, l90: 52, max: 70 };
  const series = (more: { expectEveryMs?: number; channel?: string; levels?: HourLevels; valid?: boolean } = {}) => ({
    ...{ channel: more.channel ?? '', expectEveryMs: more.expectEveryMs ?? MINUTE_MS },
    hours: [{ startMs: HOUR.startMs, value: 62, coveredSlots: 55, expectedSlots: 60, valid: more.valid ?? true }],
    levels: new Map([[HOUR.startMs, more.levels ?? LEVELS]]),
  });

  it('are those of the shortest levels that the device reports', () => {
    const loud: HourLevels = { l10: 75, l50: 65, l90: 55, max: 90 };
    const said = device({}, [
      ['laeq', series()],
      ['laeq', series({ channel: '1s', expectEveryMs: 1000, levels: loud })],
    ]);
    expect(partOf('noise-l10-hour', said, HOUR)).toMatchObject({
      ...{ value: 75, note: 'laeq, 1 s', validCount: 55, expectedCount: 60, valid: true },
    });
    expect(partOf('noise-l50-hour', said, HOUR).value).toBe(65);
    expect(partOf('noise-l90-hour', said, HOUR).value).toBe(55);
  });

  it('are not valid in a broken hour, nor asked of levels of a quarter-hour', () => {
    expect(partOf('noise-l10-hour', device({}, [['laeq', series({ valid: false })]]), HOUR)).toMatchObject({
      ...{ value: 68, note: 'laeq, 60 s', valid: false },
    });
    const slow = device({}, [['laeq', series({ expectEveryMs: 15 * MINUTE_MS })]]);
    expect(kpi('noise-l10-hour').device(slow, HOUR)).toBeNull();
  });

  it('are of single devices', () => {
    for (const n of [10, 50, 90]) expect(kpi(`noise-l${n}-hour`).scopes).toEqual(['device']);
  });

  it('lower the coverage of a sensor that was heard before', () => {
    const before = { hours: [{ startMs: HOUR.startMs - 3_600_000, value: 60 }] };
    expect(partOf('noise-l90-hour', device({}, [['laeq', before]]), HOUR)).toMatchObject({
      ...{ value: null, validCount: 0, expectedCount: 1, valid: false },
    });
  });

  it('and the highest come from maxima, and never from equivalent levels', () => {
    const said = device({}, [['la_max', series({ levels: { ...LEVELS, max: 93.4 } })]]);
    expect(partOf('noise-lafmax-hour', said, HOUR)).toMatchObject({ value: 93.4, note: 'la_max', valid: true });
    expect(kpi('noise-lafmax-hour').device(device({}, [['laeq', series()]]), HOUR)).toBeNull();
  });
});

describe('people by 5-dB band', () => {
  it('are in the band whose lower bound their level reaches', () => {
    const zones = [54.9, 55, 59.9, 60, 74.9, 75, 90, null].map((level, index) => ({ level, population: 2 ** index }));
    expect(exposureBands(zones, { firstDb: 55, lastDb: 75 })).toEqual([
      { fromDb: 55, toDb: 60, population: 2 + 4 },
      { fromDb: 60, toDb: 65, population: 8 },
      { fromDb: 65, toDb: 70, population: 0 },
      { fromDb: 70, toDb: 75, population: 16 },
      { fromDb: 75, toDb: Number.POSITIVE_INFINITY, population: 32 + 64 },
    ]);
  });
});

describe('the exposure of a city', () => {
  const { spatial } = kpi('noise-exposure-lden');
  const flat = (level: number) =>
    sensor(
      hoursFrom(DAY.startMs, [...repeat(level - 10, 7), ...repeat(level, 12), ...repeat(level - 5, 4), level - 10]),
    );
  const zone = (levels: readonly number[], population: number, window: KpiWindow = DAY) => {
    const facts: ZoneFacts = { id: 'z', population, fact: NO_FACTS };
    const parts = levels.map((level) => ({
      part: partOf('noise-exposure-lden', flat(level), window),
      facts: NO_DEVICE_FACTS,
    }));
    return { part: spatial.zone(parts, facts) as Part, population };
  };

  it('is the share of people in zones above 55 dB: 25 000 of 50 000', () => {
    const said = spatial.parent([zone([61], 10_000), zone([54], 25_000), zone([56.2], 15_000)]);
    expect(said).toMatchObject({ value: 50, denominator: 50_000, valid: true });
    expect(said.note).toBe('55-59: 15000, 60-64: 10000, 65-69: 0, 70-74: 0, >=75: 0');
  });

  it('goes by the mean energy of the sensors of a zone: 50 and 58 dB are 55.63 dB', () => {
    expect(zone([50, 58], 100).part.value).toBe(100);
    // (10^5 + 10^5.72) / 2 is 312 404, which is 54.95 dB.
    expect(zone([50, 57.2], 100).part.value).toBe(0);
  });

  it('leaves out zones without data, and those that nobody lives in', () => {
    const said = spatial.parent([zone([61], 10_000), zone([], 90_000), zone([80], 0)]);
    expect(said).toMatchObject({ value: 100, denominator: 10_000 });
  });

  it('goes by the threshold of the city', () => {
    const noise = { ...DAY.settings.noise, ldenThresholdDb: 60 };
    const window = { ...DAY, settings: { ...DAY.settings, noise } };
    expect(zone([56.2], 100, window).part.value).toBe(0);
    expect(zone([56.2], 100).part.value).toBe(100);
  });

  it('by night is that of Lnight above 50 dB', () => {
    const said = partOf('noise-exposure-lnight', flat(61), DAY);
    expect(said.value).toBeCloseTo(51, 10);
    const night = kpi('noise-exposure-lnight').spatial.zone([{ part: said, facts: NO_DEVICE_FACTS }], {
      ...{ id: 'z', population: 30, fact: NO_FACTS },
    });
    expect(night).toMatchObject({ value: 100, note: '50-54: 30, 55-59: 0, 60-64: 0, 65-69: 0, >=70: 0' });
  });

  it('is told of the city alone, and says that it is an estimate', () => {
    expect(kpi('noise-exposure-lden').scopes).toEqual(['city']);
    expect(kpi('noise-exposure-lden').method).toContain('an estimate, not an END map');
  });
});
