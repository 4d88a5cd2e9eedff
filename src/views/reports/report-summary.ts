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
  'Revised',
  'Target',
];

/** One row a KPI, by domain: its value of the period, or what its shorter windows come to. */
export function* summaryTable(report: Report, times: LocalTimes): Generator<string> {
  if (report.kpis.length === 0) {
    yield '<p>No KPI has a value in this period.</p>';
    return;
  }
  const caption = html`Each KPI in the ${report.period.kind}, by domain`;
  yield html`<div class="scroll" role="group" aria-label="Summary, table" tabindex="0"><table><caption>${caption}</caption><thead><tr>${COLUMNS.map(
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
  return html`<td class="number"><b>${numberText(own.value, info.decimals)}</b> ${bandOf(info, own)}<small class="why">${whyLink(info.id, zone.id, own)}</small></td>${none}${none}${none}<td class="number">${coverageText(own)}</td><td>${yesNo(own.valid)}</td><td>${finality(own.final)}</td><td>${own.revision === 0 ? 'no' : `revision ${own.revision}`}</td><td>${target}</td>`;
}

function windowCells({ zone }: Report, { info, summary }: KpiReport, times: LocalTimes): Markup {
  const { lowest, highest, last, saidCount, validCount, finalCount, revisedCount, metCount, windowCount } = summary;
  const coverage = coverageOf(summary);
  const cell = (value: ReportValue | null) =>
    value === null ? html`<td class="number">${NONE}</td>` : html`<td class="number">${figure(value)}</td>`;
  const figure = (value: ReportValue) => {
    const { clock, offset } = times.parts(value.startMs);
    const invalid = value.valid ? NOTHING : html`<small class="no">not valid</small>`;
    return html`${numberText(value.value, info.decimals)}${invalid}<small>${clock} ${offset}</small><small class="why">${whyLink(info.id, zone.id, value)}</small>`;
  };
  const target =
    metCount === null
      ? targetText(info)
      : html`${targetText(info)}<br><small>met by ${metCount} of ${validCount}</small>`;
  return html`<td class="number">${NONE}</td>${cell(lowest)}${cell(highest)}${cell(last)}<td class="number">${
    coverage === null ? NONE : percentText(coverage)
  }</td><td>${numberText(validCount)} of ${countText(windowCount ?? saidCount, 'window')}</td><td>${
    finalCount === saidCount
      ? finality(true)
      : html`<span class="open">${numberText(saidCount - finalCount)} provisional</span>`
  }</td><td>${revisedCount === 0 ? 'no' : countText(revisedCount, 'window')}</td><td>${target}</td>`;
}
