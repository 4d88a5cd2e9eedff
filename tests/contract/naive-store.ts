import {
  type KpiValue,
  type Pane,
  type PaneColumns,
  type PaneLevel,
  paneAt,
  paneLevelAt,
  type Series,
} from '../../src/model/index.ts';
import {
  type DecodedAgain,
  type DeviceRow,
  KPI_ROWS_DEFAULT,
  type KpiQuery,
  type KpiRevision,
  type MarkRange,
  type PanesQuery,
  type QuarantineBound,
  type QuarantineQuery,
  type QuarantineRow,
  type ReadingHistory,
  type ReadingSpan,
  ReadingStatus,
  type RetentionRule,
  readingAt,
  type SeriesSpan,
  type Store,
  type StoreBatch,
  type StoredReading,
  storedReadingCounts,
  type TimeRange,
} from '../../src/store/index.ts';
import { ExchangedRows } from './exchanged-rows.ts';
import { columnsOf, type PaneRow, paneColumnsOf } from './store-rows.ts';

/** The store contract in the plainest words: arrays in memory, whole scans. What the others are compared with. */
export class NaiveStore implements Store {
  private position = 0;
  private stamp = 0;
  private seriesRows: Series[] = [];
  private deviceRows: DeviceRow[] = [];
  private readonly rows = new ExchangedRows();
  private paneRows: PaneRow[] = [];
  private kpiRows: KpiValue[] = [];
  private quarantineRows: QuarantineRow[] = [];
  private newest = new Map<number, StoredReading>();
  private readonly writtenAt = new Map<string, number>();

  async open() {
    return { position: this.position };
  }

  async write(batch: StoreBatch) {
    this.seriesRows = replaced(this.seriesRows, batch.series, (row) => [row.id]);
    this.deviceRows = replaced(this.deviceRows, batch.devices, (row) => [row.device]);
    this.paneRows = replaced(this.paneRows, rowsOf(batch.panes), (row) => [row.series, row.level, row.pane.startMs]);
    this.kpiRows = replaced(this.kpiRows, batch.kpis, (row) => [
      row.kpi,
      row.zone,
      row.window,
      row.startMs,
      row.revision,
    ]);
    const isNew = batch.position > this.position;
    this.stamp++;
    for (const row of rowsOf(batch.panes)) this.writtenAt.set(paneKey(row), this.stamp);
    for (const row of batch.kpis) this.writtenAt.set(kpiKey(row), this.stamp);
    this.quarantineRows.push(...batch.quarantine.filter((row) => row.sequence > this.position));
    for (let row = 0; row < batch.readings.count; row++) this.writeReading(batch, row);
    if (isNew && batch.again !== undefined) this.exchange(batch.again, batch.position);
    this.position = Math.max(this.position, batch.position);
  }

  private exchange(again: DecodedAgain, at: number) {
    this.rows.exchange(again, at);
    this.quarantineRows = this.quarantineRows.filter(({ sequence }) => !again.messages.includes(sequence));
    this.quarantineRows.push(...again.quarantine);
    for (const [row, series] of again.identities.series.entries()) {
      const known = this.newest.get(series);
      if (known !== undefined && known.timeMs > again.identities.timeMs[row]!) continue;
      this.newest.delete(series);
      const found = this.identities(series).findLast(storedReadingCounts);
      if (found !== undefined) this.newest.set(series, found);
    }
  }

  private writeReading({ readings }: StoreBatch, row: number) {
    if (readings.sequence[row]! <= this.position) return;
    const reading = readingAt(readings, row);
    this.rows.rows.push(reading);
    const known = this.newest.get(reading.series);
    if (!storedReadingCounts(reading)) return;
    if (known === undefined || reading.timeMs > known.timeMs) this.newest.set(reading.series, reading);
  }

  async series(filter: { device?: string; quantity?: string; channel?: string }) {
    const wanted = this.seriesRows.filter((row) =>
      Object.entries(filter).every(([key, value]) => row[key as keyof Series] === value),
    );
    return wanted.sort((a, b) => a.id - b.id);
  }

