import { expect, test } from 'vitest';
import { isoOrNull, parseInstant, parseTimeZone } from '../../../src/views/times.ts';

test('reads instants with Z, with an offset, and with or without seconds and fractions', () => {
  const noon = Date.UTC(2026, 0, 15, 12);
  for (const text of [
    '2026-01-15T12:00:00Z',
    '2026-01-15T12:00Z',
    '2026-01-15T13:00:00+01:00',
    '2026-01-15T13:00 01:00',
    '2026-01-15T06:30:00-05:30',
  ]) {
    expect(parseInstant(text), text).toBe(noon);
  }
  expect(parseInstant('2026-01-15T12:00:00.25Z')).toBe(noon + 250);
});

test('refuses what names no instant: no offset, no such day, no such hour, free text', () => {
  for (const text of [
    '2026-01-15T12:00:00',
    '2026-01-15',
    '2026-02-30T12:00:00Z',
    '2025-02-29T00:00Z',
    '2026-01-15T24:00:00Z',
    '2026-01-15T12:60Z',
    '2026-01-15T12:00:60Z',
    'yesterday',
    '1768478400000',
    '',
    '2026-01-15T12:00:00+19:00',
    '2026-01-15T12:00:00Z; drop',
  ]) {
    expect(parseInstant(text), text).toBeUndefined();
  }
});

test('knows UTC, IANA zones, offsets and standard time, and refuses what is none of them', () => {
  for (const text of ['UTC', 'Europe/Madrid', '+05:45', '-03:30', 'standard:Europe/Madrid'])
    expect(parseTimeZone(text)).toBe(text);
  expect(parseTimeZone(' 01:00')).toBe('+01:00');
  for (const text of ['Europe/Nowhere', '+1', '+15:00', 'standard:', 'standard:+01:00', '', '../etc'])
    expect(parseTimeZone(text), text).toBeUndefined();
});

test('never is null, not 1970', () => {
  expect(isoOrNull(0)).toBeNull();
  expect(isoOrNull(Number.NEGATIVE_INFINITY)).toBeNull();
  expect(isoOrNull(Number.NaN)).toBeNull();
  expect(isoOrNull(1)).toBe('1970-01-01T00:00:00.001Z');
});
