import type { Clock } from '../../base/index.ts';
import type { CityStreams } from '../../journal/index.ts';
import { trimStreams } from './trim-streams.ts';

const TRIM_EVERY_MS = 10_000;

export interface CutterOptions {
  readonly streams: CityStreams;
  readonly clock: Clock;
  /** A cut is made so often while messages come, and so often while none do, ms. */
  readonly tickMs: number;
  readonly markEveryMs: number;
  onProblem(error: Error): void;
}

/** Makes the cuts of a city while it is the one who does, and deletes what nobody needs any more. */
export class Cutter {
  readonly #options: CutterOptions;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #isBusy = false;
  #ends: readonly number[] = [];
  #cutAtMs = Number.NEGATIVE_INFINITY;
  #trimAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: CutterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.#beat(), this.#options.tickMs);
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#working;
  }

  /** While Redis is slow, beats are left out and do not queue. */
  #beat(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#working = this.#work()
      .catch((error: Error) => this.#options.onProblem(error))
      .finally(() => {
        this.#isBusy = false;
      });
  }

  async #work(): Promise<void> {
    const { streams, clock, markEveryMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const ends = (await streams.stats()).map(({ rawEnd }) => rawEnd);
    const isMoved = ends.some((end, partition) => end !== this.#ends[partition]);
    if (isMoved || nowMs - this.#cutAtMs >= markEveryMs) {
      const cut = await streams.cut(clock.nowMs());
      this.#cutAtMs = nowMs;
      this.#ends = cut?.ends ?? ends;
    }
    if (nowMs - this.#trimAtMs < TRIM_EVERY_MS) return;
    this.#trimAtMs = nowMs;
    await trimStreams(streams);
  }
}
