import type { KpiDefinition } from '../definition.ts';
import { SUM } from '../spatial-rules.ts';
import { OF_THE_DAY, OUTAGE_DAY, SUSTAINED } from './outage-kpi.ts';
import { outageDayPart } from './outage-part.ts';
import { outagesOf } from './outage-totals.ts';

/** Minutes that the customers of one meter were without supply; said of days with an interruption only. */
export const outageMinutesDay: KpiDefinition = {
  ...OUTAGE_DAY,
  scopes: ['device'],
  id: 'outage-minutes-day',
  code: '',
  title: 'Minutes without supply, day',
  unit: 'min',
  unitLabel: 'min',
  direction: 'lower',
  decimals: 1,
  method: `minutes of all ${SUSTAINED} ${OF_THE_DAY} and that the meter told; no value on days without interruption, and none for outage feeds`,
  completeness: 'provisional while supply is lost',
  source: 'IEEE Std 1366-2012, interruption duration of a customer',
  spatial: SUM,
  device: (device, window) => {
    const part = outageDayPart(device, window);
    const { minutes, steps } = outagesOf(part?.amounts);
    if (part === null || part.bulk === true || steps === 0) return null;
    // All customers behind a meter share its interruptions.
    return { ...part, value: minutes / device.facts.customers };
  },
};
