import type { KpiDefinition } from '../kpis/index.ts';
import type { KpiValue } from '../model/index.ts';
import type { TrialSummary } from '../workers/index.ts';

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
