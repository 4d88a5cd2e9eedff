import { calendarOf, DAY_MS, OperatingError } from '../base/index.ts';
import { type CityConfig, devicePlacements } from '../config/index.ts';
import {
  daysOfWindow,
  type KpiDefinition,
  type KpiHour,
  type KpiSeries,
  KpiTrial,
  kpiReach,
  trialWindows,
} from '../kpis/index.ts';
import type { KpiValue, Series } from '../model/index.ts';
import type { Store, StoreHistory } from '../store/index.ts';
import { kpiCity } from './kpi-city.ts';
import { kpiHour, pooledValue } from './kpi-hour.ts';
import { OldHours } from './old-hours.ts';

/** What a trial reads of the store. */
export type TrialStore = Pick<Store, 'series' | 'latest'> & Pick<StoreHistory, 'panesOf'>;

/** Values that one trial makes at most. */
export const TRIAL_VALUES_MAX = 200_000;

/** Hours of series that are in memory at once when nothing else is said: about half a gigabyte. */
const HOURS_IN_MEMORY = 1_000_000;

const DAYS_PER_QUESTION_MAX = 31;

export interface TrialRequest {
  readonly kpi: KpiDefinition;
  /** Windows that end in (fromMs, toMs], ms UTC; up to the newest reading when `toMs` is Infinity. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Zone ids, the city's id, or `device:<id>`. */
  readonly scopes: readonly string[];
  /** Hours of series that one question to the store brings, and that are in memory at once. */
  readonly hoursMax?: number;
  /** Told after each part of the history. */
  readonly onProgress?: (doneCount: number, count: number) => void;
  readonly signal?: AbortSignal;
}

/** What a trial found. */
export interface TrialResult {
  /** By window and in the order of the scopes; of scopes without a part none. */
  readonly values: readonly KpiValue[];
  /** Windows that were looked at. */
  readonly windowCount: number;
  /** Series that the KPI reads, and the newest reading of them; -Infinity when there is none. */
  readonly seriesCount: number;
  readonly newestMs: number;
}

type Bounds = Parameters<KpiTrial['values']>[0];

/**
 * Computes a KPI over stored hours: the same definition and evaluation as in the engine, whether it is switched on or not.
 *
 * @throws OperatingError `trial_too_large` when there would be more values than `TRIAL_VALUES_MAX`
 */
export async function tryKpi(config: CityConfig, store: TrialStore, request: TrialRequest): Promise<TrialResult> {
  const { kpi } = request;
  const series = await seriesOf(store, kpi);
  const newestMs = (await store.latest(series.map(({ id }) => id))).reduce(
    (newest, { timeMs }) => Math.max(newest, timeMs),
    Number.NEGATIVE_INFINITY,
  );
  const nowMs = Math.min(newestMs, request.toMs);
  const calendar = calendarOf(config.city.timeZone);
  const history = new StoredHours(series, kpi.window === 'hour' ? Number.POSITIVE_INFINITY : calendar.hourStart(nowMs));
  const trial = new KpiTrial(kpi, kpiCity(config, devicePlacements(config)), {
    calendar,
    nowMs,
    series: history.views,
  });
  const windows = Number.isFinite(nowMs) ? bounded(trialWindows(kpi, calendar, request, nowMs), request) : [];
  const steps = kpi.days === undefined ? windows : daysBehind(windows, calendar, nowMs);
  const values: KpiValue[] = [];
  let doneCount = 0;
  for (const group of inGroups(steps, series.length, request.hoursMax ?? HOURS_IN_MEMORY)) {
    request.signal?.throwIfAborted();
    await history.read(store, kpi.days?.of ?? kpi, group);
    for (const bounds of group) {
      if (kpi.days === undefined) values.push(...trial.values(bounds, request.scopes));
      else trial.takeDay(bounds);
    }
    doneCount += group.length;
    request.onProgress?.(doneCount, steps.length);
  }
  if (kpi.days !== undefined) values.push(...windows.flatMap((bounds) => trial.values(bounds, request.scopes)));
  return { values, windowCount: windows.length, seriesCount: series.length, newestMs };
}

