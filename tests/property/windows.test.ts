import { describe, it } from 'vitest';
import { cases, DAY_MS, KINDS } from './support/cases.ts';
import { checkCase } from './support/checks.ts';
import { forAll } from './support/settings.ts';

const HORIZON_MS = 60 * DAY_MS;

describe.each(KINDS)('panes of a %s', (kind) => {
  it('are the bits of the oracle for any order of arrival, copies, batches, ticks and restarts', async () => {
    await forAll(`panes of a ${kind}`, cases({ kinds: [kind], horizonsMs: [HORIZON_MS] }), (plan) => checkCase(plan));
  });
});
