import type { KpiDefinition, Part } from '../definition.ts';
import { energeticMeanOfDays, type LongKpi, overDays } from '../long-kpi.ts';
import { ldenOfDays, NOISE_DAYS } from './annual-levels.ts';
import { EXPOSURES, type ExposureIndex, exposureRule } from './exposure.ts';
import { noiseLden, noisePeriod } from './periods.ts';

const LEVELS: Readonly<Record<ExposureIndex, Pick<LongKpi, 'of' | 'fold'>>> = {
  lden: { of: noiseLden, fold: ldenOfDays },
  lnight: { of: noisePeriod('night'), fold: energeticMeanOfDays },
};

/**
 * People of the city in zones whose annual level lies above the threshold, and by 5-dB bands in the note. Points stand
 * for zones: an estimate, and no strategic noise map (KPI.md 3).
 */
export const noiseAnnualExposure: readonly KpiDefinition[] = EXPOSURES.flatMap(
  ({ index, id, code, name, threshold }) => {
    const { of, fold } = LEVELS[index];
    return overDays({
      ...{ id, code, of, level: 'device' },
      title: `Inhabitants exposed to noise, annual ${name} (estimate)`,
      unit: '%',
      unitLabel: '% of inhabitants covered',
      bands: [],
      scopes: ['city'],
      method: `inhabitants of zones whose annual ${name} (energetic mean of their sensors\u2019) lies above the threshold of the city (55 dB for Lden, 50 dB for Lnight by default), of those of zones with sensors; note: inhabitants by 5-dB band; points for zones: an estimate, not an END map`,
      completeness: `zones with half of their sensors valid: ${NOISE_DAYS}`,
      source: 'Directive 2002/49/EC, annexes I and VI; U4SSC EN: EN: EQ: 2A',
      spatial: exposureRule(index),
      fold: (days, span): Part => ({ ...fold(days, span), amounts: { threshold: threshold(span.window.settings) } }),
    });
  },
);
