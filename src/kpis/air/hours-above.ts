import { EU_2008, EU_2024, exceedsLimit } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { hoursOf, partOf, threeQuarters } from '../hours.ts';
import { WORST } from '../spatial-rules.ts';
import { airHours, isMeasured } from './air-hours.ts';
import { POLLUTANTS } from './pollutants.ts';

const THRESHOLDS = [
  ['no2', 200],
  ['so2', 350],
  ['o3', 180],
  ['o3', 240],
] as const;

/** Hours of a day above a limit value or threshold of the EU: what the hours of a year are counted from. */
export const airHoursAbove: readonly KpiDefinition[] = THRESHOLDS.map(([pollutant, threshold]) => ({
  id: `air-${pollutant}-hours-above-${threshold}`,
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
  method: `valid hours of the local day whose mean, rounded to whole ug/m3, is above ${threshold}; ${meaningOf(pollutant, threshold)}`,
  completeness: 'valid hours for at least 75 % of the day (18 of 24)',
  source: 'Directive 2008/50/EC, annexes VII, XI and XII; Directive (EU) 2024/2881, annex I',
  quantities: [pollutant],
  spatial: WORST,
  reachHours: 0,
  device: (device, window) => {
    if (device.facts.role !== 'ambient') return null;
    const hours = airHours(device, pollutant, window, window.startMs, window.endMs);
    if (!isMeasured(hours)) return null;
    const valid = hours.flatMap(({ value }) => (value === null ? [] : [value]));
    const above = valid.filter((value) => exceedsLimit(value, threshold)).length;
    const expected = hoursOf(window);
    return partOf(valid.length === 0 ? null : above, valid.length, expected, threeQuarters(expected));
  },
}));

/** What the laws allow in a year, for the method. */
function meaningOf(pollutant: string, threshold: number): string {
  const said = [EU_2008, EU_2024].flatMap(({ version, limits }) =>
    limits
      .filter((limit) => limit.pollutant === pollutant && limit.averaging === 'hour' && limit.value === threshold)
      .map(({ kind, allowed }) =>
        kind === 'limit' ? `${allowed} a year by ${version}` : `${kind} threshold of ${version}`,
      ),
  );
  return said.join(', ');
}
