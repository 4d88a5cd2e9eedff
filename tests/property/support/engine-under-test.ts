import { HOUR_MS, MINUTE_MS } from '../../../src/base/index.ts';
import { type Pane, Quality, type Reading, type Series } from '../../../src/model/index.ts';
import { WindowEngine, type WindowSettings } from '../../../src/windows/index.ts';
import { type Case, QUANTITY_OF } from './cases.ts';
import type { Delivery, OracleRule } from './oracle.ts';

/** One pane that a tick gave out. */
export interface EmittedPane {
  /** Number of the series in the case. */
  readonly series: number;
  readonly level: 'quarter' | 'hour';
  readonly pane: Pane;
}

/** What properties ask of an engine; series go by their numbers in the case. */
export interface EngineUnderTest {
  /** Takes readings in order. @returns what became of each */
  deliver(batch: readonly Delivery[]): string[];
  tick(): EmittedPane[];
  /** Right after `tick`: plain data that `startEngine` goes on from. */
  snapshot(): unknown;
  hours(series: number, fromMs: number, toMs: number): Pane[];
  quarters(series: number, fromMs: number, toMs: number): Pane[];
  watermarkMs(series: number): number | undefined;
}

export const COUNTER_GAP_MS_MAX = 3 * HOUR_MS;
export const SILENT_AFTER_INTERVALS = 3;
export const SILENT_AFTER_MS_MIN = 5 * MINUTE_MS;

export function startEngine(plan: Case, snapshot?: unknown): EngineUnderTest {
  return new WindowEngineUnderTest(plan, snapshot as Snapshot | undefined);
}

/** What the oracle is to know of a series. */
export function ruleOf(plan: Case, series: number): OracleRule {
  const { kind, expectEveryMs } = plan.series[series]!;
  return { kind, expectEveryMs, counterGapMsMax: COUNTER_GAP_MS_MAX, rateMaxPerHour: plan.rateMaxPerHour };
}

interface Snapshot {
  readonly engine: ReturnType<WindowEngine['state']>;
  readonly caseSeriesOf: readonly number[];
}

class WindowEngineUnderTest implements EngineUnderTest {
  readonly #plan: Case;
  readonly #engine: WindowEngine;
  /** Engine's number of a series -> the case's. */
  readonly #caseSeriesOf: number[];

  constructor(plan: Case, snapshot: Snapshot | undefined) {
    this.#plan = plan;
    this.#engine = new WindowEngine(settingsOf(plan));
    this.#caseSeriesOf = [...(snapshot?.caseSeriesOf ?? [])];
    if (snapshot !== undefined) this.#engine.restore(structuredClone(snapshot.engine));
  }

  deliver(batch: readonly Delivery[]): string[] {
    return batch.map((delivery) => {
      const { outcome, series } = this.#engine.accept(readingOf(this.#plan, delivery));
      this.#caseSeriesOf[series] = delivery.series;
      return outcome;
    });
  }

  tick(): EmittedPane[] {
    const { panes } = this.#engine.tick();
    return panes.flatMap(({ series, level, pane }) =>
      level === 'day' ? [] : [{ series: this.#caseSeriesOf[series]!, level, pane }],
    );
  }

  snapshot(): Snapshot {
    return { engine: structuredClone(this.#engine.state()), caseSeriesOf: [...this.#caseSeriesOf] };
  }

  hours(series: number, fromMs: number, toMs: number): Pane[] {
    const id = this.#caseSeriesOf.indexOf(series);
    return id < 0 ? [] : this.#engine.view(id).hours(fromMs, toMs);
  }

  quarters(series: number, fromMs: number, toMs: number): Pane[] {
    const id = this.#caseSeriesOf.indexOf(series);
    return id < 0 ? [] : this.#engine.view(id).quarters(fromMs, toMs);
  }

  watermarkMs(series: number): number | undefined {
    const id = this.#caseSeriesOf.indexOf(series);
    return id < 0 ? undefined : this.#engine.watermarkMs(id);
  }
}

function settingsOf(plan: Case): WindowSettings {
  return {
    clock: 'event',
    latenessMs: plan.latenessMs,
    horizonMs: plan.horizonMs,
    counterGapMsMax: COUNTER_GAP_MS_MAX,
    seriesMax: 16,
    silentAfterIntervals: SILENT_AFTER_INTERVALS,
    silentAfterMsMin: SILENT_AFTER_MS_MIN,
    timeZone: plan.timeZone,
    registerRateMaxPerHour: () => plan.rateMaxPerHour,
  };
}

function keyOf(plan: Case, series: number): Pick<Series, 'device' | 'quantity' | 'channel' | 'expectEveryMs'> {
  const { kind, expectEveryMs } = plan.series[series]!;
  return { device: `device-${series}`, quantity: QUANTITY_OF[kind], channel: '', expectEveryMs };
}

function readingOf(plan: Case, { series, timeMs, value }: Delivery): Reading {
  const quality = Number.isNaN(value) ? Quality.bad : Quality.good;
  return { ...keyOf(plan, series), value, timeMs, timeSource: 'device', quality, periodMs: 0 };
}
