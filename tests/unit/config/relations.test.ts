import { describe, expect, it } from 'vitest';
import { checkRelations, citySchema } from '../../../src/config/schema.ts';

const problemsOf = (noise: Readonly<Record<string, number>>) =>
  checkRelations(citySchema.parse({ city: { id: 'town', name: 'Town', timeZone: 'UTC' }, noise }));

describe('the periods of a day of noise', () => {
  it.each([
    ['the defaults', {}],
    ['a shorter evening', { eveningStartHour: 20, nightStartHour: 22 }],
    ['a night that begins at midnight', { nightStartHour: 0 }],
    [
      'a day that begins after midnight follows the night',
      { dayStartHour: 6, eveningStartHour: 18, nightStartHour: 1 },
    ],
  ])('may be %s', (_, noise) => {
    expect(problemsOf(noise)).toEqual([]);
  });

  it('must follow each other round the clock', () => {
    expect(problemsOf({ dayStartHour: 7, eveningStartHour: 23, nightStartHour: 19 })).toEqual([
      'noise: dayStartHour (7), eveningStartHour (23) and nightStartHour (19) must follow each other round the clock',
    ]);
  });

  it.each([{ eveningStartHour: 23 }, { eveningStartHour: 7 }, { nightStartHour: 7 }])(
    'must not be empty: %o',
    (noise) => {
      expect(problemsOf(noise)).toHaveLength(1);
    },
  );
});

describe('the memory of windows', () => {
  const problems = (windows: Readonly<Record<string, unknown>>) =>
    checkRelations(citySchema.parse({ city: { id: 'town', name: 'Town', timeZone: 'UTC' }, windows }));

  it('may be from what the series need at least to what the engine can address', () => {
    expect(problems({ memoryMax: '4GiB', seriesMax: 1_000_000 })).toEqual([]);
    expect(problems({ memoryMax: '64MiB' })).toEqual([]);
  });

  it('is refused beyond both ends, with the key, the value and what is allowed', () => {
    expect(problems({ memoryMax: '5GiB' })).toEqual([
      'windows: memoryMax (5368709120 B) must be from 19337216 B, for a seriesMax of 20000, to 4294967296 B',
    ]);
    expect(problems({ memoryMax: '100MiB', seriesMax: 1_000_000 })).toHaveLength(1);
  });
});

it('a body of a post is a small part of what may wait for the journal', () => {
  const problems = (bodyMax: string) =>
    checkRelations(citySchema.parse({ city: { id: 'town', name: 'Town', timeZone: 'UTC' }, http: { bodyMax } }));
  expect(problems('16MiB')).toEqual([]);
  expect(problems('17MiB')).toEqual(['http: bodyMax (17825792 B) must not exceed 16777216 B']);
});
