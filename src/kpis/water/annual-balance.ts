import type { KpiDefinition } from '../definition.ts';
import { ANNUALISED, COMPLETE_DAYS, type DayScale, type LongMeters, overMeterDays } from '../long-meters.ts';
import { waterBalanceDays } from './balance.ts';

/** The balances of a day have the same amounts: those of one of them are kept for all. */
const KEPT = 'water-losses';

const SCALES: Readonly<Record<Exclude<DayScale, 'annual'>, string>> = {
  sum: 'added up over the complete days',
  mean: 'of a mean day: amounts of the complete days are added up before they are compared',
};

type Line = Pick<LongMeters, 'id' | 'title' | 'unitLabel'> & {
  readonly scale: keyof typeof SCALES;
  readonly source?: string;
  /** Where the daily one says that it speaks of one day. */
  readonly method?: string;
};

const LINES: readonly Line[] = [
  { id: 'water-inflow', title: 'District inflow', unitLabel: 'm\u00b3', scale: 'sum' },
  { id: 'water-consumption', title: 'Metered consumption', unitLabel: 'm\u00b3', scale: 'sum' },
  { id: 'water-nrw', title: 'Non-revenue water', unitLabel: '% of system input', scale: 'mean' },
  { id: 'water-nrw-volume', title: 'Non-revenue water of a mean day', unitLabel: 'm\u00b3/day', scale: 'mean' },
  {
    ...{ id: 'water-losses', title: 'Water supply loss', unitLabel: '% of system input', scale: 'mean' },
    source: 'U4SSC EC: I: WS: 3C; IWA water balance',
  },
  {
    ...{ id: 'water-losses-per-connection', title: 'Water losses per connection' },
    ...{ unitLabel: 'l/day per connection', scale: 'mean' },
  },
  {
    ...{ id: 'water-ili', title: 'Infrastructure leakage index', unitLabel: '', scale: 'mean' },
    method:
      'water losses, taken for real ones (an upper bound: apparent losses are not known), over the unavoidable (18 Lm + 0.8 Nc + 25 Lp) \u00b7 P litres a day of the network that the city says; from the valid hours of each local day, taken for the whole day',
  },
];

/** The water balance of a year, and what it is judged by (KPI.md 4.2). */
export const waterAnnualBalance: readonly KpiDefinition[] = LINES.flatMap((line) => [
  ...overMeterDays(specOf(line)),
  ...(line.scale === 'sum' ? overMeterDays(annualised(line)) : []),
]);

function specOf({ scale, id, ...line }: Line): LongMeters {
  const day = dayOf(id);
  const { code, unit, direction, decimals, source, facts = [], spatial } = day;
  return {
    ...{ id, code, unit, direction, decimals, source, facts, ...line },
    method: `${line.method ?? day.method}; ${SCALES[scale]}`,
    completeness: COMPLETE_DAYS,
    of: scale === 'sum' ? day : dayOf(KEPT),
    rule: spatial,
    scale,
  };
}

function annualised(line: Line): LongMeters {
  const { method, ...spec } = specOf(line);
  return { ...spec, ...ANNUALISED, scale: 'annual', method: `${method}, times 365 over their number` };
}

function dayOf(id: string): KpiDefinition {
  const found = waterBalanceDays.find((day) => day.id === id);
  if (found === undefined) throw new Error(`cannot find the water balance of a day: ${id} is not in the list`);
  return found;
}
