import type { KpiAnswer } from '../verify/index.ts';
import {
  Api,
  addDifference,
  agrees,
  type ColumnResult,
  decimalsOf,
  type ExpectedFile,
  type ExpectedRow,
  emptyResult,
  readExpected,
  type VerifyReport,
  verifyReport,
} from '../verify/index.ts';
import { OUTAGE_CALENDAR } from './city.ts';
import { type OutageEvent, realMinutes, wallMinutes } from './events.ts';
import { stateId } from './messages.ts';

/** A number of the product, or of the recording as it was read; null for nothing. */
interface Answer {
  readonly value: number | null;
  /** As JSON, for the report. */
  readonly said: string;
}

/** How one column of an expected file is compared. */
interface Column {
  readonly column: string;
  readonly source: string;
  readonly comparison: 'exact' | 'rounded' | 'count';
  answer(row: ExpectedRow): Promise<Answer> | Answer;
  /** What the product's rules make of the same events, and which rule it is; undefined where they make no difference. */
  byRule?(row: ExpectedRow): { readonly want: number | null; readonly reason: string } | undefined;
}

/**
 * Compares the results that came with a recording of outages with what the product answers.
 *
 * @throws OperatingError `expected_missing`, `expected_invalid`, `api_failed`
 */
export async function verifyOutages(
  folder: string,
  events: readonly OutageEvent[],
  httpUrl: string,
): Promise<VerifyReport> {
  const api = new Api(httpUrl);
  const columns: ColumnResult[] = [];
  const notCovered: string[] = [];
  for (const file of readExpected(folder)) {
    const rules = columnsOf(file.name, events, api);
    for (const column of rules) columns.push(await compareColumn(file, column));
    const names = new Set(['event', 'state', 'assumed_zone', 'year', ...rules.map(({ column }) => column)]);
    const left = file.header.filter((column) => !names.has(column));
    if (rules.length === 0) notCovered.push(`${file.name}: whole file`);
    else if (left.length > 0) notCovered.push(`${file.name}: ${left.join(', ')}`);
  }
  return verifyReport(columns, notCovered, api);
}

function columnsOf(file: string, events: readonly OutageEvent[], api: Api): readonly Column[] {
  if (file === 'duration_check.csv') return durationColumns(events, api);
  return file === 'state_year_indices.csv' ? indexColumns(events, api) : [];
}

async function compareColumn(file: ExpectedFile, rule: Column): Promise<ColumnResult> {
  const { column, source, comparison } = rule;
  const result = emptyResult(file.name, column, source);
  const decimals = decimalsOf(file.rows.map((row) => row[column] ?? ''));
  for (const row of file.rows) {
    const want = row[column] ?? '';
    const { value, said } = await rule.answer(row);
    result.compared++;
    if (agrees(want, value, comparison, decimals)) continue;
    const name = row.event ?? `${row.state} ${row.year}`;
    const ruled = rule.byRule?.(row);
    if (ruled !== undefined && agrees(ruled.want === null ? '' : String(ruled.want), value, 'rounded', decimals)) {
      result.ruled.push({ row: name, ours: value ?? Number.NaN, want, reason: ruled.reason });
      continue;
    }
    addDifference(result, { row: name, want, got: value, answer: said });
  }
  return result;
}

/** Minutes of each event, as its meter told them. */
function durationColumns(events: readonly OutageEvent[], api: Api): readonly Column[] {
  const byId = new Map(events.map((event) => [event.id, event]));
  const asked = new Map<string, Promise<Answer>>();
  const answer = (row: ExpectedRow): Promise<Answer> => {
    const event = byId.get(row.event ?? '');
    const known = asked.get(row.event ?? '') ?? minutesOf(event, api);
    asked.set(row.event ?? '', known);
    return known;
  };
  const byRule = (row: ExpectedRow) => {
    const event = byId.get(row.event ?? '');
    return event === undefined ? undefined : clockRule(event);
  };
  const source = 'kpi outage-minutes-day';
  return ['duration_published_min', 'end_minus_start_min', 'zone_aware_min'].map((column) => {
    return { column, source, comparison: 'exact', answer, byRule };
  });
}

async function minutesOf(event: OutageEvent | undefined, api: Api): Promise<Answer> {
  if (event?.startMs === undefined) return { value: null, said: 'without a start' };
  const { startMs } = event;
  const dayMs = dayStart(startMs);
  const { rows } = await api.kpi('outage-minutes-day', `device:event-${event.id}`, 'day', dayMs, dayMs + 1);
  const row = rows[0];
  const said = row === undefined ? 'no answer' : JSON.stringify(row);
  // What runs has no duration yet; of what ended when it began the product says nothing.
  if (event.restoredMs === undefined) return { value: isFinal(row) ? (row?.value ?? null) : null, said };
  return { value: row?.value ?? (event.restoredMs === startMs ? 0 : null), said };
}

