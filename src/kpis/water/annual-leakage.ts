import { exactSum } from '../../base/index.ts';
import type { DayRecord } from '../day-ledger.ts';
import type { FoldSpan, KpiDefinition, Part, SpatialRule } from '../definition.ts';
import { type LongKpi, overDays, partOfYear, validDays } from '../long-kpi.ts';
import { ANNUALISED, DAYS_A_YEAR } from '../long-meters.ts';
import { sumsOf } from '../meter-rule.ts';
import { DISTRICTS, publishedLeakage, waterLeakage } from './leakage.ts';

/** Amounts of districts that count days: valid and ended ones, those that the amounts are of, and the districts. */
const DAYS = ['days', 'daysEnded', 'daysOf', 'districts'];

/** Leakage of each zone is added up over its days, negative ones included, and its night flow and properties are. */
const DISTRICT_DAYS: SpatialRule = {
  text: 'zone: sum of its valid days; city: sum of its zones, its own bulk meters instead of the zones\u2019 when they supply the people of these too; valid with 90 % of the days of every zone',
  zone: DISTRICTS.zone,
  parent: (parts) => {
    const made = DISTRICTS.parent(parts);
    const amounts = { ...made.amounts, ...sumsOf(made.used, DAYS) };
    return { ...made, amounts, validCount: amounts.days ?? 0, expectedCount: amounts.daysEnded ?? 0 };
  },
  whole: (part, zone) => {
    const { daysOf = 0, districts = 1 } = part.amounts ?? {};
    return publishedLeakage(part, part.amounts ?? {}, zone, daysOf / districts);
  },
};

const LEAKAGE: Omit<LongKpi, 'fold'> = {
  id: 'water-leakage',
  title: 'Leakage estimate from the night flow',
  unitLabel: 'm\u00b3',
  method: `${waterLeakage.method}; added up over the valid local days`,
  completeness: 'at least 90 % of the days that have ended are valid',
  of: waterLeakage,
  level: 'zone',
  spatial: DISTRICT_DAYS,
};

/** Leakage of a year, and that of the year to date as 365 days (KPI.md 4.4). */
export const waterAnnualLeakage: readonly KpiDefinition[] = [
  ...overDays({ ...LEAKAGE, fold: (days, span) => leakageOfDays(days, span) }),
  ...overDays({
    ...LEAKAGE,
    ...ANNUALISED,
    method: `${LEAKAGE.method}, times 365 over their number`,
    fold: (days, span) => leakageOfDays(days, span, DAYS_A_YEAR),
  }),
];

/** @param asDays to which the valid days are scaled; as many as they are when absent */
function leakageOfDays(days: readonly DayRecord[], span: FoldSpan, asDays?: number): Part {
  const valid = validDays(days);
  if (valid.length === 0) return partOfYear(null, 0, span.days);
  const daysOf = asDays ?? valid.length;
  const sum = (name: string) => (exactSum(valid.map(({ amounts }) => amounts[name] ?? 0)) * daysOf) / valid.length;
  const { districtMeters = 0, districtPeople = 0 } = valid.at(-1)?.amounts ?? {};
  const nightFlow = sum('nightFlow');
  const part = partOfYear(nightFlow, valid.length, span.days);
  const areNamed = valid.every((day) => (day.amounts.properties ?? 0) > 0);
  const isKnown = valid.every((day) => day.amounts.leakage !== undefined);
  const amounts = {
    ...{ nightFlow, properties: areNamed ? sum('properties') : 0, districtMeters, districtPeople },
    ...(isKnown ? { leakage: sum('leakage') } : {}),
    ...{ districtValid: part.valid ? districtMeters : 0, districts: 1 },
    ...{ days: valid.length, daysEnded: span.days, daysOf },
  };
  return { ...part, amounts };
}
