import { createHash } from 'node:crypto';
import { html, type Markup, NOTHING } from '../html.ts';
import type { KpiInfoBody } from '../http/schemas.ts';
import { reportFile } from './names.ts';
import type { ReportPeriod } from './period.ts';
import { type KpiReport, type Report, standingOf, windowWords } from './report.ts';
import { kpiSection } from './report-kpi.ts';
import { REPORT_STYLE } from './report-style.ts';
import { summaryTable } from './report-summary.ts';
import { type LocalTimes, localTimes } from './times.ts';
import { countText, NONE, numberText, periodWords, plainNumber } from './words.ts';

/** Nothing is fetched and nothing runs, wherever the file is opened; the style is this one alone. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(REPORT_STYLE).digest('base64')}'`;

/**
 * The report as one HTML document that needs nothing else: no scripts, tables with captions, light and dark, fit to be
 * printed. It comes in pieces, some of a few rows.
 */
export function* reportHtml(report: Report): Generator<string> {
  const times = localTimes(report.period.timeZone);
  const title = `${report.zone.name}, ${periodWords(report.period)}`;
  yield html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="referrer" content="no-referrer"><title>${title}: report of City Vitals</title>`
    .text;
  yield `<style>${REPORT_STYLE}</style></head>\n<body><main>\n`;
  yield headOf(report, times).text;
  yield html`<section aria-labelledby="summary"><h2 id="summary">Summary</h2>`.text;
  yield* summaryTable(report, times);
  yield `</section>\n${leftOut(report).text}`;
  if (report.kpis.length > 0) yield '<h2>The KPIs one by one</h2>\n';
  for (const kpi of report.kpis) yield* kpiSection(report, kpi, times);
  yield `${footer(report).text}</main></body></html>\n`;
}

function headOf(report: Report, times: LocalTimes): Markup {
  const { zone, cityName, period, madeAtMs, version } = report;
  const { population, areaKm2 } = zone;
  const facts: readonly (readonly [string, Markup | string])[] = [
    ['City', named(cityName)],
    ['Zone', html`${named(zone.name)} <small>${zone.id}</small>`],
    ['Population', population === null ? NONE : numberText(population)],
    ['Area', areaKm2 === null ? NONE : `${plainNumber(areaKm2)} km²`],
    [
      'Period',
      html`<time datetime="${times.iso(period.startMs)}">${times.text(period.startMs)}</time> to <time datetime="${times.iso(period.endMs)}">${times.text(period.endMs)}</time>, ${lengthWords(period)}`,
    ],
    ['Time zone', period.timeZone],
    [
      'Made at',
      html`<time datetime="${times.iso(madeAtMs)}">${times.text(madeAtMs)}</time> <small>by City Vitals ${version}</small>`,
    ],
    ['Standing', standing(report)],
    ['As a table', html`<a href="${reportFile({ zone: zone.id, period: period.text }, 'csv')}">CSV</a>`],
  ];
  return html`<header><p class="brand">City Vitals: report of the ${period.kind}</p><h1>${named(zone.name)}</h1><p class="period">${periodWords(period)}</p><dl class="facts">${facts.map(
    ([term, fact]) => html`<div><dt>${term}</dt><dd>${fact}</dd></div>`,
  )}</dl></header>
`;
}

/** A name from the configuration; whichever way it is written, it turns nothing around it. */
function named(name: string): Markup {
  return html`<bdi>${name}</bdi>`;
}

function lengthWords({ kind, hours, days }: ReportPeriod): string {
  return kind === 'day' ? countText(hours, 'hour') : countText(days, 'day');
}

function standing(report: Report): Markup {
  const { values, provisional, revised, invalid, isFinal } = standingOf(report);
  if (values === 0) return html`<b class="open">empty</b>: there is no value of this period`;
  const of = `${countText(values, 'value')}, ${numberText(invalid)} not valid, ${numberText(revised)} corrected`;
  if (isFinal) return html`<b class="yes">final</b>: ${of}`;
  const why = report.isOver ? '' : 'the period is not over, ';
  return html`<b class="open">provisional</b>: ${why}${of}, ${numberText(provisional)} provisional`;
}

/** What the tables do not say. */
function leftOut({ kpis, silent, longer, period }: Report): Markup {
  const short = kpis.filter(({ leftOut }) => leftOut > 0);
  const items = [
    short.length === 0
      ? NOTHING
      : html`<li>Windows that stand in the summary alone, for want of room: ${list(short.map(untabled))}.</li>`,
    silent.length === 0 ? NOTHING : html`<li>Without a value in the period: ${list(silent.map(titled))}.</li>`,
    longer.length === 0
      ? NOTHING
      : html`<li>Windows longer than a ${period.kind}, which say nothing of it: ${list(longer.map(titled))}.</li>`,
  ];
  if (items.every((item) => item === NOTHING)) return NOTHING;
  return html`<section aria-labelledby="left-out"><h2 id="left-out">What is left out</h2><ul>${items}</ul></section>
`;
}

function titled({ title }: KpiInfoBody): Markup {
  return html`${title}`;
}

function untabled({ info, leftOut }: KpiReport): Markup {
  return html`${info.title} (${countText(leftOut, 'window')} of ${windowWords(info.window)})`;
}

function list(parts: readonly Markup[]): Markup {
  return html`${parts.map((part, index) => (index === 0 ? part : html`; ${part}`))}`;
}

function footer(report: Report): Markup {
  const corrected = standingOf(report).isFinal
    ? 'What is final can still be corrected by readings that come late; a report made later says so.'
    : 'Make the report again when the period is over and its values are final.';
  return html`<footer><p>Each value is the newest revision that was stored when the report was made. Times are those of the city, with their offset from UTC; a window begins with the first instant and ends before the second.</p><p>Values of shorter windows are counted and compared, not averaged: which mean is right depends on the quantity. Lowest and highest are of valid windows, told by their start, or by their end (“to”) where they roll. Coverage of a single value is that of its own rule; coverage over windows is valid windows of all windows that the period has.</p><p>${corrected} “Why?” leads to the page of the server that the report is read from.</p></footer>`;
}
