import { describe, expect, it } from 'vitest';
import type { KpiWindow } from '../../../src/kpis/index.ts';
import { at, dayOf, device, type FakeHour, hoursFrom, hoursUntil, kpi, partOf, repeat } from './support/fakes.ts';

const sensor = (hours: readonly FakeHour[]) => device({}, [['laeq', { hours }]]);

const DAY = dayOf('2026-06-01T12:00:00Z');
/** 02:00 to 03:00 does not exist: 7 hours of night. */
const SHORT_DAY = dayOf('2026-03-29T12:00:00Z', 'Europe/Madrid');
/** 02:00 to 03:00 comes twice: 9 hours of night. */
const LONG_DAY = dayOf('2026-10-25T12:00:00Z', 'Europe/Madrid');

/** A day with one level for each period, from how many hours the night before 07:00 has. */
function levels(window: KpiWindow, nightHours: number, day: number, evening: number, night: number): FakeHour[] {
  const values = [...repeat(night, nightHours), ...repeat(day, 12), ...repeat(evening, 4), night];
  return hoursFrom(window.startMs, values);
}

describe('the equivalent level of an hour', () => {
  it('is that of the hour, with its slots as completeness', () => {
    const window = hoursUntil('2026-06-01T12:00:00Z', 1);
    const hour = { startMs: window.startMs, value: 61.5, coveredSlots: 3, expectedSlots: 60, valid: false };
    expect(partOf('noise-laeq-hour', sensor([hour]), window)).toEqual({
      ...{ value: 61.5, validCount: 3, expectedCount: 60, valid: false, note: '' },
    });
  });
});

describe('the levels of day, evening and night', () => {
  it('come from their own hours; the night from both ends of the day', () => {
    const said = sensor(levels(DAY, 7, 60, 55, 50));
    expect(partOf('noise-lday', said, DAY)).toMatchObject({ validCount: 12, expectedCount: 12, valid: true });
    expect(partOf('noise-lday', said, DAY).value).toBeCloseTo(60, 10);
    expect(partOf('noise-levening', said, DAY)).toMatchObject({ validCount: 4, expectedCount: 4 });
    expect(partOf('noise-levening', said, DAY).value).toBeCloseTo(55, 10);
    expect(partOf('noise-lnight', said, DAY)).toMatchObject({ validCount: 8, expectedCount: 8 });
    expect(partOf('noise-lnight', said, DAY).value).toBeCloseTo(50, 10);
  });

  it('pool only valid hours when enough of them are valid: a loud minute of a broken hour changes nothing', () => {
    const valid = hoursFrom(at('2026-06-01T07:00:00Z'), repeat(60, 9));
    const broken = { startMs: at('2026-06-01T16:00:00Z'), value: 90, valid: false };
    const said = partOf('noise-lday', sensor([...valid, broken]), DAY);
    expect(said).toMatchObject({ validCount: 9, expectedCount: 12, valid: true });
    expect(said.value).toBeCloseTo(60, 10);
  });

  it('pool everything, as not valid, when too few hours are valid', () => {
    const valid = hoursFrom(at('2026-06-01T07:00:00Z'), repeat(60, 8));
    const broken = { startMs: at('2026-06-01T16:00:00Z'), value: 90, valid: false };
    const said = partOf('noise-lday', sensor([...valid, broken]), DAY);
    expect(said).toMatchObject({ validCount: 8, valid: false });
    // (8 * 10^6 + 10^9) / 9 = 112 * 10^6, which is 80.492 dB.
    expect(said.value).toBeCloseTo(80.492, 3);
  });

  it('weigh readings alike, not hours', () => {
    const [first, ...rest] = hoursFrom(at('2026-06-01T19:00:00Z'), repeat(60, 4));
    const quiet = { ...first!, value: 50, count: 180 };
    // (180 * 10^5 + 180 * 10^6) / 360 = 550 000, which is 57.404 dB.
    expect(partOf('noise-levening', sensor([quiet, ...rest]), DAY).value).toBeCloseTo(57.404, 3);
  });

  it('follow the hours that the city has set', () => {
    const window = { ...DAY, settings: { ...DAY.settings, noise: { ...DAY.settings.noise, eveningStartHour: 18 } } };
    const said = sensor(levels(DAY, 7, 60, 60, 50));
    expect(partOf('noise-lday', said, window).expectedCount).toBe(11);
    expect(partOf('noise-levening', said, window).expectedCount).toBe(5);
  });
});

describe('the day-evening-night level', () => {
  it('is 60 dB when day, evening + 5 and night + 10 are all 60 dB', () => {
    const said = partOf('noise-lden', sensor(levels(DAY, 7, 60, 55, 50)), DAY);
    expect(said).toMatchObject({ validCount: 24, expectedCount: 24, valid: true });
    expect(said.value).toBeCloseTo(60, 10);
  });

  it('keeps the weights 12/4/8 on days of 23 and 25 hours', () => {
    // (12 * 10^6 + 4 * 10^6 + 8 * 10^6.3) / 24 = 1 331 754, which is 61.2442 dB.
    for (const [window, nightHours, hours] of [
      [SHORT_DAY, 6, 23],
      [DAY, 7, 24],
      [LONG_DAY, 8, 25],
    ] as const) {
      const said = sensor(levels(window, nightHours, 60, 55, 53));
      expect(partOf('noise-lden', said, window)).toMatchObject({ expectedCount: hours, valid: true });
      expect(partOf('noise-lden', said, window).value).toBeCloseTo(61.2442, 4);
      expect(partOf('noise-lnight', said, window).expectedCount).toBe(nightHours + 1);
    }
  });

  it('needs all three periods', () => {
    const dayOnly = sensor(hoursFrom(at('2026-06-01T07:00:00Z'), repeat(60, 12)));
    expect(partOf('noise-lden', dayOnly, DAY)).toMatchObject({ value: null, validCount: 12, valid: false });
    expect(kpi('noise-lden').device(sensor([]), DAY)).toBeNull();
  });

  it('is not valid when one period is not', () => {
    const hours = levels(DAY, 7, 60, 55, 50).filter(({ startMs }) => {
      const hour = new Date(startMs).getUTCHours();
      return hour !== 19 && hour !== 20;
    });
    const said = partOf('noise-lden', sensor(hours), DAY);
    expect(said).toMatchObject({ validCount: 22, expectedCount: 24, valid: false });
    expect(said.value).toBeCloseTo(60, 10);
  });
});
