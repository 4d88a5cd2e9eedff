import {
  type KpiValue,
  type KpiWindowKind,
  type Pane,
  type PaneColumns,
  type PaneLevel,
  qualityCounts,
  type RejectReason,
  type RevisionReason,
  type Series,
} from '../model/index.ts';
import type { MarkRange, StoreChanges, StoreMark } from './mirror.ts';

/** What became of a stored reading. One that was filed late or decoded again counts or not by its quality. */
export const ReadingStatus = { counted: 0, invalid: 1, lateFiled: 2, again: 3 } as const;

/** True for a stored reading that enters values. */
export function storedReadingCounts(reading: Pick<StoredReading, 'status' | 'quality' | 'value'>): boolean {
  return reading.status !== ReadingStatus.invalid && qualityCounts(reading.quality) && !Number.isNaN(reading.value);
}

/** Readings as columns of equal length; buffers are handed over with the batch. */
export interface ReadingColumns {
  readonly count: number;
  readonly series: Int32Array;
  readonly timeMs: Float64Array;
  /** NaN where the device had no value. */
  readonly value: Float64Array;
  readonly quality: Uint8Array;
  /** A `ReadingStatus`. */
  readonly status: Uint8Array;
  /** Journal sequence of the message. Rows at or below the store's position are already there and are skipped. */
  readonly sequence: Float64Array;
}

export interface QuarantineRow {
  readonly sequence: number;
  /** Position of the reading in its message; -1 for a whole message. */
  readonly index: number;
  readonly receivedAtMs: number;
  readonly reason: RejectReason;
  readonly detail: string;
  readonly topic: string;
  readonly clientId: string;
  readonly device: string;
  readonly payloadBytes: number;
  /** First bytes of the payload as text, control characters escaped; at most 256 characters. */
  readonly payloadHead: string;
}

/** State of a device as the engine sees it. */
export interface DeviceRow {
  readonly device: string;
  readonly profile: string;
  readonly gateway: string;
  /** Innermost zone id, or empty when the city's configuration assigns none. */
  readonly zone: string;
  readonly firstSeenMs: number;
  /** Newest event time, and when the newest message arrived. */
  readonly lastEventMs: number;
  readonly lastReceivedMs: number;
  readonly readingCount: number;
  /** Silent for longer than its time-out. */
  readonly silent: boolean;
}

/** Identities (series, time), as columns of equal length. */
export interface Identities {
  readonly series: Int32Array;
  /** Event time, whole ms UTC. */
  readonly timeMs: Float64Array;
}

/** What decoding messages again made of them. */
export interface DecodedAgain {
  /** Their sequences: what quarantine holds of them goes. */
  readonly messages: readonly number[];
  /** Rows of these identities go, and are remembered as what stood there before the batch. */
  readonly identities: Identities;
  /** Rows that take their place; `sequence` is that of the message which gave them. */
  readonly readings: ReadingColumns;
  /** What is refused of the messages now, under their sequences. */
  readonly quarantine: readonly QuarantineRow[];
}

/** Everything that one engine step made; written in one transaction together with `position`. */
export interface StoreBatch {
  /** Journal sequence that the batch includes; never goes back. */
  readonly position: number;
  readonly series: readonly Series[];
  readonly devices: readonly DeviceRow[];
  readonly readings: ReadingColumns;
  /** Absolute values: a row replaces the stored pane of the same (series, level, start). */
  readonly panes: PaneColumns;
  /** A row replaces the stored value of the same (kpi, zone, window, start, revision). */
  readonly kpis: readonly KpiValue[];
  /** What its KPI values, and all later ones, depend on beside the readings; what was said before holds when absent. */
  readonly basis?: string;
  /** Rows at or below the store's position are already there and are skipped. */
  readonly quarantine: readonly QuarantineRow[];
  /** Done after the rest, unless the store's position includes the batch. */
  readonly again?: DecodedAgain;
}

export interface TimeRange {
  /** Inclusive, ms UTC. */
  readonly fromMs: number;
  /** Exclusive, ms UTC. */
  readonly toMs: number;
}

export interface StoredReading {
  readonly series: number;
  readonly timeMs: number;
  readonly value: number;
  readonly quality: number;
  readonly status: number;
  readonly sequence: number;
}

/** A part of the history of a series. */
export interface SeriesSpan extends TimeRange {
  readonly series: number;
}

