import { EU_2008, EU_2024, whoLevel } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import type { KpiBand } from '../kpi.ts';
import { meanOfHours, overDays } from '../long-kpi.ts';
import { airDayOf } from './day-of-pollutant.ts';
import { idPart, POLLUTANTS, type PollutantId } from './pollutants.ts';
import { whoBands } from './who-bands.ts';

/** Those that U4SSC reports (EN: EN: AQ: 1C), and benzene, which the directives limit too. */
const REPORTED: readonly PollutantId[] = ['pm10', 'pm2_5', 'no2', 'so2', 'o3'];
const ANNUAL: readonly PollutantId[] = [...REPORTED, 'benzene'];

/** Annual means: U4SSC EN: EN: AQ: 1C, and what the directives limit. */
export const airAnnualMeans: readonly KpiDefinition[] = ANNUAL.flatMap((pollutant) =>
  overDays({
    id: `air-${idPart(pollutant)}`,
    code: REPORTED.includes(pollutant) ? 'EN: EN: AQ: 1C' : '',
    title: `${POLLUTANTS[pollutant].name}, annual mean`,
    bands: bandsOfMean(pollutant),
    method: `mean of all valid hourly means of the local days, each hour alike${limitText(pollutant)}`,
    completeness: 'at least 90 % of the hours of the days that have ended',
    source:
      'U4SSC EN: EN: AQ: 1C; Directive 2008/50/EC, annexes I and XI; Directive (EU) 2024/2881, annex I; WHO global air quality guidelines 2021',
    of: airDayOf(pollutant),
    level: 'device',
    fold: meanOfHours,
  }),
);

function yearLimits(pollutant: PollutantId) {
  return [EU_2024, EU_2008].flatMap(({ version, limits }) =>
    limits
      .filter((limit) => limit.pollutant === pollutant && limit.averaging === 'year')
      .map(({ value }) => ({ version, value })),
  );
}

function limitText(pollutant: PollutantId): string {
  const limits = yearLimits(pollutant).map(({ version, value }) => `${value} by ${version}`);
  return limits.length === 0 ? '' : `; EU limit values ${limits.join(', ')}`;
}

/** The levels of the WHO where it has any for a year, otherwise the limit values. */
function bandsOfMean(pollutant: PollutantId): readonly KpiBand[] {
  const level = whoLevel(pollutant, 'year');
  const limits = yearLimits(pollutant);
  if (level !== undefined || limits.length === 0) return whoBands(level);
  const colors = ['#2e9e6b', '#e3c440'];
  return [
    ...limits.map(({ version, value }, index) => ({
      name: `limit value of ${version} met`,
      upTo: value,
      color: colors[index] ?? '#e3c440',
    })),
    { name: 'above limit value', upTo: Number.POSITIVE_INFINITY, color: '#d6503f' },
  ];
}
