import { html, type Markup, NOTHING } from '../html.ts';
import {
  coverageOf,
  hasTarget,
  type KpiReport,
  meetsTarget,
  type Report,
  type ReportValue,
  windowWords,
} from './report.ts';
import { bandOf, coverageText, finality, sectionId, verdict, whyLink, yesNo } from './report-kpi.ts';
import type { LocalTimes } from './times.ts';
import { countText, domainTitle, NONE, numberText, percentText, targetText } from './words.ts';

const COLUMNS = [
  'KPI',
  'Window',
  'Value of the period',
  'Lowest',
  'Highest',
  'Last',
  'Coverage',
  'Valid',
  'Standing',
  'Target',
];

/** One row a KPI, by domain: its value of the period, or what its shorter windows come to. */
export function* summaryTable(report: Report, times: LocalTimes): Generator<string> {
  if (report.kpis.length === 0) {
    yield '<p>No KPI has a value in this period.</p>';
    return;
  }
  const caption = html`Each KPI in the ${report.period.kind}, by domain`;
  yield html`<div class="scroll summary" role="group" aria-label="Summary, table" tabindex="0"><table><caption>${caption}</caption><thead><tr>${COLUMNS.map(
    (title, index) => html`<th scope="col"${index >= 2 && index <= 6 ? html` class="number"` : ''}>${title}</th>`,
  )}</tr></thead>`.text;
  for (const [domain, kpis] of Map.groupBy(report.kpis, ({ info }) => info.domain)) {
    yield html`<tbody><tr><th scope="rowgroup" colspan="${COLUMNS.length}">${domainTitle(domain)}</th></tr>`.text;
    for (const kpi of kpis) yield rowOf(report, kpi, times).text;
    yield '</tbody>';
  }
  yield '</table></div>';
}

function rowOf(report: Report, kpi: KpiReport, times: LocalTimes): Markup {
  const { info, summary } = kpi;
  const unit = info.unitLabel === '' ? NOTHING : html`<small>${info.unitLabel}</small>`;
  const code = info.code === '' ? NOTHING : html` <small>${info.code}</small>`;
  const cells = summary.own === null ? windowCells(report, kpi, times) : ownCells(report, kpi, summary.own);
  return html`<tr><th scope="row" class="name"><a href="#${sectionId(info.id)}">${info.title}</a>${code} ${unit}</th><td>${windowWords(info.window)}</td>${cells}</tr>`;
}

function ownCells({ zone }: Report, { info }: KpiReport, own: ReportValue): Markup {
  const none = html`<td class="number">${NONE}</td>`;
  const target = hasTarget(info) ? html`${targetText(info)} ${verdict(meetsTarget(info, own))}` : targetText(info);
  const revision = own.revision === 0 ? NOTHING : html`<br><small>revision ${own.revision}</small>`;
  return html`<td class="number"><b>${numberText(own.value, info.decimals)}</b> ${bandOf(info, own)}<small class="why">${whyLink(info.id, zone.id, own)}</small></td>${none}${none}${none}<td class="number">${coverageText(own)}</td><td>${yesNo(own.valid)}</td><td>${finality(own.final)}${revision}</td><td>${target}</td>`;
}

function windowCells({ zone }: Report, { info, summary }: KpiReport, times: LocalTimes): Markup {
  const { lowest, highest, last, saidCount, validCount, finalCount, revisedCount, metCount, windowCount } = summary;
  const coverage = coverageOf(summary);
  const cell = (value: ReportValue | null) => html`<td class="number">${value === null ? NONE : figure(value)}</td>`;
  const figure = (value: ReportValue) => {
    // A rolling window is told by its end.
    const isRolling = value.window.startsWith('rolling-');
    const { date, clock, offset } = times.parts(isRolling ? value.endMs : value.startMs);
    const invalid = value.valid ? NOTHING : html`<small class="no">not valid</small>`;
    return html`${numberText(value.value, info.decimals)}${invalid}<small>${isRolling ? 'to ' : ''}${date}</small><small>${clock} ${offset}</small><small class="why">${whyLink(info.id, zone.id, value)}</small>`;
  };
  const met = metCount === null ? NOTHING : html`<br><small>met by ${metCount} of ${validCount}</small>`;
  const open = saidCount - finalCount;
  const standing = open === 0 ? finality(true) : html`<span class="open">${numberText(open)} provisional</span>`;
  const revised = revisedCount === 0 ? NOTHING : html`<br><small>${numberText(revisedCount)} corrected</small>`;
  return html`<td class="number">${NONE}</td>${cell(lowest)}${cell(highest)}${cell(last)}<td class="number">${
    coverage === null ? NONE : percentText(coverage)
  }</td><td>${numberText(validCount)} of ${countText(windowCount ?? saidCount, 'window')}</td><td>${standing}${revised}</td><td>${targetText(info)}${met}</td>`;
}
