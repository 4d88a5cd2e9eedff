/*
 * The units that field devices use, as UCUM codes (https://ucum.org), each with its linear way to the dimension's base:
 * base = value * factor + offset. A quantity has one canonical unit; a profile resolves the conversion once.
 */

interface UnitLine {
  readonly dimension: string;
  readonly factor: number;
  readonly offset: number;
}

const LINES: Readonly<Record<string, readonly [dimension: string, factor: number, offset?: number]>> = {
  '1': ['ratio', 1],
  '%': ['ratio', 0.01],
  'ug/m3': ['mass concentration', 1],
  'mg/m3': ['mass concentration', 1e3],
  'ng/m3': ['mass concentration', 1e-3],
  '[ppb]': ['mole fraction', 1],
  '[ppm]': ['mole fraction', 1e3],
  'dB[SPL]': ['level', 1],
  Cel: ['temperature', 1],
  '[degF]': ['temperature', 5 / 9, (-32 * 5) / 9],
  K: ['temperature', 1, -273.15],
  Pa: ['pressure', 1],
  hPa: ['pressure', 100],
  kPa: ['pressure', 1e3],
  bar: ['pressure', 1e5],
  mbar: ['pressure', 100],
  m3: ['volume', 1],
  L: ['volume', 1e-3],
  dm3: ['volume', 1e-3],
  '[gal_us]': ['volume', 3.785411784e-3],
  '[cft_i]': ['volume', 0.028316846592],
  'm3/h': ['volume flow', 1],
  'L/s': ['volume flow', 3.6],
  'L/h': ['volume flow', 1e-3],
  'L/min': ['volume flow', 0.06],
  'm3/s': ['volume flow', 3600],
  'kW.h': ['energy', 1],
  'W.h': ['energy', 1e-3],
  'W.min': ['energy', 1 / 60_000],
  'MW.h': ['energy', 1e3],
  J: ['energy', 1 / 3.6e6],
  MJ: ['energy', 1 / 3.6],
  GJ: ['energy', 1e3 / 3.6],
  W: ['power', 1],
  kW: ['power', 1e3],
  MW: ['power', 1e6],
  'V.A': ['apparent power', 1],
  'kV.A': ['apparent power', 1e3],
  'V.A.h': ['apparent energy', 1e-3],
  'kV.A.h': ['apparent energy', 1],
  V: ['voltage', 1],
  mV: ['voltage', 1e-3],
  kV: ['voltage', 1e3],
  A: ['current', 1],
  mA: ['current', 1e-3],
  Hz: ['frequency', 1],
  deg: ['angle', 1],
  rad: ['angle', 180 / Math.PI],
  'm/s': ['speed', 1],
  'km/h': ['speed', 1 / 3.6],
  mm: ['length', 1],
  m: ['length', 1000],
  lx: ['illuminance', 1],
  s: ['time', 1],
  min: ['time', 60],
  h: ['time', 3600],
  '[NTU]': ['turbidity', 1],
  '[pH]': ['acidity', 1],
  'mg/L': ['dissolved concentration', 1],
  'uS/cm': ['conductivity', 1],
};

const UNITS: ReadonlyMap<string, UnitLine> = new Map(
  Object.entries(LINES).map(([code, [dimension, factor, offset]]) => [
    code,
    { dimension, factor, offset: offset ?? 0 },
  ]),
);