/** Where in the history of a series readings are wanted, and how many counting ones before and behind it. */
export interface ReadingSpan extends SeriesSpan {
  /** On each side; 0 for the span alone. */
  readonly neighbours: number;
}

/** Readings of several series by series and time, each identity (series, time) once. */
export interface ReadingHistory {
  readonly count: number;
  readonly series: Int32Array;
  /** Event time, ms UTC. */
  readonly timeMs: Float64Array;
  /** NaN for a reading that does not count; zeros without their sign. */
  readonly value: Float64Array;
  /** 1 for a late-filed reading, 2 for one that was decoded again. */
  readonly late: Uint8Array;
}

/** Panes of all series of some quantities, whose start lies in the range. */
export interface PanesQuery extends TimeRange {
  readonly quantities: readonly string[];
  readonly level: PaneLevel;
}

/** When series were heard: one row an hour with readings, by series and time. */
export interface HeardHours {
  readonly count: number;
  readonly series: Int32Array;
  /**
   * Newest reading of the hour, ms UTC: bad ones included for as long as readings are kept; then the newest one that
   * counts, or the start of an hour that holds bad readings alone.
   */
  readonly timeMs: Float64Array;
}

/** How often a KPI's window was corrected. */
export interface KpiRevision {
  readonly kpi: string;
  readonly zone: string;
  readonly startMs: number;
  /** Above 0. */
  readonly revision: number;
  readonly reason?: RevisionReason;
}

export interface KpiQuery extends TimeRange {
  readonly kpi?: string;
  readonly zone?: string;
  readonly window?: KpiWindowKind;
  /** All revisions, or (default) the newest of each window. */
  readonly allRevisions?: boolean;
  /** `KPI_ROWS_DEFAULT` when not given. */
  readonly limit?: number;
}

/** Rows that `kpis` answers at most when the query names no limit. */
export const KPI_ROWS_DEFAULT = 100_000;

export interface QuarantineQuery {
  readonly reason?: RejectReason;
  readonly device?: string;
  /** Newest first; rows with a sequence below this one, for paging. */
  readonly beforeSequence?: number;
  /** A page goes beyond it only to end with the last row of a message, so that paging by sequence loses none. */
  readonly limit: number;
}

/** How much quarantine may hold. */
export interface QuarantineBound {
  readonly rowsMax: number;
  /** Rows received before this instant go, ms UTC. */
  readonly receivedFromMs: number;
}

/** What may be deleted; the newest counted reading of every series stays known to `latest`. */
export interface RetentionRule {
  /** Readings measured before this instant, ms UTC. */
  readonly readingsBeforeMs?: number;
  /** Panes of 15 minutes that begin before this instant, ms UTC; hours stay for ever. */
  readonly quartersBeforeMs?: number;
}

/** What is exported: readings as they are stored, panes by their level, KPI values with all revisions. */
export const EXPORT_KINDS = ['readings', 'quarters', 'hours', 'kpis'] as const;
export type ExportKind = (typeof EXPORT_KINDS)[number];

export interface ExportOrder extends TimeRange {
  readonly kind: ExportKind;
  /** Path of the file to be written; its folder is made. */
  readonly file: string;
}

export interface Exported {
  readonly rows: number;
  readonly bytes: number;
}

/** Which rows of a Parquet file are read. */
export interface ParquetQuery {
  readonly file: string;
  /** Names of columns; the rows have their values in this order. */
  readonly columns: readonly string[];
  /** Rows before it, in the order of the file. */
  readonly skip: number;
  readonly limit: number;
}

/** What a cell of a file of readings may be; instants are ms UTC, what is neither number nor instant is text. */
export type CellValue = string | number | null;

