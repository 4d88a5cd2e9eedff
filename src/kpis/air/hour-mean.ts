import { EAQI_2024, EAQI_POLLUTANTS, type EaqiPollutant, whoLevel } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, expectedHour, hourPart } from '../hours.ts';
import type { KpiBand } from '../kpi.ts';
import { MEAN_OF_STATIONS } from '../spatial-rules.ts';
import { idPart, POLLUTANTS, type PollutantId } from './pollutants.ts';
import { whoBands } from './who-bands.ts';

/** Hourly mean of a pollutant; an hour is valid with 75 % of its expected readings (2008/50/EC annex I: 45 minutes). */
export function airHourMean(pollutant: PollutantId): KpiDefinition {
  const { name, unit, unitLabel } = POLLUTANTS[pollutant];
  const bands = isEaqi(pollutant) ? eaqiBands(pollutant) : whoBands(whoLevel(pollutant, 'hour'));
  const source = isEaqi(pollutant) ? EAQI_2024.version : 'the WHO guidelines of 2021';
  return {
    id: `air-${idPart(pollutant)}-hour`,
    code: '',
    title: `${name}, hourly mean`,
    domain: 'air',
    unit,
    unitLabel,
    window: 'hour',
    direction: 'lower',
    decimals: 1,
    bands,
    scopes: ['device', 'zone', 'city'],
    method: `arithmetic mean of the readings of the hour${bands.length === 0 ? '' : `; colour bands of ${source}`}`,
    completeness: 'at least 75 % of the expected readings of the hour',
    source: 'Directive 2008/50/EC, annex I',
    quantities: [pollutant],
    spatial: MEAN_OF_STATIONS,
    reachHours: EXPECTED_AFTER_HOURS,
    device: (device, window) => {
      const hour = expectedHour(device, pollutant, window);
      return device.facts.role !== 'ambient' || hour === undefined ? null : hourPart(hour);
    },
  };
}

function isEaqi(pollutant: PollutantId): pollutant is EaqiPollutant {
  return (EAQI_POLLUTANTS as readonly string[]).includes(pollutant);
}

/** The classes of the European Air Quality Index as bands of one pollutant. */
function eaqiBands(pollutant: EaqiPollutant): readonly KpiBand[] {
  return EAQI_2024.classes.map(({ name, color }, index) => ({
    name,
    color,
    upTo: EAQI_2024.pollutants[pollutant][index] ?? Number.POSITIVE_INFINITY,
  }));
}
