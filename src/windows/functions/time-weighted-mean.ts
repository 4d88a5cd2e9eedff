import { addCompensated, type CompensatedSum, compensatedTotal, mergeCompensated } from './compensated-sum.ts';
import type { WindowFunction } from './window-function.ts';

/**
 * What a series did between two readings: `locf` holds the earlier value (a state, a setpoint), `linear` joins them by a
 * straight line (a temperature).
 */
export type TimeWeighting = 'locf' | 'linear';

export interface TimeWeightedState {
  firstMs: number;
  first: number;
  lastMs: number;
  last: number;
  /** Value times ms, between readings at most the gap apart. */
  readonly area: CompensatedSum;
  /** Time between such readings, ms. */
  coveredMs: number;
}

/** A reading next to a window. */
export interface NeighbourReading {
  readonly timeMs: number;
  readonly value: number;
}

/** What lies round a window: its bounds, and the readings nearest to it on both sides. */
export interface WindowSurroundings {
  readonly startMs: number;
  readonly endMs: number;
  readonly before: NeighbourReading | undefined;
  readonly after: NeighbourReading | undefined;
}

/** A mean and the part of the window, ms, that it speaks of. */
export interface TimeWeightedResult {
  readonly value: number | null;
  readonly coveredMs: number;
}

export interface TimeWeightedMean extends WindowFunction<TimeWeightedState> {
  /** The mean over all of a window: the stretches from its start and to its end are added, cut at the bounds. */
  within(state: TimeWeightedState, surroundings: WindowSurroundings): TimeWeightedResult;
}

/**
 * Mean weighted by the time that each value stood for, so that a burst of readings weighs no more than the time it
 * took. States merge in order of time and the bridge between them is added; merged and whole differ by the error of a
 * compensated sum. A single reading is its own mean.
 *
 * @param gapMsMax readings further apart say nothing about the time between them
 */
export function timeWeightedMean(weighting: TimeWeighting, gapMsMax: number): TimeWeightedMean {
  const bridge = (state: TimeWeightedState, timeMs: number, value: number): void => {
    const gapMs = timeMs - state.lastMs;
    if (!(gapMs <= gapMsMax)) return;
    const height = weighting === 'locf' ? state.last : state.last + (value - state.last) / 2;
    addCompensated(state.area, height * gapMs);
    state.coveredMs += gapMs;
  };
  return {
    id: `time-weighted-mean-${weighting}`,
    empty: emptyState,
    add(state, timeMs, value) {
      if (Number.isNaN(state.firstMs)) {
        state.firstMs = timeMs;
        state.first = value;
      } else bridge(state, timeMs, value);
      state.lastMs = timeMs;
      state.last = value;
    },
    merge(into, later) {
      if (Number.isNaN(later.firstMs)) return;
      if (Number.isNaN(into.firstMs)) {
        into.firstMs = later.firstMs;
        into.first = later.first;
      } else bridge(into, later.firstMs, later.first);
      mergeCompensated(into.area, later.area);
      into.coveredMs += later.coveredMs;
      into.lastMs = later.lastMs;
      into.last = later.last;
    },
    result: (state) => meanOf(state),
    within: (state, surroundings) => meanWithin(weighting, gapMsMax, state, surroundings),
  };
}

function emptyState(): TimeWeightedState {
  const none = Number.NaN;
  return { firstMs: none, first: none, lastMs: none, last: none, area: { high: 0, low: 0 }, coveredMs: 0 };
}

function meanOf({ area, coveredMs, last }: TimeWeightedState): number | null {
  if (coveredMs > 0) return compensatedTotal(area) / coveredMs;
  return Number.isNaN(last) ? null : last;
}

function meanWithin(
  weighting: TimeWeighting,
  gapMsMax: number,
  state: TimeWeightedState,
  { startMs, endMs, before, after }: WindowSurroundings,
): TimeWeightedResult {
  const area = { ...state.area };
  let { coveredMs } = state;
  const stretch = (from: NeighbourReading, to: NeighbourReading): void => {
    const gapMs = to.timeMs - from.timeMs;
    const cutMs = Math.min(to.timeMs, endMs) - Math.max(from.timeMs, startMs);
    if (!(gapMs <= gapMsMax) || cutMs <= 0) return;
    const middleMs = Math.max(from.timeMs, startMs) + cutMs / 2;
    const slope = weighting === 'locf' ? 0 : (to.value - from.value) / gapMs;
    addCompensated(area, (from.value + slope * (middleMs - from.timeMs)) * cutMs);
    coveredMs += cutMs;
  };
  const isEmpty = Number.isNaN(state.firstMs);
  const first = isEmpty ? undefined : { timeMs: state.firstMs, value: state.first };
  const last = isEmpty ? undefined : { timeMs: state.lastMs, value: state.last };
  // The newest reading of all is held to the end of the window, if that is near: nothing has contradicted it yet.
  const held = (from: NeighbourReading | undefined) =>
    weighting === 'locf' && from !== undefined ? { timeMs: endMs, value: from.value } : undefined;
  const earlier = last ?? before;
  const later = after ?? held(earlier);
  if (before !== undefined && first !== undefined) stretch(before, first);
  if (earlier !== undefined && later !== undefined) stretch(earlier, later);
  if (coveredMs > 0) return { value: compensatedTotal(area) / coveredMs, coveredMs };
  return { value: isEmpty ? null : state.last, coveredMs };
}
