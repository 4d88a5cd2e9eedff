import { html, type Markup, NOTHING } from '../html.ts';
import type { KpiInfoBody } from '../http/schemas.ts';
import { hasTarget, type KpiReport, meetsTarget, type Report, type ReportValue, windowWords } from './report.ts';
import { chart } from './report-chart.ts';
import { kpiPath, whyPath } from './report-csv.ts';
import type { LocalTimes } from './times.ts';
import { countText, numberText, percentText, targetText } from './words.ts';

/** What a KPI is, a chart of its windows, and the table with every one of them. */
export function* kpiSection(report: Report, kpi: KpiReport, times: LocalTimes): Generator<string> {
  const { info, values, leftOut } = kpi;
  const id = sectionId(info.id);
  yield html`<section class="kpi"><h3 id="${id}">${info.title}</h3>${rules(report, kpi)}`.text;
  yield chart(kpi, times).text;
  if (values.length > 0) yield* windowTable(report, kpi, times);
  if (leftOut > 0) {
    const which = values.length === 0 ? 'its' : 'the last';
    yield html`<p class="muted">Left out of the table: ${which} ${countText(leftOut, 'window')} of ${windowWords(info.window)}.</p>`
      .text;
  }
  yield '</section>\n';
}

/** Where the summary leads to. */
export function sectionId(kpi: string): string {
  return `kpi-${kpi}`;
}

function rules({ zone }: Report, { info, values }: KpiReport): Markup {
  const [label] = values;
  const lines: readonly (readonly [string, Markup | string])[] = [
    ...(info.code === '' ? [] : [['U4SSC code', info.code] as const]),
    ['Method', info.method],
    ['Valid when', info.completeness],
    ['Zones and city', info.spatial],
    ['Source', info.source],
    ...(info.target === null ? [] : [['Target', `${targetText(info)} ${info.unitLabel}`.trim()] as const]),
    ...(label === undefined || differ(values) ? [] : [['Data quality', label.quality] as const]),
    ['On the page', html`<a href="${kpiPath(info.id, zone.id)}">${info.id}</a>`],
  ];
  return html`<dl class="rules">${lines.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl>`;
}

/** Longer tables have a height of their own, and are drawn when they come in sight. */
const SHORT_ROWS = 20;

interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
  cell(value: ReportValue): Markup | string;
  readonly class?: string;
}

function* windowTable(report: Report, { info, values }: KpiReport, times: LocalTimes): Generator<string> {
  const columns = columnsOf(report, info, values, times);
  const head = columns.map(
    ({ title, isNumber }) => html`<th scope="col"${isNumber === true ? html` class="number"` : ''}>${title}</th>`,
  );
  const caption = `${info.title}: ${countText(values.length, 'window')} of ${windowWords(info.window)}, from ${times.text(values[0]!.startMs)} to ${times.text(values.at(-1)!.endMs)}, oldest first`;
  yield html`<div class="${values.length > SHORT_ROWS ? 'scroll long' : 'scroll'}" role="group" aria-label="${info.title}, table" tabindex="0"><table><caption>${caption}</caption><thead><tr><th scope="col">From</th>${head}</tr></thead><tbody>`
    .text;
  for (const value of values) {
    const cells = columns.map((column) => {
      const classes = column.class ?? (column.isNumber === true ? 'number' : '');
      return html`<td${classes === '' ? '' : html` class="${classes}"`}>${column.cell(value)}</td>`;
    });
    yield html`<tr><th scope="row" class="time">${instant(times, value.startMs)}</th>${cells}</tr>`.text;
  }
  yield '</tbody></table></div>';
}

/** Columns that say something in at least one row. */
function columnsOf(
  { zone }: Report,
  info: KpiInfoBody,
  values: readonly ReportValue[],
  times: LocalTimes,
): readonly Column[] {
  const columns: (Column | false)[] = [
    { title: 'To', class: 'time', cell: ({ endMs }) => instant(times, endMs) },
    {
      title: info.unitLabel === '' ? 'Value' : `Value, ${info.unitLabel}`,
      isNumber: true,
      cell: ({ value }) => numberText(value, info.decimals),
    },
    info.bands.length > 0 && { title: 'Band', cell: (value) => bandOf(info, value) },
    hasTarget(info) && { title: 'Target', cell: (value) => verdict(meetsTarget(info, value)) },
    { title: 'Coverage', isNumber: true, cell: coverageText },
    { title: 'Valid', cell: ({ valid }) => yesNo(valid) },
    { title: 'Standing', cell: ({ final }) => finality(final) },
    { title: 'Revision', isNumber: true, cell: revisionText },
    differ(values) && { title: 'Data quality', class: 'note', cell: ({ quality }) => quality },
    values.some(({ note }) => note !== '') && { title: 'Note', class: 'note', cell: ({ note }) => note },
    { title: 'Why', class: 'why', cell: (value) => whyLink(info.id, zone.id, value) },
  ];
  return columns.filter((column) => column !== false);
}

/** Whether the windows have different data-quality labels. */
function differ(values: readonly ReportValue[]): boolean {
  return values.some(({ quality }) => quality !== values[0]!.quality);
}

function instant(times: LocalTimes, atMs: number): Markup {
  const { date, clock, offset } = times.parts(atMs);
  return html`${date} ${clock} <small>${offset}</small>`;
}

function revisionText({ revision, reason }: ReportValue): string {
  return reason === undefined ? String(revision) : `${revision}, ${reason}`;
}

/** The band of a value: its colour and always its name. */
export function bandOf(info: KpiInfoBody, { band }: ReportValue): Markup {
  const found = band === null ? undefined : info.bands[band - 1];
  if (found === undefined) return NOTHING;
  return html`<svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" rx="2" fill="${found.color}"/></svg>${found.name}`;
}

/** Valid parts of expected parts, and their ratio. */
export function coverageText({ validCount, expectedCount, coverage }: ReportValue): string {
  return `${numberText(validCount)}/${numberText(expectedCount)} · ${percentText(coverage)}`;
}

export function yesNo(isSo: boolean): Markup {
  return isSo ? html`<span class="yes">yes</span>` : html`<span class="no">no</span>`;
}

export function finality(isFinal: boolean): Markup {
  return isFinal ? html`final` : html`<span class="open">provisional</span>`;
}

/** Whether a value meets the target; nothing for one that is not valid. */
export function verdict(isMet: boolean | null): Markup {
  if (isMet === null) return NOTHING;
  return isMet ? html`<b class="met">met</b>` : html`<b class="missed">missed</b>`;
}

/** Leads to where the page takes the value apart. */
export function whyLink(kpi: string, zone: string, value: ReportValue): Markup {
  return html`<a href="${whyPath(kpi, zone, value)}">Why?</a>`;
}
