import type { Pane, PaneLevel, Series, WindowKind } from '../model/index.ts';

/** What an aggregate is made of: all readings at once, or the means of valid hours or days (KPI.md 6.2). */
export const AGGREGATE_PARTS = ['readings', 'hours', 'days'] as const;
export type AggregateParts = (typeof AGGREGATE_PARTS)[number];

/**
 * How a register's increase falls to windows: `interpolated` in time between neighbours (KPI.md 4.3), or `end`: wholly
 * to the window of the later reading.
 */
export const COUNTER_METHODS = ['interpolated', 'end'] as const;
export type CounterMethod = (typeof COUNTER_METHODS)[number];

export interface AggregateRequest {
  readonly series: Series;
  readonly window: WindowKind;
  readonly parts: AggregateParts;
  readonly counterMethod: CounterMethod;
  /** Windows whose end lies in (fromMs, toMs] are answered. */
  readonly fromMs: number;
  readonly toMs: number;
  /** IANA zone, `UTC`, a fixed offset `+01:00`, or `standard:<IANA zone>` for standard time all the year. */
  readonly timeZone: string;
}

/** One window of one series. */
export interface AggregateRow {
  readonly startMs: number;
  readonly endMs: number;
  /** Mean, energetic mean, vector mean, increase, sum or last value: the quantity decides. Null when there is nothing. */
  readonly value: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** First and last reading that count, by event time. */
  readonly first: number | null;
  readonly last: number | null;
  /** Readings that count. */
  readonly count: number;
  /** Valid parts and expected parts (slots for `readings`, hours or days otherwise), and their ratio. */
  readonly validParts: number;
  readonly expectedParts: number;
  readonly coverage: number;
  readonly valid: boolean;
  readonly revision: number;
  readonly final: boolean;
}

/** What must be read from the store to answer a request. */
export interface AggregateNeed {
  readonly level: PaneLevel | 'reading';
  readonly fromMs: number;
  readonly toMs: number;
}

export interface AggregateReading {
  readonly timeMs: number;
  readonly value: number;
  readonly quality: number;
}

export function aggregateNeed(_request: AggregateRequest): AggregateNeed {
  throw new Error('not yet');
}

/** Rows from panes of the level that `aggregateNeed` named, in order of time. */
export function aggregatePanes(_request: AggregateRequest, _panes: readonly Pane[]): AggregateRow[] {
  throw new Error('not yet');
}

/** Rows from readings, where `aggregateNeed` named the level `reading`. */
export function aggregateReadings(_request: AggregateRequest, _readings: readonly AggregateReading[]): AggregateRow[] {
  throw new Error('not yet');
}
