import { describe, expect, it } from 'vitest';
import type { Part } from '../../../src/kpis/index.ts';
import {
  COINCIDENT_MINIMUM,
  COINCIDENT_PEAK,
  ENERGETIC_MEAN,
  MEAN_OF_STATIONS,
  RATIO,
  SUM,
  WORST,
} from '../../../src/kpis/spatial-rules.ts';
import { NO_FACTS } from '../../../src/model/index.ts';
import { NO_DEVICE_FACTS, part } from './support/fakes.ts';

const ZONE = { id: 'z', population: 100, fact: NO_FACTS };
const FACTS = { ...NO_DEVICE_FACTS, zone: 'z' };
const devices = (...parts: readonly Part[]) => parts.map((one) => ({ part: one, facts: FACTS }));
const zones = (...list: readonly (readonly [Part, number])[]) =>
  list.map(([one, population]) => ({ part: one, population }));
const doubtful = (value: number) => part(value, { valid: false });

describe('a mean of stations', () => {
  it('is made of the valid ones, which are those used', () => {
    const [first, second] = [part(10), part(20)];
    const said = MEAN_OF_STATIONS.zone(devices(first, doubtful(1000), second), ZONE);
    expect(said).toMatchObject({ value: 15, validCount: 2, expectedCount: 3, valid: true });
    expect(said.used).toEqual([first, second]);
  });

  it('is valid with half of them', () => {
    expect(MEAN_OF_STATIONS.zone(devices(part(10), doubtful(20)), ZONE)).toMatchObject({ value: 10, valid: true });
    expect(MEAN_OF_STATIONS.zone(devices(part(10), part(null), part(null)), ZONE)).toMatchObject({ valid: false });
  });

  it('falls back on doubtful stations where no other is left, and is not valid then', () => {
    expect(MEAN_OF_STATIONS.zone(devices(doubtful(10), doubtful(20), part(null)), ZONE)).toMatchObject({
      ...{ value: 15, validCount: 0, expectedCount: 3, valid: false },
    });
  });

  it('is nothing without a value', () => {
    expect(MEAN_OF_STATIONS.zone(devices(part(null), part(null)), ZONE)).toEqual({
      ...{ value: null, validCount: 0, expectedCount: 2, valid: false, note: '', used: [] },
    });
  });

  it('weighs zones by their people: (10 * 1000 + 20 * 3000) / 4000', () => {
    expect(MEAN_OF_STATIONS.parent(zones([part(10), 1000], [part(20), 3000]))).toMatchObject({ value: 17.5 });
  });

  it('leaves zones without data out of numerator and denominator', () => {
    const west = part(10);
    const said = MEAN_OF_STATIONS.parent(zones([west, 1000], [part(null), 3000]));
    expect(said).toMatchObject({ value: 10, validCount: 1, expectedCount: 2, valid: true });
    expect(said.used).toEqual([west]);
  });

  it('does not count what nobody lives beside: the wood outside of all zones', () => {
    const west = part(10);
    const said = MEAN_OF_STATIONS.parent(zones([west, 1000], [doubtful(50), 500], [part(99), 0], [part(98), 0]));
    expect(said).toMatchObject({ value: 10, validCount: 1, expectedCount: 2, valid: true });
    expect(said.used).toEqual([west]);
  });

  it('weighs zones alike when there are no people anywhere, or none with data', () => {
    expect(MEAN_OF_STATIONS.parent(zones([part(10), 0], [part(20), 0]))).toMatchObject({ value: 15, valid: true });
    expect(MEAN_OF_STATIONS.parent(zones([part(10), 0], [part(null), 500]))).toMatchObject({
      ...{ value: 10, expectedCount: 2 },
    });
  });
});

describe('an energetic mean', () => {
  it('is one of energies: 60 and 50 dB are 57.404 dB', () => {
    // (10^6 + 10^5) / 2 = 550 000
    expect(ENERGETIC_MEAN.zone(devices(part(60), part(50)), ZONE).value).toBeCloseTo(57.404, 3);
  });

  it('weighs energies by people: 1 at 60 dB and 3 at 50 dB are 55.119 dB', () => {
    // (1 * 10^6 + 3 * 10^5) / 4 = 325 000
    expect(ENERGETIC_MEAN.parent(zones([part(60), 1], [part(50), 3])).value).toBeCloseTo(55.119, 3);
  });
});

describe('the worst', () => {
  it('is the highest valid value, with its note', () => {
    const said = WORST.zone(
      devices(part(3, { note: 'O3' }), part(4, { note: 'NO2' }), part(6, { valid: false, note: 'PM10' })),
      ZONE,
    );
    expect(said).toMatchObject({ value: 4, note: 'NO2', validCount: 2, expectedCount: 3, valid: true });
  });

  it('of equal ones is the first', () => {
    expect(WORST.parent(zones([part(4, { note: 'O3' }), 1], [part(4, { note: 'NO2' }), 1])).note).toBe('O3');
  });
});

