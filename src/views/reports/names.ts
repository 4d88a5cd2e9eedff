import type { ReportOrder } from './collect.ts';

export const REPORT_FORMATS = ['html', 'csv'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** Ids of zones are a-z, 0-9 and "-"; dots, slashes and anything longer are in no name of a report. */
const NAME = /^([a-z0-9][a-z0-9-]{0,63})-(\d{4}(?:-\d\d){0,2})\.(html|csv)$/;

/**
 * Name of a report's file. What is no letter, digit or "-" is escaped, so that no zone leads out of the folder. No two
 * orders share a name: no period is the end of another one.
 */
export function reportFile({ zone, period }: ReportOrder, format: ReportFormat): string {
  return `${encodeURIComponent(zone).replaceAll('.', '%2E')}-${period}.${format}`;
}

/** The order that a file of this name was made for; undefined for what is no name of a report. */
export function readReportFile(name: string): (ReportOrder & { readonly format: ReportFormat }) | undefined {
  const [, zone, period, format] = NAME.exec(name) ?? [];
  if (zone === undefined || period === undefined) return undefined;
  return { zone, period, format: format as ReportFormat };
}