  async devices() {
    return [...this.deviceRows].sort((a, b) => byText(a.device, b.device));
  }

  async readings(series: number, range: TimeRange, limit: number) {
    return this.identities(series)
      .filter((row) => row.timeMs >= range.fromMs && row.timeMs < range.toMs)
      .slice(0, limit);
  }

  /** The row that stays of each time of a series, oldest first: one that counts, then the one that came first. */
  private identities(series: number, upToSequence = Number.POSITIVE_INFINITY): StoredReading[] {
    const byTime = new Map<number, StoredReading>();
    for (const row of this.rows.asOf(upToSequence)) {
      if (row.series !== series) continue;
      const known = byTime.get(row.timeMs);
      if (known === undefined || isBefore(row, known)) byTime.set(row.timeMs, row);
    }
    return [...byTime.values()].sort((a, b) => a.timeMs - b.timeMs);
  }

  async readingsAround(spans: readonly ReadingSpan[], upToSequence: number): Promise<ReadingHistory> {
    const found = new Map<string, StoredReading>();
    for (const { series, fromMs, toMs, neighbours } of spans) {
      const rows = this.identities(series, upToSequence);
      const before = rows.filter((row) => row.timeMs < fromMs && storedReadingCounts(row));
      const behind = rows.filter((row) => row.timeMs >= toMs && storedReadingCounts(row));
      const wanted = [
        ...before.slice(Math.max(0, before.length - neighbours)),
        ...rows.filter((row) => row.timeMs >= fromMs && row.timeMs < toMs),
        ...behind.slice(0, neighbours),
      ];
      for (const row of wanted) found.set(`${series} ${row.timeMs}`, row);
    }
    const rows = [...found.values()].sort((a, b) => a.series - b.series || a.timeMs - b.timeMs);
    return {
      count: rows.length,
      series: Int32Array.from(rows, (row) => row.series),
      timeMs: Float64Array.from(rows, (row) => row.timeMs),
      value: Float64Array.from(rows, (row) => (storedReadingCounts(row) ? row.value + 0 : Number.NaN)),
      late: Uint8Array.from(rows, ({ status }) => Math.max(0, status - ReadingStatus.invalid)),
    };
  }

  async readingsOf(...[of, upToSequence]: Parameters<Store['readingsOf']>) {
    return this.rows.readingsOf(of, upToSequence);
  }

  async panesOf({ quantities, level, fromMs, toMs }: PanesQuery) {
    const ids = this.seriesRows.filter((row) => quantities.includes(row.quantity)).map((row) => row.id);
    return paneColumnsOf(
      this.paneRows
        .filter((row) => ids.includes(row.series) && row.level === level)
        .filter((row) => row.pane.startMs >= fromMs && row.pane.startMs < toMs)
        .sort((a, b) => a.series - b.series || a.pane.startMs - b.pane.startMs),
    );
  }

  async panesIn(spans: readonly SeriesSpan[], level: PaneLevel) {
    const isInside = (row: { readonly series: number; readonly pane: Pane }) =>
      spans.some(
        ({ series, fromMs, toMs }) => series === row.series && row.pane.startMs >= fromMs && row.pane.startMs < toMs,
      );
    return paneColumnsOf(
      this.paneRows
        .filter((row) => row.level === level && isInside(row))
        .sort((a, b) => a.series - b.series || a.pane.startMs - b.pane.startMs),
    );
  }

  async heardHours(range: TimeRange) {
    const rows = this.paneRows
      .filter(({ level, pane }) => level === 'hour' && pane.startMs >= range.fromMs && pane.startMs < range.toMs)
      .filter(({ pane }) => pane.count > 0 || pane.invalidCount > 0)
      .sort((a, b) => a.series - b.series || a.pane.startMs - b.pane.startMs);
    return {
      count: rows.length,
      series: Int32Array.from(rows, (row) => row.series),
      timeMs: Float64Array.from(rows, ({ series, pane }) => {
        const bad = this.rows.rows.filter(
          (row) =>
            row.series === series &&
            row.timeMs >= pane.startMs &&
            row.timeMs < pane.endMs &&
            pane.invalidCount > 0 &&
            !storedReadingCounts(row),
        );
        return Math.max(pane.count > 0 ? pane.lastMs : pane.startMs, ...bad.map(({ timeMs }) => timeMs));
      }),
    };
  }