describe('a sum', () => {
  it('is valid only when every part is', () => {
    expect(SUM.zone(devices(part(1), part(2)), ZONE)).toMatchObject({ value: 3, valid: true });
    expect(SUM.zone(devices(part(1), part(2), part(null)), ZONE)).toMatchObject({
      ...{ value: 3, validCount: 2, expectedCount: 3, valid: false },
    });
    expect(SUM.parent(zones([part(1), 1], [doubtful(2), 1]))).toMatchObject({ value: 1, valid: false });
  });

  it('does not depend on the order of its parts', () => {
    const values = [1e16, 1, -1e16, 1];
    expect(SUM.zone(devices(...values.map((value) => part(value))), ZONE).value).toBe(2);
  });
});

describe('a ratio', () => {
  const of = (numerator: number, denominator: number, valid = true) =>
    part(numerator / denominator, { valid, numerator, denominator });

  it('sums numerators and denominators on their own: 90 of 100 and 1 of 2 are 91 of 102', () => {
    const said = RATIO.zone(devices(of(90, 100), of(1, 2)), ZONE);
    expect(said).toMatchObject({ numerator: 91, denominator: 102, valid: true });
    expect(said.value).toBeCloseTo(0.892157, 6);
  });

  it('is valid with half of the parts, and made of the valid ones', () => {
    expect(RATIO.parent(zones([of(90, 100), 1], [of(1, 2, false), 1]))).toMatchObject({ value: 0.9, valid: true });
    expect(RATIO.zone(devices(of(90, 100), part(null), part(null)), ZONE).valid).toBe(false);
  });

  it('is nothing over 0', () => {
    expect(RATIO.zone(devices(part(5, { numerator: 5, denominator: 0 })), ZONE)).toMatchObject({
      ...{ value: null, valid: false, used: [] },
    });
  });
});

const curve = (...values: readonly (number | null)[]) =>
  new Map(values.map((value, index) => [index * 3_600_000, value]));

describe('a coincident peak', () => {
  const of = (...values: readonly number[]) => part(Math.max(...values), { curve: curve(...values) });

  it('is the peak of the sum: 1+5, 6+1 and 2+2 are 7 at 01:00, not 6 + 5', () => {
    expect(COINCIDENT_PEAK.zone(devices(of(1, 6, 2), of(5, 1, 2)), ZONE)).toMatchObject({
      ...{ value: 7, note: '1970-01-01T01:00:00Z', valid: true },
    });
  });

  it('is that of sums on the way up too', () => {
    const west = COINCIDENT_PEAK.zone(devices(of(1, 6, 2), of(5, 1, 2)), ZONE);
    expect(COINCIDENT_PEAK.parent(zones([west, 1], [of(3, 0, 0), 1]))).toMatchObject({ value: 9, valid: true });
  });

  it('is not valid when one device is missing', () => {
    expect(COINCIDENT_PEAK.zone(devices(of(1, 6, 2), of(5, 1, 2), part(null)), ZONE)).toMatchObject({
      ...{ value: 7, validCount: 2, expectedCount: 3, valid: false },
    });
  });

  it('adds exactly, in whatever order', () => {
    const parts = [of(1e16), of(1), of(-1e16), of(1)];
    expect(COINCIDENT_PEAK.zone(devices(...parts), ZONE).value).toBe(2);
  });
});

describe('a coincident minimum', () => {
  const of = (...values: readonly (number | null)[]) => {
    const there = values.filter((value) => value !== null);
    return part(there.length > 0 ? Math.min(...there) : null, { valid: there.length === 3, curve: curve(...values) });
  };

  it('is the minimum of the sum: 5+1, 1+5 and 3+2 are 5, not 1 + 1', () => {
    const parts = [of(5, 1, 3), of(1, 5, 2)];
    const said = COINCIDENT_MINIMUM.zone(devices(...parts), ZONE);
    expect(said).toMatchObject({ value: 5, validCount: 2, expectedCount: 2, valid: true });
    expect(said.used).toEqual(parts);
  });

  it('is that of sums on the way up too: 6+1, 6+2 and 5+9', () => {
    const west = COINCIDENT_MINIMUM.zone(devices(of(5, 1, 3), of(1, 5, 2)), ZONE);
    expect(COINCIDENT_MINIMUM.parent(zones([west, 1], [of(1, 2, 9), 1]))).toMatchObject({ value: 7, valid: true });
  });

  it('does not count an hour that a meter lacks, and is not valid with fewer than three quarters', () => {
    expect(COINCIDENT_MINIMUM.zone(devices(of(5, 1, 3), of(1, null, 3)), ZONE)).toMatchObject({
      ...{ value: 6, valid: false },
    });
  });

  it('says nothing when a meter is missing altogether', () => {
    expect(COINCIDENT_MINIMUM.zone(devices(of(5, 1, 3), of(null, null, null)), ZONE)).toMatchObject({
      ...{ value: null, expectedCount: 2, valid: false, used: [] },
    });
  });

  it('is not made whole by hours that different meters lack: 3 of 4 each, but 2 together', () => {
    const four = (...values: readonly (number | null)[]) => part(1, { curve: curve(...values) });
    expect(COINCIDENT_MINIMUM.zone(devices(four(1, 1, 1, null), four(1, 1, null, 1)), ZONE)).toMatchObject({
      ...{ value: 2, validCount: 2, valid: false },
    });
  });
});
