import { type Clock, OperatingError } from '../../../src/base/index.ts';
import { Reception } from '../../../src/broker/embedded/reception.ts';
import type { JournalWriter } from '../../../src/journal/index.ts';
import {
  type JournalFileSystem,
  openLocalJournalReader,
  openLocalJournalWriter,
} from '../../../src/journal/local/index.ts';
import type { Message } from '../../../src/model/index.ts';
import type { Store } from '../../../src/store/index.ts';
import { EngineLoop } from '../../../src/workers/engine-loop.ts';
import type { Pipeline, PipelineTick } from '../../../src/workers/pipeline.ts';
import { resumePipeline } from '../../../src/workers/resume.ts';
import { openSnapshots } from '../../../src/workers/snapshots.ts';
import { StoreWriterClient } from '../../../src/workers/store-client.ts';
import { serveWriterPort } from '../../../src/workers/store-port.ts';
import { CITY } from './city.ts';
import type { Scheduler } from './scheduler.ts';
import { simulatedChannel } from './store.ts';

export const JOURNAL_FOLDER = '/journal';
/** Small enough that a disk that is away for an hour fills it. */
const GATE_BYTES = 4_500;
const SEGMENT_BYTES_MAX = 4_000;
const RETENTION = { bytesMax: 6_000, ageMsMax: 2 ** 45 };
const FULL_DISK_RETRY_MS = 5 * 60_000;
/** How much longer than in reality the writer's port waits: the run is short. */
const PATIENCE = 30;

/** What a process finds when it starts, and what it tells. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly newPipeline: () => Pipeline;
  readonly store: { readonly position: number; readonly basis: string | undefined };
  /** The journal is open; nobody was told of it yet. */
  onJournal(journal: JournalWriter): Promise<void>;
  /** A message was taken over: nobody may have been told before. */
  onAcknowledged(sequence: number, message: Message): void;
  onTick(standing: Omit<PipelineTick, 'batch' | 'accounting'> & Pick<PipelineTick, 'accounting'>): void;
  onJournalFailed(error: Error): void;
  onWarning(text: string): void;
  onBroken(error: unknown): void;
  count(what: string): void;
}

/** One process of the product from its start to its death: the rooms joined as the product joins them. */
export class Life {
  journal: JournalWriter | undefined;
  reception: Reception | undefined;
  /** Disk trouble that only a restart can mend was told: nobody may be acknowledged any more. */
  hasFailed = false;
  readonly #around: Surroundings;
  #unmarked = false;
  #markedAtMs = 0;
  #loop: EngineLoop | undefined;
  #ended: Promise<void> = Promise.resolve();
  #closeWriter: () => void = () => {};

  constructor(around: Surroundings) {
    this.#around = around;
  }

  async open(fs: JournalFileSystem, store: Store): Promise<void> {
    const { clock, onJournal, onJournalFailed } = this.#around;
    const journal = await openLocalJournalWriter({
      ...{ folder: JOURNAL_FOLDER, segmentBytesMax: SEGMENT_BYTES_MAX, retention: RETENTION, freeBytesMin: 0 },
      ...{ clock, fs, retryEveryMs: FULL_DISK_RETRY_MS, wait: (forMs, signal) => this.#wait(forMs, signal) },
    });
    void journal.failed.then((error) => {
      this.hasFailed = true;
      onJournalFailed(error);
    });
    journal.setConsumerPosition('engine', 0);
    await onJournal(journal);
    this.journal = journal;
    await this.#openEngine(journal, fs, store);
    // Nothing is forwarded: views are no part of what is promised.
    this.reception = new Reception(CITY.mqtt, clock, { offer: () => undefined }, GATE_BYTES);
    this.reception.accept = (message, done) => this.#accept(journal, message, done);
  }

  /** A time mark where one is due, as the product's timer sets it. */
  mark(): void {
    const nowMs = this.#around.clock.nowMs();
    if (this.journal === undefined || this.reception === undefined) return;
    if (!this.#unmarked && nowMs - this.#markedAtMs < CITY.journal.markEvery) return;
    this.#unmarked = false;
    this.#markedAtMs = nowMs;
    this.journal.appendMark(nowMs, () => {});
  }

  /** Ends in order; what was acknowledged reaches the store at the next start. */
  async close(): Promise<void> {
    this.reception?.gate.shut();
    this.reception = undefined;
    this.#loop?.stop();
    await this.#ended;
    this.#closeWriter();
    await this.journal?.close();
  }

  #accept(journal: JournalWriter, message: Message, done: (error?: Error) => void): void {
    this.#unmarked = true;
    const sequence = journal.append(message, (error) => {
      if (error === undefined) {
        if (this.hasFailed) throw new Error('a message was acknowledged after the journal had failed');
        this.#around.onAcknowledged(sequence, message);
      }
      done(error);
    });
    const { waitingBytes } = journal.stats();
    const boundBytes = GATE_BYTES + 2 * CITY.mqtt.payloadMax;
    if (waitingBytes > 2 * boundBytes) throw new Error(`${waitingBytes} bytes wait for the journal`);
  }

  async #openEngine(journal: JournalWriter, fs: JournalFileSystem, store: Store): Promise<void> {
    const { scheduler, newPipeline, store: found, clock, onTick, onWarning, onBroken, count } = this.#around;
    const { position, basis } = { ...found };
    if (position > journal.durableSequence()) throw new OperatingError('journal_behind_store', `${position}`);
    const pipeline = newPipeline();
    const snapshots = await openSnapshots('/snapshots', 'simulation', fs);
    const standpoint = {
      storePosition: position,
      journalFirstSequence: journal.stats().firstSequence,
      isShared: false,
    };
    if (await resumePipeline(pipeline, snapshots, standpoint, onWarning)) count('starts from a snapshot');
    const [served, taken] = simulatedChannel(scheduler, this);
    const wait = (forMs: number) => scheduler.pause(forMs * PATIENCE, this).then(() => true);
    serveWriterPort(served, store, { wait, onRetry: () => count('batches tried again') });
    const writer = new StoreWriterClient(taken);
    this.#closeWriter = () => writer.close();
    const loop = new EngineLoop({
      ...{ pipeline, writer, snapshots, clock, onWarning, storePosition: position, storeBasis: basis },
      reader: openLocalJournalReader({ folder: JOURNAL_FOLDER, fs }),
      snapshotEveryMs: CITY.snapshot.every,
      onTick: ({ accounting }, standing) => onTick({ accounting, ...standing }),
      onStored: () => {},
      onSafe: (sequence) => journal.setConsumerPosition('engine', sequence),
    });
    this.#loop = loop;
    this.#ended = loop.run().catch(onBroken);
    journal.onDurable((sequence) => loop.advance(sequence));
    loop.advance(journal.durableSequence());
  }

  #wait(forMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#around.scheduler.after(forMs, this, resolve);
      signal.addEventListener('abort', () => resolve());
    });
  }
}
