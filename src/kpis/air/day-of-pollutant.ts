import { whoLevel } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { hoursOf, partOf, threeQuarters } from '../hours.ts';
import { MEAN_OF_STATIONS } from '../spatial-rules.ts';
import { airHours, isMeasured, meanOf } from './air-hours.ts';
import { idPart, POLLUTANTS, type PollutantId } from './pollutants.ts';
import { whoBands } from './who-bands.ts';

/** Mean of a calendar day: what yearly means and counts of days are folded from. */
export function airDayOf(pollutant: PollutantId): KpiDefinition {
  const { name, unit, unitLabel } = POLLUTANTS[pollutant];
  return {
    id: `air-${idPart(pollutant)}-day`,
    code: '',
    title: `${name}, mean of the day`,
    domain: 'air',
    unit,
    unitLabel,
    window: 'day',
    direction: 'lower',
    decimals: 1,
    bands: whoBands(whoLevel(pollutant, 'day')),
    scopes: ['device', 'zone', 'city'],
    method: 'mean of the valid hourly means of the local day; bands: WHO 2021 guideline and interim targets',
    completeness: 'valid hours for at least 75 % of the day (18 of 24)',
    source: 'Directive 2008/50/EC, annexes I and VII; WHO global air quality guidelines 2021',
    quantities: [pollutant],
    spatial: MEAN_OF_STATIONS,
    reachHours: 0,
    device: (device, window) => {
      if (device.facts.role !== 'ambient') return null;
      const hours = airHours(device, pollutant, window, window.startMs, window.endMs);
      if (!isMeasured(hours)) return null;
      const expected = hoursOf(window);
      const { value, validHours } = meanOf(hours, threeQuarters(expected));
      return partOf(value, validHours, expected, threeQuarters(expected));
    },
  };
}
