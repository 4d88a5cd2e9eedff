import type { PaneColumns } from '../../model/index.ts';

/** Rows of one level, each key once, and the span of their starts. */
export interface LevelRows {
  readonly rows: Int32Array;
  readonly startMsMin: number;
  readonly startMsMax: number;
}

/**
 * The rows of a level; of equal (series, start) the last one.
 *
 * @param level index in `PANE_LEVELS`
 */
export function rowsOfLevel(panes: PaneColumns, level: number): LevelRows {
  const rows = new Int32Array(panes.rows);
  let count = 0;
  let isAscending = true;
  let startMsMin = Number.POSITIVE_INFINITY;
  let startMsMax = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < panes.rows; row++) {
    if (panes.level[row] !== level) continue;
    const startMs = panes.startMs[row]!;
    if (startMs < startMsMin) startMsMin = startMs;
    if (startMs > startMsMax) startMsMax = startMs;
    if (count > 0) isAscending &&= isBehind(panes, row, rows[count - 1]!);
    rows[count++] = row;
  }
  const all = rows.subarray(0, count);
  return { rows: isAscending ? all : lastOfKeys(panes, all), startMsMin, startMsMax };
}

/** Engines walk series by series in order of time: then no key can come twice. */
function isBehind(panes: PaneColumns, row: number, before: number): boolean {
  const series = panes.series[row]! - panes.series[before]!;
  return series > 0 || (series === 0 && panes.startMs[row]! > panes.startMs[before]!);
}

function lastOfKeys(panes: PaneColumns, rows: Int32Array): Int32Array {
  const seen = new Map<number, Set<number>>();
  return rows.toReversed().filter((row) => {
    const startMs = panes.startMs[row]!;
    let series = seen.get(startMs);
    if (series === undefined) {
      series = new Set();
      seen.set(startMs, series);
    }
    if (series.has(panes.series[row]!)) return false;
    series.add(panes.series[row]!);
    return true;
  });
}
