import { energyMean, lden, periodHours } from '../arithmetic/index.ts';
import type { DayRecord } from '../day-ledger.ts';
import type { FoldSpan, KpiDefinition, Part } from '../definition.ts';
import { energeticMeanOfDays, overDays, partOfYear } from '../long-kpi.ts';
import { noiseLaeqDay, noiseLden, noisePeriods } from './periods.ts';

const SOURCE =
  'Directive 2002/49/EC, annex I (a year as regards the emission of sound); WHO environmental noise guidelines 2018';
export const NOISE_DAYS = 'at least 90 % of the days that have ended are valid';

const PERIODS = ['lday', 'levening', 'lnight'] as const;

/** Annual Lday, Levening and Lnight: indicators of the directive. */
export const noiseAnnualPeriods: readonly KpiDefinition[] = noisePeriods.flatMap((of) =>
  overDays({
    id: of.id,
    title: `${of.title.split(' ')[0]}, annual`,
    method: 'energetic mean of the levels of the valid local days, each day alike',
    completeness: NOISE_DAYS,
    source: SOURCE,
    of,
    level: 'device',
    fold: energeticMeanOfDays,
  }),
);

/** Annual Lden: made of the annual levels of the periods, not of the Lden of days. */
export const noiseAnnualLden: readonly KpiDefinition[] = overDays({
  id: 'noise-lden',
  title: 'Lden, annual',
  method:
    'from the energetic means of Lday, Levening + 5 dB and Lnight + 10 dB over the days on which each is valid, weighted by the hours of the periods',
  completeness: `${NOISE_DAYS}, in each of the three periods`,
  source: SOURCE,
  of: noiseLden,
  level: 'device',
  fold: ldenOfDays,
});

/** Equivalent level of a year; of leisure noise the guideline is 70 dB. */
export const noiseAnnualLaeq: readonly KpiDefinition[] = overDays({
  id: 'noise-laeq',
  title: 'LAeq, annual',
  method: 'energetic mean of the levels of the valid local days, each day alike',
  completeness: NOISE_DAYS,
  source:
    'ISO 1996-1; WHO environmental noise guidelines 2018 (leisure noise, 70 dB over 24 hours as a mean of a year)',
  of: noiseLaeqDay,
  level: 'device',
  fold: energeticMeanOfDays,
});

/** Lden of the annual levels; the period with fewest valid days says how complete it is. */
export function ldenOfDays(days: readonly DayRecord[], span: FoldSpan): Part {
  const [day, evening, night] = PERIODS.map((period) => levelsOf(days, period));
  const [lday, levening, lnight] = [energyMean(day!), energyMean(evening!), energyMean(night!)];
  const isKnown = lday !== null && levening !== null && lnight !== null;
  const value = isKnown ? lden({ lday, levening, lnight }, periodHours(span.window.settings.noise)) : null;
  return partOfYear(value, Math.min(day!.length, evening!.length, night!.length), span.days);
}

function levelsOf(days: readonly DayRecord[], period: (typeof PERIODS)[number]): number[] {
  return days.flatMap(({ amounts }) => (amounts[period] === undefined ? [] : [amounts[period]]));
}
