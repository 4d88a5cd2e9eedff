import type { KpiDefinition } from '../definition.ts';
import { ANNUALISED, COMPLETE_DAYS, type LongMeters, overMeterDays } from '../long-meters.ts';
import { electricityDays } from './electricity.ts';
import { energyPowerFactor } from './power-factor.ts';

/** All of them are made of the same amounts of a day: those of this one are kept for all. */
const KEPT = 'energy-consumption';

const SUMMED = 'added up over the complete days';
const COMPARED = 'amounts of the complete days are added up before they are compared';

/** Electricity of a year: sums and shares (KPI.md 5). */
export const electricityYears: readonly KpiDefinition[] = electricityDays.flatMap((day) => {
  const { id, code, title, unit, direction, source, spatial } = day;
  const isSum = unit === 'kW.h';
  const spec: LongMeters = {
    ...{ id, code, title, unit, direction, source },
    unitLabel: isSum ? 'kWh' : day.unitLabel,
    method: `${day.method}; ${isSum ? SUMMED : COMPARED}`,
    completeness: COMPLETE_DAYS,
    of: electricityDays.find((other) => other.id === KEPT) ?? day,
    rule: spatial,
    scale: isSum ? 'sum' : 'mean',
  };
  if (!isSum) return overMeterDays(spec);
  const annual = {
    ...spec,
    ...ANNUALISED,
    scale: 'annual',
    method: `${spec.method}, times 365 over their number`,
  } as const;
  return [...overMeterDays(spec), ...overMeterDays(annual)];
});

/** Power factor of a year: of all active and reactive energy together. */
export const energyAnnualPowerFactor: readonly KpiDefinition[] = overMeterDays({
  id: energyPowerFactor.id,
  title: energyPowerFactor.title,
  method: `${energyPowerFactor.method}; ${COMPARED}`,
  completeness: COMPLETE_DAYS,
  of: energyPowerFactor,
  scale: 'mean',
});