/*
 * Spellings met in the field, each to its UCUM code. The micro sign U+00B5 and the Greek mu U+03BC both occur in one
 * feed, so both stand here.
 */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['\u00b5g/m\u00b3', 'ug/m3'],
  ['\u03bcg/m\u00b3', 'ug/m3'],
  ['\u00b5g/m3', 'ug/m3'],
  ['\u03bcg/m3', 'ug/m3'],
  ['ug/m\u00b3', 'ug/m3'],
  ['ug/m^3', 'ug/m3'],
  ['mg/m\u00b3', 'mg/m3'],
  ['ppb', '[ppb]'],
  ['ppm', '[ppm]'],
  ['dB', 'dB[SPL]'],
  ['dB(A)', 'dB[SPL]'],
  ['dBA', 'dB[SPL]'],
  ['dBspl', 'dB[SPL]'],
  ['C', 'Cel'],
  ['\u00b0C', 'Cel'],
  ['F', '[degF]'],
  ['\u00b0F', '[degF]'],
  ['%RH', '%'],
  ['%rh', '%'],
  ['/', '1'],
  ['', '1'],
  ['m\u00b3', 'm3'],
  ['l', 'L'],
  ['l/s', 'L/s'],
  ['l/h', 'L/h'],
  ['l/min', 'L/min'],
  ['m\u00b3/h', 'm3/h'],
  ['kWh', 'kW.h'],
  ['Wh', 'W.h'],
  ['MWh', 'MW.h'],
  ['VA', 'V.A'],
  ['var', 'V.A'],
  ['kvar', 'kV.A'],
  ['varh', 'V.A.h'],
  ['kvarh', 'kV.A.h'],
  ['NTU', '[NTU]'],
  ['pH', '[pH]'],
]);

/** A conversion resolved once: canonical = value * factor + offset. */
export interface Conversion {
  readonly factor: number;
  readonly offset: number;
}

/*
 * Molar masses in g/mol for the mole-fraction to mass-concentration step that UCUM cannot do (KPI.md 2.10).
 */
const MOLAR_MASS_G_PER_MOL: ReadonlyMap<string, number> = new Map([
  ['no2', 46.0055],
  ['no', 30.0061],
  ['nox', 46.0055],
  ['o3', 47.9982],
  ['so2', 64.066],
  ['co', 28.0101],
  ['h2s', 34.081],
  ['nh3', 17.0305],
  ['benzene', 78.114],
]);

const GAS_CONSTANT_J_PER_MOL_K = 8.314462618;
const STANDARD_PRESSURE_KPA = 101.325;

/** The UCUM code for a unit as devices spell it, or undefined for an unknown unit. */
export function unitCode(spelling: string): string | undefined {
  const text = spelling.trim();
  if (UNITS.has(text)) return text;
  return SPELLINGS.get(text);
}

/**
 * Micrograms per cubic metre for one ppb of a gas.
 *
 * @param gas a quantity id such as `no2`
 * @param temperatureCel the reference state; EU legislation 20, US and China 25 (KPI.md 2.10)
 */
export function ugm3PerPpb(gas: string, temperatureCel: number): number | undefined {
  const massGPerMol = MOLAR_MASS_G_PER_MOL.get(gas);
  if (massGPerMol === undefined) return undefined;
  const molarVolumeL = (GAS_CONSTANT_J_PER_MOL_K * (temperatureCel + 273.15)) / STANDARD_PRESSURE_KPA;
  return massGPerMol / molarVolumeL;
}

/**
 * The conversion between two units of one quantity.
 *
 * @param from UCUM code of the reading
 * @param to UCUM code of the quantity
 * @param quantity id, needed to turn a mole fraction of a gas into a mass concentration at 20 Cel and 101.325 kPa
 * @returns undefined when the units measure different things
 */
export function conversionBetween(from: string, to: string, quantity: string): Conversion | undefined {
  const source = UNITS.get(from);
  const target = UNITS.get(to);
  if (source === undefined || target === undefined) return undefined;
  if (from === to) return { factor: 1, offset: 0 };
  if (source.dimension === target.dimension) {
    return { factor: source.factor / target.factor, offset: (source.offset - target.offset) / target.factor };
  }
  const perPpb = ugm3PerPpb(quantity, 20);
  if (perPpb === undefined) return undefined;
  if (source.dimension === 'mole fraction' && target.dimension === 'mass concentration') {
    return { factor: (source.factor * perPpb) / target.factor, offset: 0 };
  }
  if (source.dimension === 'mass concentration' && target.dimension === 'mole fraction') {
    return { factor: source.factor / perPpb / target.factor, offset: 0 };
  }
  return undefined;
}
