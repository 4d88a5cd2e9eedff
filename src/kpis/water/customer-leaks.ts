import { continuousFlow } from '../arithmetic/index.ts';
import type { Amounts, KpiDefinition, KpiDevice, KpiWindow, Part } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, hoursOf } from '../hours.ts';
import { type MeterRule, meterRule } from '../meter-rule.ts';
import { WATER, waterDay } from './water-day.ts';

const TEXT = 'customers\u2019 meters of which it is known whether they leak; valid with 90 % of the meters';

const COUNT: MeterRule = {
  text: TEXT,
  districtKeys: [],
  keys: ['leaking', 'judged'],
  value: ({ leaking = 0, judged = 0 }) =>
    judged > 0 ? { value: leaking, numerator: leaking, denominator: 1 } : { value: null },
};

const SHARE: MeterRule = {
  ...COUNT,
  value: ({ leaking = 0, judged = 0 }: Amounts) => ({
    value: judged > 0 ? (100 * leaking) / judged : null,
    numerator: 100 * leaking,
    denominator: judged,
  }),
};

const COMMON = {
  code: '',
  domain: 'water',
  window: 'day',
  direction: 'lower',
  completeness:
    'of a meter an hour that fell to the threshold, or else every hour of the day; of a zone 90 % of the meters',
  source: 'continuous-flow rule of smart water metering',
  quantities: WATER,
  reachHours: EXPECTED_AFTER_HOURS,
} as const satisfies Partial<KpiDefinition>;

const METHOD =
  'a meter leaks when no hour of the local day fell to the threshold (no flow at all by default), and none is missing';

/** Customers' meters whose flow never stopped within the local day (KPI.md 4.4); of a single meter 1 or 0. */
export const waterLeakingMeters: KpiDefinition = {
  ...COMMON,
  id: 'water-leaking-meters',
  title: 'Customers\u2019 meters with continuous flow',
  unit: '1',
  unitLabel: 'meters',
  decimals: 0,
  bands: [
    { name: 'none', upTo: 0, color: '#2e9e6b' },
    { name: 'continuous flow', upTo: Number.POSITIVE_INFINITY, color: '#d6503f' },
  ],
  scopes: ['device', 'zone', 'city'],
  method: `number of meters that leak; ${METHOD}; of a meter 1 or 0, with its lowest flow as note`,
  spatial: meterRule(COUNT),
  device: (device, window) => leakPart(device, window, 1),
};

/** Share of them. */
export const waterLeakingShare: KpiDefinition = {
  ...COMMON,
  id: 'water-leaking-share',
  title: 'Share of customers\u2019 meters with continuous flow',
  unit: '%',
  unitLabel: '%',
  decimals: 1,
  bands: [],
  scopes: ['zone', 'city'],
  method: `meters that leak, of those of which it is known; ${METHOD}`,
  spatial: meterRule(SHARE),
  device: (device, window) => leakPart(device, window, 100),
};

/** @param one value of a meter that leaks */
function leakPart(device: KpiDevice, window: KpiWindow, one: number): Part | null {
  if (device.facts.role !== 'customer') return null;
  const day = waterDay(device, window);
  if (day === undefined) return null;
  const expectedCount = hoursOf(window);
  const threshold = window.settings.water.leakAboveLitresPerHour;
  const verdict = continuousFlow(day.lowestM3h, day.validCount, expectedCount, threshold);
  const counts = { validCount: day.validCount, expectedCount };
  if (verdict === 'unknown') return { ...counts, value: null, valid: false, note: '', amounts: {} };
  const leaking = verdict === 'leak' ? 1 : 0;
  const note = leaking === 1 ? `never below ${Number((day.lowestM3h * 1000).toPrecision(3))} l/h` : '';
  return { ...counts, value: leaking * one, valid: true, note, amounts: { leaking, judged: 1 } };
}