/** A value of which something still runs is not final. */
function isFinal(row: KpiAnswer | undefined): boolean {
  return row !== undefined && (row as { readonly final?: unknown }).final !== false;
}

/** Minutes on the wall are not those that passed where the clocks were changed in between. */
function clockRule(event: OutageEvent): { readonly want: number | null; readonly reason: string } | undefined {
  const real = realMinutes(event);
  const wall = wallMinutes(event);
  if (real === undefined || wall === undefined || real === wall) return undefined;
  return { want: real, reason: `clocks were changed in between: ${wall} min on the wall` };
}

/** Sums and indices of a state and year. */
function indexColumns(events: readonly OutageEvent[], api: Api): readonly Column[] {
  const groups = Map.groupBy(events, ({ state, year }) => `${state} ${year}`);
  const of = (row: ExpectedRow): readonly OutageEvent[] => groups.get(`${row.state} ${row.year}`) ?? [];
  const read = (column: string, count: (some: readonly OutageEvent[]) => number): Column => ({
    column,
    source: 'the recording as it was read',
    comparison: 'count',
    answer: (row) => ({ value: count(of(row)), said: '' }),
  });
  return [
    read('events', (some) => some.length),
    read('total_customers', (some) => some[0]?.customersServed ?? 0),
    read('distinct_totals', (some) => new Set(some.map(({ customersServed }) => customersServed)).size),
    read('used', (some) => some.filter(isUsed).length),
    askedColumn('ci', 'outage-saifi-year', api, of),
    askedColumn('cmi', 'outage-saidi-year', api, of),
    askedColumn('SAIFI', 'outage-saifi-year', api, of),
    askedColumn('SAIDI_min', 'outage-saidi-year', api, of),
    askedColumn('CAIDI_min', 'outage-caidi-year', api, of),
  ];
}

function askedColumn(
  column: 'ci' | 'cmi' | 'SAIFI' | 'SAIDI_min' | 'CAIDI_min',
  kpi: string,
  api: Api,
  of: (row: ExpectedRow) => readonly OutageEvent[],
): Column {
  const isSum = column === 'ci' || column === 'cmi';
  return {
    column,
    source: isSum ? `kpi ${kpi} · customers` : `kpi ${kpi}`,
    comparison: 'rounded',
    answer: async (row) => {
      const startMs = yearStart(Number(row.year));
      const { rows } = await api.kpi(kpi, stateId(row.state ?? ''), 'year', startMs, startMs + 1);
      const found = rows[0];
      const nothing = column === 'CAIDI_min' ? null : 0;
      // A year in which a state told nothing has no value: it had no outage with both numbers.
      const value = found === undefined ? nothing : found.value;
      const said = found === undefined ? 'no answer' : JSON.stringify(found);
      return { value: value !== null && isSum ? value * (of(row)[0]?.customersServed ?? 0) : value, said };
    },
    byRule: (row) => indexRule(column, row, of(row).filter(isUsed)),
  };
}

function isUsed({ customers, publishedMinutes }: OutageEvent): boolean {
  return customers !== undefined && publishedMinutes !== undefined;
}

/** The same sums with the minutes that passed, and without events that ended when they began. */
function indexRule(column: string, row: ExpectedRow, used: readonly OutageEvent[]) {
  const shifted = used.filter((event) => clockRule(event) !== undefined).map(({ id }) => id);
  const empty = used.filter((event) => realMinutes(event) === 0 && event.customers! > 0).map(({ id }) => id);
  if (shifted.length + empty.length === 0) return undefined;
  const counted = used.filter((event) => realMinutes(event) !== 0);
  const ci = counted.reduce((sum, { customers }) => sum + customers!, 0);
  const cmi = counted.reduce((sum, event) => sum + event.customers! * (realMinutes(event) ?? 0), 0);
  const served = Number(row.total_customers);
  const values: Readonly<Record<string, number | null>> = {
    ...{ ci, cmi, SAIFI: ci / served, SAIDI_min: cmi / served, CAIDI_min: ci > 0 ? cmi / ci : null },
  };
  const reasons = [
    ...(shifted.length > 0 ? [`clocks were changed during event ${shifted.join(', ')}`] : []),
    ...(empty.length > 0 ? [`event ${empty.join(', ')} ended when it began`] : []),
  ];
  return { want: values[column] ?? null, reason: reasons.join('; ') };
}

function yearStart(year: number): number {
  return Temporal.ZonedDateTime.from({ year, month: 1, day: 1, timeZone: OUTAGE_CALENDAR }).epochMilliseconds;
}

function dayStart(atMs: number): number {
  const time = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(OUTAGE_CALENDAR);
  return time.startOfDay().epochMilliseconds;
}
