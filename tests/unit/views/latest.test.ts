import { expect, test } from 'vitest';
import type { RevisedValue } from '../../../src/model/index.ts';
import type { LiveUpdate } from '../../../src/views/index.ts';
import { createLatestState } from '../../../src/views/latest.ts';
import { createFakeSources, newestValue } from '../../e2e/support/fake-sources.ts';

function update(...kpis: RevisedValue[]): LiveUpdate {
  return { ...createFakeSources({ deviceCount: 1 }).push(), kpis };
}

test('a revision carries the value that it takes the place of, also of a window that is not the newest any more', () => {
  const state = createLatestState({ latestKpis: async () => [], devices: async () => [] });
  const first = newestValue('air-no2-hour', 'harbour', { value: 40 });
  const next = { ...first, startMs: first.endMs, endMs: first.endMs + 3_600_000, value: 50 };
  state.apply(update(first, next));
  const late = { ...first, value: 44, revision: 1, reason: 'late' as const };
  expect(state.apply(update(late)).kpis).toEqual([{ ...late, before: 40 }]);
  // Said again without a new revision there is nothing that it takes the place of.
  expect(state.apply(update(late)).kpis).toEqual([late]);
  const facts = { ...first, value: 45, revision: 2, reason: 'facts' as const, before: 44.5 };
  expect(state.apply(update(facts)).kpis).toEqual([facts]);
});
