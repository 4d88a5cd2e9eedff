import { exactSum, HOUR_MS } from '../../base/index.ts';
import { powerFactor } from '../arithmetic/index.ts';
import type { Amounts, KpiDefinition, KpiDevice, KpiSeries, KpiWindow } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, hoursOf, threeQuarters, wholeHours, wholeSeries } from '../hours.ts';
import { type MeterRule, meterPart, meterRule, type Said } from '../meter-rule.ts';

const KEYS = ['active', 'reactive'];

const RULE: MeterRule = {
  text: 'zone: active and reactive energy of its grid meters where it has any, otherwise of its customers\u2019 meters, each summed; city: sum of its zones; valid with all grid meters and 90 % of the others',
  districtKeys: KEYS,
  keys: [],
  value: factorOf,
};

/** Power factor of the local day, P / sqrt(P^2 + Q^2) of energies (KPI.md 5). */
export const energyPowerFactor: KpiDefinition = {
  id: 'energy-power-factor',
  code: '',
  title: 'Power factor',
  domain: 'energy',
  unit: '1',
  unitLabel: 'kWh / kVAh',
  window: 'day',
  direction: 'higher',
  decimals: 3,
  bands: [],
  scopes: ['device', 'zone', 'city'],
  method:
    'kWh / \u221a(kWh\u00b2 + kvarh\u00b2) of the hours in which both are valid, from registers (OBIS 1.8.0, 3.8.0 \u2212 4.8.0) or else from hourly means of active and reactive power; null without load',
  completeness: 'of a meter valid hours for at least 75 % of the day; of a zone all grid meters and 90 % of the others',
  source: 'IEC 62056-61 (OBIS 1.8.0, 3.8.0, 4.8.0)',
  quantities: [
    'energy_import',
    'energy_reactive_import',
    'energy_reactive_export',
    'power_active',
    'power_import',
    'power_reactive',
  ],
  spatial: meterRule(RULE),
  reachHours: EXPECTED_AFTER_HOURS,
  device: (device, window) => {
    const { role } = device.facts;
    if (role !== 'customer' && role !== 'grid') return null;
    const day = ofRegisters(device, window) ?? ofPower(device, window);
    if (day === undefined) return null;
    const expectedCount = hoursOf(window);
    const valid = day.validCount >= threeQuarters(expectedCount);
    const part = { value: null, validCount: day.validCount, expectedCount, valid, note: '', amounts: day.amounts };
    const said = meterPart(RULE, part, window)!;
    return { ...said, valid: valid && said.value !== null };
  },
};

interface PowerDay {
  readonly validCount: number;
  readonly amounts: Amounts;
}

function ofRegisters(device: KpiDevice, window: KpiWindow): PowerDay | undefined {
  const active = wholeSeries(device, 'energy_import', window);
  const inductive = wholeSeries(device, 'energy_reactive_import', window);
  const capacitive = wholeSeries(device, 'energy_reactive_export', window);
  if (active.length === 0 || (inductive.length === 0 && capacitive.length === 0)) return undefined;
  const reactive = [
    { sign: 1, series: inductive },
    { sign: -1, series: capacitive },
  ].filter(({ series }) => series.length > 0);
  return alignedDay(active, reactive, window, () => 1);
}

/** Gauges in W and var: the mean of an hour is its energy. */
function ofPower(device: KpiDevice, window: KpiWindow): PowerDay | undefined {
  const signed = wholeSeries(device, 'power_active', window);
  const active = signed.length > 0 ? signed : wholeSeries(device, 'power_import', window);
  const reactive = wholeSeries(device, 'power_reactive', window);
  if (active.length === 0 || reactive.length === 0) return undefined;
  return alignedDay(active, [{ sign: 1, series: reactive }], window, (lengthMs) => lengthMs / HOUR_MS / 1000);
}

/** @param factor makes kWh and kvarh of what an interval says, by its length in ms */
function alignedDay(
  active: readonly KpiSeries[],
  reactive: readonly { readonly sign: number; readonly series: readonly KpiSeries[] }[],
  window: KpiWindow,
  factor: (lengthMs: number) => number,
): PowerDay {
  const others = reactive.map(({ sign, series }) => ({ sign, hours: wholeHours(series, window) }));
  const kWh: number[] = [];
  const kvarh: number[] = [];
  for (const [atMs, { startMs, endMs, value }] of wholeHours(active, window)) {
    const beside = others.map(({ sign, hours }) => ({ sign, hour: hours.get(atMs) }));
    if (beside.some(({ hour }) => hour === undefined)) continue;
    kWh.push(value * factor(endMs - startMs));
    for (const { sign, hour } of beside) kvarh.push(sign * (hour?.value ?? Number.NaN) * factor(endMs - startMs));
  }
  const amounts = kWh.length === 0 ? {} : { active: exactSum(kWh), reactive: exactSum(kvarh) };
  return { validCount: kWh.length, amounts };
}

function factorOf({ active, reactive }: Amounts): Said {
  if (active === undefined || reactive === undefined) return { value: null };
  const value = powerFactor(active, reactive);
  return { value, numerator: active, denominator: Math.hypot(active, reactive) };
}
