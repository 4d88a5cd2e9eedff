import { expect, test } from 'vitest';
import type { KpiValue } from '../../../src/model/index.ts';
import { trialSummary } from '../../../src/workers/trial-summary.ts';

test('a summary is of the valid values, and of all where none is valid', () => {
  const said = (value: number | null, valid: boolean) => ({ value, valid }) as KpiValue;
  const mixed = [said(9, true), said(1, false), said(null, false), said(2, true), said(4, true), said(3, true)];
  expect(trialSummary(mixed, 8)).toEqual({ windows: 8, values: 5, valid: 4, min: 2, median: 3.5, max: 9 });
  expect(trialSummary([said(7, false)], 1)).toEqual({ windows: 1, values: 1, valid: 0, min: 7, median: 7, max: 7 });
  expect(trialSummary([], 0)).toEqual({ windows: 0, values: 0, valid: 0, min: null, median: null, max: null });
});
