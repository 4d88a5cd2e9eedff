import { air8hDaysAbove, airDaysAbove, airWhoDays, airYearHoursAbove } from './air/annual-counts.ts';
import { airAnnualMeans } from './air/annual-mean.ts';
import { airAot40Day } from './air/aot40-day.ts';
import { airChinaAqi } from './air/china-aqi.ts';
import { airDaqi } from './air/daqi.ts';
import { airDayMean } from './air/day-mean.ts';
import { airDayOf } from './air/day-of-pollutant.ts';
import { airEaqi } from './air/eaqi.ts';
import { airEaqi2017 } from './air/eaqi-2017.ts';
import { airHourMean } from './air/hour-mean.ts';
import { airHoursAbove } from './air/hours-above.ts';
import { airMda8 } from './air/mda8.ts';
import { airNaqi } from './air/naqi.ts';
import { airAot40, airOzonePeakSeason, airOzoneTargetDays } from './air/ozone-seasons.ts';
import { airPm10Percentile } from './air/pm10-percentile.ts';
import { POLLUTANT_IDS } from './air/pollutants.ts';
import { airRunning8h } from './air/running-8h.ts';
import { airUsAqi } from './air/us-aqi.ts';
import { airUsNowCast } from './air/us-nowcast.ts';
import { EAQI_POLLUTANTS } from './arithmetic/index.ts';
import type { KpiDefinition } from './definition.ts';
import { energyGhgPerCapita, energyGhgTotals, renewableShareYears } from './energy/annual-carriers.ts';
import { annualLoadFactor, annualPeakDemand } from './energy/annual-demand.ts';
import { electricityYears, energyAnnualPowerFactor } from './energy/annual-electricity.ts';
import {
  electricityAnnualPerCapita,
  publicBuildingAnnualEnergy,
  thermalAnnualPerCapita,
} from './energy/annual-per-capita.ts';
import { energyGhgDay, renewableShareDay } from './energy/carriers.ts';
import { electricityDays } from './energy/electricity.ts';
import { publicBuildingEnergy, thermalPerCapita } from './energy/heat-and-buildings.ts';
import { energyLoadFactor } from './energy/load-factor.ts';
import { peakDemand } from './energy/peak-demand.ts';
import { electricityPerCapita } from './energy/per-capita.ts';
import { energyPowerFactor } from './energy/power-factor.ts';
import { meterAvailability } from './network/meter-availability.ts';
import { silentSensors } from './network/silent-sensors.ts';
import { smartElectricityMeters, smartWaterMeters } from './network/smart-meters.ts';
import { noiseAnnualExposure } from './noise/annual-exposure.ts';
import { noiseAnnualLaeq, noiseAnnualLden, noiseAnnualPeriods } from './noise/annual-levels.ts';
import { noiseExceeded, noiseLafMax } from './noise/exceeded.ts';
import { noiseExposure } from './noise/exposure.ts';
import { noiseLaeqHour } from './noise/laeq-hour.ts';
import { noiseLaeqDay, noiseLden, noiseLdn, noisePeriods } from './noise/periods.ts';
import { outageAsai } from './outages/asai.ts';
import { outageCaidi, outageCaidiDay } from './outages/caidi.ts';
import { outageCelid, outageCemi } from './outages/customers-hit.ts';
import { outageMaifi, outageMaifiDay } from './outages/maifi.ts';
import { OUTAGE_LONG_WINDOWS } from './outages/outage-kpi.ts';
import { outageMinutesDay } from './outages/outage-minutes.ts';
import { outageSaidi, outageSaidiDay } from './outages/saidi.ts';
import { outageSaidiWithoutMajorDays } from './outages/saidi-without-major-days.ts';
import { outageSaifi, outageSaifiDay } from './outages/saifi.ts';
import { waterAnnualBalance } from './water/annual-balance.ts';
import { waterAnnualLeakage } from './water/annual-leakage.ts';
import { waterAnnualPerCapita } from './water/annual-per-capita.ts';
import { waterBalanceDays } from './water/balance.ts';
import { waterLeakingMeters, waterLeakingShare } from './water/customer-leaks.ts';
import { waterDistrictAlarm, waterDistrictAlarmNights } from './water/district-alarm.ts';
import { waterLeakage } from './water/leakage.ts';
import { waterMnf } from './water/night-flow.ts';
import { waterPerCapita } from './water/per-capita.ts';
import { waterQuality } from './water/quality.ts';

/** Every KPI of the product; the only list. */
export const KPI_DEFINITIONS: readonly KpiDefinition[] = [
  airEaqi,
  ...POLLUTANT_IDS.map(airHourMean),
  ...EAQI_POLLUTANTS.map(airDayMean),
  ...POLLUTANT_IDS.map(airDayOf),
  airRunning8h('o3'),
  airRunning8h('co'),
  airMda8('o3'),
  airMda8('co'),
  ...airHoursAbove,
  airAot40Day,
  airEaqi2017,
  airUsAqi,
  airUsNowCast,
  airDaqi,
  airNaqi,
  ...airChinaAqi,
  ...airAnnualMeans,
  ...airDaysAbove,
  ...airPm10Percentile,
  ...air8hDaysAbove,
  ...airOzoneTargetDays,
  ...airYearHoursAbove,
  ...airWhoDays,
  ...airAot40,
  ...airOzonePeakSeason,
  noiseLaeqHour,
  ...noisePeriods,
  noiseLden,
  noiseLdn,
  noiseLaeqDay,
  ...noiseExposure,
  ...noiseExceeded,
  noiseLafMax,
  ...noiseAnnualPeriods,
  ...noiseAnnualLden,
  ...noiseAnnualLaeq,
  ...noiseAnnualExposure,
  waterPerCapita,
  waterMnf,
  ...waterBalanceDays,
  waterLeakage,
  waterLeakingMeters,
  waterLeakingShare,
  waterQuality,
  ...waterAnnualPerCapita,
  ...waterAnnualBalance,
  ...waterAnnualLeakage,
  ...waterDistrictAlarm,
  ...waterDistrictAlarmNights,
  electricityPerCapita,
  peakDemand,
  ...electricityDays,
  renewableShareDay,
  energyLoadFactor,
  energyPowerFactor,
  thermalPerCapita,
  publicBuildingEnergy,
  energyGhgDay,
  ...electricityAnnualPerCapita,
  ...annualPeakDemand,
  ...electricityYears,
  ...renewableShareYears,
  ...annualLoadFactor,
  ...energyAnnualPowerFactor,
  ...thermalAnnualPerCapita,
  ...publicBuildingAnnualEnergy,
  ...energyGhgPerCapita,
  ...energyGhgTotals,
  outageSaifiDay,
  outageSaidiDay,
  outageCaidiDay,
  outageMaifiDay,
  outageMinutesDay,
  ...OUTAGE_LONG_WINDOWS.flatMap((window) => [
    outageSaifi(window),
    outageSaidi(window),
    outageCaidi(window),
    outageMaifi(window),
    outageAsai(window),
    outageSaidiWithoutMajorDays(window),
    outageCemi(window),
    outageCelid(window),
  ]),
  meterAvailability,
  silentSensors,
  smartWaterMeters,
  smartElectricityMeters,
];
