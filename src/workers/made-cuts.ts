import { OperatingError } from '../base/index.ts';
import { type CityStreams, type Cut, positionOf, type StreamStats } from '../journal/index.ts';
import { Patience, type Pause, timerPause } from './patience.ts';

/** How long one question for the next cut waits: the stop takes as long at most. */
const CUT_WAIT_MS = 1_000;
/** How often owners that lag are looked at. */
const LOOK_EVERY_MS = 20;

export interface MadeCutsOptions {
  readonly streams: CityStreams;
  /** Position of a cut up to which all partitions are made; larger each time. */
  onMade(position: number, cut: Cut): void;
  /** Told of each failure that is waited out. */
  onProblem(error: Error): void;
  readonly pause?: Pause;
}

/** Follows the cuts, and tells how far all owners have come: up to there the partitions can be read as one journal. */
export class MadeCuts {
  readonly #options: MadeCutsOptions;
  readonly #stopping = new AbortController();
  readonly #pause: Pause;
  readonly #patience: Patience;
  #running: Promise<void> | undefined;
  /** The newest cut that is known; undefined before the first look. */
  #known: number | undefined;
  /** Known cuts up to which some partition is not made yet. */
  #lagging: Cut[] = [];

  constructor(options: MadeCutsOptions) {
    this.#options = options;
    this.#pause = options.pause ?? timerPause;
    this.#patience = new Patience(this.#pause, this.#stopping.signal);
  }

  /**
   * Tells of cuts behind a position until it is stopped. Rejects when the streams refuse for good.
   *
   * @throws OperatingError `journal_behind_consumer` when the newest cut is before the position
   */
  follow(position: number): Promise<void> {
    this.#running ??= this.#follow(position);
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running?.catch(() => undefined);
  }

  async #follow(position: number): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        if (this.#known === undefined) this.#known = await this.#cutBefore(position);
        else await this.#look(this.#known);
        this.#patience.reset();
      } catch (error) {
        await this.#patience.afterFailure(error, this.#options.onProblem);
      }
    }
  }

  /** @returns undefined when a cut was made between two questions */
  async #cutBefore(position: number): Promise<number | undefined> {
    const { streams } = this.#options;
    const around = await streams.cutsAround(position);
    if (around !== undefined) return around[0].number;
    const newest = await streams.newestCut();
    const at = positionOf(newest);
    if (at > position) return undefined;
    if (at === position) return newest.number;
    const text = `cannot follow the partitions from position ${position}: they end at ${at}; they are not the ones that were read`;
    throw new OperatingError('journal_behind_consumer', text);
  }

  async #look(known: number): Promise<void> {
    const { streams, onMade } = this.#options;
    const cuts = await streams.cutsAfter(known, this.#lagging.length > 0 ? 0 : CUT_WAIT_MS);
    this.#lagging.push(...cuts);
    this.#known = cuts.at(-1)?.number ?? known;
    if (this.#lagging.length === 0) return;
    const stats = await streams.stats();
    const firstLagging = this.#lagging.findIndex((cut) => !isMade(cut, stats));
    const made = this.#lagging.splice(0, firstLagging < 0 ? this.#lagging.length : firstLagging).at(-1);
    if (made !== undefined) onMade(positionOf(made), made);
    if (this.#lagging.length > 0) await this.#pause(LOOK_EVERY_MS, this.#stopping.signal);
  }
}

function isMade({ ends }: Cut, stats: readonly StreamStats[]): boolean {
  return ends.every((end, partition) => stats[partition]!.madeEnd >= end);
}
