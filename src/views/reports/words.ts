import type { KpiInfoBody } from '../http/schemas.ts';
import type { ReportPeriod } from './period.ts';
import { isNumber } from './report.ts';

/* Reports are in English, as the page is: numbers and dates follow it. */

const LOCALE = 'en-GB';
export const NONE = '–';

const formats = new Map<number, Intl.NumberFormat>();

/** A number with a fixed count of decimals and grouped thousands; a dash for nothing. */
export function numberText(value: number | null, decimals = 0): string {
  if (!isNumber(value)) return NONE;
  const format = formats.getOrInsertComputed(
    decimals,
    () => new Intl.NumberFormat(LOCALE, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
  );
  return format.format(value);
}

/** A number without trailing zeros, such as an area or a target. */
export function plainNumber(value: number): string {
  return new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 6 }).format(value);
}

/** A ratio of 0 to 1 as whole percent; 99.6 % is not shown as 100 %. */
export function percentText(ratio: number): string {
  const percent = Math.round(ratio * 100);
  return `${ratio < 1 ? Math.min(99, percent) : percent} %`;
}

/** A number and what it counts: `1 value`, `2 values`. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}

/** The target with its side: `≤ 15`; a dash where there is none. */
export function targetText({ target, direction }: Pick<KpiInfoBody, 'target' | 'direction'>): string {
  if (target === null) return NONE;
  return `${direction === 'higher' ? '≥ ' : direction === 'lower' ? '≤ ' : ''}${plainNumber(target)}`;
}

const PERIOD_STYLES: Readonly<Record<ReportPeriod['kind'], Intl.DateTimeFormatOptions>> = {
  day: { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' },
  month: { month: 'long', year: 'numeric' },
  year: { year: 'numeric' },
};

/** `Sunday 1 March 2026`, `March 2026`, `2026`. */
export function periodWords({ kind, startMs, timeZone }: ReportPeriod): string {
  return new Intl.DateTimeFormat(LOCALE, { ...PERIOD_STYLES[kind], timeZone }).format(startMs);
}

const DOMAIN_TITLES: Readonly<Record<KpiInfoBody['domain'], string>> = {
  air: 'Air',
  noise: 'Noise',
  water: 'Water',
  energy: 'Energy',
  weather: 'Weather',
  device: 'Devices',
  network: 'Sensor network',
};

export function domainTitle(domain: KpiInfoBody['domain']): string {
  return DOMAIN_TITLES[domain];
}
