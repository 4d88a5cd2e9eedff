import { MINUTE_MS } from '../../src/base/index.ts';
import { WindowEngine } from '../../src/windows/index.ts';

/** Columns of readings, as the engine takes them. */
export interface BenchBatch {
  count: number;
  series: Uint32Array;
  /** Event time, ms UTC. */
  timeMs: Float64Array;
  value: Float64Array;
  /** Filled by the engine: 0 counted, 1 invalid, 2 duplicate, 3 conflict, 4 filed late. */
  outcome: Uint8Array;
}

/** Rolling windows, as the engine gives them. */
export interface BenchRows {
  readonly series: Uint32Array;
  readonly count: Uint32Array;
  readonly mean: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly p95: Float64Array;
}

/** What the bench uses of a window engine: nothing else, so that any engine can be measured. */
export interface BenchEngine {
  intern(key: { device: string; quantity: string; channel: string; expectEveryMs: number }): number;
  acceptColumns(batch: BenchBatch): void;
  rolling(endMs: number, lengthMs: number, rows: BenchRows): number;
  tick(): { readonly panes: { readonly rows: number } };
  /** What the engine says that it holds; names of series not included. */
  readonly bytes: { readonly readings: number; readonly records: number };
  beginSnapshot(): { next(): Uint8Array | undefined };
  endSnapshot(): void;
  restorePiece(piece: Uint8Array): void;
}

/** As a city is set up, even when few series report: the engine chooses its memory by what it may have to hold. */
const SERIES_MAX_MIN = 100_000;

/** The engine that is measured: event clock, horizon 2 h. */
export function createEngine(seriesCount: number): BenchEngine {
  return new WindowEngine({
    clock: 'event',
    latenessMs: 90 * MINUTE_MS,
    horizonMs: 120 * MINUTE_MS,
    counterGapMsMax: 180 * MINUTE_MS,
    seriesMax: Math.max(SERIES_MAX_MIN, seriesCount),
    silentAfterIntervals: 3,
    silentAfterMsMin: 5 * MINUTE_MS,
    timeZone: 'Europe/Madrid',
    registerRateMaxPerHour: () => Number.POSITIVE_INFINITY,
  });
}

/** Columns with room for a row of every series. */
export function createRows(seriesCount: number): BenchRows {
  return {
    series: new Uint32Array(seriesCount),
    count: new Uint32Array(seriesCount),
    mean: new Float64Array(seriesCount),
    min: new Float64Array(seriesCount),
    max: new Float64Array(seriesCount),
    p95: new Float64Array(seriesCount),
  };
}
