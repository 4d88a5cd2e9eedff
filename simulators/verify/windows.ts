import { HOUR_MS } from '../../src/base/index.ts';
import type { WindowKind } from '../../src/model/index.ts';

/** The window that a key of an expected file names, ms UTC. */
export interface KeyWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Reads `2018`, `2018-03`, `2018-03-25`, `2025-03-21T00:00`, `2006-12-16T17` (local, in the zone) or
 * `2019-08-01T12:00:00Z` as the start of a window.
 *
 * @returns undefined when the text is none of these
 */
export function keyWindow(key: string, window: WindowKind, zone: string): KeyWindow | undefined {
  if (/Z$/.test(key)) {
    const startMs = instantMs(key);
    return startMs === undefined ? undefined : { startMs, endMs: endOf(startMs, window, zone) };
  }
  const parts = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2})(?::00)?)?)?)?$/.exec(key);
  if (parts === null) return undefined;
  const [, year, month = '01', day = '01', hour = '00'] = parts;
  try {
    const startMs = Temporal.PlainDateTime.from(`${year}-${month}-${day}T${hour}:00`).toZonedDateTime(
      zone,
    ).epochMilliseconds;
    return { startMs, endMs: endOf(startMs, window, zone) };
  } catch {
    return undefined;
  }
}

function instantMs(text: string): number | undefined {
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    return undefined;
  }
}

function endOf(startMs: number, window: WindowKind, zone: string): number {
  if (window === 'hour') return startMs + HOUR_MS;
  const start = Temporal.Instant.fromEpochMilliseconds(startMs).toZonedDateTimeISO(zone);
  const step = window === 'day' ? { days: 1 } : window === 'month' ? { months: 1 } : { years: 1 };
  return start.add(step).epochMilliseconds;
}

/** Windows in one question at most: below the usual limit of a list. */
const WINDOWS_ASKED_MAX = 800;

/** Groups windows into ranges that each span at most `WINDOWS_ASKED_MAX` windows of their length, gaps included. */
export function questionRanges(
  windows: readonly KeyWindow[],
): readonly { readonly fromMs: number; readonly toMs: number }[] {
  const sorted = [...windows].sort((a, b) => a.startMs - b.startMs);
  const ranges: { fromMs: number; toMs: number }[] = [];
  for (const { startMs, endMs } of sorted) {
    const open = ranges.at(-1);
    const spanMsMax = WINDOWS_ASKED_MAX * (endMs - startMs);
    if (open !== undefined && endMs - open.fromMs <= spanMsMax) open.toMs = Math.max(open.toMs, endMs);
    else ranges.push({ fromMs: startMs, toMs: endMs });
  }
  return ranges;
}
