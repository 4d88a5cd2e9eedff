import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../../src/base/index.ts';
import type { Part } from '../../../src/kpis/index.ts';
import { dayOf, device, hoursFrom, kpi, NO_DEVICE_FACTS, part, partOf, repeat } from './support/fakes.ts';
import { facts, folded } from './support/years.ts';

const DAY = dayOf('2026-06-01T12:00:00Z');

/** Lden of a local day with these hourly levels; undefined is an hour that is missing. */
function ldenOf(night: number | undefined, day: number, evening: number): Part {
  const levels = [...repeat(night, 7), ...repeat(day, 12), ...repeat(evening, 4), night];
  return partOf('noise-lden', device({}, [['laeq', { hours: hoursFrom(DAY.startMs, levels) }]]), DAY);
}

describe('annual levels of the periods', () => {
  it('are energetic means of the valid days', () => {
    // 10^6 and 10^7 have the mean 5.5 * 10^6.
    for (const period of ['lday', 'levening', 'lnight']) {
      for (const window of ['365d', 'year']) {
        const said = folded(`noise-${period}-${window}`, [part(60), part(70), part(90, { valid: false }), null]);
        expect(said.value).toBeCloseTo(67.4036, 4);
        expect(said).toMatchObject({ validCount: 2, expectedCount: 4, neededCount: 4, valid: false });
      }
    }
    expect(folded('noise-lday-year', [...repeat(part(60), 9), null])).toMatchObject({ valid: true, value: 60 });
    expect(folded('noise-laeq-year', [part(60), part(70)]).value).toBeCloseTo(67.4036, 4);
  });
});

describe('annual Lden', () => {
  it('is made of the annual levels of the periods, each over the days on which it is valid', () => {
    const said = folded('noise-lden-year', [ldenOf(50, 60, 55), ldenOf(undefined, 70, 55)]);
    // Lday 67.4036, Levening 55, Lnight 50 of one night: (12 * 5.5e6 + 4 * 1e6 + 8 * 1e6) / 24 = 3.25e6.
    expect(said.value).toBeCloseTo(65.1188, 4);
    expect(said).toMatchObject({ validCount: 1, expectedCount: 2, valid: false });
  });

  it('is complete with 90 % of the days of each period', () => {
    const days = repeat(ldenOf(50, 60, 55), 9);
    expect(folded('noise-lden-365d', [...days, null])).toMatchObject({ validCount: 9, valid: true });
    expect(folded('noise-lden-365d', [...days, null, null])).toMatchObject({ validCount: 9, valid: false });
    expect(folded('noise-lden-365d', [...days, null]).value).toBeCloseTo(60, 10);
    expect(folded('noise-lden-365d', [ldenOf(undefined, 60, 55)])).toMatchObject({ value: null, valid: false });
  });

  it('takes no level of a period that is not valid', () => {
    const levels = [...repeat(50, 7), ...repeat(60, 8), ...repeat(undefined, 4), ...repeat(55, 4), 50];
    const noisy = hoursFrom(DAY.startMs, levels).map((hour) =>
      hour.startMs === DAY.startMs + 7 * HOUR_MS ? { ...hour, value: 100 } : hour,
    );
    const said = partOf('noise-lden', device({}, [['laeq', { hours: noisy }]]), DAY);
    expect(Object.keys(said.amounts ?? {})).toEqual(['levening', 'lnight']);
  });
});

describe('people exposed to annual levels', () => {
  const sensor = (id: string, days: readonly (Part | null)[]) => ({ part: folded(id, days), facts: NO_DEVICE_FACTS });
  const exposed = (id: string, zones: readonly (readonly [people: number, ...days: Part[][]])[]) => {
    const { spatial } = kpi(id);
    const parts = zones.map(([population, ...sensors]) => ({
      population,
      part: spatial.zone(
        sensors.map((days) => sensor(id, days)),
        facts({}, population),
      ),
    }));
    return spatial.parent(parts);
  };

  it('are those of zones with a level above the threshold, of all in zones with data', () => {
    const [loud, calm, quiet] = [ldenOf(50, 60, 55), ldenOf(40, 50, 45), ldenOf(42, 52, 47)];
    const said = exposed('noise-exposure-lden-year', [
      // 60 and 50 dB have the mean energy of 57.4 dB.
      [1000, [loud, loud], [calm, calm]],
      [3000, [quiet, quiet]],
      [5000],
    ]);
    expect(said).toMatchObject({ value: 25, numerator: 100_000, denominator: 4000 });
    expect(said.note).toBe('55-59: 1000, 60-64: 0, 65-69: 0, 70-74: 0, >=75: 0');
  });

  it('are so for nights', () => {
    const said = exposed('noise-exposure-lnight-365d', [
      [1000, [part(49), part(53)]],
      [1000, [part(50)]],
    ]);
    // 49 and 53 dB: the mean energy is that of 51.4 dB; 50 dB is not above 50 dB.
    expect(said).toMatchObject({ value: 50, valid: true });
    expect(said.note).toBe('50-54: 2000, 55-59: 0, 60-64: 0, 65-69: 0, >=70: 0');
  });
});
