import { HOUR_MS, MINUTE_MS } from '../../../src/base/index.ts';
import { type Pane, type PaneLevel, paneAt, paneLevelAt, Quality, type Reading } from '../../../src/model/index.ts';
import {
  type EngineSnapshot,
  READING_OUTCOMES,
  type SeriesKey,
  type StoredSeries,
  sortedReadings,
  WindowEngine,
  type WindowEvent,
  type WindowSettings,
} from '../../../src/windows/index.ts';
import { type Case, QUANTITY_OF } from './cases.ts';
import type { Delivery, OracleRule, Point } from './oracle.ts';

/** One pane that a tick gave out. */
export interface EmittedPane {
  /** Number of the series in the case. */
  readonly series: number;
  readonly level: PaneLevel;
  readonly pane: Pane;
}

/** What a tick gave out; series go by their numbers in the case. */
export interface EmittedTick {
  readonly panes: readonly EmittedPane[];
  readonly events: readonly WindowEvent[];
  readonly changedHours: readonly { readonly series: number; readonly hourStartMs: number }[];
}

/** Late-filed readings whose panes wait to be rebuilt. */
export interface LateReadings {
  readonly series: number;
  readonly timesMs: readonly number[];
}

export interface RollingWindow {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly p95: number;
}

export const COUNTER_GAP_MS_MAX = 3 * HOUR_MS;
const SILENT_AFTER_INTERVALS = 3;
const SILENT_AFTER_MS_MIN = 5 * MINUTE_MS;

/** What the oracle is to know of a series. */
export function ruleOf(plan: Case, series: number): OracleRule {
  const { kind, expectEveryMs } = plan.series[series]!;
  return { kind, expectEveryMs, counterGapMsMax: COUNTER_GAP_MS_MAX, rateMaxPerHour: plan.rateMaxPerHour };
}

/** How long after its newest reading a series is silent, ms. */
export function silentAfterMs(plan: Case, series: number): number {
  return Math.max(SILENT_AFTER_MS_MIN, SILENT_AFTER_INTERVALS * plan.series[series]!.expectEveryMs);
}

/** The engine as properties drive it; series go by their numbers in the case. */
export class EngineUnderTest {
  readonly #plan: Case;
  readonly #engine: WindowEngine;
  /** Engine's number of a series -> the case's. */
  readonly #caseSeriesOf: number[];
  #snapshot: Snapshot | undefined;

  /** @param snapshot what the engine goes on from */
  constructor(plan: Case, snapshot?: Snapshot) {
    this.#plan = plan;
    this.#engine = new WindowEngine(settingsOf(plan));
    this.#caseSeriesOf = [...(snapshot?.caseSeriesOf ?? [])];
    for (const piece of snapshot?.wholePieces() ?? []) this.#engine.restorePiece(piece.slice());
  }

  get nowMs(): number {
    return this.#engine.nowMs;
  }

  get lateCount(): number {
    return this.#engine.lateCount;
  }

  get hoursKeptFromMs(): number {
    return this.#engine.hoursKeptFromMs;
  }

