import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../base/index.ts';
import { type Config, mirrorSecret } from '../config/index.ts';
import type { JournalStats } from '../journal/index.ts';
import type { MirrorStanding } from '../store/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { MirrorBacklog } from '../views/index.ts';
import { cityOf } from './city-of.ts';
import { type MirrorThread, startMirrorThread } from './mirror-client.ts';
import { mirrorFolder } from './mirror-files.ts';

export interface CityMirrorsOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the embedded store. */
  readonly readerPort: MessagePort;
  onFailure(error: Error): void;
}

/** The stores beside the embedded one, as the product sees them: how they stand, and words of it in the log. */
export class CityMirrors {
  readonly #options: CityMirrorsOptions;
  readonly #openedAtMs: number;
  readonly #standings = new Map<string, MirrorStanding>();
  readonly #thread: MirrorThread;

  constructor(options: CityMirrorsOptions) {
    this.#options = options;
    const { config, clock, log, readerPort } = options;
    this.#openedAtMs = clock.nowMs();
    const mirrors = config.stores.map((mirror) => {
      return { config: mirror, secret: config.secrets.get(mirrorSecret(mirror.name)) };
    });
    this.#thread = startMirrorThread(
      { mirrors, folder: mirrorFolder(config.dataFolder), city: cityOf(config), readerPort },
      {
        onStanding: (standing) => this.#take(standing),
        onWarning: (store, text) => log.warn({ store }, text),
        onFailure: (error) => options.onFailure(error),
      },
    );
  }

  stop(): Promise<void> {
    return this.#thread.stop();
  }

  /** @param storeSequence journal position that the embedded store includes */
  backlogs({ firstSequence, durableSequence, bytesOnDisk }: JournalStats, storeSequence: number): MirrorBacklog[] {
    // The journal does not know where each record lies.
    const bytesMean = durableSequence === 0 ? 0 : bytesOnDisk / (durableSequence - firstSequence + 1);
    return [...this.#standings.values()].map((standing) => {
      const backlogRecords = Math.max(0, storeSequence - standing.position);
      // One that never had everything is behind for as long as the program runs, at least.
      const sinceMs = Number.isNaN(standing.levelAtMs) ? this.#openedAtMs : standing.levelAtMs;
      const isLevel = backlogRecords === 0 && standing.batchesBehind === 0;
      const backlogAgeMs = isLevel ? 0 : this.#options.clock.nowMs() - sinceMs;
      return { ...standing, backlogRecords, backlogBytes: Math.round(backlogRecords * bytesMean), backlogAgeMs };
    });
  }

  #take(standing: MirrorStanding): void {
    const { name: store, problem } = standing;
    const before = this.#standings.get(store)?.problem ?? null;
    this.#standings.set(store, standing);
    if (problem === before) return;
    const { log } = this.#options;
    if (problem === null) log.info({ store }, 'the store takes what it is told again');
    else log.warn({ store }, `the store is told later: ${problem}`);
  }
}