  async kpiRevisions(kpis: readonly string[], range: TimeRange) {
    const newest = new Map<string, KpiRevision>();
    for (const { kpi, zone, startMs, revision, reason } of this.kpiRows) {
      const key = JSON.stringify([kpi, zone, startMs]);
      if (!kpis.includes(kpi) || startMs < range.fromMs || startMs >= range.toMs) continue;
      if (revision > (newest.get(key)?.revision ?? 0)) {
        newest.set(key, { kpi, zone, startMs, revision, ...(reason === undefined ? {} : { reason }) });
      }
    }
    return [...newest.values()].sort((a, b) => byText(a.kpi, b.kpi) || byText(a.zone, b.zone) || a.startMs - b.startMs);
  }

  async panes(series: number, level: PaneLevel, range: TimeRange) {
    return this.paneRows
      .filter(
        (row) =>
          row.series === series &&
          row.level === level &&
          row.pane.startMs >= range.fromMs &&
          row.pane.startMs < range.toMs,
      )
      .map((row) => row.pane)
      .sort((a, b) => a.startMs - b.startMs);
  }

  async latest(series: readonly number[]) {
    return [...this.newest.values()]
      .filter((row) => series.length === 0 || series.includes(row.series))
      .sort((a, b) => a.series - b.series);
  }

  async kpis(query: KpiQuery) {
    const rows = this.kpiRows.filter(
      (row) =>
        row.startMs >= query.fromMs &&
        row.startMs < query.toMs &&
        (query.kpi ?? row.kpi) === row.kpi &&
        (query.zone ?? row.zone) === row.zone &&
        (query.window ?? row.window) === row.window,
    );
    const isNewest = (row: KpiValue) =>
      !rows.some((other) => sameWindow(other, row) && other.startMs === row.startMs && other.revision > row.revision);
    return rows
      .filter((row) => query.allRevisions === true || isNewest(row))
      .sort((a, b) => a.startMs - b.startMs || byWindow(a, b) || a.revision - b.revision)
      .slice(0, query.limit ?? KPI_ROWS_DEFAULT);
  }

  async latestKpis() {
    const isNewer = (a: KpiValue, b: KpiValue) =>
      a.startMs > b.startMs || (a.startMs === b.startMs && a.revision > b.revision);
    return this.kpiRows
      .filter((row) => !this.kpiRows.some((other) => sameWindow(other, row) && isNewer(other, row)))
      .sort(byWindow);
  }

  async quarantine(query: QuarantineQuery) {
    const rows = this.quarantineRows
      .filter(
        (row) =>
          (query.reason ?? row.reason) === row.reason &&
          (query.device ?? row.device) === row.device &&
          row.sequence < (query.beforeSequence ?? Number.POSITIVE_INFINITY),
      )
      .sort((a, b) => b.sequence - a.sequence || a.index - b.index);
    const lowest = rows.slice(0, query.limit).at(-1)?.sequence ?? Number.POSITIVE_INFINITY;
    return rows.filter((row) => row.sequence >= lowest);
  }

  async changes({ after, upTo }: MarkRange) {
    const isNew = (sequence: number) => sequence > after.position && sequence <= upTo.position;
    const isIn = (stamp: number) => stamp > after.stamp && stamp <= upTo.stamp;
    const told = new Map<string, readonly [series: number, timeMs: number]>();
    for (const { series, timeMs, sequence } of this.rows.rows) {
      if (isNew(sequence)) told.set(`${series} ${timeMs}`, [series, timeMs]);
    }
    for (const one of this.rows.exchangedIn(after.position, upTo.position)) told.set(one.join(' '), one);
    const readings = [...told.values()].map(([series, timeMs]) => {
      const stands = this.identities(series).find((row) => row.timeMs === timeMs);
      if (stands === undefined) return { series, timeMs, value: Number.NaN, quality: 1, status: 1, sequence: 0 };
      return storedReadingCounts(stands) ? stands : { ...stands, value: Number.NaN };
    });
    return {
      upTo,
      readings: columnsOf(readings),
      panes: paneColumnsOf(this.paneRows.filter((row) => isIn(this.writtenAt.get(paneKey(row)) ?? 0))),
      kpis: this.kpiRows.filter((row) => isIn(this.writtenAt.get(kpiKey(row)) ?? 0)),
    };
  }

