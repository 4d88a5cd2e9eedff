import { type CsvCell, csvLine } from '../../base/index.ts';
import {
  coverageOf,
  hasTarget,
  isNumber,
  type KpiReport,
  meetsTarget,
  type Report,
  type ReportValue,
} from './report.ts';
import { type LocalTimes, localTimes } from './times.ts';

/** Columns of the file. */
export const REPORT_COLUMNS = [
  // `summary`: one row a KPI; `window`: one row a window, as in the tables of the HTML.
  'part',
  'zone',
  'period',
  'kpi',
  'code',
  'title',
  'unit',
  'window',
  'start',
  'end',
  'value',
  'band',
  'coverage',
  'valid_count',
  'expected_count',
  'valid',
  'final',
  'revision',
  'reason',
  'note',
  'quality',
  'target',
  'target_met',
  'why',
  // Of summaries alone, for KPIs of shorter windows than the period.
  'windows',
  'windows_said',
  'windows_valid',
  'windows_final',
  'windows_revised',
  'windows_target_met',
  'lowest',
  'lowest_start',
  'highest',
  'highest_start',
  'last',
  'last_start',
  'last_valid',
] as const;

type Row = Partial<Record<(typeof REPORT_COLUMNS)[number], CsvCell>>;

/**
 * The report as CSV (RFC 4180, UTF-8): numbers in full precision with a dot, times with the offset of the city. It comes
 * in pieces of one line each.
 */
export function* reportCsv(report: Report): Generator<string> {
  const times = localTimes(report.period.timeZone);
  yield csvLine(REPORT_COLUMNS);
  for (const kpi of report.kpis) yield lineOf(report, kpi, summaryRow(report, kpi, times));
  for (const kpi of report.kpis) {
    for (const value of kpi.values)
      yield lineOf(report, kpi, { part: 'window', ...valueRow(report, kpi, value, times) });
  }
}

function lineOf({ zone, period }: Report, { info }: KpiReport, row: Row): string {
  const { id: kpi, code, title, unit, window, target } = info;
  const cells: Row = { zone: zone.id, period: period.text, kpi, code, title, unit, window, target, ...row };
  return csvLine(REPORT_COLUMNS.map((column) => cells[column]));
}

function valueRow({ zone }: Report, { info }: KpiReport, value: ReportValue, times: LocalTimes): Row {
  return {
    start: times.iso(value.startMs),
    end: times.iso(value.endMs),
    value: numberOf(value),
    band: value.band === null ? null : info.bands[value.band - 1]?.name,
    coverage: value.coverage,
    valid_count: value.validCount,
    expected_count: value.expectedCount,
    valid: value.valid,
    final: value.final,
    revision: value.revision,
    reason: value.reason,
    note: value.note,
    quality: value.quality,
    target_met: meetsTarget(info, value),
    why: whyPath(info.id, zone.id, value),
  };
}

/** In full precision; an empty cell for what is no number. */
function numberOf(value: ReportValue | null): number | null {
  return value !== null && isNumber(value.value) ? value.value : null;
}

/** The value of the period where the KPI has one; otherwise what its windows come to. */
function summaryRow(report: Report, kpi: KpiReport, times: LocalTimes): Row {
  const { summary, info } = kpi;
  const { own, lowest, highest, last } = summary;
  if (own !== null) return { part: 'summary', ...valueRow(report, kpi, own, times) };
  return {
    part: 'summary',
    start: times.iso(report.period.startMs),
    end: times.iso(report.period.endMs),
    coverage: coverageOf(summary),
    windows: summary.windowCount,
    windows_said: summary.saidCount,
    windows_valid: summary.validCount,
    windows_final: summary.finalCount,
    windows_revised: summary.revisedCount,
    windows_target_met: hasTarget(info) ? summary.metCount : null,
    lowest: numberOf(lowest),
    lowest_start: lowest && times.iso(lowest.startMs),
    highest: numberOf(highest),
    highest_start: highest && times.iso(highest.startMs),
    last: numberOf(last),
    last_start: last && times.iso(last.startMs),
    last_valid: last?.valid,
  };
}

/** Where the page takes a value apart, from the root of the server. */
export function whyPath(kpi: string, zone: string, { endMs }: Pick<ReportValue, 'endMs'>): string {
  // Of rolling windows the last hour or day tells which one is meant.
  const at = new Date(endMs - 1).toISOString();
  return `${kpiPath(kpi, zone)}?why=${encodeURIComponent(at)}`;
}

/** Where the page shows a KPI in a zone. */
export function kpiPath(kpi: string, zone: string): string {
  return `/#/kpi/${encodeURIComponent(kpi)}/${encodeURIComponent(zone)}`;
}
