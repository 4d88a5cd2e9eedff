import { exactSum } from '../../base/index.ts';
import { type RegisterRule, registerDelta } from '../../model/index.ts';
import { meanOfValid } from './mean.ts';

/** Energy per inhabitant in the unit of the energy (kWh, GJ); null without people. U4SSC EN: E: E: 2C and 3C. */
export function energyPerCapita(energy: number, population: number): number | null {
  return population > 0 ? energy / population : null;
}

/** Renewable part of the energy consumed, percent; null without consumption. U4SSC EN: E: E: 1C. */
export function renewableShare(renewableKWh: number, totalKWh: number): number | null {
  return totalKWh > 0 ? (renewableKWh / totalKWh) * 100 : null;
}

/** Energy of one supply, with the renewable part of that supply (0 to 1). */
export interface EnergySupply {
  readonly energyKWh: number;
  readonly renewableRatio: number;
}

/** Renewable share of several supplies, weighted by energy, with self-consumed local generation counted as renewable. */
export function renewableShareOfSupplies(supplies: readonly EnergySupply[], selfConsumedKWh: number): number | null {
  const renewable = exactSum(supplies.map((supply) => supply.energyKWh * supply.renewableRatio));
  const total = exactSum(supplies.map((supply) => supply.energyKWh));
  return renewableShare(renewable + selfConsumedKWh, total + selfConsumedKWh);
}

/** Energy of public buildings per floor area, ekWh/m2 and year; null without area. U4SSC EN: E: E: 4A. */
export function publicBuildingIntensity(equivalentKWh: number, floorAreaM2: number): number | null {
  return floorAreaM2 > 0 ? equivalentKWh / floorAreaM2 : null;
}

/** Greenhouse gas of energy use, tonnes CO2e: activity times emission factor. Part of U4SSC EN: EN: AQ: 2C. */
export function ghgFromEnergy(energyKWh: number, kgCo2ePerKWh: number): number {
  return (energyKWh * kgCo2ePerKWh) / 1000;
}

/** Highest demand, and which interval it fell in. */
export interface PeakDemand {
  readonly peakKw: number;
  /** Index of the interval; the first of equals. */
  readonly index: number;
}

/**
 * Peak demand over clock-aligned intervals: the largest interval energy over the length of the interval.
 *
 * @param intervalsKWh null where an interval is not complete
 * @param intervalMinutes 15, 30 or 60
 * @returns null without any complete interval
 */
export function peakDemand(intervalsKWh: readonly (number | null)[], intervalMinutes: number): PeakDemand | null {
  let peak: PeakDemand | null = null;
  for (const [index, energyKWh] of intervalsKWh.entries()) {
    if (energyKWh === null) continue;
    const kw = (energyKWh * 60) / intervalMinutes;
    if (peak === null || kw > peak.peakKw) peak = { peakKw: kw, index };
  }
  return peak;
}

/** Mean demand over peak demand, 0 to 1, of the complete intervals; null without load. */
export function loadFactor(intervalsKWh: readonly (number | null)[]): number | null {
  const mean = meanOfValid(intervalsKWh);
  const peak = peakDemand(intervalsKWh, 60);
  return mean !== null && peak !== null && peak.peakKw > 0 ? mean / peak.peakKw : null;
}

/** Power factor P / sqrt(P^2 + Q^2) of power or of energy; null without load. */
export function powerFactor(active: number, reactive: number): number | null {
  const apparent = Math.hypot(active, reactive);
  return apparent > 0 ? active / apparent : null;
}

/** Exchange with the grid over a period, kWh. */
export interface GridExchange {
  readonly importKWh: number;
  readonly exportKWh: number;
  readonly netKWh: number;
}

/**
 * Exchange with the grid from two readings of the cumulative registers 1.8.0 (A+, taken) and 2.8.0 (A-, fed in). A meter
 * without the register 2.8.0 feeds nothing in.
 *
 * @returns null when the import register is absent, or a register jumped beyond its rule
 * @see IEC 62056-61 (OBIS)
 */
export function netFromObis(
  start: Readonly<Record<string, number>>,
  end: Readonly<Record<string, number>>,
  rule: RegisterRule = {},
): GridExchange | null {
  const difference = (code: string) => {
    const [before, after] = [start[code], end[code]];
    return before === undefined || after === undefined ? undefined : registerDelta(before, after, rule).delta;
  };
  const importKWh = difference('1.8.0') ?? null;
  const exported = difference('2.8.0');
  const exportKWh = exported === undefined ? 0 : exported;
  if (importKWh === null || exportKWh === null) return null;
  return { importKWh, exportKWh, netKWh: importKWh - exportKWh };
}

/** Where locally generated energy went, kWh. */
export interface SelfConsumption {
  readonly selfConsumedKWh: number;
  readonly siteConsumptionKWh: number;
}

/** Consumption of a site with generation: import + generation - export. */
export function selfConsumption(generatedKWh: number, exportedKWh: number, importedKWh: number): SelfConsumption {
  const selfConsumedKWh = generatedKWh - exportedKWh;
  return { selfConsumedKWh, siteConsumptionKWh: importedKWh + selfConsumedKWh };
}
