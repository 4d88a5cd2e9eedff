import { expect, test } from 'vitest';
import { QUANTITIES } from '../../../src/model/index.ts';
import { builtInCompiled, intakeOf, message, readingsOf, valuesOf } from './support.ts';

const intake = intakeOf(builtInCompiled());
const neutral = (value: string) =>
  message('recording/r/d', `{"time":"2026-01-15T11:00:00Z","quantity":"energy_import","unit":"kWh","value":${value}}`);

test('integers that a double cannot hold are beyond what any quantity can be, and so bad', () => {
  for (const { id, min, max } of QUANTITIES.values()) {
    expect(Math.max(Math.abs(min), Math.abs(max)), id).toBeLessThan(Number.MAX_SAFE_INTEGER);
  }
  for (const value of ['9007199254740993', '-9007199254740993', '18446744073709551615'])
    expect(readingsOf(intake(neutral(value)))[0]).toMatchObject({ quality: 1, value: Number.NaN });
});

test('of a key that stands twice the last one counts, as JSON.parse has it', () => {
  expect(valuesOf(intake(neutral('1,"value":2')))).toEqual([2]);
});
