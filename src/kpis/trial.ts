import { type Calendar, standardCalendar } from '../base/index.ts';
import type { KpiValue } from '../model/index.ts';
import type { KpiDefinition, KpiLook, KpiSeries } from './definition.ts';
import type { KpiCity } from './kpi-engine.ts';
import { type EvaluationContext, KpiEvaluation } from './kpi-evaluation.ts';
import { MemberGroup } from './kpi-members.ts';
import { type Bounds, windowAt } from './kpi-windows.ts';
import { DayBook, elapsedDays, isLongWindow, rollingUpTo } from './long-windows.ts';
import { PartCache } from './part-cache.ts';
import { zoneTree } from './zone-tree.ts';

/** What a trial looks at. */
export interface TrialSource {
  readonly calendar: Calendar;
  /** Of the KPI's quantities. */
  readonly series: readonly KpiSeries[];
  /** Event time up to which history is known, ms UTC. */
  readonly nowMs: number;
}

/** Computes a KPI over history with its definition and the evaluation of the engine, window by window in order of time. */
export class KpiTrial {
  readonly kpi: KpiDefinition;
  readonly #source: TrialSource;
  readonly #evaluation: KpiEvaluation;
  /** Of a KPI of many days: the KPI of the day that it is folded from. */
  readonly #day: KpiEvaluation | undefined;
  readonly #cityId: string;
  readonly #hasMembers: boolean;

  constructor(kpi: KpiDefinition, city: KpiCity, source: TrialSource) {
    const zones = zoneTree(city.id, city.population, city.zones, city.cityFacts);
    const { devices, byZone } = groupOf(kpi, city, source.series, zones);
    const { days } = kpi;
    const book = new DayBook(days === undefined ? [] : [[days.of.id, days.level, days.yearsBefore]]);
    const context: EvaluationContext = {
      calendar: source.calendar,
      settings: city.settings,
      nowMs: source.nowMs,
      zones,
      cityId: city.id,
      days: book,
      watermarkMs: () => source.nowMs,
    };
    this.kpi = kpi;
    this.#source = source;
    this.#cityId = city.id;
    this.#hasMembers = devices.size > 0;
    this.#evaluation = new KpiEvaluation({ kpi, devices, byZone, parts: new PartCache() }, context);
    if (days !== undefined)
      this.#day = new KpiEvaluation({ kpi: days.of, devices, byZone, parts: new PartCache() }, context);
  }

  /** False when nothing in the city has a series that the KPI reads. */
  get hasMembers(): boolean {
    return this.#hasMembers;
  }

  /** Looks at a day that windows of many days are folded from; before these, in order of time. */
  takeDay(day: Bounds): void {
    this.#day?.hasPart(day, this.#cityId);
  }

  /** Values of a window; of scopes that have no part in it none. */
  values(bounds: Bounds, scopes: readonly string[]): KpiValue[] {
    const final = bounds.endMs <= this.#source.nowMs;
    return scopes
      .filter((scope) => this.#evaluation.hasPart(bounds, scope))
      .map((scope) => this.#evaluation.value(bounds, scope, 0, final));
  }
}

/** Why a KPI cannot be computed from stored hours alone; undefined where it can. */
export function whyNotTried(kpi: KpiDefinition): string | undefined {
  const { looksAt = ['hours'], live } = kpi.days?.of ?? kpi;
  if (live === true) return 'it depends on now';
  if (looksAt.length === 0) return 'it is made of outages';
  const other = looksAt.find((look) => look !== 'hours');
  if (other !== undefined) return `it looks at ${LOOKED_AT[other]}, and only hours are read`;
  if ((kpi.days?.yearsBefore ?? 0) > 0) return 'it looks at years before its window';
  return kpi.window === 'month' ? 'windows of a month are not tried' : undefined;
}

const LOOKED_AT = {
  hours: 'hours',
  quarters: 'quarter-hours',
  heard: 'when devices were heard',
  levels: 'levels within hours',
} as const satisfies Record<KpiLook, string>;

/**
 * Windows of a KPI that end in (fromMs, toMs], oldest first; of a year, the ones that hold a day that has ended.
 *
 * @param nowMs windows of an hour or a day that have begun until then are there, others that have ended
 */
export function* trialWindows(
  kpi: KpiDefinition,
  calendar: Calendar,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  nowMs: number,
): Generator<Bounds> {
  if (kpi.window === 'year') return yield* years(calendar, fromMs, nowMs);
  const isOfDays = isLongWindow(kpi.window) || kpi.window.startsWith('day');
  const showsRunning = kpi.window === 'hour' || kpi.window.startsWith('day');
  const days = kpi.window === 'day-standard' ? standardCalendar(calendar) : calendar;
  let atMs = isOfDays ? days.dayStart(fromMs) : calendar.hourStart(fromMs);
  while (atMs < nowMs) {
    const nextMs = isOfDays ? days.dayEnd(atMs) : calendar.hourEnd(atMs);
    if (nextMs > toMs || (nextMs > nowMs && !showsRunning)) return;
    const bounds = kpi.window === 'rolling-365d' ? rollingUpTo(calendar, nextMs) : windowAt(kpi, calendar, atMs);
    if (nextMs > fromMs) yield bounds;
    atMs = nextMs;
  }
}

function* years(calendar: Calendar, fromMs: number, nowMs: number): Generator<Bounds> {
  for (let atMs = calendar.yearStart(fromMs); atMs < nowMs; atMs = calendar.yearEnd(atMs)) {
    const bounds = { startMs: atMs, endMs: calendar.yearEnd(atMs) };
    if (elapsedDays(calendar, bounds, nowMs).days > 0) yield bounds;
  }
}

/** Days that a window of many days is folded from, oldest first. */
export function* daysOfWindow(calendar: Calendar, { startMs, endMs }: Bounds, nowMs: number): Generator<Bounds> {
  for (let atMs = startMs; atMs < endMs; atMs = calendar.dayEnd(atMs)) {
    const day = { startMs: atMs, endMs: calendar.dayEnd(atMs) };
    if (day.endMs > nowMs) return;
    yield day;
  }
}

/** Devices with their series, as the engine has them. */
function groupOf(
  { quantities }: KpiDefinition,
  city: KpiCity,
  series: readonly KpiSeries[],
  zones: ReadonlyMap<string, unknown>,
): MemberGroup {
  const group = new MemberGroup(quantities);
  for (const one of series) {
    const { device } = one.series;
    const facts = city.facts(device);
    if (facts.role !== 'ignore') group.join({ device, facts, zone: zones.has(facts.zone) ? facts.zone : city.id }, one);
  }
  return group;
}
