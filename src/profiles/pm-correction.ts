import { assert } from '../base/index.ts';

/*
 * Corrections of Plantower sensors (PurpleAir) in the United States. They hold for these sensors only, and whether a
 * form was fitted to the field `cf_1` or `cf_atm` belongs to the device's profile.
 */

/** PM2.5 and the humidity that a sensor measured beside it. */
export interface PlantowerReading {
  /** ug/m3 as the sensor says. */
  readonly ugm3: number;
  /** Relative humidity, %. */
  readonly humidity: number;
}

/**
 * The general correction for the United States, ug/m3, not below 0; of the field `cf_1`.
 *
 * @see Barkjohn et al., Atmos. Meas. Tech. 14 (2021): 0.524 PAcf1 - 0.0862 RH + 5.75
 */
export function barkjohn2021({ ugm3, humidity }: PlantowerReading): number {
  return Math.max(0, dry(0.524, ugm3, humidity));
}

/**
 * The correction of the AirNow Fire and Smoke Map, in pieces that join without a step: the general one below 30 ug/m3, a
 * steeper one from 50, a quadratic one from 260, and blends between; ug/m3, not below 0; of the field `cf_atm`.
 *
 * @see US EPA and US Forest Service, AirNow Fire and Smoke Map, extended correction of 2021
 */
export function fireSmokeMap({ ugm3: x, humidity }: PlantowerReading): number {
  return Math.max(0, piece(x, humidity));
}

function piece(x: number, humidity: number): number {
  if (x < 30) return dry(0.524, x, humidity);
  if (x < 50) {
    const share = x / 20 - 3 / 2;
    return dry(0.786 * share + 0.524 * (1 - share), x, humidity);
  }
  if (x < 210) return dry(0.786, x, humidity);
  const smoke = 2.966 + 0.69 * x + 8.84e-4 * x ** 2;
  if (x >= 260) return smoke;
  const share = x / 50 - 21 / 5;
  return smoke * share + dry(0.786, x, humidity) * (1 - share);
}

function dry(slope: number, ugm3: number, humidity: number): number {
  assert(
    Number.isFinite(ugm3) && humidity >= 0 && humidity <= 100,
    `PM correction of ${ugm3} at ${humidity} % humidity`,
  );
  return slope * ugm3 - 0.0862 * humidity + 5.75;
}

const CHANNELS_APART_UGM3 = 5;
const CHANNELS_APART_PERCENT = { reading: 70, day: 61 } as const;

/**
 * Whether the two lasers of a sensor agree: they do not when they are more than 5 ug/m3 and more than 70 % of their mean
 * apart (61 % for 24-hour means). A sensor whose lasers disagree measures dirt or a fault.
 *
 * @param period `reading` for single values and hours, `day` for 24-hour means
 */
export function channelsAgree(a: number, b: number, period: 'reading' | 'day' = 'reading'): boolean {
  const apart = Math.abs(a - b);
  const mean = (a + b) / 2;
  return apart <= CHANNELS_APART_UGM3 || 100 * apart <= CHANNELS_APART_PERCENT[period] * mean;
}

/** Names of the corrections in profiles. */
export const PM_CORRECTION_METHODS = ['us-barkjohn-2021', 'us-fire-smoke-map'] as const;

export const PM_CORRECTIONS: Readonly<
  Record<(typeof PM_CORRECTION_METHODS)[number], (reading: PlantowerReading) => number>
> = { 'us-barkjohn-2021': barkjohn2021, 'us-fire-smoke-map': fireSmokeMap };
