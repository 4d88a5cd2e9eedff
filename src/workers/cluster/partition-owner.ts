import type { Clock } from '../../base/index.ts';
import type { Intake } from '../../intake/index.ts';
import type { Lease, LeaseHolder } from '../../jobs/index.ts';
import type { CityStreams, Cut } from '../../journal/index.ts';
import { type PartitionEnd, PartitionEngine } from '../partition-engine.ts';
import { Patience, timerPause } from '../patience.ts';
import type { Cutter } from './cutter.ts';
import { CUTTER, partitionOf } from './partition-protocol.ts';

/** How long one question for the next cut waits: the stop takes as long at most. */
const CUT_WAIT_MS = 1_000;
/** How often owners that have nothing to do are told what the server has. */
const COMPARE_EVERY_MS = 1_000;

export interface PartitionOwnerOptions {
  readonly streams: CityStreams;
  readonly intake: Intake;
  readonly cutter: Cutter;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  onInfo(text: string): void;
  onProblem(error: Error): void;
  /** Something that only another process can go on from. */
  onFailure(error: Error): void;
}

/** Does the work of the names that this process holds: partitions, and the cuts. */
export class PartitionOwner implements LeaseHolder {
  readonly #options: PartitionOwnerOptions;
  readonly #engines = new Map<string, PartitionEngine>();
  readonly #stopping = new AbortController();
  #following: Promise<void> = Promise.resolve();
  #newest: Cut | undefined;
  #comparedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: PartitionOwnerOptions) {
    this.#options = options;
  }

  /** Hears of cuts from now on, and tells the owners. */
  follow(): void {
    this.#following = this.#follow().catch((error: Error) => this.#options.onFailure(error));
  }

  take(lease: Lease): void {
    const { onInfo } = this.#options;
    onInfo(`owns ${lease.name}`);
    if (lease.name === CUTTER) this.#cutFor(lease);
    else this.#startEngine(lease);
  }

  async drain({ name }: Lease): Promise<void> {
    if (name === CUTTER) await this.#options.cutter.stop();
    else await this.#engines.get(name)?.stop();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#options.cutter.stop();
    await Promise.all([...this.#engines.values()].map((engine) => engine.stop()));
    await this.#following;
  }

  #cutFor(lease: Lease): void {
    const { cutter, onInfo } = this.#options;
    cutter.start();
    lease.lost.addEventListener('abort', () => {
      onInfo('makes no cuts any more');
      void cutter.stop();
    });
  }

  #startEngine(lease: Lease): void {
    const { streams, intake, onProblem, onFailure } = this.#options;
    const engine = new PartitionEngine({
      ...{ streams, intake, onProblem, partition: partitionOf(lease.name) },
      holdsLease: () => !lease.lost.aborted,
    });
    this.#engines.set(lease.name, engine);
    lease.lost.addEventListener('abort', () => this.#lost(lease, engine));
    if (this.#newest !== undefined) engine.advance(this.#newest);
    engine.run().then(
      (end) => this.#ended(lease, engine, end),
      (error: Error) => onFailure(error),
    );
  }

  #lost({ name }: Lease, engine: PartitionEngine): void {
    // One that was given back has ended before.
    if (this.#engines.get(name) === engine) this.#options.onInfo(`owns ${name} no more: lease lost`);
    // One that sleeps does not ask whether it holds the lease.
    void engine.stop();
  }

  #ended(lease: Lease, engine: PartitionEngine, end: PartitionEnd): void {
    if (!lease.lost.aborted) this.#options.onInfo(`owns ${lease.name} no more: ${end}`);
    if (this.#engines.get(lease.name) === engine) this.#engines.delete(lease.name);
    // One that had the lease before came late with its number: whoever has the lease takes a higher one.
    if (end === 'fenced' && !lease.lost.aborted && !this.#stopping.signal.aborted) this.#startEngine(lease);
  }

  async #follow(): Promise<void> {
    const { streams, onProblem } = this.#options;
    const patience = new Patience(timerPause, this.#stopping.signal);
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#hear(streams);
        patience.reset();
      } catch (error) {
        await patience.afterFailure(error, onProblem);
      }
    }
  }

  async #hear(streams: CityStreams): Promise<void> {
    this.#newest ??= await streams.newestCut();
    this.#newest = (await streams.cutsAfter(this.#newest.number, CUT_WAIT_MS)).at(-1) ?? this.#newest;
    for (const engine of this.#engines.values()) engine.advance(this.#newest);
    await this.#compare(streams);
  }

  async #compare(streams: CityStreams): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#engines.size === 0 || nowMs - this.#comparedAtMs < COMPARE_EVERY_MS) return;
    this.#comparedAtMs = nowMs;
    const stats = await streams.stats();
    for (const [name, engine] of this.#engines) engine.compare(stats[partitionOf(name)]!);
  }
}
