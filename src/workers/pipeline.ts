import { assert, OperatingError } from '../base/index.ts';
import { type CityConfig, type DevicePlacement, devicePlacements } from '../config/index.ts';
import { createIntake, type Decoded, INTAKE_LIMITS, type Intake, type IntakeLimits } from '../intake/index.ts';
import {
  type KpiDefinition,
  KpiEngine,
  type KpiEngineState,
  type KpiQuestion,
  type OutageBookStats,
} from '../kpis/index.ts';
import {
  type Accounting,
  type KpiValue,
  PaneColumnsBuilder,
  Quality,
  type Reading,
  type RevisedValue,
  type Series,
} from '../model/index.ts';
import { compileProfiles, type LoadedProfiles } from '../profiles/index.ts';
import { ReadingStatus, type StoreBatch, type StoredKpis, type StoreHistory } from '../store/index.ts';
import type { WhyAnswer } from '../views/index.ts';
import {
  keptMsMaxOf,
  type PaneRule,
  paneRuleOf,
  type ReadingOutcome,
  WindowEngine,
  type WindowEvent,
  type WindowSettings,
  type WindowTick,
} from '../windows/index.ts';
import { AccountingCounter } from './accounting-counter.ts';
import type { AgainChanges } from './again-changes.ts';
import { cityKpis } from './city-kpis.ts';
import { type AgainGiven, conflictOf, DecodeAgain, seriesLimit } from './decode-again.ts';
import { DeviceTracker, type DeviceTrackerState } from './device-tracker.ts';
import type { EngineRecord, ReceivedMessage } from './engine-record.ts';
import { kpiBasis } from './kpi-basis.ts';
import { kpiCity } from './kpi-city.ts';
import { kpiSource } from './kpi-source.ts';
import { LateRebuild, type LateRebuildState, type LateStats } from './late-rebuild.ts';
import { LookAgain } from './look-again.ts';
import { LookBack } from './look-back.ts';
import { OutageTracker, type OutageTrackerState } from './outage-tracker.ts';
import { quarantineRow } from './quarantine-row.ts';
import { ReadingColumnsBuilder } from './reading-columns.ts';
import { Why } from './why.ts';

/** Outcomes of readings that are new and stored. */
const KEPT_OUTCOMES: ReadonlySet<ReadingOutcome> = new Set(['counted', 'invalid', 'lateFiled']);

/** A tick ends here even without a time mark, which bounds what a batch holds. */
const RECORDS_PER_TICK_MAX = 20_000;

/** What decodes the records up to a sequence. */
export interface EarlierIntake {
  readonly upToSequence: number;
  readonly intake: Intake;
}

/** How many events of windows there were, by kind. */
export type EventCounts = Readonly<Record<WindowEvent['kind'], number>>;

/** Plain data of everything behind the journal except the windows, for snapshots. */
export interface PipelineState {
  readonly sequence: number;
  /** What its KPI values depend on beside the readings. */
  readonly basis: string;
  readonly kpis: KpiEngineState;
  readonly devices: DeviceTrackerState;
  readonly late: LateRebuildState;
  readonly outages: OutageTrackerState;
  readonly events: EventCounts;
  readonly accounting: Accounting;
}

export interface PipelineOptions {
  /** What decodes records that were decided by earlier profiles, oldest first. */
  readonly earlier?: readonly EarlierIntake[];
  /** What is computed; by default all that the city has. */
  readonly definitions?: readonly KpiDefinition[];
  /** All series of the store, by number: theirs stay what they are, also where the configuration allows fewer. */
  readonly stored?: readonly Series[];
}

/** The whole state behind the journal as it was when the snapshot was begun. */
export interface PipelineSnapshot {
  readonly state: PipelineState;
  /** The windows, piece by piece, while the pipeline works on; undefined at the end. */
  nextPiece(): Uint8Array | undefined;
  /** To be called when it is written or given up. */
  end(): void;
}

/** What one tick made. */
export interface PipelineTick {
  readonly batch: StoreBatch;
  readonly accounting: Accounting;
  readonly late: LateStats;
  readonly outages: OutageBookStats;
  /** Events of windows so far. */
  readonly events: EventCounts;
  /** Event-time now, ms UTC. */
  readonly nowMs: number;
}

/**
 * Intake, windows and KPIs in a row: a pure function of the journal and the configuration. Ticks end at the
 * journal's time marks, so a restart makes the same batches at the same records as a run without one.
 */