function bounded(windows: Iterable<Bounds>, { kpi, scopes }: TrialRequest): Bounds[] {
  const taken: Bounds[] = [];
  for (const window of windows) {
    taken.push(window);
    if (taken.length * scopes.length <= TRIAL_VALUES_MAX) continue;
    throw new OperatingError(
      'trial_too_large',
      `cannot try ${kpi.id}: the time has more than ${taken.length - 1} windows, times ${scopes.length} zones; at most ${TRIAL_VALUES_MAX} values are allowed, so take a shorter time or fewer zones`,
    );
  }
  return taken;
}

async function seriesOf(store: TrialStore, { quantities }: KpiDefinition): Promise<readonly Series[]> {
  const found: Series[] = [];
  for (const quantity of quantities) found.push(...(await store.series({ quantity })));
  return found.sort((a, b) => a.id - b.id);
}

/** Days of all windows, each once, oldest first. */
function daysBehind(windows: readonly Bounds[], calendar: ReturnType<typeof calendarOf>, nowMs: number): Bounds[] {
  const days = new Map<number, Bounds>();
  for (const window of windows) {
    for (const day of daysOfWindow(calendar, window, nowMs)) days.set(day.startMs, day);
  }
  return [...days.values()].sort((a, b) => a.startMs - b.startMs);
}

/** Windows in a row whose hours fit into memory. */
function* inGroups(windows: readonly Bounds[], seriesCount: number, hoursMax: number): Generator<readonly Bounds[]> {
  const days = Math.min(DAYS_PER_QUESTION_MAX, Math.max(1, Math.floor(hoursMax / 24 / Math.max(1, seriesCount))));
  let from = 0;
  for (let to = 1; to <= windows.length; to++) {
    if (to < windows.length && windows[to]!.endMs - windows[from]!.startMs <= days * DAY_MS) continue;
    yield windows.slice(from, to);
    from = to;
  }
}

/** Stored hours as a KPI looks at them. */
class StoredHours {
  readonly views: readonly KpiSeries[];
  readonly #untilMs: number;
  #hours: OldHours | undefined;

  /** @param untilMs hours that begin from here on are not shown: they run */
  constructor(series: readonly Series[], untilMs: number) {
    this.#untilMs = untilMs;
    this.views = series.map((one) => this.#view(one));
  }

  /** Takes what a definition looks at for some windows in the place of what was there. */
  async read(store: TrialStore, kpi: KpiDefinition, windows: readonly Bounds[]): Promise<void> {
    const panes: ConstructorParameters<typeof OldHours>[0]['panes'][number][] = [];
    for (const { fromMs, toMs, quantities } of kpiReach(kpi, windows)) {
      const range = { fromMs, toMs, quantities, level: 'hour' } as const;
      panes.push({ ...range, columns: await store.panesOf(range) });
    }
    this.#hours = new OldHours({ keptFromMs: Number.POSITIVE_INFINITY, panes, heard: [], revisions: new Map() });
  }

  #view(series: Series): KpiSeries {
    const hours = (fromMs: number, toMs: number): KpiHour[] => {
      const range = { fromMs, toMs: Math.min(toMs, this.#untilMs) };
      return (
        this.#hours?.intervals(
          'hour',
          series,
          range,
          () => [],
          (pane) => kpiHour(series, pane),
        ) ?? []
      );
    };
    return {
      series,
      silentAfterMs: Number.POSITIVE_INFINITY,
      heardMs: () => Number.NEGATIVE_INFINITY,
      hours,
      hasHours: (fromMs, toMs) => hours(fromMs, toMs).length > 0,
      quarters: () => [],
      pooled: (some) => pooledValue(series, some),
      levels: () => undefined,
      interruptions: () => undefined,
    };
  }
}
