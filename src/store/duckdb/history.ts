/* What the engine asks for when it rebuilds old panes: whole spans of many series, as columns. */
import {
  BIGINT,
  type DuckDBConnection,
  type DuckDBDataChunk,
  type DuckDBType,
  INTEGER,
  LIST,
  listValue,
  VARCHAR,
} from '@duckdb/node-api';
import { DAY_MS, HOUR_MS } from '../../base/index.ts';
import type { PaneColumns, PaneLevel, RevisionReason } from '../../model/index.ts';
import {
  type HeardHours,
  type Identities,
  type KpiRevision,
  type PanesQuery,
  type ReadingHistory,
  type ReadingSpan,
  ReadingStatus,
  type SeriesSpan,
  type StoreHistory,
  type TimeRange,
} from '../store.ts';
import {
  chunksOf,
  float64Column,
  int32Column,
  panesWhere,
  readingColumns,
  rowCount,
  splitParameters,
} from './chunks.ts';
import { bound, type Parameter } from './parameters.ts';
import { EXCHANGED } from './tables.ts';

/** A stored reading that enters values; the same as `storedReadingCounts`. */
export const COUNTS = '(status <> 1 AND (quality = 0 OR quality >= 3) AND NOT isnan(value))';

/** Of the rows of one identity the one that stays. Row ids follow the order in which rows were appended. */
export const FIRST_OF_IDENTITY = `row_number() OVER (PARTITION BY series, time_ms ORDER BY ${COUNTS} DESC, sequence, rowid) = 1`;

/** How far neighbours are looked for at first; most lie close by, and the search widens where they do not. */
const REACH_FIRST_MS = 6 * HOUR_MS;
const REACH_FACTOR = 16;
const REACH_MAX_MS = 3_000 * DAY_MS;

const SPANS = `(SELECT unnest(?) AS id, unnest(?) AS span_series, unnest(?) AS from_ms, unnest(?) AS to_ms, unnest(?) AS wanted)`;
const SPAN_TYPES: readonly DuckDBType[] = [LIST(INTEGER), LIST(INTEGER), LIST(BIGINT), LIST(BIGINT), LIST(INTEGER)];

type Side = 'before' | 'behind';

/** How far readings were exchanged: shared with the writer. */
export interface Replacements {
  /** Position of the newest batch that exchanged some; 0 when none did. */
  newestAt: number;
}

/** Questions about history, on the connection that reads. */
export class History implements StoreHistory {
  private readonly connection: DuckDBConnection;
  private readonly replacements: Replacements;

  constructor(connection: DuckDBConnection, replacements: Replacements) {
    this.connection = connection;
    this.replacements = replacements;
  }

  async readingsAround(spans: readonly ReadingSpan[], upToSequence: number): Promise<ReadingHistory> {
    if (spans.length === 0) return historyOf([]);
    const parts = [await this.inside(spans, upToSequence)];
    for (const side of ['before', 'behind'] as const) parts.push(...(await this.neighbours(spans, side, upToSequence)));
    return historyOf(parts.flat());
  }

  async readingsOf(of: { readonly messages: readonly number[] } | Identities, upToSequence: number) {
    const [condition, parameters] = 'messages' in of ? rowsOfMessages(of.messages) : rowsOfIdentities(of);
    const [source, bounds] = this.rowsAsOf(upToSequence);
    const chunks = await chunksOf(
      this.connection,
      `SELECT series, time_ms::DOUBLE, value, quality, status, sequence::DOUBLE FROM ${source} r ${condition}
       ORDER BY series, time_ms, sequence, r.rowid`,
      [...bounds, ...parameters, bound(upToSequence)],
    );
    return readingColumns(chunks);
  }

  /** Readings as they were when the store's position was the given one; its parameters come first. */
  private rowsAsOf(position: number): [sql: string, parameters: readonly Parameter[]] {
    if (this.replacements.newestAt <= position) return ['readings', []];
    const later = '(SELECT DISTINCT series, time_ms FROM replaced WHERE replaced_at > ?)';
    const columns = 'series, time_ms, value, quality, status, sequence, rowid';
    return [
      `(SELECT ${columns} FROM readings ANTI JOIN ${later} USING (series, time_ms)
        UNION ALL SELECT * FROM (SELECT ${columns} FROM replaced WHERE replaced_at > ?
          QUALIFY replaced_at = min(replaced_at) OVER (PARTITION BY series, time_ms)) WHERE status <> ${EXCHANGED})`,
      [bound(position), bound(position)],
    ];
  }

  panesOf({ quantities, level, fromMs, toMs }: PanesQuery): Promise<PaneColumns> {
    return panesWhere(
      this.connection,
      level,
      `JOIN series s ON s.id = p.series WHERE list_contains(?, s.quantity) AND p.start_ms >= ? AND p.start_ms < ?`,
      [[listValue(quantities), LIST(VARCHAR)], bound(fromMs), bound(toMs)],
    );
  }

