import { describe, it } from 'vitest';
import { cases, DAY_MS, HOUR_MS } from './support/cases.ts';
import { checkCase, checkRolling } from './support/checks.ts';
import { runCase } from './support/drive.ts';
import { forAll } from './support/settings.ts';

const HORIZON_MS = 60 * DAY_MS;

describe('panes of several series', () => {
  it('are the bits of the oracle however the series are mixed', async () => {
    const plans = cases({ kinds: ['gauge', 'counter', 'level'], horizonsMs: [HORIZON_MS] });
    await forAll('panes of several series', plans, (plan) => checkCase(plan));
  });
});

describe('rolling windows', () => {
  it('are the bits of the oracle after every tick', async () => {
    const plans = cases({ kinds: ['gauge', 'gauge', 'level'], horizonsMs: [2 * HOUR_MS, HORIZON_MS] });
    await forAll('rolling windows', plans, (plan) => {
      runCase(plan, { onTick: (engine, delivered) => checkRolling(plan, engine, delivered) });
    });
  });
});