export interface ParquetRows {
  /** Of the whole file. */
  readonly rowCount: number;
  /** All columns that the file has. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly CellValue[])[];
}

/** What the engine asks for when it rebuilds what is older than its memory. */
export interface StoreHistory {
  /**
   * The readings of the spans and their neighbours, of the rows up to a journal sequence (as they were then); which of an
   * identity stays is said at `Store.readings`.
   */
  readingsAround(spans: readonly ReadingSpan[], upToSequence: number): Promise<ReadingHistory>;
  /**
   * Every row of these messages, or of these identities, among those up to a journal sequence; by series, time, sequence
   * and order of arrival. As the rows were then: what was decoded again later is as it was before. Zeros without their sign.
   */
  readingsOf(of: { readonly messages: readonly number[] } | Identities, upToSequence: number): Promise<ReadingColumns>;
  /** By series and start. */
  panesOf(query: PanesQuery): Promise<PaneColumns>;
  /** Panes whose start lies in the spans, by series and start. */
  panesIn(spans: readonly SeriesSpan[], level: PaneLevel): Promise<PaneColumns>;
  /** All series in hours whose start lies in the range. */
  heardHours(range: TimeRange): Promise<HeardHours>;
  /** Newest revisions of corrected windows whose start lies in the range, by KPI, zone and start. */
  kpiRevisions(kpis: readonly string[], range: TimeRange): Promise<readonly KpiRevision[]>;
}

/** What was said before. */
export interface StoredKpis {
  /** KPI values whose window starts in the range, by start. */
  kpis(query: KpiQuery): Promise<readonly KpiValue[]>;
}

/** Where readings, panes and KPI values are kept and asked for. One writer; queries may run beside it. */
export interface Store extends StoreHistory, StoredKpis {
  /**
   * Opens or creates.
   * @returns the journal position that the store includes (0 for a new one), and the basis of its newest KPI values
   * @throws OperatingError `store_locked` (says who holds it), `store_unwritable`
   */
  open(): Promise<{ readonly position: number; readonly basis?: string }>;
  /** All of the batch or nothing, with its position. Rejects with a retryable OperatingError when trying again can help. */
  write(batch: StoreBatch): Promise<void>;
  series(filter: {
    readonly device?: string;
    readonly quantity?: string;
    readonly channel?: string;
  }): Promise<readonly Series[]>;
  devices(): Promise<readonly DeviceRow[]>;
  /**
   * Readings of a series by event time, oldest first; status tells counted, invalid and late-filed apart. Each identity
   * (series, time) once: a reading that counts stands before one that does not, an earlier one before a later one.
   */
  readings(series: number, range: TimeRange, limit: number): Promise<readonly StoredReading[]>;
  /** Panes whose start lies in the range, oldest first. */
  panes(series: number, level: PaneLevel, range: TimeRange): Promise<readonly Pane[]>;
  /** Newest reading that counts, late-filed or not, of each of these series (all series when empty). */
  latest(series: readonly number[]): Promise<readonly StoredReading[]>;
  /** The newest value of every (kpi, zone, window). */
  latestKpis(): Promise<readonly KpiValue[]>;
  quarantine(query: QuarantineQuery): Promise<readonly QuarantineRow[]>;
  /** What was written between two marks, as it stands now; about `rowsMax` rows of readings, and of the rest, at most. */
  changes(range: MarkRange, rowsMax: number): Promise<StoreChanges>;
  /** The mark before everything that says something of an instant or later, ms UTC; the store's own when nothing does. */
  markBefore(timeMs: number): Promise<StoreMark>;
  /** Deletes what the rule allows; returns how many readings went. Space inside the store is used again. */
  trimRetention(rule: RetentionRule): Promise<number>;
  /** Deletes from quarantine what the bound does not allow, the oldest messages first and whole; returns how many rows went. */
  trimQuarantine(bound: QuarantineBound): Promise<number>;
  /** Writes the rows of a time range into a Parquet file; one of that name is replaced. */
  export(order: ExportOrder): Promise<Exported>;
  /**
   * Reads rows of a Parquet file, which need not be one of its own.
   * @throws OperatingError `parquet_unreadable`
   */
  parquetRows(query: ParquetQuery): Promise<ParquetRows>;
  /** Rows and bytes, for /metrics. */
  stats(): Promise<
    StoreMark & {
      /** When the store was made, ms UTC: one that was made anew is another one. */
      readonly madeAtMs: number;
      /** How far it was when it was opened. */
      readonly openedAt: StoreMark;
      readonly readingCount: number;
      readonly bytesOnDisk: number;
    }
  >;
  close(): Promise<void>;
}

/** One row of columns. */
export function readingAt(columns: ReadingColumns, row: number): StoredReading {
  return {
    series: columns.series[row]!,
    timeMs: columns.timeMs[row]!,
    value: columns.value[row]!,
    quality: columns.quality[row]!,
    status: columns.status[row]!,
    sequence: columns.sequence[row]!,
  };
}
