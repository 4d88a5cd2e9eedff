import { expect, test } from 'vitest';
import { prefersCsv } from '../../../src/views/http/csv.ts';

test('CSV is for those who ask for it at least as much as for JSON', () => {
  expect(prefersCsv('text/csv')).toBe(true);
  expect(prefersCsv('text/csv, */*;q=0.5')).toBe(true);
  for (const accept of [
    undefined,
    '',
    '*/*',
    'application/json',
    'text/html',
    'text/csv;q=0.2, application/json',
    'text/csv;q=0',
  ]) {
    expect(prefersCsv(accept), accept).toBe(false);
  }
});
