import { setTimeout as delay } from 'node:timers/promises';
import { type Calendar, type Clock, calendarOf, DAY_MS, HOUR_MS, isoTime, OperatingError } from '../base/index.ts';
import type { Batches, JobContext, JobHandler } from '../jobs/index.ts';
import { HOURS_PER_RECORD_MAX, type JournalWriter, type SeriesHours } from '../journal/index.ts';
import type { Series } from '../model/index.ts';
import type { ReadingHistory, Store, TimeRange } from '../store/index.ts';
import { NEIGHBOURS_KEPT } from '../windows/index.ts';
import { awaitRoom, type JobPace, unlessAborted } from './job-pace.ts';
import { PANES, type PaneBatchSeries, packPaneBatch, unpackPanes } from './pane-batch.ts';
import { type PaneKey, PaneRows } from './pane-rows.ts';
import type { SeriesTerms } from './pipeline.ts';

/** The kind of the job. */
export const RECOMPUTE = 'recompute';

/** Hours of whole local days, of all devices or of one. */
export interface RecomputeOrder extends TimeRange {
  readonly device?: string;
  /** `check`: nothing is changed. `repair`: hours that differ are made again. */
  readonly mode: 'check' | 'repair';
}

/** What was found. */
export interface RecomputeResult {
  readonly days: number;
  /** Hours of series that were compared, and those of them that are not what their readings say. */
  readonly hours: number;
  readonly different: number;
  /** Hours that were handed to the engine, which makes them again as revisions. */
  readonly handedOver: number;
  /** The first that differ: device, quantity and start of the hour. */
  readonly first: readonly { readonly device: string; readonly quantity: string; readonly start: string }[];
}

export interface RecomputeSources extends JobPace {
  readonly clock: Clock;
  readonly store: () => Pick<Store, 'series' | 'readingsAround' | 'panesIn'>;
  readonly journal: Pick<JournalWriter, 'appendHours' | 'durableSequence' | 'heldBy'>;
  readonly batches: Batches;
  readonly timeZone: string;
  termsOf(series: Series): SeriesTerms;
  /** The store has all readings from here on, ms UTC. */
  rebuiltFromMs(): number;
  /** The engine's time, ms UTC; -Infinity while it has none. */
  engineNowMs(): number;
}

interface Checkpoint extends RecomputeResult {
  readonly nextMs: number;
}

/** Readings, or panes, that one batch is expected to have: some tens of milliseconds of work, here as well. */
const ROWS_PER_BATCH = 30_000;
/** An hour and its quarters. */
const PANES_PER_HOUR = 5;
/** Differing hours that are named. */
const SHOWN_MAX = 20;
/** A year and a half: what one order may look at. */
const DAYS_MAX = 550;
/** How long late readings that wait are waited for, and the engine's time. */
const LEVEL_MS_MAX = 180_000;
const WAIT_MS = 200;
/** Readings of whichever message. */
const ALL_SEQUENCES = Number.MAX_SAFE_INTEGER;

/** @throws OperatingError `days_too_many` */
export function recomputeOrder(timeZone: string, { fromMs, toMs, ...order }: RecomputeOrder): RecomputeOrder {
  if (toMs - fromMs > DAYS_MAX * DAY_MS) {
    throw new OperatingError(
      'days_too_many',
      `cannot recompute more than ${DAYS_MAX} days at once; order them in parts`,
    );
  }
  const calendar = calendarOf(timeZone);
  return { ...order, fromMs: calendar.dayStart(fromMs), toMs: calendar.dayEnd(toMs - 1) };
}

/**
 * Makes the panes of closed hours from the stored readings, in batches that any worker may do, and compares them with
 * those that are stored, bit for bit. What differs goes through the journal to the engine, which makes these hours and all
 * values above them again, as revisions. After a restart it goes on with the day at hand; a repeat finds nothing new.
 */
export function recomputeJob(sources: RecomputeSources): JobHandler {
  return (context) => run(context.job.input as RecomputeOrder, context, sources);
}

