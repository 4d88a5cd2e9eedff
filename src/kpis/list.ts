import { airDayMean } from './air/day-mean.ts';
import { airEaqi } from './air/eaqi.ts';
import { airHourMean } from './air/hour-mean.ts';
import { airO3Mda8 } from './air/o3-mda8.ts';
import { EAQI_POLLUTANTS } from './arithmetic/index.ts';
import type { KpiDefinition } from './definition.ts';
import { energyGhgDay, renewableShareDay } from './energy/carriers.ts';
import { electricityDays } from './energy/electricity.ts';
import { publicBuildingEnergy, thermalPerCapita } from './energy/heat-and-buildings.ts';
import { energyLoadFactor } from './energy/load-factor.ts';
import { peakDemand } from './energy/peak-demand.ts';
import { electricityPerCapita } from './energy/per-capita.ts';
import { energyPowerFactor } from './energy/power-factor.ts';
import { meterAvailability } from './network/meter-availability.ts';
import { silentSensors } from './network/silent-sensors.ts';
import { noiseExceeded, noiseLafMax } from './noise/exceeded.ts';
import { noiseExposure } from './noise/exposure.ts';
import { noiseLaeqHour } from './noise/laeq-hour.ts';
import { noiseLaeqDay, noiseLden, noiseLdn, noisePeriods } from './noise/periods.ts';
import { outageCaidi } from './outages/caidi.ts';
import { outageMaifi } from './outages/maifi.ts';
import { outageSaidi } from './outages/saidi.ts';
import { outageSaifi } from './outages/saifi.ts';
import { waterBalanceDays } from './water/balance.ts';
import { waterLeakingMeters, waterLeakingShare } from './water/customer-leaks.ts';
import { waterLeakage } from './water/leakage.ts';
import { waterMnf } from './water/night-flow.ts';
import { waterPerCapita } from './water/per-capita.ts';
import { waterQuality } from './water/quality.ts';

/** Every KPI of the product; the only list. */
export const KPI_DEFINITIONS: readonly KpiDefinition[] = [
  airEaqi,
  ...EAQI_POLLUTANTS.map(airHourMean),
  ...EAQI_POLLUTANTS.map(airDayMean),
  airO3Mda8,
  noiseLaeqHour,
  ...noisePeriods,
  noiseLden,
  noiseLdn,
  noiseLaeqDay,
  ...noiseExposure,
  ...noiseExceeded,
  noiseLafMax,
  waterPerCapita,
  waterMnf,
  ...waterBalanceDays,
  waterLeakage,
  waterLeakingMeters,
  waterLeakingShare,
  waterQuality,
  electricityPerCapita,
  peakDemand,
  ...electricityDays,
  renewableShareDay,
  energyLoadFactor,
  energyPowerFactor,
  thermalPerCapita,
  publicBuildingEnergy,
  energyGhgDay,
  outageSaifi('day'),
  outageSaidi('day'),
  outageCaidi('day'),
  outageMaifi('day'),
  meterAvailability,
  silentSensors,
];
