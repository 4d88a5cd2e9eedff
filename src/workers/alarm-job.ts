import { DAY_MS, isoTime, OperatingError } from '../base/index.ts';
import type { CityConfig } from '../config/index.ts';
import type { JobContext, JobHandler } from '../jobs/index.ts';
import { type AlarmEpisode, AlarmEvaluation, type AlarmFindings, type AlarmRule } from '../kpis/index.ts';
import type { KpiWindowKind } from '../model/index.ts';
import type { Store, TimeRange } from '../store/index.ts';
import { cityKpis } from './city-kpis.ts';
import { checkScope } from './trial-order.ts';

/** The kind of the job. */
export const ALARM_EVALUATION = 'alarm-evaluation';

/** A rule to be tried on published values of windows that end in (fromMs, toMs]. Plain data. */
export interface AlarmOrder extends TimeRange, AlarmRule {
  readonly kpi: string;
  readonly window: KpiWindowKind;
  /** Zone id, the city's id, or `device:<id>`. */
  readonly zone: string;
}

/** What is asked for; `clearThreshold` is the threshold when absent. */
export type AlarmAsked = Omit<AlarmOrder, 'window' | 'clearThreshold'> & { readonly clearThreshold?: number };

/** What came of it, with instants as ISO 8601 in UTC. JSON. */
export interface AlarmJobResult extends Omit<AlarmFindings, 'episodes'> {
  readonly episodes: readonly AlarmEpisodeTold[];
}

export interface AlarmEpisodeTold extends Pick<AlarmEpisode, 'windows' | 'provisional'> {
  readonly from: string;
  readonly firedAt: string;
  /** Null while it was still on at the end. */
  readonly clearedAt: string | null;
  readonly peak: { readonly value: number; readonly start: string; readonly end: string };
}

/** Eleven years: what one order may look at. */
const DAYS_MAX = 4_000;

/** Windows that one question brings. */
const WINDOWS_PER_QUESTION = 1_000;

/**
 * Checks what is asked for.
 *
 * @throws OperatingError `kpi_unknown`, `scope_unknown`, `alarm_invalid` (the clear threshold is on the wrong side),
 *   `days_too_many`
 */
export function alarmOrder(city: CityConfig, asked: AlarmAsked): AlarmOrder {
  const { kpi: id, zone, condition, threshold, clearThreshold = threshold, fromMs, toMs } = asked;
  const kpi = cityKpis(city).find((one) => one.id === id);
  if (kpi === undefined)
    throw new OperatingError('kpi_unknown', `cannot evaluate "${id}": it is no KPI that is computed here`);
  checkScope(city, kpi, zone);
  const isWrong = condition === 'above' ? clearThreshold > threshold : clearThreshold < threshold;
  if (isWrong) {
    const allowed = condition === 'above' ? 'it or less' : 'it or more';
    throw new OperatingError(
      'alarm_invalid',
      `cannot clear at ${clearThreshold} what fires ${condition} ${threshold}; allowed is ${allowed}`,
    );
  }
  if (toMs - fromMs > DAYS_MAX * DAY_MS)
    throw new OperatingError(
      'days_too_many',
      `cannot evaluate more than ${DAYS_MAX} days at once; order them in parts`,
    );
  return { ...asked, clearThreshold, window: kpi.window };
}

/** Looks at what the store says of the windows now, page by page; nothing is written. After a restart it begins anew. */
export function alarmJob(sources: { readonly store: () => Pick<Store, 'kpis'> }): JobHandler {
  return (context) => run(context.job.input as AlarmOrder, context, sources.store());
}

async function run(order: AlarmOrder, context: JobContext, store: Pick<Store, 'kpis'>): Promise<AlarmJobResult> {
  const { kpi, zone, window, fromMs, toMs } = order;
  const evaluation = new AlarmEvaluation(order, window);
  for (let nextMs = fromMs - longestMs(window); nextMs < toMs; ) {
    context.signal.throwIfAborted();
    const page = await store.kpis({ kpi, zone, window, fromMs: nextMs, toMs, limit: WINDOWS_PER_QUESTION });
    for (const value of page) if (value.endMs > fromMs && value.endMs <= toMs) evaluation.take(value);
    const last = page.at(-1);
    if (last === undefined || page.length < WINDOWS_PER_QUESTION) break;
    nextMs = last.startMs + 1;
    await context.progress(Math.max(0, (last.endMs - fromMs) / (toMs - fromMs)));
  }
  const { episodes, ...findings } = evaluation.finish();
  return { ...findings, episodes: episodes.map(told) };
}

/** Windows that end in a time began at most so long before it, ms. */
function longestMs(window: KpiWindowKind): number {
  if (window === 'year' || window === 'rolling-365d') return 367 * DAY_MS;
  return window === 'month' ? 32 * DAY_MS : 8 * DAY_MS;
}

function told({ fromMs, firedAtMs, clearedAtMs, peak, windows, provisional }: AlarmEpisode): AlarmEpisodeTold {
  return {
    from: isoTime(fromMs),
    firedAt: isoTime(firedAtMs),
    clearedAt: clearedAtMs === null ? null : isoTime(clearedAtMs),
    peak: { value: peak.value, start: isoTime(peak.startMs), end: isoTime(peak.endMs) },
    ...{ windows, provisional },
  };
}
