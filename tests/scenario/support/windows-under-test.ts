import { HOUR_MS, MINUTE_MS, parseDuration } from '../../../src/base/index.ts';
import { type Pane, paneAt, paneLevelAt, Quality, type Series } from '../../../src/model/index.ts';
import {
  type AggregateRow,
  aggregateNeed,
  aggregatePanes,
  distinctReadings,
  isEmptyPane,
  sortedReadings,
  WindowEngine,
  type WindowEvent,
} from '../../../src/windows/index.ts';
import type { ExpectStep, ReadingStep, Script } from './script.ts';

/** The window engine with a store in memory behind it. */
export class WindowsUnderTest {
  readonly #script: Script;
  readonly #engine: WindowEngine;
  readonly #series: Series[] = [];
  /** By series, level and start. */
  readonly #panes = new Map<string, Pane>();
  /** By series, in order of arrival. */
  readonly #stored = new Map<number, { timeMs: number; value: number; quality: Quality; sequence: number }[]>();
  readonly #events: WindowEvent[] = [];
  #sequence = 0;

  constructor(script: Script) {
    this.#script = script;
    const { settings, zone } = script;
    const duration = (name: string, standard: string): number => parseDuration(settings.get(name) ?? standard) ?? 0;
    this.#engine = new WindowEngine({
      clock: settings.get('clock') === 'event' ? 'event' : 'wall',
      latenessMs: duration('lateness', '15m'),
      horizonMs: duration('horizon', '48h'),
      counterGapMsMax: 3 * HOUR_MS,
      seriesMax: 100,
      silentAfterIntervals: 3,
      silentAfterMsMin: 5 * MINUTE_MS,
      timeZone: zone,
      registerRateMaxPerHour: () => Number(settings.get('rate') ?? Number.POSITIVE_INFINITY),
    });
  }

  /** @returns what became of it */
  take(step: ReadingStep): string {
    const quality = Number.isNaN(step.value) ? Quality.bad : Quality.good;
    this.#engine.passTime(step.receivedMs);
    const { timeMs, value, device, quantity, everyMs } = step;
    const key = { device, quantity, channel: '', expectEveryMs: everyMs };
    const { outcome, series } = this.#engine.accept({
      ...key,
      value,
      timeMs,
      timeSource: 'device',
      quality,
      periodMs: 0,
    });
    if (['counted', 'invalid', 'lateFiled'].includes(outcome)) {
      const stored = this.#stored.get(series) ?? [];
      stored.push({ timeMs, value, quality, sequence: ++this.#sequence });
      this.#stored.set(series, stored);
    }
    return outcome;
  }

  passTime(atMs: number): void {
    this.#engine.passTime(atMs);
  }

  /** Ticks until nothing that was filed late waits any more. */
  tick(): void {
    this.#tickOnce();
    while (this.#engine.lateCount > 0) {
      for (const { series, timesMs } of this.#engine.takeLate({ readingsMax: 1_000, daysMax: 2 })) {
        const stored = distinctReadings(this.#stored.get(series) ?? []);
        this.#engine.rebuild(series, timesMs, {
          readings: sortedReadings(stored.timesMs, stored.values),
          told: { pane: (level, startMs) => this.#panes.get(`${series} ${level} ${startMs}`) },
          isStored: false,
        });
      }
      this.#tickOnce();
    }
  }

  #tickOnce(): void {
    const { newSeries, panes, events } = this.#engine.tick();
    this.#series.push(...newSeries);
    this.#events.push(...events);
    for (let row = 0; row < panes.rows; row++) {
      const pane = paneAt(panes, row);
      const key = `${panes.series[row]} ${paneLevelAt(panes, row)} ${pane.startMs}`;
      if (isEmptyPane(pane)) this.#panes.delete(key);
      else this.#panes.set(key, pane);
    }
  }

  /** Windows whose end lies in (fromMs, toMs], from the panes that were given out. */
  windows(step: ExpectStep, fromMs: number, toMs: number): AggregateRow[] {
    const [device, quantity] = step.of;
    const series = this.#series.find((one) => one.device === device && one.quantity === quantity);
    if (series === undefined) return [];
    const request = {
      series,
      window: step.what,
      parts: step.parts,
      counterMethod: step.method,
      fromMs,
      toMs,
      timeZone: step.zone,
      storedTimeZone: this.#script.zone,
    } as Parameters<typeof aggregatePanes>[0];
    const { level } = aggregateNeed(request);
    const panes = [...this.#panes]
      .filter(([key]) => key.startsWith(`${series.id} ${level} `))
      .map(([, pane]) => pane)
      .sort((a, b) => a.startMs - b.startMs);
    return aggregatePanes(request, panes);
  }

  /** Events since the last call: kind, series, instant, and the values of a revision. */
  takeEvents(): { readonly kind: string; readonly of: string; readonly atMs: number; readonly change: string }[] {
    return this.#events.splice(0).map((event) => {
      const { device, quantity } = this.#series[event.series]!;
      const change =
        event.kind === 'revised'
          ? `${event.before ?? 'nothing'} -> ${event.after ?? 'nothing'} (${event.reason})`
          : '-';
      return { kind: event.kind, of: `${device} ${quantity}`, atMs: event.atMs, change };
    });
  }
}