export class Pipeline {
  readonly #intake: Intake;
  readonly #earlier: readonly EarlierIntake[];
  readonly #stored: readonly Series[];
  readonly #aheadMsMax: number;
  readonly #windows: WindowEngine;
  readonly #kpis: KpiEngine;
  readonly #devices: DeviceTracker;
  readonly #late: LateRebuild;
  readonly #lookBack = new LookBack();
  readonly #why: Why;
  readonly #again: LookAgain;
  /** What KPI values depend on beside the readings. */
  readonly basis: string;
  /** That of the snapshot that the state came from. */
  #basisBefore: string | undefined;
  readonly #outages: OutageTracker;
  readonly #placementOf: (device: string) => DevicePlacement;
  readonly #accounting = new AccountingCounter();
  readonly #decodeAgain = new DecodeAgain(this.#accounting);
  readonly #readings = new ReadingColumnsBuilder();
  #quarantine: StoreBatch['quarantine'][number][] = [];
  #sequence = 0;
  /** Sequence of the newest record in a batch. */
  #flushedSequence = 0;
  #takenSinceFlush = 0;
  /** What the windows of the tick say, once they are closed. */
  #closed: WindowTick | undefined;
  readonly #events: Record<WindowEvent['kind'], number> = { empty: 0, silent: 0, heard: 0, revised: 0 };