  /** Takes readings in order. @returns what became of each */
  deliver(batch: readonly Delivery[]): string[] {
    // A snapshot is written while readings come in.
    this.#snapshot?.writePiece();
    const oneByOne = this.#plan.intake === 'one by one';
    return oneByOne ? batch.map((delivery) => this.#deliverOne(delivery)) : this.#deliverColumns(batch);
  }

  tick(): EmittedTick {
    const { panes, events, changedHours } = this.#engine.tick();
    const seriesOf = (id: number): number => this.#caseSeriesOf[id]!;
    return {
      panes: Array.from({ length: panes.rows }, (_, row) => ({
        series: seriesOf(panes.series[row]!),
        level: paneLevelAt(panes, row),
        pane: paneAt(panes, row),
      })),
      events: events.map((event) => ({ ...event, series: seriesOf(event.series) })),
      changedHours: changedHours.map(({ series, hourStartMs }) => ({ series: seriesOf(series), hourStartMs })),
    };
  }

  /** Right after `tick`: what another engine can go on from. It is written bit by bit, as this one works on. */
  beginSnapshot(): Snapshot {
    this.#snapshot = new Snapshot(this.#engine.beginSnapshot(), [...this.#caseSeriesOf]);
    return this.#snapshot;
  }

  takeLate(readingsMax: number): LateReadings[] {
    return this.#engine
      .takeLate({ readingsMax, daysMax: 2 })
      .map(({ series, timesMs }) => ({ series: this.#caseSeriesOf[series]!, timesMs: [...timesMs] }));
  }

  /** @param points what is stored of the series */
  rebuild(
    { series, timesMs }: LateReadings,
    points: readonly Point[],
    stored: Pick<StoredSeries, 'told' | 'isStored'>,
  ): void {
    const readings = sortedReadings(
      points.map(([timeMs]) => timeMs),
      points.map(([, value]) => value),
    );
    this.#engine.rebuild(this.#idOf(series), Float64Array.from(timesMs), { readings, ...stored });
  }

  rolling(endMs: number, lengthMs: number): Map<number, RollingWindow> {
    const length = this.#engine.seriesCount;
    const out = {
      series: new Uint32Array(length),
      count: new Uint32Array(length),
      mean: new Float64Array(length),
      min: new Float64Array(length),
      max: new Float64Array(length),
      p95: new Float64Array(length),
    };
    const rows = this.#engine.rolling(endMs, lengthMs, out);
    return new Map(
      Array.from({ length: rows }, (_, row) => [
        this.#caseSeriesOf[out.series[row]!]!,
        {
          count: out.count[row]!,
          mean: out.mean[row]!,
          min: out.min[row]!,
          max: out.max[row]!,
          p95: out.p95[row]!,
        },
      ]),
    );
  }

  hours(series: number, fromMs: number, toMs: number): Pane[] {
    return this.#engine.view(this.#idOf(series)).hours(fromMs, toMs);
  }

  quarters(series: number, fromMs: number, toMs: number): Pane[] {
    return this.#engine.view(this.#idOf(series)).quarters(fromMs, toMs);
  }

  heardMs(series: number, fromMs: number, toMs: number): number {
    return this.#engine.view(this.#idOf(series)).heardMs(fromMs, toMs);
  }

  watermarkMs(series: number): number {
    return this.#engine.watermarkMs(this.#idOf(series));
  }

  #idOf(series: number): number {
    return this.#caseSeriesOf.indexOf(series);
  }

  #deliverOne(delivery: Delivery): string {
    const { outcome, series } = this.#engine.accept(readingOf(this.#plan, delivery));
    this.#caseSeriesOf[series] = delivery.series;
    return outcome;
  }

  #deliverColumns(batch: readonly Delivery[]): string[] {
    const series = Uint32Array.from(batch, (delivery) => {
      const id = this.#engine.intern(keyOf(this.#plan, delivery.series));
      this.#caseSeriesOf[id] = delivery.series;
      return id;
    });
    const timeMs = Float64Array.from(batch, (delivery) => delivery.timeMs);
    const value = Float64Array.from(batch, (delivery) => delivery.value);
    const outcome = new Uint8Array(batch.length).fill(255);
    this.#engine.acceptColumns({ count: batch.length, series, timeMs, value, outcome });
    return Array.from(outcome, (index) => READING_OUTCOMES[index]!);
  }
}

/** A snapshot on its way out. */
export class Snapshot {
  readonly caseSeriesOf: readonly number[];
  readonly #from: EngineSnapshot;
  readonly #pieces: Uint8Array[] = [];

  constructor(from: EngineSnapshot, caseSeriesOf: readonly number[]) {
    this.#from = from;
    this.caseSeriesOf = caseSeriesOf;
  }

  /** @returns false when there is none left */
  writePiece(): boolean {
    const piece = this.#from.next();
    if (piece !== undefined) this.#pieces.push(piece.slice());
    return piece !== undefined;
  }

  wholePieces(): readonly Uint8Array[] {
    while (this.writePiece());
    return this.#pieces;
  }
}

function settingsOf(plan: Case): WindowSettings {
  return {
    clock: 'event',
    latenessMs: plan.latenessMs,
    horizonMs: plan.horizonMs,
    counterGapMsMax: COUNTER_GAP_MS_MAX,
    seriesMax: 16,
    kernel: plan.intake === 'kernel' ? 'wasm' : 'off',
    silentAfterIntervals: SILENT_AFTER_INTERVALS,
    silentAfterMsMin: SILENT_AFTER_MS_MIN,
    timeZone: plan.timeZone,
    registerRateMaxPerHour: () => plan.rateMaxPerHour,
  };
}

function keyOf(plan: Case, series: number): SeriesKey {
  const { kind, expectEveryMs } = plan.series[series]!;
  return { device: `device-${series}`, quantity: QUANTITY_OF[kind], channel: '', expectEveryMs };
}

/** A reading that does not count comes without a value, or with one that is known to be bad. */
function readingOf(plan: Case, { series, timeMs, value }: Delivery): Reading {
  const isBad = Number.isNaN(value);
  const quality = isBad ? (timeMs % 2 === 0 ? Quality.bad : Quality.likelyBad) : Quality.good;
  const told = isBad && timeMs % 3 === 0 ? 7 : value;
  return { ...keyOf(plan, series), value: told, timeMs, timeSource: 'device', quality, periodMs: 0 };
}
