import type { KpiDefinition, Part, ZoneFacts } from '../definition.ts';
import { ANNUALISED, COMPLETE_DAYS, overMeterDays } from '../long-meters.ts';
import { energyGhgDay, renewableShareDay } from './carriers.ts';

/** Renewable share of the energy of a year (U4SSC EN: E: E: 1C). */
export const renewableShareYears: readonly KpiDefinition[] = overMeterDays({
  id: 'energy-renewable-share',
  title: 'Renewable energy consumption',
  method: `${renewableShareDay.method}; amounts of the complete days are added up before they are compared, with the facts of the day on which the window begins`,
  completeness: COMPLETE_DAYS,
  source: 'U4SSC EN: E: E: 1C',
  of: renewableShareDay,
  scale: 'mean',
});

const OF_METERS = { completeness: COMPLETE_DAYS, of: energyGhgDay } as const;
const BEGIN = 'with the factors of the day on which the window begins';

/** Greenhouse gas of the metered energy of a year, and of the year to date as 365 days. */
export const energyGhgTotals: readonly KpiDefinition[] = [
  ...overMeterDays({
    ...OF_METERS,
    id: 'energy-ghg-total',
    title: 'Greenhouse gas of metered energy',
    unitLabel: 't CO\u2082e',
    method: `${energyGhgDay.method}; added up over the complete days, ${BEGIN}`,
    scale: 'sum',
  }),
  ...overMeterDays({
    ...OF_METERS,
    ...ANNUALISED,
    id: 'energy-ghg-total',
    title: 'Greenhouse gas of metered energy',
    unitLabel: 't CO\u2082e/year',
    method: `${energyGhgDay.method}; added up over the complete days, times 365 over their number, ${BEGIN}`,
    scale: 'annual',
  }),
];

/** Greenhouse gas per head and year (the energy-related part of U4SSC EN: EN: AQ: 2C, and others where the city tells them). */
export const energyGhgPerCapita: readonly KpiDefinition[] = overMeterDays({
  ...OF_METERS,
  id: 'energy-ghg',
  code: 'EN: EN: AQ: 2C',
  title: 'Greenhouse gas per capita',
  unit: 't',
  unitLabel: 't CO\u2082e/year per head',
  method: `(365 times the emissions of a mean complete day + those of a year that the city says of what is not metered) / inhabitants; emissions: ${energyGhgDay.method}; ${BEGIN}`,
  source: 'U4SSC EN: EN: AQ: 2C; activity \u00b7 emission factor (GPC)',
  facts: [...(energyGhgDay.facts ?? []), 'otherTonnesCo2ePerYear', 'population'],
  scale: 'annual',
  published: perHead,
});

function perHead(said: Part, { population, fact }: ZoneFacts): Part {
  const other = fact('otherTonnesCo2ePerYear');
  if (said.value === null || population <= 0) return { ...said, value: null, valid: false };
  const numerator = said.value + (other?.value ?? 0);
  const notes = [said.note, other === undefined ? 'metered energy only' : ''].filter((note) => note !== '');
  return { ...said, value: numerator / population, numerator, denominator: population, note: notes.join('; ') };
}
