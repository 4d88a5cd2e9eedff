import type { KpiDefinition } from '../kpis/index.ts';
import type { KpiValue } from '../model/index.ts';

/** What a trial comes to. */
export interface TrialSummary {
  readonly windows: number;
  /** Values with a number, and those of them that are valid. */
  readonly values: number;
  readonly valid: number;
  /** Of the valid ones, or of all with a number where none is valid; null when there is none. */
  readonly min: number | null;
  readonly median: number | null;
  readonly max: number | null;
}

export function trialSummary(values: readonly KpiValue[], windows: number): TrialSummary {
  const known = values.filter(({ value }) => value !== null);
  const valid = known.filter((one) => one.valid);
  const numbers = (valid.length > 0 ? valid : known).map(({ value }) => value ?? Number.NaN).sort((a, b) => a - b);
  return {
    windows,
    values: known.length,
    valid: valid.length,
    min: numbers[0] ?? null,
    median: medianOf(numbers),
    max: numbers.at(-1) ?? null,
  };
}

function medianOf(sorted: readonly number[]): number | null {
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

const COLUMNS = ['window', 'zone', 'value', 'coverage', 'valid', 'devices', 'note'] as const;

/** The newest rows of a trial as a table; rows are by window, times are local. */
export function trialTable(kpi: KpiDefinition, values: readonly KpiValue[], timeZone: string, rowsMax: number): string {
  const shown = values.slice(Math.max(0, values.length - rowsMax));
  const rows = [[...COLUMNS], ...shown.map((value) => rowOf(kpi, value, timeZone))];
  const widths = COLUMNS.map((_name, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, column))
      .join('  ')
      .trimEnd(),
  );
  const left = values.length - shown.length;
  return [...(left > 0 ? [`(${left} earlier rows are not shown; --rows shows more, --json all)`] : []), ...lines].join(
    '\n',
  );
}

function rowOf({ decimals }: KpiDefinition, said: KpiValue, timeZone: string): string[] {
  return [
    `${localText(said.startMs, timeZone)} to ${localText(said.endMs, timeZone)}`,
    said.zone,
    said.value === null ? '-' : said.value.toFixed(decimals),
    `${Math.round(said.coverage * 100)} %`,
    said.valid ? 'yes' : 'no',
    String(said.deviceCount),
    [said.final ? '' : 'not over', said.note].filter((word) => word !== '').join(', '),
  ];
}

function localText(atMs: number, timeZone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone);
  return `${local.toPlainDate()} ${local.toPlainTime().toString({ smallestUnit: 'minute' })}`;
}

/** Numbers stand to the right. */
function pad(cell: string, width: number, column: number): string {
  return column >= 2 && column <= 5 ? cell.padStart(width) : cell.padEnd(width);
}

/** The summary in a few lines, without a line end. */
export function summaryLines(kpi: KpiDefinition, summary: TrialSummary): string {
  const { windows, values, valid, min, median, max } = summary;
  const number = (value: number | null): string => (value === null ? '-' : `${value.toFixed(kpi.decimals)}`);
  const of = valid > 0 ? 'valid' : 'not valid';
  return [
    `${kpi.id}: ${kpi.title} (${kpi.unitLabel}), ${kpi.window}`,
    `${windows} windows, ${values} values, ${valid} of them valid`,
    `of the ${of} ones: min ${number(min)}, median ${number(median)}, max ${number(max)} ${kpi.unitLabel}`,
  ].join('\n');
}
