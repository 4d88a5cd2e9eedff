import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileTimePattern, readIso } from '../../../src/profiles/time-text.ts';

/** Milliseconds UTC of what was read; the local time where the text has no offset. */
function read(reader: ReturnType<typeof compileTimePattern>, text: string): string | undefined {
  const time = reader?.(text);
  if (time === undefined) return undefined;
  const iso = new Date(time.localMs - (time.offsetMs ?? 0)).toISOString();
  return time.offsetMs === undefined ? iso.replace('Z', ' local') : iso;
}

describe('ISO 8601', () => {
  test('in its usual form is read as by the patterns that spell it out', () => {
    const seconds = compileTimePattern('YYYY-MM-DDThh:mm:ssZ');
    const fractions = compileTimePattern('YYYY-MM-DDThh:mm:ss.SZ');
    const two = fc.oneof(fc.nat(32), fc.nat(99)).map((number) => String(number).padStart(2, '0'));
    const year = fc.nat(9_999).map((number) => String(number).padStart(4, '0'));
    const fraction = fc.constantFrom('', '.0', '.000', '.001', '.499', '.9999', '.123x');
    fc.assert(
      fc.property(year, two, two, two, two, two, fraction, (y, month, day, hour, minute, second, part) => {
        const text = `${y}-${month}-${day}T${hour}:${minute}:${second}${part}Z`;
        expect(readIso(text)).toEqual((part === '' ? seconds : fractions)?.(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test('knows the days of every month from the year 100 to 2400', () => {
    const day = compileTimePattern('YYYY-MM-DDThh');
    for (let year = 100; year <= 2400; year++) {
      for (let month = 1; month <= 12; month++) {
        const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
        const start = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-`;
        for (const number of [28, 29, 30, 31, 32]) {
          const isRead = readIso(`${start}${number}T00:00:00Z`) !== undefined;
          expect([isRead, day?.(`${start}${number}T00`) !== undefined]).toEqual([number <= last, number <= last]);
        }
      }
    }
  });

  test.each([
    ['2026-01-15T12:00:00Z', '2026-01-15T12:00:00.000Z'],
    ['2026-01-15 12:00:00z', '2026-01-15T12:00:00.000Z'],
    ['2026-01-15T12:00Z', '2026-01-15T12:00:00.000Z'],
    ['2026-01-15T12:00:00.5+01:00', '2026-01-15T11:00:00.500Z'],
    ['2026-01-15T12:00:00,123-0330', '2026-01-15T15:30:00.123Z'],
    ['2026-01-15T12:00:00+01', '2026-01-15T11:00:00.000Z'],
    ['2023-03-01T10:11:12.123456789Z', '2023-03-01T10:11:12.123Z'],
    ['2026-01-15T12:00:00.9996Z', '2026-01-15T12:00:01.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2026-01-15T24:00:00Z', '2026-01-16T00:00:00.000Z'],
    ['2026-01-15T12:00:00', '2026-01-15T12:00:00.000 local'],
    ['1111-11-11T11:11:11Z', '1111-11-11T11:11:11.000Z'],
  ])('%s is read', (text, wanted) => {
    expect(read(readIso, text)).toBe(wanted);
  });

  test.each([
    '',
    '2026-01-15',
    '2026-1-5T12:00:00Z',
    '2026-02-29T12:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-15T24:00:01Z',
    '2026-01-15T25:00:00Z',
    '2026-01-15T12:60:00Z',
    '2026-01-15T12:00:61Z',
    '2026-01-15T12:00:00 Z',
    '2026-01-15T12:00:00Zx',
    ' 2026-01-15T12:00:00Z',
    '2026-01-15T12:00:00.Z',
    '2026-01-15T12:00:00.1234567890Z',
    '2026-01-15T12:00:00+25:00',
    '2026-01-15T12:00:00+01:',
    '2026-01-15T12:00:00+1',
    '+002026-01-15T12:00:00Z',
    '1',
    '1768478400',
    'January 15, 2026',
    '0001-01-01T00:00:00Z',
    '٢٠٢٦-01-15T12:00:00Z',
    '2'.repeat(100_000),
  ])('%j is refused', (text) => {
    expect(readIso(text)).toBeUndefined();
  });
});

describe('a pattern', () => {
  test.each([
    ['DD/MM/YYYYThh:mm:ssZ', '02/01/2018T11:22:59UTC', '2018-01-02T11:22:59.000Z'],
    ['DD/MM/YYYYThh:mm:ssZ', '02/01/2018T11:22:59+0200', '2018-01-02T09:22:59.000Z'],
    ['YYYY/MM/DDThh:mm:ssZ', '2024/08/20T18:59:56z', '2024-08-20T18:59:56.000Z'],
    ['YYMMDDhhmmss', '260115120000', '2026-01-15T12:00:00.000 local'],
    ['DD.MM.YYYY hh:mm', '15.01.2026 12:30', '2026-01-15T12:30:00.000 local'],
    ['YYYY-MM-DD hh:mm:ss.S', '2026-01-15 12:00:00.25', '2026-01-15T12:00:00.250 local'],
    ['DD/MM/YYYYThh:mm:ssZ', '31/02/2018T11:22:59UTC', undefined],
    ['DD/MM/YYYYThh:mm:ssZ', '02/01/2018T11:22:59', undefined],
    ['YYMMDDhhmmss', '2601151200', undefined],
  ])('%s reads %s', (pattern, text, wanted) => {
    expect(read(compileTimePattern(pattern), text)).toBe(wanted);
  });

  test('needs year, month, day and hour', () => {
    expect(compileTimePattern('hh:mm')).toBeUndefined();
    expect(compileTimePattern('YYYY-MM-DD')).toBeUndefined();
  });
});