async function run(order: RecomputeOrder, context: JobContext, sources: RecomputeSources): Promise<RecomputeResult> {
  const calendar = calendarOf(sources.timeZone);
  await untilLevel(context.signal, sources);
  const { device } = order;
  const series = await sources.store().series(device === undefined ? {} : { device });
  const nothing = { days: 0, hours: 0, different: 0, handedOver: 0, first: [] };
  let at = (context.job.checkpoint as Checkpoint | null) ?? { ...nothing, nextMs: order.fromMs };
  const toMs = Math.min(order.toMs, sources.engineNowMs());
  for (let dayMs = Math.max(at.nextMs, firstDay(calendar, sources)); dayMs < toMs; ) {
    const endMs = calendar.dayEnd(dayMs);
    const range = { fromMs: dayMs, toMs: endMs };
    const found = await compareDay(series, range, calendar, context.signal, sources);
    const handedOver = order.mode === 'check' ? 0 : await handOver(found.different, context.signal, sources);
    at = added(at, found, handedOver, endMs);
    await context.checkpoint(at);
    await context.progress((endMs - order.fromMs) / (order.toMs - order.fromMs));
    dayMs = endMs;
  }
  const { nextMs: _next, ...result } = at;
  return result;
}

/** After a start the engine first comes to where it was, and says at its next tick what time it has. */
async function untilLevel(signal: AbortSignal, { journal, load, engineNowMs, clock }: RecomputeSources): Promise<void> {
  const target = journal.durableSequence();
  const startedAtMs = clock.monotonicMs();
  const isLate = () => clock.monotonicMs() - startedAtMs > LEVEL_MS_MAX;
  // What waits to be rebuilt is not what its readings say yet.
  const isLevel = () => load().engineSequence >= target && (load().lateWaiting === 0 || isLate());
  // A city that nothing was ever measured in has no time.
  const hasTime = () => Number.isFinite(engineNowMs()) || isLate();
  while (!isLevel() || !hasTime()) await delay(WAIT_MS, undefined, { signal });
}

/** The first day of which the store has all readings. */
function firstDay(calendar: Calendar, { rebuiltFromMs }: RecomputeSources): number {
  const fromMs = rebuiltFromMs();
  if (!Number.isFinite(fromMs)) return Number.NEGATIVE_INFINITY;
  const dayMs = calendar.dayStart(fromMs);
  return dayMs === fromMs ? dayMs : calendar.dayEnd(fromMs);
}

interface HourOfSeries {
  readonly series: Series;
  readonly startMs: number;
}

interface Compared {
  readonly hours: number;
  readonly different: readonly HourOfSeries[];
}

function added(before: Checkpoint, { hours, different }: Compared, handedOver: number, nextMs: number): Checkpoint {
  const more = different.slice(0, SHOWN_MAX - before.first.length).map(({ series, startMs }) => ({
    ...{ device: series.device, quantity: series.quantity },
    start: isoTime(startMs),
  }));
  return {
    nextMs,
    days: before.days + 1,
    hours: before.hours + hours,
    different: before.different + different.length,
    handedOver: before.handedOver + handedOver,
    first: [...before.first, ...more],
  };
}

