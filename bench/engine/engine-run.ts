import { assert, HOUR_MS, MINUTE_MS } from '../../src/base/index.ts';
import { type BenchEngine, type BenchRows, createEngine, createRows } from './bench-engine.ts';
import { EngineStream, STREAM_START_MS, StreamColumns } from './stream.ts';
import { addOutcomes, addRows, emptyTally, type Tally } from './tally.ts';

/** Readings that are handed over at once. */
const BATCH_READINGS = 4_096;

/** In the warm-up panes are made every so many minutes only, and emission runs at the end, to be compiled. */
const WARM_TICK_MINUTES = 25;
const WARM_FULL_MINUTES = 2;
/** As in the C reference: the first emission has to find where its windows begin. */
const WARM_EMISSIONS = 2;

/** What a run took beside what the C reference does too. */
export interface EngineTally extends Tally {
  /** CPU seconds of the ticks: stored panes of all series, their watermarks and events. */
  tickCpuS: number;
  ticks: number;
  panes: number;
}

/** User and system seconds of all threads of this process: compiler and collector count as well. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** An engine and its stream, minute by minute; only the engine's work is timed. */
export class EngineRun {
  readonly engine: BenchEngine;
  readonly rows: BenchRows;
  readonly #stream: EngineStream;
  readonly #batch = new StreamColumns();
  #outcome = new Uint8Array(0);
  #minute = 0;

  constructor(seriesCount: number, seed: number, odd = 0) {
    this.#stream = new EngineStream(seriesCount, seed, odd);
    this.rows = createRows(seriesCount);
    this.engine = createEngine(seriesCount);
    for (let series = 0; series < seriesCount; series++) {
      const key = { device: `sensor-${series}`, quantity: 'pm2_5', channel: '', expectEveryMs: MINUTE_MS };
      assert(this.engine.intern(key) === series, 'series are numbered in the order in which they are interned');
    }
  }

  get minute(): number {
    return this.#minute;
  }

  /** Event time that has been worked through, ms UTC. */
  get endMs(): number {
    return STREAM_START_MS + this.#minute * MINUTE_MS;
  }

  /** Fills what the horizon holds. */
  warmUp(minutes: number, progress: (minute: number) => void): void {
    const tally = emptyEngineTally();
    for (let left = minutes; left > 0; left--) {
      const isTick = left <= WARM_FULL_MINUTES || left % WARM_TICK_MINUTES === 0;
      this.#runMinute(tally, left <= WARM_EMISSIONS, isTick);
      if (left % (2 * WARM_TICK_MINUTES) === 0) progress(this.#minute);
    }
  }

  /** Every minute: its readings, the rolling windows of every series, the panes. */
  segment(minutes: number): EngineTally {
    const tally = emptyEngineTally();
    for (let at = 0; at < minutes; at++) this.#runMinute(tally, true, true);
    return tally;
  }

  #runMinute(tally: EngineTally, emits: boolean, ticks: boolean): void {
    const batch = this.#batch;
    const minute = this.#minute;
    this.#stream.fillMinute(minute, batch);
    this.#minute++;
    if (this.#outcome.length < batch.count) this.#outcome = new Uint8Array(batch.series.length);
    const pieces = this.#pieces();
    const beforeS = cpuSeconds();
    for (const piece of pieces) this.engine.acceptColumns(piece);
    const ingestedS = cpuSeconds();
    const windows = emits ? this.engine.rolling(this.endMs, HOUR_MS, this.rows) : 0;
    const emittedS = cpuSeconds();
    tally.ingestCpuS += ingestedS - beforeS;
    tally.emitCpuS += emittedS - ingestedS;
    if (ticks) this.#tick(tally);
    addOutcomes(tally, this.#outcome, batch.count);
    addRows(tally, this.rows, windows, minute);
  }

  #tick(tally: EngineTally): void {
    const beforeS = cpuSeconds();
    const { panes } = this.engine.tick();
    tally.tickCpuS += cpuSeconds() - beforeS;
    tally.panes += panes.rows;
    tally.ticks++;
  }

  #pieces() {
    const { count, series, timeMs, value } = this.#batch;
    const pieces = [];
    for (let from = 0; from < count; from += BATCH_READINGS) {
      const to = Math.min(count, from + BATCH_READINGS);
      pieces.push({
        count: to - from,
        series: series.subarray(from, to),
        timeMs: timeMs.subarray(from, to),
        value: value.subarray(from, to),
        outcome: this.#outcome.subarray(from, to),
      });
    }
    return pieces;
  }
}

function emptyEngineTally(): EngineTally {
  return { ...emptyTally(), tickCpuS: 0, ticks: 0, panes: 0 };
}
