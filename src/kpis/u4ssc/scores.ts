import { type BenchmarkScore, benchmarkScore } from '../arithmetic/index.ts';
import type { U4sscState } from './state.ts';

/** Score of a dimension, sub-dimension or category over the numbers in it that have points. */
export interface U4sscScore {
  readonly name: string;
  /** Null when nothing in it has points. */
  readonly score: BenchmarkScore | null;
  readonly points: number;
  /** Numbers with points, and those without: not reported, or without a benchmark. */
  readonly scoredCount: number;
  readonly excludedCount: number;
}

export interface U4sscSubDimensionScore extends U4sscScore {
  readonly categories: readonly U4sscScore[];
}

export interface U4sscDimensionScore extends U4sscScore {
  readonly subDimensions: readonly U4sscSubDimensionScore[];
}

export type U4sscScores = readonly U4sscDimensionScore[];

/** Scores at each step of the tree, every one over the numbers themselves and not over the scores below it. */
export function u4sscScores(states: readonly U4sscState[]): U4sscScores {
  return groups(states, ({ kpi }) => kpi.dimension).map(([dimension, inDimension]) => ({
    ...scoreOf(dimension, inDimension),
    subDimensions: groups(inDimension, ({ kpi }) => kpi.subDimension).map(([subDimension, inSubDimension]) => ({
      ...scoreOf(subDimension, inSubDimension),
      categories: groups(inSubDimension, ({ kpi }) => kpi.category).map(([category, inCategory]) =>
        scoreOf(category, inCategory),
      ),
    })),
  }));
}

function groups(states: readonly U4sscState[], nameOf: (state: U4sscState) => string) {
  return [...Map.groupBy(states, nameOf)];
}

function scoreOf(name: string, states: readonly U4sscState[]): U4sscScore {
  const numbers = states.flatMap(({ numbers: all }) => all);
  const points = numbers.flatMap((number) => number.points ?? []);
  return {
    name,
    score: benchmarkScore(points),
    points: points.reduce((sum, more) => sum + more, 0),
    scoredCount: points.length,
    excludedCount: numbers.length - points.length,
  };
}
