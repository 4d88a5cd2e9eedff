import type { QuantityKind } from '../model/index.ts';
import {
  exactMedian,
  exactPercentiles,
  type LevelState,
  levelHistogram,
  levelPercentile,
  type Moments,
  type NeighbourReading,
  type SketchState,
  sketchMedian,
  sketchPercentile,
  standardDeviation,
  type TimeWeightedMean,
  type TimeWeightedState,
  type ValueList,
} from './functions/index.ts';

/** How a statistic was come by. */
export const STAT_METHODS = {
  exact: 'exact',
  histogram: 'histogram 0.1 dB',
  sketch: 'DDSketch 1 %',
  deviation: 'sample (n-1)',
  linear: 'time-weighted, linear',
  locf: 'time-weighted, last value held',
} as const;
export type StatMethod = (typeof STAT_METHODS)[keyof typeof STAT_METHODS];

/** What percentiles are to be read off a cell: the values for small windows, counters for large ones, or both. */
export interface CellNeed {
  readonly values: boolean;
  readonly counters: boolean;
}

/** All that statistics need of a stretch of readings; stretches merge in order of time. */
export class StatCell {
  readonly #kind: QuantityKind;
  readonly #weighting: TimeWeightedMean;
  readonly #values: ValueList | undefined;
  readonly #levels: LevelState | undefined;
  readonly #sketch: SketchState | undefined;
  readonly moments: Moments = standardDeviation.empty();
  readonly weighted: TimeWeightedState;
  max = Number.NEGATIVE_INFINITY;

  constructor(kind: QuantityKind, { values, counters }: CellNeed, weighting: TimeWeightedMean) {
    this.#kind = kind;
    this.#weighting = weighting;
    this.#values = values ? exactMedian.empty() : undefined;
    this.#levels = counters && kind === 'level' ? levelHistogram.empty() : undefined;
    this.#sketch = counters && kind !== 'level' ? sketchMedian.empty() : undefined;
    this.weighted = weighting.empty();
  }

  get count(): number {
    return this.moments.count;
  }

  get last(): NeighbourReading {
    return { timeMs: this.weighted.lastMs, value: this.weighted.last };
  }

  add(timeMs: number, value: number): void {
    standardDeviation.add(this.moments, timeMs, value);
    this.#weighting.add(this.weighted, timeMs, value);
    if (value > this.max) this.max = value;
    if (this.#values !== undefined) exactMedian.add(this.#values, timeMs, value);
    if (this.#levels !== undefined) levelHistogram.add(this.#levels, timeMs, value);
    if (this.#sketch !== undefined) sketchMedian.add(this.#sketch, timeMs, value);
  }

  /** Takes the cell that follows, which must hold all that this one holds. */
  merge(later: StatCell): void {
    standardDeviation.merge(this.moments, later.moments);
    this.#weighting.merge(this.weighted, later.weighted);
    this.max = Math.max(this.max, later.max);
    if (this.#values !== undefined) exactMedian.merge(this.#values, later.#values!);
    if (this.#levels !== undefined) levelHistogram.merge(this.#levels, later.#levels!);
    if (this.#sketch !== undefined) sketchMedian.merge(this.#sketch, later.#sketch!);
  }

  /** @param percents 0 to 100 */
  percentiles(percents: readonly number[]): { values: (number | null)[]; method: StatMethod } {
    if (this.#values !== undefined) {
      return { values: exactPercentiles(this.#values, percents), method: STAT_METHODS.exact };
    }
    const [levels, sketch] = [this.#levels, this.#sketch];
    if (levels !== undefined) {
      return { values: percents.map((percent) => levelPercentile(levels, percent)), method: STAT_METHODS.histogram };
    }
    const values = sketch === undefined ? [] : percents.map((percent) => sketchPercentile(sketch, percent));
    return { values, method: STAT_METHODS.sketch };
  }

  timeWeighted(surroundings: Parameters<TimeWeightedMean['within']>[1]): number | null {
    return this.#weighting.within(this.weighted, surroundings).value;
  }

  get weightingMethod(): StatMethod {
    return this.#kind === 'state' ? STAT_METHODS.locf : STAT_METHODS.linear;
  }
}
