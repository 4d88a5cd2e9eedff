import { assert } from '../../base/index.ts';
import type { KpiValue } from '../../model/index.ts';
import { type Identities, type ReadingColumns, readingAt, type StoredReading, storedReadingCounts } from '../store.ts';

/** Far above any configured number of series; an id beyond it is a broken invariant, not a big city. */
const SERIES_ID_MAX = 1 << 24;

/** Newest counted reading of every series, held as columns: 27 bytes a series, so that `latest` never scans readings. */
export class NewestReadings {
  private timeMs = new Float64Array(0);
  private value = new Float64Array(0);
  private sequence = new Float64Array(0);
  private quality = new Uint8Array(0);
  private status = new Uint8Array(0);
  /** Bit 0: known. Bit 1: newer than what the `newest` table holds. */
  private flags = new Uint8Array(0);

  /** Takes one reading if it counts and is newer than what is known; of one time the first to come stays. */
  offer(reading: StoredReading): void {
    if (!storedReadingCounts(reading)) return;
    const { series } = reading;
    this.grow(series);
    const known = (this.flags[series]! & 1) === 1;
    if (known && reading.timeMs <= this.timeMs[series]!) return;
    this.timeMs[series] = reading.timeMs;
    this.value[series] = reading.value;
    this.sequence[series] = reading.sequence;
    this.quality[series] = reading.quality;
    this.status[series] = reading.status;
    this.flags[series] = 3;
  }

  /** Series whose newest reading is at, or before, one of these identities: it may be another one. */
  atOrBefore({ series, timeMs }: Identities): number[] {
    const found = new Set<number>();
    for (const [row, id] of series.entries()) {
      const isKnown = ((this.flags[id] ?? 0) & 1) === 1;
      if (!isKnown || this.timeMs[id]! <= timeMs[row]!) found.add(id);
    }
    return [...found];
  }

  /** What the store says after rows were exchanged; undefined where there is no reading that counts any more. */
  set(series: number, reading: StoredReading | undefined): void {
    this.grow(series);
    this.flags[series] = 0;
    if (reading !== undefined) this.offer(reading);
  }

  offerColumns(columns: ReadingColumns): void {
    for (let row = 0; row < columns.count; row++) this.offer(readingAt(columns, row));
  }

  get(series: number): StoredReading | undefined {
    if (((this.flags[series] ?? 0) & 1) === 0) return undefined;
    return {
      series,
      timeMs: this.timeMs[series]!,
      value: this.value[series]!,
      quality: this.quality[series]!,
      status: this.status[series]!,
      sequence: this.sequence[series]!,
    };
  }

  all(): StoredReading[] {
    return this.select((flag) => flag !== 0);
  }

  /** Those that the table does not hold yet. */
  unsaved(): StoredReading[] {
    return this.select((flag) => flag === 3);
  }

  markSaved(): void {
    for (let series = 0; series < this.flags.length; series++) this.flags[series]! &= 1;
  }

  private select(wanted: (flag: number) => boolean): StoredReading[] {
    const readings: StoredReading[] = [];
    for (let series = 0; series < this.flags.length; series++) {
      if (wanted(this.flags[series]!)) readings.push(this.get(series)!);
    }
    return readings;
  }

  private grow(series: number): void {
    if (series < this.flags.length) return;
    assert(series <= SERIES_ID_MAX, `series id ${series} is not below ${SERIES_ID_MAX}`);
    const size = Math.max(1024, 2 ** Math.ceil(Math.log2(series + 1)));
    this.timeMs = enlarged(this.timeMs, new Float64Array(size));
    this.value = enlarged(this.value, new Float64Array(size));
    this.sequence = enlarged(this.sequence, new Float64Array(size));
    this.quality = enlarged(this.quality, new Uint8Array(size));
    this.status = enlarged(this.status, new Uint8Array(size));
    this.flags = enlarged(this.flags, new Uint8Array(size));
  }
}

/** Newest value of every (kpi, zone, window): as many as the city has live values, so that a page never scans history. */
export class NewestKpis {
  private readonly values = new Map<string, KpiValue>();

  offer(value: KpiValue): void {
    const key = JSON.stringify([value.kpi, value.zone, value.window]);
    const known = this.values.get(key);
    if (known === undefined || isNotOlder(value, known)) this.values.set(key, value);
  }

  /** By kpi, zone and window. */
  all(): KpiValue[] {
    return [...this.values.values()].sort(
      (a, b) => compareText(a.kpi, b.kpi) || compareText(a.zone, b.zone) || compareText(a.window, b.window),
    );
  }
}

/** Orders text by code point, as DuckDB does; JavaScript's `<` orders by UTF-16 unit. */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function isNotOlder(value: KpiValue, known: KpiValue): boolean {
  if (value.startMs !== known.startMs) return value.startMs > known.startMs;
  return value.revision >= known.revision;
}

function enlarged<Column extends Float64Array | Uint8Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
