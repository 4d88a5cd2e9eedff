import type { KpiInfo, KpiValue } from '../types.ts';
import { api } from './api.ts';
import { trendLengthMs } from './periods.ts';
import { changed, state, toMs, valueKey } from './state.ts';

/*
 * Short histories for the trends of tiles: asked for once when a tile is first drawn, then kept current by the stream,
 * until that is interrupted.
 */

const POINTS_MAX = 400;
const KEPT_MAX = 400;
const REQUESTS_AT_ONCE = 3;

const histories = new Map<string, KpiValue[]>();
const waiting: (() => Promise<void>)[] = [];
let running = 0;
/** Counts how often all was forgotten: an answer to a question of before has gaps. */
let forgottenCount = 0;

/** The trend of a KPI in a zone, oldest first; empty until it is loaded. */
export function trendOf(kpi: KpiInfo, zone: string): readonly KpiValue[] {
  const key = valueKey(kpi.id, zone, kpi.window);
  const held = histories.get(key);
  if (held !== undefined) return held;
  if (histories.size >= KEPT_MAX) histories.delete(histories.keys().next().value ?? '');
  histories.set(key, []);
  waiting.push(() => load(kpi, zone, key));
  next();
  return [];
}

/** Puts a live value in its place in a history that is held. */
export function applyToHistory(value: KpiValue): void {
  const held = histories.get(valueKey(value.kpi, value.zone, value.window));
  if (held !== undefined) insert(held, value);
}

/** Has every trend asked for anew: values were missed. */
export function forgetHistories(): void {
  forgottenCount++;
  histories.clear();
}

async function load(kpi: KpiInfo, zone: string, key: string): Promise<void> {
  const newest = state.latest.get(key);
  if (newest === undefined) return;
  const startMs = toMs(newest.start);
  const askedAtCount = forgottenCount;
  const query = {
    zone,
    window: kpi.window,
    from: new Date(startMs - trendLengthMs(kpi.window)).toISOString(),
    to: new Date(startMs + 1).toISOString(),
  };
  const { values } = await api.kpiHistory(kpi.id, query);
  if (askedAtCount !== forgottenCount) return;
  const held = histories.get(key) ?? [];
  for (const value of held) insert(values, value);
  histories.set(key, values);
  changed();
}

function next(): void {
  while (running < REQUESTS_AT_ONCE) {
    const task = waiting.shift();
    if (task === undefined) return;
    running++;
    // A trend that cannot be loaded stays empty: the value itself is on the tile, and the header tells of a lost server.
    task()
      .catch(() => undefined)
      .finally(() => {
        running--;
        next();
      });
  }
}

function insert(values: KpiValue[], value: KpiValue): void {
  let at = values.length;
  while (at > 0 && (values[at - 1]?.start ?? '') > value.start) at--;
  if (values[at - 1]?.start === value.start) values[at - 1] = value;
  else values.splice(at, 0, value);
  if (values.length > POINTS_MAX * 4) values.splice(0, values.length - POINTS_MAX * 4);
}
