import type { DataQuality, KpiValue, KpiWindowKind } from '../../model/index.ts';
import type { KpiInfoBody } from '../http/schemas.ts';
import { isOwnWindow, isTabled, type ReportPeriod, windowsIn } from './period.ts';

/** A value in its newest revision, with its data-quality label. */
export interface ReportValue extends KpiValue {
  readonly quality: DataQuality;
}

/** What a period report is made of. */
export interface Report {
  /** Names come from the configuration and may hold anything. */
  readonly cityName: string;
  readonly zone: ReportZone;
  readonly period: ReportPeriod;
  /** Wall clock, ms UTC. */
  readonly madeAtMs: number;
  /** Of the program. */
  readonly version: string;
  /** The period had ended by the engine's time. */
  readonly isOver: boolean;
  /** KPIs that said something of the period. */
  readonly kpis: readonly KpiReport[];
  /** KPIs that said nothing of it. */
  readonly silent: readonly KpiInfoBody[];
  /** KPIs whose windows are longer than the period. */
  readonly longer: readonly KpiInfoBody[];
}

export interface ReportZone {
  readonly id: string;
  readonly name: string;
  /** In force when the period starts; null when it was not told. */
  readonly population: number | null;
  readonly areaKm2: number | null;
}

/** One KPI in the period. */
export interface KpiReport {
  readonly info: KpiInfoBody;
  readonly summary: KpiSummary;
  /** Windows that have a row, oldest first. */
  readonly values: readonly ReportValue[];
  /** Windows that stand in the summary alone. */
  readonly leftOut: number;
}

/**
 * What the windows of a KPI come to. Values are counted and compared, never averaged: which mean is right depends on the
 * quantity, and the KPI of the longer window is the one that knows.
 */
export interface KpiSummary {
  /** The value of the period as a whole, where the KPI has one. */
  readonly own: ReportValue | null;
  /** Windows of the period, and no fewer than were said; null where that is not known. */
  readonly windowCount: number | null;
  /** Windows that something was said of, and of these: valid, final, corrected. */
  readonly saidCount: number;
  readonly validCount: number;
  readonly finalCount: number;
  readonly revisedCount: number;
  /** Valid windows that meet the target; null where there is no target. */
  readonly metCount: number | null;
  /** Lowest and highest valid value, each the first of its kind; null without a valid value. */
  readonly lowest: ReportValue | null;
  readonly highest: ReportValue | null;
  /** The newest window that something was said of, valid or not. */
  readonly last: ReportValue | null;
}

/** Rows of one KPI, and of all together: a month has up to 745 hours. */
export const KPI_ROWS_MAX = 800;
export const REPORT_ROWS_MAX = 60_000;

/** Takes in the windows of a KPI, oldest first, and keeps as many of them as the report has room for. */
export class KpiCollector {
  readonly #info: KpiInfoBody;
  readonly #period: ReportPeriod;
  readonly #rowsMax: number;
  readonly #values: ReportValue[] = [];
  readonly #counts = { said: 0, valid: 0, final: 0, revised: 0, met: 0 };
  #own: ReportValue | null = null;
  #lowest: ReportValue | null = null;
  #highest: ReportValue | null = null;
  #last: ReportValue | null = null;

  /** @param rowsLeft rows that the report still has room for */
  constructor(info: KpiInfoBody, period: ReportPeriod, rowsLeft = REPORT_ROWS_MAX) {
    this.#info = info;
    this.#period = period;
    this.#rowsMax = isTabled(period, info.window) ? Math.min(KPI_ROWS_MAX, rowsLeft) : 0;
  }

  add(value: ReportValue): void {
    const counts = this.#counts;
    counts.said++;
    if (value.valid) counts.valid++;
    if (value.final) counts.final++;
    if (value.revision > 0) counts.revised++;
    if (meetsTarget(this.#info, value) === true) counts.met++;
    // A time zone that was changed leaves windows of the old one; the one that is the period stands for it.
    if (isOwnWindow(this.#period, value.window) && this.#own?.startMs !== this.#period.startMs) this.#own = value;
    if (value.valid) this.#compare(value);
    this.#last = value;
    if (this.#values.length < this.#rowsMax) this.#values.push(value);
  }

  #compare(value: ReportValue): void {
    if (!isNumber(value.value)) return;
    if (this.#lowest === null || value.value < this.#lowest.value!) this.#lowest = value;
    if (this.#highest === null || value.value > this.#highest.value!) this.#highest = value;
  }

  /** Undefined when nothing was said. */
  report(): KpiReport | undefined {
    const counts = this.#counts;
    if (counts.said === 0) return undefined;
    const summary: KpiSummary = {
      ...{ own: this.#own, lowest: this.#lowest, highest: this.#highest, last: this.#last },
      windowCount: atLeast(windowsIn(this.#period, this.#info.window), counts.said),
      ...{ saidCount: counts.said, validCount: counts.valid, finalCount: counts.final, revisedCount: counts.revised },
      metCount: hasTarget(this.#info) ? counts.met : null,
    };
    const values = this.#values;
    return { info: this.#info, summary, values, leftOut: counts.said - values.length };
  }
}

function atLeast(windowCount: number | null, saidCount: number): number | null {
  return windowCount === null ? null : Math.max(windowCount, saidCount);
}

type Aim = Pick<KpiInfoBody, 'target' | 'direction'>;

/** A target that says which side of it is better. */
export function hasTarget({ target, direction }: Aim): boolean {
  return target !== null && direction !== 'none';
}

/** Null where there is no target, and for a value that nobody can stand behind. */
export function meetsTarget(aim: Aim, { value, valid }: Pick<KpiValue, 'value' | 'valid'>): boolean | null {
  if (!hasTarget(aim) || !valid || !isNumber(value)) return null;
  return aim.direction === 'higher' ? value >= aim.target! : value <= aim.target!;
}

export function isNumber(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

/** The windows that were said, of those that the period has: valid ones of all; null where their number is not known. */
export function coverageOf({ windowCount, validCount }: KpiSummary): number | null {
  return windowCount === null || windowCount === 0 ? null : validCount / windowCount;
}

/** How the values of a report stand, all KPIs together. */
export interface ReportStanding {
  readonly values: number;
  readonly provisional: number;
  readonly revised: number;
  readonly invalid: number;
  /** Nothing in it can change but by a correction of what was final. */
  readonly isFinal: boolean;
}

export function standingOf({ kpis, isOver }: Report): ReportStanding {
  const sum = (of: (summary: KpiSummary) => number) => kpis.reduce((total, { summary }) => total + of(summary), 0);
  const values = sum(({ saidCount }) => saidCount);
  const provisional = values - sum(({ finalCount }) => finalCount);
  const invalid = values - sum(({ validCount }) => validCount);
  const isFinal = isOver && provisional === 0;
  return { values, provisional, invalid, revised: sum(({ revisedCount }) => revisedCount), isFinal };
}

const WINDOW_WORDS: Readonly<Partial<Record<KpiWindowKind, string>>> = {
  hour: '1 hour',
  day: '1 day',
  'day-standard': '1 day, standard time',
  month: '1 month',
  year: '1 year',
  'rolling-1h': 'rolling hour',
  'rolling-8h': 'rolling 8 hours',
  'rolling-24h': 'rolling 24 hours',
  'rolling-7d': 'rolling 7 days',
  'rolling-365d': 'rolling 365 days',
};

/** A kind of window as people read it. */
export function windowWords(window: KpiWindowKind): string {
  return WINDOW_WORDS[window] ?? window;
}
