import {
  type KpiValue,
  type Pane,
  type PaneColumns,
  PaneColumnsBuilder,
  type PaneLevel,
  paneAt,
  paneLevelAt,
} from '../../../src/model/index.ts';
import {
  type HeardHours,
  type KpiRevision,
  type PanesQuery,
  type ReadingHistory,
  type ReadingSpan,
  ReadingStatus,
  readingAt,
  type SeriesSpan,
  type StoreBatch,
  type StoredReading,
  type StoreHistory,
  storedReadingCounts,
  type TimeRange,
} from '../../../src/store/index.ts';
import { isEmptyPane } from '../../../src/windows/index.ts';
import { ExchangedRows } from '../../contract/exchanged-rows.ts';

export interface PaneRow {
  readonly series: number;
  readonly level: PaneLevel;
  readonly pane: Pane;
}

/**
 * Applies batches as the store contract says, in memory, and answers what the engine asks for. Contents stand by series
 * name (ids follow the order of arrival) and by the keys of KPI values.
 */
export class MemoryStore implements StoreHistory {
  readonly kpis = new Map<string, KpiValue>();
  /** By series, level and start. */
  readonly panes = new Map<string, PaneRow>();
  position = 0;
  readingCount = 0;
  readonly #names = new Map<number, string>();
  readonly #quantities = new Map<number, string>();
  readonly #rows = new ExchangedRows();

  apply(batch: StoreBatch): void {
    for (const { id, device, quantity, channel } of batch.series) {
      this.#names.set(id, `${device} ${quantity} ${channel}`);
      this.#quantities.set(id, quantity);
    }
    for (let row = 0; row < batch.panes.rows; row++) {
      const pane = paneAt(batch.panes, row);
      const series = batch.panes.series[row]!;
      const level = paneLevelAt(batch.panes, row);
      const key = `${series} ${level} ${pane.startMs}`;
      this.panes.set(key, { series, level, pane });
    }
    for (const value of batch.kpis)
      this.kpis.set(`${value.kpi} ${value.zone} ${value.startMs} ${value.revision}`, value);
    this.#addReadings(batch);
    if (batch.again !== undefined && batch.position > this.position) {
      this.readingCount += batch.again.readings.count;
      this.#rows.exchange(batch.again, batch.position);
    }
    this.position = Math.max(this.position, batch.position);
  }

  async readingsAround(spans: readonly ReadingSpan[], upToSequence: number): Promise<ReadingHistory> {
    const found = spans
      .toSorted((a, b) => a.series - b.series)
      .flatMap(({ series, fromMs, toMs, neighbours }) => {
        const rows = this.#identities(series, upToSequence);
        const before = rows.filter((row) => row.timeMs < fromMs && storedReadingCounts(row));
        const inside = rows.filter((row) => row.timeMs >= fromMs && row.timeMs < toMs);
        const behind = rows.filter((row) => row.timeMs >= toMs && storedReadingCounts(row));
        return [
          ...before.slice(before.length - Math.min(neighbours, before.length)),
          ...inside,
          ...behind.slice(0, neighbours),
        ];
      });
    return {
      count: found.length,
      series: Int32Array.from(found, (row) => row.series),
      timeMs: Float64Array.from(found, (row) => row.timeMs),
      value: Float64Array.from(found, (row) => (storedReadingCounts(row) ? row.value + 0 : Number.NaN)),
      late: Uint8Array.from(found, ({ status }) => Math.max(0, status - ReadingStatus.invalid)),
    };
  }

  async readingsOf(...[of, upToSequence]: Parameters<StoreHistory['readingsOf']>) {
    return this.#rows.readingsOf(of, upToSequence);
  }