  constructor(config: CityConfig, intake: Intake, options: PipelineOptions = {}) {
    const { earlier = [], definitions = cityKpis(config), stored = [] } = options;
    const { windows } = config;
    this.#intake = intake;
    this.#earlier = earlier;
    const placementOf = devicePlacements(config);
    this.#placementOf = placementOf;
    const settings = windowSettings(config, placementOf);
    this.#windows = new WindowEngine({ ...settings, seriesMax: Math.max(settings.seriesMax, stored.length) });
    this.#stored = stored;
    this.#aheadMsMax = windows.aheadMax;
    this.#devices = new DeviceTracker(placementOf, (series) => this.#windows.silentAfterMs(series));
    // In `event` mode nothing of the past is deleted.
    const readingsAgeMs = windows.clock === 'wall' ? config.store.readingsAge : Number.POSITIVE_INFINITY;
    this.#late = new LateRebuild(this.#windows, readingsAgeMs, windows.counterGapMax);
    this.#outages = new OutageTracker(placementOf, this.#windows.calendar, {
      ageMsMax: config.outages.keep,
      changesMax: config.outages.changesMax,
    });
    this.#kpis = new KpiEngine(
      definitions,
      kpiCity(config, placementOf),
      kpiSource(this.#windows, () => this.#why.oldHours ?? this.#again.oldHours ?? this.#lookBack.hours, this.#outages),
    );
    this.#why = new Why(this.#windows, this.#kpis, definitions);
    this.#again = new LookAgain(this.#windows, this.#kpis, definitions);
    this.basis = kpiBasis(config);
  }

  /** Sequence of the newest record taken. */
  get sequence(): number {
    return this.#sequence;
  }

  /** A tick has ended and nothing was taken since: what the state says is whole. */
  get isSettled(): boolean {
    return this.#takenSinceFlush === 0;
  }

  /**
   * How a value came about; only while the pipeline is settled. The state stays as it is.
   *
   * @param history the store, which has committed the batches of all ticks so far
   * @returns undefined when there is no such KPI, or no reading yet
   */
  explain(question: KpiQuestion, history: StoreHistory & StoredKpis): Promise<WhyAnswer | undefined> {
    return this.#why.answer(question, history);
  }

  /**
   * Looks again at what was published under another configuration; once, as soon as the state is at the store's position,
   * and while the pipeline is settled.
   *
   * @param published basis of the store's values; undefined when it does not say
   * @param history the store, which has committed the batches of all ticks so far
   * @returns values to be stored at this position, KPI by KPI
   */
  async *lookAgain(
    published: string | undefined,
    history: StoreHistory & StoredKpis,
  ): AsyncGenerator<readonly RevisedValue[]> {
    if (published === this.basis && this.#basisBefore === this.basis) return;
    yield* this.#again.run(published, this.basis, history);
  }

  /** A batch of the present position with nothing but these values, and the basis of all. */
  batchOf(kpis: readonly KpiValue[], basis?: string): StoreBatch {
    return {
      ...{ position: this.#sequence, series: [], devices: [], quarantine: [], kpis },
      readings: new ReadingColumnsBuilder().finish(),
      panes: new PaneColumnsBuilder().finish(),
      ...(basis === undefined ? {} : { basis }),
    };
  }

  /** How it stands since the last tick. */
  standing(): Omit<PipelineTick, 'batch'> {
    return {
      accounting: this.#accounting.value(this.#sequence),
      late: this.#late.stats(),
      outages: this.#outages.stats(),
      events: { ...this.#events },
      nowMs: this.#windows.nowMs,
    };
  }

  /** Begins behind a record instead of at the first one: what was before is known from the store alone. */
  startAt(sequence: number): void {
    this.#startAt(sequence);
    if (this.#stored.length === 0) return;
    this.#windows.beginBehind(this.#aheadMsMax, this.#stored);
    this.#outages.know(this.#stored);
  }

  #startAt(sequence: number): void {
    this.#sequence = sequence;
    this.#flushedSequence = sequence;
  }

  /**
   * Takes over the numbers that series have in the store, before the first record and behind `restore`. Without that those
   * that a snapshot does not know would get other ones when a changed configuration, or a journal that begins later, lets
   * them come in another order.
   *
   * @throws OperatingError `series_mismatch` when a number is another series there
   */
  adoptStored(): void {
    const other = this.#windows.adopt(this.#stored, (device) => this.#placementOf(device).expectEveryMs);
    if (other === undefined) return;
    const { device, quantity } = this.#stored[other]!;
    throw new OperatingError(
      'series_mismatch',
      `cannot go on: series ${other} of the store is ${quantity} of ${device}, and another one in the snapshot; they are not of one run`,
    );
  }

  /**
   * Takes the next record of the journal.
   *
   * @returns true when the tick ends here: next come `rebuildLate` where `isLateDue` says so, `decodeAgain` where
   *   `isAgainDue` does, `closeWindows`, `readBack` where that says so, and `flush`
   */
  take(record: EngineRecord): boolean {
    this.#sequence = record.sequence;
    this.#takenSinceFlush++;
    if (record.kind === 'mark') {
      this.#windows.passTime(record.atMs);
      this.#late.mark(record.atMs);
      return true;
    }
    if (record.kind === 'again') {
      this.#windows.passTime(record.atMs);
      this.#decodeAgain.take(record, this.#intakeAt(record.sequence));
      return this.#takenSinceFlush >= RECORDS_PER_TICK_MAX;
    }
    if (record.kind === 'hours') {
      this.#windows.passTime(record.atMs);
      const { series, startMs } = record.hours;
      for (const [row, id] of series.entries()) this.#windows.makeHourAgain(id, startMs[row]!);
      return this.#takenSinceFlush >= RECORDS_PER_TICK_MAX;
    }
    const { sequence, message } = record;
    this.#windows.passTime(message.receivedAtMs);
    const decoded = record.kind === 'decoded' ? record.decoded : this.#intakeAt(sequence)(record.message);
    this.#takeMessage(sequence, message, decoded);
    return this.#takenSinceFlush >= RECORDS_PER_TICK_MAX;
  }

  /** Late-filed readings are to be rebuilt before the tick is closed. */
  get isLateDue(): boolean {
    return this.#late.isDue;
  }

  /**
   * @param history the store, which has committed the batches of all earlier ticks
   * @param isStored it has that of the tick which runs, too: the journal is replayed
   */
  async rebuildLate(history: StoreHistory, isStored: boolean): Promise<void> {
    await this.#late.run(history, { upToSequence: this.#flushedSequence, fresh: this.#readings.peek(), isStored });
  }

  /** Messages of the tick were decoded again, and are to be compared with what is stored before it is closed. */
  get isAgainDue(): boolean {
    return this.#decodeAgain.isDue;
  }

  /** @param history the store, which has committed the batches of all earlier ticks */
  async decodeAgain(history: StoreHistory): Promise<void> {
    await this.#decodeAgain.run(history, this.#flushedSequence, this.#readings.peek(), {
      intern: (reading) => this.#windows.intern(reading),
      apply: (changes, given) => this.#applyAgain(changes, given),
    });
  }

  #applyAgain({ outcomes, corrections }: AgainChanges, given: readonly AgainGiven[]): void {
    for (const correction of corrections) this.#windows.correct(correction);
    for (const { series, timeMs, value = Number.NaN } of corrections) {
      this.#outages.withdraw(series, timeMs);
      this.#outages.take(series, { ...this.#windows.view(series).series, timeMs, value, quality: Quality.good });
    }
    for (const [at, { reading, from }] of given.entries()) {
      if (from.decoded.kind === 'rejected' || outcomes[at] !== 'added') continue;
      this.#devices.heard(reading, from.decoded, from.message.receivedAtMs, true);
    }
  }

  /**
   * Closes the tick's windows, which tells what KPIs are about to look at.
   *
   * @param isStored the store has what comes of the tick already: the journal is replayed
   * @returns true when memory does not hold all of it any more and `readBack` comes before `flush`
   */
  closeWindows(isStored: boolean): boolean {
    this.#closed = this.#close(isStored);
    return this.#lookBack.isDue || this.#kpis.revisionsWanted !== undefined;
  }

  #close(isStored: boolean): WindowTick {
    const keptFromMs = this.#windows.hoursKeptFromMs;
    const closed = this.#windows.tick();
    for (const { kind } of closed.events) this.#events[kind]++;
    for (const series of closed.newSeries) {
      this.#devices.learnSeries(series);
      this.#outages.learnSeries(series);
    }
    this.#kpis.prepare([...closed.changedHours, ...this.#outages.tick(this.#windows.nowMs)], isStored);
    this.#lookBack.expect(this.#kpis.oldLooks(keptFromMs), keptFromMs);
    return closed;
  }

  /** @param history the store, which has committed the batches of all earlier ticks */
  async readBack(history: StoreHistory): Promise<void> {
    const wanted = this.#kpis.revisionsWanted;
    if (wanted !== undefined) this.#kpis.settleRevisions(await history.kpiRevisions(wanted.kpis, wanted));
    if (this.#closed !== undefined && this.#lookBack.isDue) await this.#lookBack.read(history, this.#closed);
  }

  /**
   * Ends the tick: recomputes what changed and hands over all that is to be stored, with its position. Closes the windows
   * where that was not done.
   */
  flush(): PipelineTick {
    const { newSeries, panes } = this.#closed ?? this.#close(false);
    this.#closed = undefined;
    const kpis = this.#kpis.tick();
    assert(!this.#decodeAgain.isDue, 'messages that were decoded again are not compared with what is stored');
    const again = this.#decodeAgain.finishTick();
    const batch: StoreBatch = {
      position: this.#sequence,
      series: newSeries,
      devices: this.#devices.tick(this.#windows.nowMs),
      readings: this.#readings.finish(),
      panes,
      kpis,
      quarantine: this.#quarantine,
      ...(again === undefined ? {} : { again }),
    };
    this.#quarantine = [];
    this.#takenSinceFlush = 0;
    this.#flushedSequence = this.#sequence;
    this.#late.finishTick();
    this.#lookBack.finishTick();
    return { batch, ...this.standing() };
  }

  /** Right after `flush` only: between ticks there is more than this holds. */
  beginSnapshot(): PipelineSnapshot {
    const windows = this.#windows.beginSnapshot();
    const state = {
      sequence: this.#sequence,
      basis: this.basis,
      kpis: this.#kpis.state(),
      devices: this.#devices.state(),
      late: this.#late.state(),
      outages: this.#outages.state(),
      events: { ...this.#events },
      accounting: this.#accounting.value(this.#sequence),
    };
    return { state, nextPiece: () => windows.next(), end: () => this.#windows.endSnapshot() };
  }

  /** @param pieces of the windows, in the order in which the snapshot gave them */
  async restore(state: PipelineState, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    for await (const piece of pieces) {
      this.#windows.restorePiece(piece, (device) => this.#placementOf(device).expectEveryMs);
    }
    this.#startAt(state.sequence);
    this.#basisBefore = state.basis;
    this.#late.restore(state.late);
    Object.assign(this.#events, state.events);
    this.#devices.restore(state.devices, this.#windows.nowMs);
    this.#outages.restore(state.outages, this.#series());
    this.#kpis.restore(state.kpis);
    this.#accounting.restore(state.accounting);
  }

  *#series(): Generator<Series> {
    for (let id = 0; id < this.#windows.seriesCount; id++) yield this.#windows.view(id).series;
  }

  #intakeAt(sequence: number): Intake {
    if (this.#earlier.length === 0) return this.#intake;
    return this.#earlier.find(({ upToSequence }) => sequence <= upToSequence)?.intake ?? this.#intake;
  }

  #takeMessage(sequence: number, message: ReceivedMessage, decoded: Decoded): void {
    this.#accounting.message(decoded);
    if (decoded.kind === 'rejected') {
      this.#quarantine.push(quarantineRow(sequence, -1, message, decoded.reject));
      return;
    }
    for (const { index, reject } of decoded.rejects) this.#refuse(sequence, index, message, reject);
    const { readings } = decoded;
    for (let index = 0; index < readings.length; index++) {
      const reading = readings[index]!;
      const outcome = this.#takeReading(sequence, index, message, reading);
      // Devices are bounded by the series that they may have.
      if (outcome === 'series_limit') continue;
      this.#devices.heard(reading, decoded, message.receivedAtMs, KEPT_OUTCOMES.has(outcome));
    }
  }

  #takeReading(sequence: number, index: number, message: ReceivedMessage, reading: Reading): ReadingOutcome {
    const { outcome, series } = this.#windows.accept(reading);
    switch (outcome) {
      case 'counted':
      case 'invalid':
      case 'lateFiled':
        this.#accounting.reading(outcome);
        this.#readings.add(series, reading, ReadingStatus[outcome], sequence);
        this.#outages.take(series, reading);
        break;
      case 'duplicate':
        this.#accounting.reading('duplicate');
        break;
      case 'conflict':
        this.#refuse(sequence, index, message, conflictOf(reading));
        break;
      case 'series_limit':
        this.#refuse(sequence, index, message, seriesLimit(reading));
        break;
    }
    return outcome;
  }

  #refuse(
    sequence: number,
    index: number,
    message: ReceivedMessage,
    reject: Parameters<typeof quarantineRow>[3],
  ): void {
    this.#accounting.refusedReading(reject.reason);
    this.#quarantine.push(quarantineRow(sequence, index, message, reject));
  }
}

/** Quantities that KPIs of the city's own ask the lowest or the highest reading of. */
function extremesOf({ kpis }: CityConfig): ReadonlySet<string> {
  const inputs = kpis.filter(({ enabled }) => enabled).flatMap((own) => Object.values(own.inputs));
  return new Set(inputs.filter(({ stat }) => stat === 'min' || stat === 'max').map(({ quantity }) => quantity));
}

function windowSettings(config: CityConfig, placementOf: (device: string) => DevicePlacement): WindowSettings {
  const { windows, city } = config;
  return {
    clock: windows.clock,
    latenessMs: windows.lateness,
    horizonMs: windows.horizon,
    counterGapMsMax: windows.counterGapMax,
    seriesMax: windows.seriesMax,
    memoryBytesMax: windows.memoryMax,
    lateMax: windows.lateMax,
    extremesOf: extremesOf(config),
    silentAfterIntervals: windows.silentAfterIntervals,
    silentAfterMsMin: windows.silentAfterMin,
    timeZone: city.timeZone,
    registerRateMaxPerHour: (series) => registerRateMaxPerHour(series, placementOf(series.device)),
  };
}

/** How the engine makes the panes of a stored series, and for how long it has their readings in memory. */
export interface SeriesTerms {
  readonly rule: PaneRule;
  /** At most, ms. */
  readonly keptMs: number;
}

/** What the engine of a city goes by since its start: intervals of the configuration stand before those of the store. */
export function seriesTerms(config: CityConfig): (series: Series) => SeriesTerms {
  const placementOf = devicePlacements(config);
  const settings = windowSettings(config, placementOf);
  return (stored) => {
    const { expectEveryMs } = placementOf(stored.device);
    const series = expectEveryMs > 0 ? { ...stored, expectEveryMs } : stored;
    return { rule: paneRuleOf(series, settings), keptMs: keptMsMaxOf(series, settings) };
  };
}

/** What no meter of the role exceeds in an hour: far above any real one, far below a misread digit or a fault. */
function registerRateMaxPerHour(series: Series, placement: DevicePlacement): number {
  if (placement.registerRateMaxPerHour > 0) return placement.registerRateMaxPerHour;
  if (series.unit === 'm3') return placement.role === 'customer' ? 20 : 10_000;
  return placement.role === 'customer' ? 250 : 1e6;
}

/** What decodes messages in a city. */
export function cityIntake(config: CityConfig, profiles: LoadedProfiles): Intake {
  return createIntake({
    profiles: compileProfiles(profiles),
    limits: intakeLimits(config),
    clockMode: config.windows.clock,
    siteTimeZone: config.city.timeZone,
    placement: intakePlacement(config),
  });
}

/** The limits that intake holds messages to, from the configuration. */
export function intakeLimits(config: CityConfig): IntakeLimits {
  return {
    ...INTAKE_LIMITS,
    payloadBytesMax: config.mqtt.payloadMax,
    backlogMsMax: config.windows.backlogMax,
    aheadMsMax: config.windows.aheadMax,
  };
}

/** Placements as intake wants them. */
export function intakePlacement(config: CityConfig) {
  const placementOf = devicePlacements(config);
  return (device: string) => {
    const { timeZone, expectEveryMs } = placementOf(device);
    return { timeZone, expectEveryMs };
  };
}
