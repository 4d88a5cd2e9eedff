import { airDayMean } from './air-day-mean.ts';
import { airEaqi } from './air-eaqi.ts';
import { airHourMean } from './air-hour-mean.ts';
import { airO3Mda8 } from './air-o3-mda8.ts';
import { EAQI_POLLUTANTS } from './arithmetic/index.ts';
import type { KpiDefinition } from './definition.ts';
import { electricityPerCapita } from './electricity-per-capita.ts';
import { meterAvailability } from './meter-availability.ts';
import { noiseLaeqHour } from './noise-laeq-hour.ts';
import { noiseLden, noisePeriods } from './noise-periods.ts';
import { peakDemand } from './peak-demand.ts';
import { silentSensors } from './silent-sensors.ts';
import { waterMnf } from './water-mnf.ts';
import { waterPerCapita } from './water-per-capita.ts';

/** Every KPI of the product; the only list. */
export const KPI_DEFINITIONS: readonly KpiDefinition[] = [
  airEaqi,
  ...EAQI_POLLUTANTS.map(airHourMean),
  ...EAQI_POLLUTANTS.map(airDayMean),
  airO3Mda8,
  noiseLaeqHour,
  ...noisePeriods,
  noiseLden,
  waterPerCapita,
  waterMnf,
  electricityPerCapita,
  peakDemand,
  meterAvailability,
  silentSensors,
];