  async markBefore(timeMs: number) {
    const positions = this.rows.rows.filter((row) => row.timeMs >= timeMs).map(({ sequence }) => sequence);
    const stamps = [
      ...this.paneRows.filter(({ pane }) => pane.endMs > timeMs).map((row) => this.writtenAt.get(paneKey(row)) ?? 0),
      ...this.kpiRows.filter(({ endMs }) => endMs > timeMs).map((row) => this.writtenAt.get(kpiKey(row)) ?? 0),
    ];
    return {
      position: positions.length === 0 ? this.position : Math.min(...positions) - 1,
      stamp: stamps.length === 0 ? this.stamp : Math.min(...stamps) - 1,
    };
  }

  async trimRetention(rule: RetentionRule) {
    const { quartersBeforeMs = Number.NEGATIVE_INFINITY } = rule;
    this.paneRows = this.paneRows.filter(({ level, pane }) => level === 'hour' || pane.startMs >= quartersBeforeMs);
    return this.rows.deleteBefore(rule.readingsBeforeMs ?? Number.NEGATIVE_INFINITY);
  }

  async trimQuarantine({ rowsMax, receivedFromMs }: QuarantineBound) {
    const before = this.quarantineRows.length;
    const young = this.quarantineRows.filter((row) => row.receivedAtMs >= receivedFromMs);
    const oldest = young.toSorted((a, b) => b.sequence - a.sequence)[rowsMax]?.sequence ?? Number.NEGATIVE_INFINITY;
    this.quarantineRows = young.filter(({ sequence }) => sequence > oldest);
    return before - this.quarantineRows.length;
  }

  async export(): Promise<never> {
    throw new Error('a naive store writes no files');
  }

  async parquetRows(): Promise<never> {
    throw new Error('a naive store reads no files');
  }

  async stats() {
    return {
      position: this.position,
      stamp: this.stamp,
      madeAtMs: 0,
      openedAt: { position: 0, stamp: 0 },
      readingCount: this.rows.rows.length,
      bytesOnDisk: 0,
    };
  }

  async close() {}
}

/** A row that counts goes before one that does not, otherwise the one that came first. */
function isBefore(a: StoredReading, b: StoredReading): boolean {
  const difference = Number(storedReadingCounts(b)) - Number(storedReadingCounts(a));
  return (difference || a.sequence - b.sequence) < 0;
}

function rowsOf(panes: PaneColumns): PaneRow[] {
  return Array.from(panes.series, (series, row) => ({
    series,
    level: paneLevelAt(panes, row),
    pane: paneAt(panes, row),
  }));
}

function replaced<Row>(stored: readonly Row[], rows: readonly Row[], key: (row: Row) => readonly unknown[]): Row[] {
  const byKey = new Map(stored.map((row) => [JSON.stringify(key(row)), row]));
  for (const row of rows) byKey.set(JSON.stringify(key(row)), row);
  return [...byKey.values()];
}

function paneKey({ series, level, pane }: PaneRow): string {
  return JSON.stringify([series, level, pane.startMs]);
}

function kpiKey({ kpi, zone, window, startMs, revision }: KpiValue): string {
  return JSON.stringify([kpi, zone, window, startMs, revision]);
}

function sameWindow(a: KpiValue, b: KpiValue): boolean {
  return byWindow(a, b) === 0;
}

function byWindow(a: KpiValue, b: KpiValue): number {
  return byText(a.kpi, b.kpi) || byText(a.zone, b.zone) || byText(a.window, b.window);
}

function byText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
