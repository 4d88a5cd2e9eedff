import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, DAY_MS, systemClock } from '../../src/base/index.ts';
import { openPublisher, type Publisher, type PublisherOptions } from '../common/index.ts';
import { loadMapping, type Mapping } from './mapping.ts';
import { BATCH_COUNT_MAX, MessageBuilder, type RecordedMessage } from './message.ts';
import { type ShiftUnit, shiftToNowMs } from './order.ts';
import { findRecording, type RecordingPlace } from './recording-file.ts';
import { emptyCounts, type Selection, type SourceCounts, selectReadings, timeSpan } from './source.ts';

/** What to replay and how; only `recording` and `url` are needed. */
export interface ReplayOptions extends Omit<PublisherOptions, 'qos' | 'clock'> {
  /** Folder with data.csv.gz or data.csv, or such a file. */
  readonly recording: string;
  /** Mapping file; otherwise `mapping.yaml` beside the data or the product's own for that recording. */
  readonly mapping?: string;
  /** Default 1. */
  readonly qos?: 0 | 1;
  /** `max` (default): as fast as the window allows, in file order. A number: so many times faster than it was, by event time. */
  readonly speed?: number | 'max';
  /** Moves the recording in time so that it ends now; `days` and `weeks` keep the hours of day and never lie ahead of now. */
  readonly shiftToNow?: ShiftUnit;
  /** With `shiftToNow`: also turn the local hours of the recording's place into the same hours of this zone. */
  readonly asZone?: string;
  /** With `shiftToNow`: what lies behind now is sent at `speed`, the rest (up to one day or week) when its time comes. */
  readonly live?: boolean;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly limitCount?: number;
  /** Seed of a random order; of the whole file, or with `shuffleWithinMs` of arrivals delayed by up to that much. */
  readonly shuffle?: string;
  readonly shuffleWithinMs?: number;
  /** Every message twice. */
  readonly duplicate?: boolean;
  /** Readings per message, 1 (default) to 250. */
  readonly batchCount?: number;
  /** Again and again, each round later by the recording's length in whole days, until aborted. */
  readonly loop?: boolean;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

export interface ReplayProgress {
  /** Part of the file (or of the held readings) handled, 0 to 1. */
  readonly fraction: number;
  readonly rowsRead: number;
  readonly messagesPublished: number;
  readonly messagesAcked: number;
}

export interface ReplaySummary {
  readonly recording: string;
  readonly rowsRead: number;
  readonly readingsPublished: number;
  /** With duplicates, without resent ones. */
  readonly messagesPublished: number;
  readonly messagesAcked: number;
  /** Sent again after a lost connection. */
  readonly messagesResent: number;
  readonly reconnects: number;
  /** Rows that gave no reading, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Readings published without a time, by reason. */
  readonly timeless: Readonly<Record<string, number>>;
  /** Added to every recorded event time, ms. */
  readonly shiftMs: number;
  readonly durationMs: number;
  readonly messagesPerS: number;
  /** Stopped by the signal; messages that were not acknowledged by then may be lost. */
  readonly aborted: boolean;
}

const PROGRESS_EVERY_MS = 200;
const SLEEP_MS_MAX = 60_000;

/**
 * Publishes a recording as its sensors would. Resolves when every message is acknowledged.
 *
 * @param onProgress called a few times a second
 * @throws OperatingError `recording_missing`, `recording_unreadable`, `mapping_missing`, `mapping_invalid`,
 *   `broker_unreachable` (retryable), `broker_refused`
 */
export async function replay(
  options: ReplayOptions,
  onProgress?: (progress: ReplayProgress) => void,
): Promise<ReplaySummary> {
  const place = findRecording(options.recording);
  const { mapping } = loadMapping(place, options.mapping);
  const clock = options.clock ?? systemClock;
  const selection = selectionOf(options);
  const needsSpan = options.shiftToNow !== undefined || options.loop === true;
  const span = needsSpan ? await timeSpan(place, mapping, { ...selection, order: 'file' }) : undefined;
  const shiftMs =
    span === undefined || options.shiftToNow === undefined ? 0 : shiftOf(options, mapping, span.newestMs, clock);
  const roundMs =
    span === undefined ? 0 : Math.ceil((span.newestMs - span.oldestMs + span.everyMsMax) / DAY_MS) * DAY_MS;
  const publisher = await openPublisher({ clientIdPrefix: 'replay', ...options, qos: options.qos ?? 1, clock });
  const run = new Run(options, place, mapping, publisher, clock, onProgress);
  // Closing wakes whoever waits for room in the window of a broker that does not answer.
  const stop = () => void publisher.close();
  options.signal?.addEventListener('abort', stop);
  try {
    for (let round = 0; round === 0 || (options.loop === true && !run.aborted); round++) {
      await run.round(selection, shiftMs + round * roundMs);
    }
    if (!run.aborted) await run.drain();
    return run.summary(shiftMs);
  } finally {
    options.signal?.removeEventListener('abort', stop);
    await publisher.close();
  }
}

function selectionOf(options: ReplayOptions): Selection {
  const paced = options.live === true || (options.speed ?? 'max') !== 'max';
  const shuffled = options.shuffle ?? (options.shuffleWithinMs === undefined ? undefined : '0');
  return {
    ...(options.fromMs === undefined ? {} : { fromMs: options.fromMs }),
    ...(options.toMs === undefined ? {} : { toMs: options.toMs }),
    ...(options.limitCount === undefined ? {} : { limitCount: options.limitCount }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    order:
      shuffled !== undefined
        ? { seed: shuffled, ...(options.shuffleWithinMs === undefined ? {} : { withinMs: options.shuffleWithinMs }) }
        : paced
          ? 'time'
          : 'file',
  };
}

function shiftOf(options: ReplayOptions, mapping: Mapping, newestMs: number, clock: Clock): number {
  return shiftToNowMs({
    unit: options.shiftToNow ?? 'exact',
    nowMs: clock.nowMs(),
    newestMs,
    ahead: options.live === true,
    ...(options.asZone === undefined ? {} : { fromZone: mapping.calendar, toZone: options.asZone }),
  });
}

/** One call of `replay`: its counters and its pace. */
class Run {
  aborted = false;
  readonly #options: ReplayOptions;
  readonly #place: RecordingPlace;
  readonly #mapping: Mapping;
  readonly #publisher: Publisher;
  readonly #clock: Clock;
  readonly #onProgress: ((progress: ReplayProgress) => void) | undefined;
  readonly #startMs: number;
  readonly #counts: SourceCounts = emptyCounts();
  #readings = 0;
  #progressAtMs = 0;
  #handled = 0;
  /** Event time and clock of the first paced message. */
  #pace: { readonly eventMs: number; readonly atMs: number } | undefined;

  constructor(
    options: ReplayOptions,
    place: RecordingPlace,
    mapping: Mapping,
    publisher: Publisher,
    clock: Clock,
    onProgress: ((progress: ReplayProgress) => void) | undefined,
  ) {
    this.#options = options;
    this.#place = place;
    this.#mapping = mapping;
    this.#publisher = publisher;
    this.#clock = clock;
    this.#onProgress = onProgress;
    this.#startMs = clock.monotonicMs();
  }

  async round(selection: Selection, shiftMs: number): Promise<void> {
    const batchCount = Math.min(BATCH_COUNT_MAX, Math.max(1, this.#options.batchCount ?? 1));
    const builder = new MessageBuilder(this.#mapping.recording ?? this.#place.name, batchCount, shiftMs);
    try {
      for await (const readings of selectReadings(this.#place, this.#mapping, selection, this.#counts)) {
        this.#handled = 0;
        for (const reading of readings) {
          this.#handled++;
          if (this.#liesAhead(reading.timeMs, shiftMs)) {
            // From now on a sensor sends one reading at a time, and nothing of the past waits for company.
            for (const message of builder.flush()) await this.#send(message);
            await this.#send(builder.alone(reading));
            continue;
          }
          const message = builder.add(reading);
          if (message !== undefined) await this.#send(message);
        }
        this.#report(selection.order === 'file' ? this.#fileFraction() : 1);
      }
      for (const message of builder.flush()) await this.#send(message);
      this.#report(1, true);
    } catch (error) {
      this.#stopped(error);
    }
  }

  async drain(): Promise<void> {
    await this.#publisher.drain().catch((error: unknown) => this.#stopped(error));
  }

  #stopped(error: unknown): void {
    if (!this.#options.signal?.aborted) throw error;
    this.aborted = true;
  }

  /** Not async where nothing has to be waited for: a recording has hundreds of thousands of messages. */
  #send(message: RecordedMessage): Promise<void> | undefined {
    this.#options.signal?.throwIfAborted();
    this.#readings += message.readingCount;
    const waitMs = this.#waitMs(message.timeMs);
    if (waitMs > 5) return this.#sendLater(message, waitMs);
    return this.#publish(message);
  }

  async #sendLater(message: RecordedMessage, waitMs: number): Promise<void> {
    const signal = this.#options.signal;
    for (let leftMs = waitMs; leftMs > 0; leftMs -= SLEEP_MS_MAX) {
      // What lies behind now is all published; the rest goes on as time does.
      this.#report(this.#options.live === true ? 1 : undefined);
      await sleep(Math.min(leftMs, SLEEP_MS_MAX), undefined, signal === undefined ? {} : { signal });
    }
    await this.#publish(message);
  }

  #publish(message: RecordedMessage): Promise<void> | undefined {
    const room = this.#publisher.publish(message.device, message.topic, message.payload);
    if (this.#options.duplicate !== true) return room;
    const again = this.#publisher.publish(message.device, message.topic, message.payload);
    return room === undefined || again === undefined
      ? (room ?? again)
      : Promise.all([room, again]).then(() => undefined);
  }

  #liesAhead(timeMs: number | null, shiftMs: number): boolean {
    return this.#options.live === true && timeMs !== null && timeMs + shiftMs > this.#clock.nowMs();
  }

  /** How long until a message is due; 0 for messages without a time. */
  #waitMs(eventMs: number | null): number {
    const speed = this.#options.speed ?? 'max';
    if (eventMs === null) return 0;
    const aheadMs = this.#options.live === true ? eventMs - this.#clock.nowMs() : 0;
    if (speed === 'max' || aheadMs > 0) return aheadMs;
    const atMs = this.#clock.monotonicMs();
    this.#pace ??= { eventMs, atMs };
    return this.#pace.atMs + (eventMs - this.#pace.eventMs) / speed - atMs;
  }

  #fileFraction(): number {
    return this.#place.bytes === 0 ? 1 : Math.min(1, this.#counts.bytesRead / this.#place.bytes);
  }

  #report(fraction: number | undefined, always = false): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#onProgress === undefined || (!always && nowMs - this.#progressAtMs < PROGRESS_EVERY_MS)) return;
    this.#progressAtMs = nowMs;
    const { published, acked } = this.#publisher.stats();
    this.#onProgress({
      fraction: fraction ?? this.#handled / Math.max(1, this.#counts.rowsRead),
      rowsRead: this.#counts.rowsRead,
      messagesPublished: published,
      messagesAcked: acked,
    });
  }

  summary(shiftMs: number): ReplaySummary {
    const durationMs = this.#clock.monotonicMs() - this.#startMs;
    const stats = this.#publisher.stats();
    return {
      recording: this.#mapping.recording ?? this.#place.name,
      rowsRead: this.#counts.rowsRead,
      readingsPublished: this.#readings * (this.#options.duplicate === true ? 2 : 1),
      messagesPublished: stats.published,
      messagesAcked: stats.acked,
      messagesResent: stats.resent,
      reconnects: stats.reconnects,
      skipped: this.#counts.skipped,
      timeless: this.#counts.timeless,
      shiftMs,
      durationMs,
      messagesPerS: durationMs > 0 ? (stats.acked / durationMs) * 1000 : 0,
      aborted: this.aborted,
    };
  }
}
