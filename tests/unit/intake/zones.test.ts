import { expect, test } from 'vitest';
import { createZones } from '../../../src/intake/zones.ts';

const zones = createZones();

/** The instant of a wall clock, received at an instant. */
function read(wall: string, zone: string, near = '2026-01-01T00:00:00Z'): string {
  const localMs = Temporal.Instant.from(`${wall}Z`).epochMilliseconds;
  const timeMs = zones.toUtcMs(localMs, zone, Temporal.Instant.from(near).epochMilliseconds);
  return Number.isNaN(timeMs) ? 'never' : new Date(timeMs).toISOString();
}

test.each([
  ['2026-01-15T12:00:00', 'Europe/Madrid', '2026-01-15T11:00:00.000Z'],
  ['2026-07-15T12:00:00.5', 'Europe/Madrid', '2026-07-15T10:00:00.500Z'],
  ['2026-03-29T01:59:59', 'Europe/Madrid', '2026-03-29T00:59:59.000Z'],
  ['2026-03-29T02:00:00', 'Europe/Madrid', 'never'],
  ['2026-03-29T02:59:59', 'Europe/Madrid', 'never'],
  ['2026-03-29T03:00:00', 'Europe/Madrid', '2026-03-29T01:00:00.000Z'],
  ['2026-01-15T12:00:00', 'Asia/Kathmandu', '2026-01-15T06:15:00.000Z'],
  ['2026-10-04T02:10:00', 'Australia/Lord_Howe', 'never'],
  ['2026-10-04T02:40:00', 'Australia/Lord_Howe', '2026-10-03T15:40:00.000Z'],
  ['1960-06-01T12:00:00', 'UTC', '1960-06-01T12:00:00.000Z'],
])('%s in %s is %s', (wall, zone, wanted) => {
  expect(read(wall, zone)).toBe(wanted);
});

test.each([
  ['2026-10-25T00:31:00Z', '2026-10-25T00:30:00.000Z'],
  ['2026-10-25T00:59:59Z', '2026-10-25T00:30:00.000Z'],
  ['2026-10-25T01:00:01Z', '2026-10-25T01:30:00.000Z'],
  ['2026-10-26T09:00:00Z', '2026-10-25T01:30:00.000Z'],
])('02:30 of the repeated hour, received %s, is %s', (near, wanted) => {
  expect(read('2026-10-25T02:30:00', 'Europe/Madrid', near)).toBe(wanted);
  expect(read('2026-10-25T02:30:00', 'Europe/Madrid', near)).toBe(wanted);
});

test('more quarter hours than are remembered change no answer', () => {
  const near = Date.UTC(2026, 0, 1);
  for (let quarter = 0; quarter < 60_000; quarter++) {
    const localMs = near - quarter * 900_000;
    const timeMs = zones.toUtcMs(localMs, 'Asia/Tokyo', near);
    if (timeMs !== localMs - 9 * 3_600_000) throw new Error(new Date(localMs).toISOString());
  }
  expect(read('2026-01-15T12:00:00', 'Asia/Tokyo')).toBe('2026-01-15T03:00:00.000Z');
}, 60_000);
