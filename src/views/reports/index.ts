// In: ViewSources, a zone and a period. Out: a report of the KPI values of the period, as HTML and as CSV.
export { checkReport, collectReport, type ReportOrder, type ReportSources, type ReportWork } from './collect.ts';
export { REPORT_FORMATS, type ReportFormat, readReportFile, reportFile } from './names.ts';
export type { Report } from './report.ts';
export { standingOf } from './report.ts';
export { reportCsv } from './report-csv.ts';
export { reportHtml } from './report-html.ts';
