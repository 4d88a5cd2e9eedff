import {
  annualComplete90,
  annualCompleteChina,
  aot40,
  dayComplete,
  hourComplete,
  hoursOfYear,
  mda8Eu,
  mda8Us,
  mean8h,
  percentileRankEpa,
  roundHalfUp,
  usAqiSubIndex,
  valid8hAtStart,
} from '../../src/kpis/arithmetic/index.ts';
import type { Adapters, Hourly } from './adapter-types.ts';

export const COMPLETENESS: Adapters = {
  'window.mean8h': (v: { hourly: Hourly; minValid: number }) => mean8h(v.hourly, v.minValid),
  'window.valid8hAtStart': (v: { nHoursSinceStart: number[] }) => v.nHoursSinceStart.map(valid8hAtStart),
  'window.mda8Eu': (v: { previousDayHoursEnding18to24: Hourly; dayHoursEnding01to24: Hourly }) => {
    const { mda8, validWindows } = mda8Eu(v.previousDayHoursEnding18to24, v.dayHoursEnding01to24);
    return { mda8, validWindows };
  },
  'window.mda8Us': (v: { hourlyPpmFromMidnightLST_31h: Hourly }) => {
    const { mda8, validWindows } = mda8Us(v.hourlyPpmFromMidnightLST_31h);
    return { mda8ppm: mda8, windows: validWindows, aqi: mda8 === null ? null : usAqiSubIndex('o3_8h', mda8) };
  },
  'completeness.daily24hEu': (v: { validHours: number }) => dayComplete(v.validHours, 'eu'),
  'completeness.daily24hChina': (v: { validHours: number }) => dayComplete(v.validHours, 'china'),
  'completeness.daily24hIndia': (v: { validHours: number }) => dayComplete(v.validHours, 'india'),
  'completeness.hourly': (v: { validMinutes: number }) => hourComplete(v.validMinutes),
  'completeness.annual90': (v: { year: number; validHours: number }) =>
    annualComplete90(v.validHours, hoursOfYear(v.year)),
  'completeness.annualChinaDays': (v: { validDays: number }) => annualCompleteChina(v.validDays),
  aot40: (v: { hourly08to20Cet: Hourly; possibleHours: number }) => {
    const { measured, estimate } = aot40(v.hourly08to20Cet, v.possibleHours);
    return { measured, estimate };
  },
  'stats.percentileRankEpa': (v: { sortedValues: string | number[]; p: number }) =>
    percentileRankEpa(valuesOf(v.sortedValues), v.p),
  'round.halfUp': (v: { x: number; digits: number }) => roundHalfUp(v.x, v.digits),
};

function valuesOf(values: string | number[]): number[] {
  if (typeof values !== 'string') return values;
  const [first, last] = values.split('..').map(Number);
  return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index);
}