  async panesOf({ quantities, level, fromMs, toMs }: PanesQuery): Promise<PaneColumns> {
    const columns = new PaneColumnsBuilder();
    for (const { series, pane } of this.#panesWithin(level, { fromMs, toMs })) {
      if (quantities.includes(this.#quantities.get(series) ?? '')) columns.add(series, level, pane);
    }
    return columns.finish();
  }

  async panesIn(spans: readonly SeriesSpan[], level: PaneLevel): Promise<PaneColumns> {
    const columns = new PaneColumnsBuilder();
    for (const span of spans) {
      for (const { series, pane } of this.#panesWithin(level, span)) {
        if (series === span.series) columns.add(series, level, pane);
      }
    }
    return columns.finish();
  }

  async heardHours(range: TimeRange): Promise<HeardHours> {
    const rows = this.#panesWithin('hour', range).filter(({ pane }) => pane.count + pane.invalidCount > 0);
    return {
      count: rows.length,
      series: Int32Array.from(rows, (row) => row.series),
      timeMs: Float64Array.from(rows, (row) => this.#heardMs(row)),
    };
  }

  async kpiRevisions(kpis: readonly string[], { fromMs, toMs }: TimeRange): Promise<KpiRevision[]> {
    return this.#newestKpis()
      .filter(({ kpi, startMs, revision }) => kpis.includes(kpi) && startMs >= fromMs && startMs < toMs && revision > 0)
      .map(({ kpi, zone, startMs, revision, reason }) => ({
        ...{ kpi, zone, startMs, revision },
        ...(reason === undefined ? {} : { reason }),
      }));
  }

  /** Everything by key, in one order; without the watermark, which tells how far the inputs were when a value was said. */
  contents() {
    const kpis = [...this.kpis].filter(([, { value, expectedCount }]) => value !== null || expectedCount !== 0);
    return {
      panes: this.#namedPanes(),
      kpis: sorted(kpis).map(([key, { watermarkMs: _said, ...value }]) => [key, value]),
      readingCount: this.readingCount,
    };
  }

  /**
   * What stands at the end, however often it was corrected on the way; without what tells how far the inputs were: a
   * zone may have been said to be final before a device of it was known.
   */
  standing() {
    const newest = this.#newestKpis().filter(({ value, expectedCount }) => value !== null || expectedCount !== 0);
    return {
      panes: this.#namedPanes().map(([key, { revision: _corrected, ...pane }]) => [key, pane]),
      kpis: sorted(newest.map((value) => [`${value.kpi} ${value.zone} ${value.startMs}`, value] as const)).map(
        ([key, { watermarkMs: _said, final: _known, revision: _corrected, reason: _why, ...value }]) =>
          [key, value] as const,
      ),
    };
  }

  #heardMs({ series, pane }: PaneRow): number {
    let heardMs = pane.count > 0 ? pane.lastMs : pane.startMs;
    if (pane.invalidCount === 0) return heardMs;
    for (const row of this.#rows.rows) {
      const isInside = row.series === series && row.timeMs >= pane.startMs && row.timeMs < pane.endMs;
      if (isInside && row.timeMs > heardMs && !storedReadingCounts(row)) heardMs = row.timeMs;
    }
    return heardMs;
  }

  #addReadings({ readings }: StoreBatch): void {
    for (let row = 0; row < readings.count; row++) {
      if (readings.sequence[row]! <= this.position) continue;
      this.readingCount++;
      this.#rows.rows.push(readingAt(readings, row));
    }
  }

  #identities(series: number, upToSequence: number): StoredReading[] {
    const byTime = new Map<number, StoredReading>();
    for (const row of this.#rows.asOf(upToSequence).sort((a, b) => a.sequence - b.sequence)) {
      const known = byTime.get(row.timeMs);
      if (row.series !== series || (known !== undefined && storedReadingCounts(known))) continue;
      if (known === undefined || storedReadingCounts(row)) byTime.set(row.timeMs, row);
    }
    return [...byTime.values()].sort((a, b) => a.timeMs - b.timeMs);
  }

  #panesWithin(level: PaneLevel, { fromMs, toMs }: TimeRange): PaneRow[] {
    return [...this.panes.values()]
      .filter((row) => row.level === level && row.pane.startMs >= fromMs && row.pane.startMs < toMs)
      .sort((a, b) => a.series - b.series || a.pane.startMs - b.pane.startMs);
  }

  #newestKpis(): KpiValue[] {
    const newest = new Map<string, KpiValue>();
    for (const value of this.kpis.values()) {
      const key = `${value.kpi} ${value.zone} ${value.startMs}`;
      const known = newest.get(key);
      if (known === undefined || value.revision > known.revision) newest.set(key, value);
    }
    return [...newest.values()];
  }

  #namedPanes(): [string, Pane][] {
    const rows = [...this.panes.values()].filter(({ pane }) => !isEmptyPane(pane));
    return sorted(
      rows.map(({ series, level, pane }) => [`${this.#names.get(series)} ${level} ${pane.startMs}`, pane] as const),
    );
  }
}

function sorted<T>(rows: readonly (readonly [string, T])[]): [string, T][] {
  return rows.map(([key, value]) => [key, value] as [string, T]).sort(([a], [b]) => (a < b ? -1 : 1));
}
