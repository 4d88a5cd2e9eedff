/**
 * How readings of a quantity combine. A wrong mean cannot be asked for: the kind alone decides.
 * - gauge: arithmetic mean
 * - level: energetic mean of decibels, 10*log10(mean(10^(L/10)))
 * - counter: increase of a cumulative register between event-time neighbours
 * - delta: sum of amounts, each for its own interval
 * - state: last value
 * - angle: vector mean of directions in degrees
 */
export type QuantityKind = 'gauge' | 'level' | 'counter' | 'delta' | 'state' | 'angle';

export type Domain = 'air' | 'noise' | 'water' | 'energy' | 'weather' | 'device';

/** What is measured. Every observed property has one canonical UCUM unit in the whole product. */
export interface Quantity {
  readonly id: string;
  readonly title: string;
  readonly domain: Domain;
  readonly kind: QuantityKind;
  /** UCUM code. */
  readonly unit: string;
  /** Readings outside are physically impossible for a city sensor: kept with quality `bad`, never counted. */
  readonly min: number;
  readonly max: number;
}

type Line = readonly [
  id: string,
  title: string,
  domain: Domain,
  kind: QuantityKind,
  unit: string,
  min: number,
  max: number,
];

/*
 * Lower bounds below zero for gases: analysers and electrochemical cells drift below zero, and cutting those readings
 * would bias every mean upward (KPI.md 6.6).
 */
