import { DAY_MS } from '../../base/index.ts';
import { districtAlarm } from '../arithmetic/index.ts';
import type { DayRecord } from '../day-ledger.ts';
import type { FoldSpan, KpiDefinition, Part } from '../definition.ts';
import type { KpiBand } from '../kpi.ts';
import { overDays, partOfYear } from '../long-kpi.ts';
import { SUM } from '../spatial-rules.ts';
import { waterMnf } from './night-flow.ts';

/** Nights that an alarm is judged by: 7 that make the baseline, and 3. */
const NIGHTS = 10;

const RULE =
  'the minimum night flows of three nights in a row lie above the 20th percentile of the 7 nights before them plus 3 standard deviations, or more than 20 % above that percentile';
const SOURCE = 'rules of thumb of district metered areas; baseline by UKWIR 99/WM/08/21';
const DISTRICTS_SUM = {
  ...SUM,
  text: 'zone: from the night flow of its bulk meters; city: sum over its districts; valid only when all of them are',
};

const COMMON = {
  unit: '1',
  decimals: 0,
  scopes: ['zone', 'city'],
  source: SOURCE,
  of: waterMnf,
  level: 'zone',
  spatial: DISTRICTS_SUM,
} as const;

/** Districts of which the last ended night says that a main may have burst (KPI.md 4.4). */
export const waterDistrictAlarm: readonly KpiDefinition[] = overDays({
  ...COMMON,
  id: 'water-district-alarm',
  title: 'District alarm',
  unitLabel: 'districts',
  bands: bandsOf('no alarm', 'burst suspected'),
  windows: ['rolling-365d'],
  suffix: ['night', 'last night'],
  method: `1 for a district where ${RULE}; of the last ten nights of the window; note: the rules that were met`,
  completeness: 'the last three nights, and five of the seven before them',
  fold: (days, { window }) => {
    const nights = nightsUntil(byStart(days), window, window.endMs);
    const alarm = districtAlarm(nights);
    const value = alarm === null ? null : Number(alarm.alarm);
    const validCount = nights.filter((flow) => flow !== null).length;
    const note = alarm === null ? '' : alarm.rules.join(', ');
    return { value, validCount, expectedCount: NIGHTS, valid: value !== null, note };
  },
});

/** Nights on which the alarm stood. */
export const waterDistrictAlarmNights: readonly KpiDefinition[] = overDays({
  ...COMMON,
  id: 'water-district-alarm-nights',
  title: 'Nights with a district alarm',
  unitLabel: 'nights',
  bands: bandsOf('no alarm', 'nights with an alarm'),
  windows: ['month', 'year'],
  // Nights before the window are the baseline of its first ones.
  yearsBefore: 1,
  method: `nights of the window after which ${RULE}; of the city the sum of its districts`,
  completeness: 'at least 90 % of the nights that have ended can be judged: three nights, and five of the seven before',
  fold: alarmNights,
});

function alarmNights(days: readonly DayRecord[], span: FoldSpan): Part {
  const { window, before = [] } = span;
  const flows = byStart([...before.slice(-NIGHTS), ...days]);
  const nights = nightsUntil(flows, window, window.startMs);
  let atMs = window.startMs;
  for (let night = 0; night < span.days; night++) {
    nights.push(flows.get(atMs) ?? null);
    atMs = window.calendar.dayEnd(atMs);
  }
  const alarms = Array.from({ length: span.days }, (_, night) =>
    districtAlarm(nights.slice(night + 1, NIGHTS + night + 1)),
  );
  const judged = alarms.filter((alarm) => alarm !== null);
  const count = judged.filter(({ alarm }) => alarm).length;
  return partOfYear(judged.length === 0 ? null : count, judged.length, span.days);
}

/** Valid minimum night flows by the start of their day. */
function byStart(days: readonly DayRecord[]): ReadonlyMap<number, number> {
  return new Map(days.flatMap(({ startMs, value, valid }) => (valid && value !== null ? [[startMs, value]] : [])));
}

/** The nights of ten local days up to a midnight, oldest first; null for those that say nothing. */
function nightsUntil(
  flows: ReadonlyMap<number, number>,
  { calendar }: FoldSpan['window'],
  endMs: number,
): (number | null)[] {
  const nights: (number | null)[] = [];
  let atMs = endMs;
  while (nights.length < NIGHTS) {
    atMs = calendar.dayStart(atMs - DAY_MS / 2);
    nights.unshift(flows.get(atMs) ?? null);
  }
  return nights;
}

function bandsOf(none: string, some: string): readonly KpiBand[] {
  return [
    { name: none, upTo: 0, color: '#2e9e6b' },
    { name: some, upTo: Number.POSITIVE_INFINITY, color: '#d6503f' },
  ];
}