  async panesIn(spans: readonly SeriesSpan[], level: PaneLevel): Promise<PaneColumns> {
    const lowest = Math.min(...spans.map((span) => span.fromMs));
    const highest = Math.max(...spans.map((span) => span.toMs));
    return panesWhere(
      this.connection,
      level,
      `SEMI JOIN ${SPANS} ON p.series = span_series AND p.start_ms >= from_ms AND p.start_ms < to_ms
       WHERE p.start_ms >= ? AND p.start_ms < ?`,
      [...spanParameters(spans.map((span) => ({ ...span, neighbours: 0 }))), bound(lowest), bound(highest)],
    );
  }

  async heardHours(range: TimeRange): Promise<HeardHours> {
    const chunks = await chunksOf(
      this.connection,
      `WITH hours AS (SELECT * FROM panes_hour WHERE start_ms >= ? AND start_ms < ? AND (count > 0 OR invalid_count > 0)),
       bad AS (
         SELECT r.series, h.start_ms, max(time_ms)::DOUBLE AS newest_ms FROM readings r
         JOIN hours h ON h.series = r.series AND time_ms >= h.start_ms AND time_ms < h.end_ms
         WHERE h.invalid_count > 0 AND time_ms >= ? AND time_ms < ? AND NOT ${COUNTS} GROUP BY ALL)
       SELECT h.series, greatest(CASE WHEN count > 0 THEN last_ms ELSE h.start_ms::DOUBLE END, newest_ms) FROM hours h
       LEFT JOIN bad b ON b.series = h.series AND b.start_ms = h.start_ms ORDER BY h.series, h.start_ms`,
      [bound(range.fromMs), bound(range.toMs), bound(range.fromMs), bound(range.toMs + DAY_MS)],
    );
    const count = rowCount(chunks);
    return { count, series: int32Column(chunks, 0, count), timeMs: float64Column(chunks, 1, count) };
  }

  async kpiRevisions(kpis: readonly string[], range: TimeRange): Promise<KpiRevision[]> {
    const rows = await this.connection.runAndReadAll(
      `SELECT kpi, zone, start_ms::DOUBLE, max(revision), arg_max(reason, revision) FROM kpis
       WHERE list_contains(?, kpi) AND start_ms >= ? AND start_ms < ? AND revision > 0 GROUP BY kpi, zone, start_ms ORDER BY kpi, zone, start_ms`,
      ...splitParameters([[listValue(kpis), LIST(VARCHAR)], bound(range.fromMs), bound(range.toMs)]),
    );
    return rows.getRows().map(([kpi, zone, startMs, revision, reason]) => ({
      kpi: kpi as string,
      zone: zone as string,
      startMs: startMs as number,
      revision: revision as number,
      ...(reason === null ? {} : { reason: reason as RevisionReason }),
    }));
  }

  /** Rows in the spans, each once however spans overlap. */
  private inside(spans: readonly ReadingSpan[], upToSequence: number): Promise<DuckDBDataChunk[]> {
    const lowest = Math.min(...spans.map((span) => span.fromMs));
    const highest = Math.max(...spans.map((span) => span.toMs));
    const [source, bounds] = this.rowsAsOf(upToSequence);
    return chunksOf(
      this.connection,
      `SELECT series, time_ms::DOUBLE, CASE WHEN ${COUNTS} THEN value ELSE 'NaN' END, status FROM ${source} r
       SEMI JOIN ${SPANS} ON series = span_series AND time_ms >= from_ms AND time_ms < to_ms
       WHERE time_ms >= ? AND time_ms < ? AND sequence <= ? QUALIFY ${FIRST_OF_IDENTITY}`,
      [...bounds, ...spanParameters(spans), bound(lowest), bound(highest), bound(upToSequence)],
    );
  }

  /** Counting rows next to the spans; what is not found close by is looked for further away. */
  private async neighbours(
    spans: readonly ReadingSpan[],
    side: Side,
    upToSequence: number,
  ): Promise<DuckDBDataChunk[][]> {
    const parts: DuckDBDataChunk[][] = [];
    let wanting = spans.filter((span) => span.neighbours > 0);
    for (let reachMs = REACH_FIRST_MS; wanting.length > 0; reachMs *= REACH_FACTOR) {
      const last = reachMs > REACH_MAX_MS;
      const found = await this.sideOf(wanting, side, last ? Number.POSITIVE_INFINITY : reachMs, upToSequence);
      const counts = new Map<number, number>();
      for (const id of int32Column(found, 4, rowCount(found))) counts.set(id, (counts.get(id) ?? 0) + 1);
      // Rows found for a span that wants more come again with the wider search; an identity is kept once at the end.
      parts.push(found);
      if (last) break;
      wanting = wanting.filter((span, id) => (counts.get(id) ?? 0) < span.neighbours);
    }
    return parts;
  }