const LINES: readonly Line[] = [
  ['pm1', 'PM1', 'air', 'gauge', 'ug/m3', -20, 20_000],
  ['pm2_5', 'PM2.5', 'air', 'gauge', 'ug/m3', -20, 20_000],
  ['pm4', 'PM4', 'air', 'gauge', 'ug/m3', -20, 20_000],
  ['pm10', 'PM10', 'air', 'gauge', 'ug/m3', -20, 20_000],
  ['no2', 'Nitrogen dioxide', 'air', 'gauge', 'ug/m3', -250, 10_000],
  ['no', 'Nitrogen monoxide', 'air', 'gauge', 'ug/m3', -250, 10_000],
  ['nox', 'Nitrogen oxides (as NO2)', 'air', 'gauge', 'ug/m3', -250, 20_000],
  ['o3', 'Ozone', 'air', 'gauge', 'ug/m3', -100, 2_000],
  ['so2', 'Sulphur dioxide', 'air', 'gauge', 'ug/m3', -100, 10_000],
  ['co', 'Carbon monoxide', 'air', 'gauge', 'mg/m3', -5, 500],
  ['h2s', 'Hydrogen sulphide', 'air', 'gauge', 'ug/m3', -100, 10_000],
  ['nh3', 'Ammonia', 'air', 'gauge', 'ug/m3', -100, 10_000],
  ['benzene', 'Benzene', 'air', 'gauge', 'ug/m3', -20, 5_000],
  ['co2', 'Carbon dioxide', 'air', 'gauge', '[ppm]', 0, 50_000],
  ['tvoc_ppb', 'Volatile organic compounds', 'air', 'gauge', '[ppb]', 0, 100_000],
  ['tvoc_index', 'VOC index', 'air', 'gauge', '1', 0, 1_000],
  ['nox_index', 'NOx index', 'air', 'gauge', '1', 0, 1_000],
  ['laeq', 'Equivalent sound level, A-weighted', 'noise', 'level', 'dB[SPL]', 0, 160],
  ['la_min', 'Lowest sound level, A-weighted', 'noise', 'level', 'dB[SPL]', 0, 160],
  ['la_max', 'Highest sound level, A-weighted', 'noise', 'level', 'dB[SPL]', 0, 160],
  ['laf', 'Sound level, A-weighted, fast', 'noise', 'level', 'dB[SPL]', 0, 160],
  ['lceq', 'Equivalent sound level, C-weighted', 'noise', 'level', 'dB[SPL]', 0, 160],
  ['water_volume', 'Water meter register', 'water', 'counter', 'm3', 0, 1e12],
  ['water_backflow', 'Water meter backward register', 'water', 'counter', 'm3', 0, 1e12],
  ['water_delta', 'Water volume of an interval', 'water', 'delta', 'm3', -1e6, 1e6],
  ['water_flow', 'Water flow', 'water', 'gauge', 'm3/h', -1e5, 1e5],
  ['water_temperature', 'Water temperature', 'water', 'gauge', 'Cel', -10, 120],
  ['water_pressure', 'Water pressure', 'water', 'gauge', 'hPa', -1_000, 100_000],
  ['turbidity', 'Turbidity', 'water', 'gauge', '[NTU]', 0, 10_000],
  ['ph', 'pH', 'water', 'gauge', '[pH]', 0, 14],
  ['free_chlorine', 'Free chlorine', 'water', 'gauge', 'mg/L', 0, 100],
  ['conductivity', 'Conductivity', 'water', 'gauge', 'uS/cm', 0, 200_000],
  ['energy_import', 'Energy taken from the grid (register)', 'energy', 'counter', 'kW.h', 0, 1e12],
  ['energy_export', 'Energy fed into the grid (register)', 'energy', 'counter', 'kW.h', 0, 1e12],
  ['energy_generation', 'Energy generated (register)', 'energy', 'counter', 'kW.h', 0, 1e12],
  [
    'energy_reactive_import',
    'Reactive energy, inductive or taken (register, kvarh)',
    'energy',
    'counter',
    'kV.A.h',
    0,
    1e12,
  ],
  [
    'energy_reactive_export',
    'Reactive energy, capacitive or fed in (register, kvarh)',
    'energy',
    'counter',
    'kV.A.h',
    0,
    1e12,
  ],
  ['energy_delta', 'Energy of an interval', 'energy', 'delta', 'kW.h', -1e6, 1e6],
  ['heat_energy', 'Thermal energy (register)', 'energy', 'counter', 'kW.h', 0, 1e12],
  ['gas_volume', 'Gas meter register', 'energy', 'counter', 'm3', 0, 1e12],
  ['power_active', 'Active power', 'energy', 'gauge', 'W', -1e9, 1e9],
  ['power_import', 'Active power taken', 'energy', 'gauge', 'W', 0, 1e9],
  ['power_export', 'Active power fed in', 'energy', 'gauge', 'W', 0, 1e9],
  ['power_apparent', 'Apparent power', 'energy', 'gauge', 'V.A', -1e9, 1e9],
  ['power_reactive', 'Reactive power', 'energy', 'gauge', 'V.A', -1e9, 1e9],
  ['power_factor', 'Power factor', 'energy', 'gauge', '1', -1, 1],
  ['voltage', 'Voltage', 'energy', 'gauge', 'V', 0, 1e6],
  ['current', 'Current', 'energy', 'gauge', 'A', -1e6, 1e6],
  ['frequency', 'Mains frequency', 'energy', 'gauge', 'Hz', 0, 1_000],
  ['pulse_count', 'Pulses (register)', 'energy', 'counter', '1', 0, 1e15],
  ['temperature', 'Air temperature', 'weather', 'gauge', 'Cel', -60, 70],
  ['humidity', 'Relative humidity', 'weather', 'gauge', '%', 0, 100],
  ['pressure', 'Air pressure', 'weather', 'gauge', 'hPa', 300, 1_200],
  ['wind_speed', 'Wind speed', 'weather', 'gauge', 'm/s', 0, 120],
  ['wind_direction', 'Wind direction', 'weather', 'angle', 'deg', 0, 360],
  ['precipitation', 'Precipitation of an interval', 'weather', 'delta', 'mm', 0, 1_000],
  ['illuminance', 'Illuminance', 'weather', 'gauge', 'lx', 0, 200_000],
  ['battery_level', 'Battery level', 'device', 'gauge', '%', 0, 100],
  ['battery_voltage', 'Battery voltage', 'device', 'gauge', 'V', 0, 100],
  ['rssi', 'Received signal strength (dBm)', 'device', 'gauge', '1', -200, 50],
  ['link_quality', 'Link quality', 'device', 'gauge', '1', 0, 255],
  ['device_temperature', 'Temperature inside the device', 'device', 'gauge', 'Cel', -60, 150],
  ['power_outage', 'Supply lost (1) or present (0)', 'device', 'state', '1', 0, 1],
  ['customers_out', 'Customers without supply', 'energy', 'state', '1', 0, 1e9],
];

/** Every quantity of the product, by id; the order is fixed and never depends on input. */
export const QUANTITIES: ReadonlyMap<string, Quantity> = new Map(
  LINES.map(([id, title, domain, kind, unit, min, max]) => [id, { id, title, domain, kind, unit, min, max }]),
);