/** Series in batches, several of them on their way at once. */
async function compareDay(
  all: readonly Series[],
  range: TimeRange,
  calendar: Calendar,
  signal: AbortSignal,
  sources: RecomputeSources,
): Promise<Compared> {
  const waiting = inBatches(all, range).values();
  const found: Compared[] = [];
  // Where one fails, the others do not go on beside the next attempt.
  const stop = new AbortController();
  const signals = AbortSignal.any([signal, stop.signal]);
  const lane = async (): Promise<void> => {
    for (const batch of waiting) found.push(await compareBatch(batch, range, calendar, signals, sources));
  };
  const lanes = Array.from({ length: sources.batches.widthMax }, () =>
    lane().catch((error) => {
      stop.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(lanes);
  signal.throwIfAborted();
  stop.signal.throwIfAborted();
  const different = found.flatMap((one) => one.different);
  different.sort((a, b) => a.startMs - b.startMs || a.series.id - b.series.id);
  return { hours: found.reduce((sum, { hours }) => sum + hours, 0), different };
}

function inBatches(all: readonly Series[], { fromMs, toMs }: TimeRange): Series[][] {
  const batches: Series[][] = [];
  const hours = Math.ceil((toMs - fromMs) / HOUR_MS);
  let rows = Number.POSITIVE_INFINITY;
  for (const series of all) {
    // Slow series have few readings, and as many panes as others.
    const expected = Math.max(PANES_PER_HOUR * hours, Math.ceil((toMs - fromMs) / Math.max(1, series.expectEveryMs)));
    if (rows + expected > ROWS_PER_BATCH) {
      batches.push([]);
      rows = 0;
    }
    batches.at(-1)!.push(series);
    rows += expected;
  }
  return batches;
}

async function compareBatch(
  batch: readonly Series[],
  range: TimeRange,
  calendar: Calendar,
  signal: AbortSignal,
  sources: RecomputeSources,
): Promise<Compared> {
  signal.throwIfAborted();
  const store = sources.store();
  const spans = batch.map(({ id, kind }) => ({
    ...{ series: id, ...range },
    // An increase reaches from the reading before to the one behind.
    neighbours: kind === 'counter' ? NEIGHBOURS_KEPT : 0,
  }));
  const readings = await unlessAborted(store.readingsAround(spans, ALL_SEQUENCES), signal);
  const packed = packedBatch(batch, range, readings, sources);
  const made = unpackPanes(await sources.batches.run(PANES, packed, signal));
  const stored = [await store.panesIn(spans, 'hour'), await store.panesIn(spans, 'quarter')];
  // Younger hours are the engine's: it has their readings in memory, and tells of their panes by itself.
  const nowMs = sources.engineNowMs();
  const inStore = new Map(batch.map((one) => [one.id, { series: one, toMs: nowMs - sources.termsOf(one).keptMs }]));
  return compare(inStore, new PaneRows([made]), new PaneRows(stored), calendar);
}

function packedBatch(
  batch: readonly Series[],
  range: TimeRange,
  { count, series, timeMs, value }: ReadingHistory,
  { timeZone, termsOf }: RecomputeSources,
): Uint8Array {
  const counts = new Map<number, number>();
  for (let row = 0; row < count; row++) counts.set(series[row]!, (counts.get(series[row]!) ?? 0) + 1);
  const byId = batch.toSorted((a, b) => a.id - b.id);
  const parts = byId.map((one): PaneBatchSeries => {
    return { id: one.id, rule: termsOf(one).rule, ...range, count: counts.get(one.id) ?? 0 };
  });
  return packPaneBatch({ timeZone, series: parts, timeMs: timeMs.subarray(0, count), value: value.subarray(0, count) });
}

interface OfStore {
  readonly series: Series;
  /** Hours that end up to here are known from the store alone, ms UTC. */
  readonly toMs: number;
}

/** Hours that are not closed yet are left alone. */
function compare(
  inStore: ReadonlyMap<number, OfStore>,
  made: PaneRows,
  stored: PaneRows,
  calendar: Calendar,
): Compared {
  const different = new Map<string, HourOfSeries>();
  let hours = 0;
  const look = ({ series: id, level, startMs, endMs }: PaneKey, isDifferent: boolean): void => {
    const { series, toMs } = inStore.get(id)!;
    if (calendar.hourEnd(startMs) > toMs || endMs > toMs) return;
    if (level === 'hour') hours++;
    const hourMs = calendar.hourStart(startMs);
    if (isDifferent) different.set(`${id} ${hourMs}`, { series, startMs: hourMs });
  };
  for (const [key, row] of made.rows()) {
    const was = stored.find(key);
    if (was === undefined) look(key, true);
    else if (was.isFinal) look(key, !made.isSame(row, was));
  }
  for (const [key, { isFinal }] of stored.rows()) if (isFinal && made.find(key) === undefined) look(key, true);
  return { hours, different: [...different.values()] };
}

/** In portions that the engine's queue of the past has room for. @returns how many hours */
async function handOver(
  hours: readonly HourOfSeries[],
  signal: AbortSignal,
  { journal, clock, ...pace }: RecomputeSources,
): Promise<number> {
  const portion = Math.max(1, Math.min(HOURS_PER_RECORD_MAX, Math.floor(pace.lateMax / 4)));
  for (let from = 0; from < hours.length; from += portion) {
    await awaitRoom(signal, pace);
    const some = hours.slice(from, from + portion);
    const columns: SeriesHours = {
      series: Int32Array.from(some, ({ series }) => series.id),
      startMs: Float64Array.from(some, ({ startMs }) => startMs),
    };
    const durable = new Promise<void>((resolve, reject) => {
      const sent = pace.onTheirWay.add(some.length);
      journal.appendHours(columns, clock.nowMs(), (error) => {
        pace.onTheirWay.settle(sent, journal);
        if (error === undefined) resolve();
        else reject(error);
      });
    });
    await unlessAborted(durable, signal);
  }
  return hours.length;
}
