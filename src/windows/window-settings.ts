import type { Pane, PaneColumns, Series } from '../model/index.ts';
import type { LevelStats } from './level-rows.ts';
import type { ToldPanes } from './pane-tick.ts';
import type { SortedReadings } from './sorted-readings.ts';

export interface WindowSettings {
  /** `wall`: now is what `passTime` was told last. `event`: now is the newest accepted event time. */
  readonly clock: 'wall' | 'event';
  /** How long after its end a window waits for late readings, ms. */
  readonly latenessMs: number;
  /** Readings older than this, from now, are filed, and their panes rebuilt from the store, ms; at least `latenessMs`. */
  readonly horizonMs: number;
  /** Register neighbours further apart leave the time between them open, ms. */
  readonly counterGapMsMax: number;
  readonly seriesMax: number;
  readonly silentAfterIntervals: number;
  readonly silentAfterMsMin: number;
  /** The city's zone: hours of the stored panes follow it. */
  readonly timeZone: string;
  /** What the kept readings may take, bytes; those that find no room are filed as late ones are. 4 GiB when absent. */
  readonly memoryBytesMax?: number;
  /** Whether the hot loops run as WebAssembly; `auto` when absent: where there are many series. The answers are the same. */
  readonly kernel?: 'auto' | 'wasm' | 'off';
  /** Late-filed readings that may wait for their panes to be rebuilt. A million when absent. */
  readonly lateMax?: number;
  /** Quantities whose hours remember their extremes behind the kept readings: 16 bytes an hour and fast series. */
  readonly extremesOf?: ReadonlySet<string>;
  /** Largest believable increase of a register an hour, in its quantity's unit. */
  registerRateMaxPerHour(series: Series): number;
}

/** What became of a reading; each is counted under this name. */
export const READING_OUTCOMES = ['counted', 'invalid', 'duplicate', 'conflict', 'lateFiled', 'series_limit'] as const;
export type ReadingOutcome = (typeof READING_OUTCOMES)[number];

/** Readings as columns of equal length. */
export interface ReadingBatch {
  readonly count: number;
  /** Dense numbers from `intern`. */
  readonly series: Uint32Array;
  /** Event time, whole ms UTC. */
  readonly timeMs: Float64Array;
  /** In the quantity's unit; NaN for a reading that does not count. */
  readonly value: Float64Array;
  /** Filled: index in `READING_OUTCOMES`. */
  readonly outcome: Uint8Array;
}

/** An hour of a series whose aggregate changed since the last tick. */
export interface ChangedHour {
  readonly series: number;
  readonly hourStartMs: number;
  /** Of an hour that was rebuilt from the store: memory does not know when it was heard. */
  readonly rebuilt?: RebuiltHour;
}

/** What panes do not say of an hour that was rebuilt. */
export interface RebuiltHour {
  readonly endMs: number;
  /** Time of the newest reading in it, bad ones included, ms UTC; NaN when there is none. */
  readonly heardMs: number;
}

/** Something that an operator may want to know. */
export type WindowEvent =
  /** The watermark passed an hour without a reading of a series that was heard before. */
  | { readonly kind: 'empty'; readonly series: number; readonly atMs: number }
  /** Nothing came for longer than the series' time-out (`atMs`: its newest reading), or something came again. */
  | { readonly kind: 'silent' | 'heard'; readonly series: number; readonly atMs: number }
  /** A final hour changed: by a reading within the horizon, or by one that was filed and rebuilt from the store. */
  | {
      readonly kind: 'revised';
      readonly series: number;
      /** Start of the hour. */
      readonly atMs: number;
      readonly reason: 'late' | 'rebuilt';
      readonly revision: number;
      readonly before: number | null;
      readonly after: number | null;
    };

export interface WindowTick {
  readonly newSeries: readonly Series[];
  /** Panes to be stored, absolute. */
  readonly panes: PaneColumns;
  readonly changedHours: readonly ChangedHour[];
  readonly events: readonly WindowEvent[];
}

/** What another room may look at of a series. */
export interface SeriesView {
  readonly series: Series;
  /** Hour panes with anything in them whose start lies in [fromMs, toMs), oldest first; see `PaneRecords.get`. */
  hours(fromMs: number, toMs: number): Pane[];
  /** Quarter-hour panes, likewise; of energy and SO2 as far back as hours, of others while readings are kept. */
  quarters(fromMs: number, toMs: number): Pane[];
  /** What the levels of the hour that starts at `startMs` are exceeded by; of other kinds undefined. */
  levels(startMs: number): LevelStats | undefined;
  /** Newest kept reading in [fromMs, toMs), bad ones included; -Infinity when there is none. */
  heardMs(fromMs: number, toMs: number): number;
}

/** What the store has of a series around its late-filed readings. */
export interface StoredSeries {
  /**
   * All readings, each identity once, with those filed late, those of the tick that runs, and `NEIGHBOURS_KEPT` counting
   * ones before the first and behind the last of the late ones' local days.
   */
  readonly readings: SortedReadings;
  /** The panes of the hours between them. */
  readonly told: ToldPanes;
  /** The tick that runs is in the store already: a journal is replayed. */
  readonly isStored: boolean;
  /**
   * Of the times those at which a reading was decoded again: it was another one before, or there is none any more. None
   * when absent.
   */
  readonly correctedMs?: ReadonlySet<number>;
}

/** A reading that was decoded again: what its identity says now, and what it said. */
export interface Correction {
  readonly series: number;
  /** Whole ms UTC. */
  readonly timeMs: number;
  /** NaN when it does not count; undefined when there is none any more. */
  readonly value: number | undefined;
  /** Likewise; undefined when there was none. */
  readonly before: number | undefined;
}