  private sideOf(
    spans: readonly ReadingSpan[],
    side: Side,
    reachMs: number,
    upToSequence: number,
  ): Promise<DuckDBDataChunk[]> {
    const isBefore = side === 'before';
    const edges = spans.map((span) => (isBefore ? span.fromMs : span.toMs));
    const lowest = Math.min(...edges) - (isBefore ? reachMs : 0);
    const highest = Math.max(...edges) + (isBefore ? 0 : reachMs);
    const beside = isBefore ? 'time_ms < from_ms' : 'time_ms >= to_ms';
    const order = isBefore ? 'DESC' : 'ASC';
    const [source, bounds] = this.rowsAsOf(upToSequence);
    return chunksOf(
      this.connection,
      `SELECT series, time_ms::DOUBLE, value, status, id FROM (
         SELECT series, time_ms, value, status FROM ${source} r WHERE list_contains(?, series) AND time_ms >= ? AND time_ms < ?
         AND sequence <= ? AND ${COUNTS} QUALIFY ${FIRST_OF_IDENTITY})
       JOIN ${SPANS} ON series = span_series AND ${beside}
       QUALIFY row_number() OVER (PARTITION BY id ORDER BY time_ms ${order}) <= wanted`,
      [
        ...bounds,
        [listValue([...new Set(spans.map((span) => span.series))]), LIST(INTEGER)],
        bound(lowest),
        bound(highest),
        bound(upToSequence),
        ...spanParameters(spans),
      ],
    );
  }
}

function spanParameters(spans: readonly ReadingSpan[]): Parameter[] {
  const columns = [
    spans.map((_, id) => id),
    spans.map((span) => span.series),
    spans.map((span) => bound(span.fromMs)[0]),
    spans.map((span) => bound(span.toMs)[0]),
    spans.map((span) => span.neighbours),
  ];
  return columns.map((column, at) => [listValue(column), SPAN_TYPES[at]!] as const);
}

/** Rows of all parts by series and time; a row that several parts found stands once. */
function historyOf(chunks: readonly DuckDBDataChunk[]): ReadingHistory {
  const all = rowCount(chunks);
  const series = int32Column(chunks, 0, all);
  const timeMs = float64Column(chunks, 1, all);
  const value = float64Column(chunks, 2, all);
  const status = int32Column(chunks, 3, all);
  const order = new Int32Array(all).map((_, row) => row);
  order.sort((a, b) => series[a]! - series[b]! || timeMs[a]! - timeMs[b]!);
  const kept = order.filter((row, at) => {
    const before = order[at - 1];
    return before === undefined || series[before] !== series[row] || timeMs[before] !== timeMs[row];
  });
  return {
    count: kept.length,
    series: Int32Array.from(kept, (row) => series[row]!),
    timeMs: Float64Array.from(kept, (row) => timeMs[row]!),
    value: Float64Array.from(kept, (row) => value[row]!),
    late: Uint8Array.from(kept, (row) => lateMark(status[row]!)),
  };
}

/** As `ReadingHistory.late` says it. */
function lateMark(status: number): number {
  if (status === ReadingStatus.again) return 2;
  return status === ReadingStatus.lateFiled ? 1 : 0;
}

function rowsOfMessages(messages: readonly number[]): [condition: string, parameters: readonly Parameter[]] {
  const [lowest, highest] = rangeOf(messages);
  return [
    'WHERE sequence >= ? AND sequence <= ? AND sequence IN (SELECT unnest(?)) AND sequence <= ?',
    [bound(lowest), bound(highest), [listValue(messages.map(BigInt)), LIST(BIGINT)]],
  ];
}

function rowsOfIdentities({ series, timeMs }: Identities): [condition: string, parameters: readonly Parameter[]] {
  const [lowest, highest] = rangeOf(timeMs);
  return [
    `SEMI JOIN (SELECT unnest(?) AS of_series, unnest(?) AS of_ms) ON series = of_series AND time_ms = of_ms
     WHERE time_ms >= ? AND time_ms <= ? AND sequence <= ?`,
    [
      [listValue([...series]), LIST(INTEGER)],
      [listValue(Array.from(timeMs, BigInt)), LIST(BIGINT)],
      bound(lowest),
      bound(highest),
    ],
  ];
}

function rangeOf(numbers: ArrayLike<number>): [lowest: number, highest: number] {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < numbers.length; at++) {
    lowest = Math.min(lowest, numbers[at]!);
    highest = Math.max(highest, numbers[at]!);
  }
  return [lowest, highest];
}
