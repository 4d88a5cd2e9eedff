import { describe, it } from 'vitest';
import { cases, HOUR_MS, KINDS, MINUTE_MS } from './support/cases.ts';
import { checkCase } from './support/checks.ts';
import { forAll } from './support/settings.ts';

const HORIZONS_MS = [2 * HOUR_MS, 10 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS];

describe.each(KINDS)('panes of a %s that much comes too late for', (kind) => {
  it('are the bits of the oracle once they are rebuilt from what is stored', async () => {
    const plans = cases({ kinds: [kind], horizonsMs: HORIZONS_MS });
    await forAll(`late panes of a ${kind}`, plans, (plan) => checkCase(plan, 1 + (plan.deliveries.length % 5)));
  });
});

describe('panes of several series that one of them leaves behind', () => {
  it('are the bits of the oracle once they are rebuilt from what is stored', async () => {
    const plans = cases({ kinds: ['counter', 'angle', 'delta'], horizonsMs: HORIZONS_MS });
    await forAll('late panes of several series', plans, (plan) => checkCase(plan, 3));
  });
});

describe('panes of series that are longer than what is kept', () => {
  it('are the bits of the oracle although old readings are dropped', async () => {
    const plans = cases({
      kinds: ['counter', 'gauge'],
      horizonsMs: [10 * MINUTE_MS, HOUR_MS],
      everyMs: [7 * MINUTE_MS, 9 * MINUTE_MS],
      samplesMax: 100,
    });
    await forAll('series longer than what is kept', plans, (plan) => checkCase(plan, 20));
  });
});
