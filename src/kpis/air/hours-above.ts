import { exceedsLimit } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { hoursOf, partOf, threeQuarters } from '../hours.ts';
import { WORST } from '../spatial-rules.ts';
import { airHours, isMeasured, validHoursOf } from './air-hours.ts';
import { type EuRule, euRules } from './eu-rules.ts';
import { idPart, POLLUTANTS } from './pollutants.ts';

/** Hours of a day above each limit value and threshold of the EU. */
export const airHoursAbove: readonly KpiDefinition[] = euRules('hour').map(airHoursAboveOf);

/** Hours of a day above one of them: what the hours of a year are counted from. */
export function airHoursAboveOf({ pollutant, value: threshold, laws }: EuRule): KpiDefinition {
  return {
    id: `air-${idPart(pollutant)}-hours-above-${threshold}`,
    code: '',
    title: `${POLLUTANTS[pollutant].name}, hours of the day above ${threshold} \u00b5g/m\u00b3`,
    domain: 'air',
    unit: '1',
    unitLabel: 'hours',
    window: 'day',
    direction: 'lower',
    decimals: 0,
    bands: [
      { name: 'none', upTo: 0, color: '#2e9e6b' },
      { name: 'some', upTo: Number.POSITIVE_INFINITY, color: '#d6503f' },
    ],
    scopes: ['device', 'zone', 'city'],
    method: `valid hours of the local day whose mean, rounded to whole ug/m3, is above ${threshold}; ${meaningOf(laws)}`,
    completeness: 'valid hours for at least 75 % of the day (18 of 24)',
    source: 'Directive 2008/50/EC, annexes VII, XI and XII; Directive (EU) 2024/2881, annex I',
    quantities: [pollutant],
    spatial: WORST,
    reachHours: 0,
    device: (device, window) => {
      if (device.facts.role !== 'ambient') return null;
      const hours = airHours(device, pollutant, window, window.startMs, window.endMs);
      if (!isMeasured(hours)) return null;
      const valid = validHoursOf(hours);
      const above = valid.filter((value) => exceedsLimit(value, threshold)).length;
      const expected = hoursOf(window);
      return partOf(valid.length === 0 ? null : above, valid.length, expected, threeQuarters(expected));
    },
  };
}

/** What the laws allow in a year, for the method. */
function meaningOf(laws: EuRule['laws']): string {
  return laws
    .map(({ kind, allowed, version }) =>
      kind === 'limit' ? `${allowed} a year by ${version}` : `${kind} threshold of ${version}`,
    )
    .join(', ');
}
