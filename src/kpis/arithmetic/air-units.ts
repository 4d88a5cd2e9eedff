import { assert } from '../../base/index.ts';
import { ugm3PerPpb } from '../../model/index.ts';

/**
 * Mass concentration of a gas, ug/m3 at 101.325 kPa, from its mole fraction.
 *
 * @param gas quantity id such as `no2`
 * @param ppb parts per billion
 * @param temperatureCel reference state: 20 in EU legislation, 25 in the US and China, 0 in New South Wales
 */
export function ppbToUgm3(gas: string, ppb: number, temperatureCel: number): number {
  const factor = ugm3PerPpb(gas, temperatureCel);
  assert(factor !== undefined, `ppbToUgm3: "${gas}" has no molar mass`);
  return ppb * factor;
}

/** Factors that the U4SSC Verification Manual (2022, p. 95) fixes for reporting EN: EN: AQ: 1C from ppb. */
export const U4SSC_UGM3_PER_PPB: Readonly<Record<'no2' | 'so2' | 'o3', number>> = { no2: 1.9, so2: 2.62, o3: 1.96 };
