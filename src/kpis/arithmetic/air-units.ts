import { assert } from '../../base/index.ts';
import { ugm3PerPpb } from '../../model/index.ts';

/** The state that the volume of a gas is meant at. */
export interface ReferenceState {
  readonly temperatureCel: number;
  readonly pressureKPa: number;
}

const STANDARD_PRESSURE_KPA = 101.325;
const ZERO_CEL_KELVIN = 273.15;

/** Reference states of air legislation, all at 101.325 kPa: EU 20 Cel, US and China (since 2018) 25, New South Wales 0. */
export const REFERENCE_STATES = {
  eu: { temperatureCel: 20, pressureKPa: STANDARD_PRESSURE_KPA },
  us: { temperatureCel: 25, pressureKPa: STANDARD_PRESSURE_KPA },
  china: { temperatureCel: 25, pressureKPa: STANDARD_PRESSURE_KPA },
  newSouthWales: { temperatureCel: 0, pressureKPa: STANDARD_PRESSURE_KPA },
} as const satisfies Readonly<Record<string, ReferenceState>>;

/**
 * The state that the product holds gases at: mole fractions become mass at 20 Cel when they are taken in, so that only
 * the same state leads back to the fraction that was measured.
 */
export const HELD_AT: ReferenceState = REFERENCE_STATES.eu;

/**
 * Mass concentration of a gas, ug/m3, from its mole fraction: ppb * M / V with V = R * T / p.
 *
 * @param gas quantity id such as `no2`; particles have no mole fraction
 * @param ppb parts per billion
 * @param temperatureCel reference state: 20 in EU legislation, 25 in the US and China, 0 in New South Wales
 */
export function ppbToUgm3(
  gas: string,
  ppb: number,
  temperatureCel: number,
  pressureKPa: number = STANDARD_PRESSURE_KPA,
): number {
  return ppb * ugm3Of(gas, { temperatureCel, pressureKPa });
}

/** Mole fraction of a gas, ppb, from its mass concentration in ug/m3 at a state. */
export function ugm3ToPpb(gas: string, ugm3: number, state: ReferenceState = HELD_AT): number {
  return ugm3 / ugm3Of(gas, state);
}

/** A mass concentration at one state as that at another; gases shrink with cold and pressure, particles stay as they are. */
export function atState(gas: string, ugm3: number, from: ReferenceState, to: ReferenceState): number {
  return (ugm3 * ugm3Of(gas, to)) / ugm3Of(gas, from);
}

function ugm3Of(gas: string, { temperatureCel, pressureKPa }: ReferenceState): number {
  assert(
    temperatureCel > -ZERO_CEL_KELVIN && pressureKPa > 0,
    `a gas at ${temperatureCel} Cel and ${pressureKPa} kPa has no volume`,
  );
  const factor = ugm3PerPpb(gas, temperatureCel);
  assert(factor !== undefined, `a concentration of "${gas}" is no mole fraction: "${gas}" has no molar mass`);
  return (factor * pressureKPa) / STANDARD_PRESSURE_KPA;
}

/** Factors that the U4SSC Verification Manual (2022, p. 95) fixes for reporting EN: EN: AQ: 1C from ppb. */
export const U4SSC_UGM3_PER_PPB: Readonly<Record<'no2' | 'so2' | 'o3', number>> = { no2: 1.9, so2: 2.62, o3: 1.96 };
