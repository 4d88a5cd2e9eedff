import type { MessagePort, Transferable } from 'node:worker_threads';
import { OperatingError } from '../../../src/base/index.ts';
import type { Series } from '../../../src/model/index.ts';
import type { Store, StoreBatch, StoredReading } from '../../../src/store/index.ts';
import { MemoryStore } from '../../property/support/memory-store.ts';
import type { Random } from '../../unit/journal/support/random.ts';
import type { Owner, Scheduler } from './scheduler.ts';

const ANSWER_MS = 30;

/** Keeps batches as the store contract says, and all of them for comparison. */
export class ComparedStore extends MemoryStore {
  basis: string | undefined;
  readonly readings: StoredReading[] = [];
  readonly #series: StoreBatch['series'][number][] = [];
  readonly #devices = new Map<string, StoreBatch['devices'][number]>();
  readonly #quarantine: StoreBatch['quarantine'][number][] = [];

  override apply(batch: StoreBatch): void {
    const { readings } = batch;
    if (batch.basis !== undefined) this.basis = batch.basis;
    for (const series of batch.series) this.#series[series.id] = series;
    for (const row of batch.devices) this.#devices.set(row.device, row);
    this.#quarantine.push(...batch.quarantine.filter(({ sequence }) => sequence > this.position));
    for (let row = 0; row < readings.count; row++) {
      const sequence = readings.sequence[row]!;
      if (sequence <= this.position) continue;
      const { series, timeMs, value, quality, status } = readings;
      this.readings.push({
        ...{ series: series[row]!, timeMs: timeMs[row]!, value: value[row]! },
        ...{ quality: quality[row]!, status: status[row]!, sequence },
      });
    }
    super.apply(batch);
  }

  /** By number. */
  get seriesKnown(): readonly Series[] {
    return [...this.#series];
  }

  seriesName(id: number): string {
    const { device, quantity } = this.#series[id]!;
    return `${device} ${quantity}`;
  }

  /** All that it holds. */
  all() {
    return {
      ...{ series: this.#series, readings: this.readings, quarantine: this.#quarantine, basis: this.basis },
      ...{ devices: Object.fromEntries(this.#devices), panes: Object.fromEntries(this.panes) },
      ...{ kpis: Object.fromEntries(this.kpis) },
    };
  }
}

/** A store that keeps what it has committed, and otherwise does what stores do on bad days. */
export class SimulatedStore extends ComparedStore {
  /** Until then nothing is taken, virtual ms. */
  refusesUntilMs = 0;
  /** Share of batches that are committed and then answered with a time-out. */
  lostAnswers = 0;
  readonly #scheduler: Scheduler;
  readonly #random: Random;

  constructor(scheduler: Scheduler, random: Random) {
    super();
    this.#scheduler = scheduler;
    this.#random = random;
  }

  /** The store as one process has it: only what a writer's port asks for. */
  mount(owner: Owner): Store {
    const timed = async <T>(answer: () => T | Promise<T>): Promise<T> => {
      await this.#scheduler.pause(ANSWER_MS, owner);
      if (this.#scheduler.nowMs < this.refusesUntilMs) throw passing('store_refuses');
      const result = await answer();
      await this.#scheduler.pause(ANSWER_MS, owner);
      // It was restarted meanwhile: what it did is there, and nobody is told.
      if (this.#scheduler.nowMs < this.refusesUntilMs) throw passing('store_restarted');
      return result;
    };
    const store: Partial<Store> = {
      write: (batch) =>
        timed(() => {
          this.apply(batch);
          if (this.#random.chance(this.lostAnswers)) throw passing('store_timed_out');
        }),
      stats: async () => ({
        stamp: 0,
        madeAtMs: 0,
        openedAt: { position: 0, stamp: 0 },
        position: this.position,
        readingCount: this.readings.length,
        bytesOnDisk: 0,
      }),
      readingsAround: (...args) => timed(() => this.readingsAround(...args)),
      panesOf: (query) => timed(() => this.panesOf(query)),
      panesIn: (...args) => timed(() => this.panesIn(...args)),
      heardHours: (range) => timed(() => this.heardHours(range)),
      kpiRevisions: (...args) => timed(() => this.kpiRevisions(...args)),
      kpis: () => Promise.reject(new Error('with one configuration nothing published is looked at again')),
    };
    return store as Store;
  }
}

function passing(code: string): OperatingError {
  return new OperatingError(code, `${code}: injected`, { retryable: true });
}

type Listener = (value?: unknown) => void;

/** One end of a message channel: hands over copies, in order, a little later. */
class SimulatedPort {
  other: SimulatedPort | undefined;
  readonly #scheduler: Scheduler;
  readonly #owner: Owner;
  readonly #listeners = new Map<string, Listener[]>();

  constructor(scheduler: Scheduler, owner: Owner) {
    this.#scheduler = scheduler;
    this.#owner = owner;
  }

  on(event: string, listener: Listener): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  postMessage(value: unknown, transfer: readonly Transferable[] = []): void {
    const copy = structuredClone(value, { transfer: [...transfer] as ArrayBuffer[] });
    this.#scheduler.after(0, this.#owner, () => this.other!.tell('message', copy));
  }

  close(): void {
    for (const port of [this, this.other!]) this.#scheduler.after(0, this.#owner, () => port.tell('close'));
  }

  tell(event: string, value?: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(value);
  }
}

/** A message channel within one process. */
export function simulatedChannel(scheduler: Scheduler, owner: Owner): readonly [MessagePort, MessagePort] {
  const [one, two] = [new SimulatedPort(scheduler, owner), new SimulatedPort(scheduler, owner)];
  one.other = two;
  two.other = one;
  return [one as unknown as MessagePort, two as unknown as MessagePort];
}
