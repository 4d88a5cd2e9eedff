import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, OperatingError, SECOND_MS, writeFully } from '../../base/index.ts';
import type { Message } from '../../model/index.ts';
import type { JournalRetention, JournalStats, JournalWriter, SeriesHours } from '../journal.ts';
import { ReceptionTime } from '../reception-time.ts';
import { againPayload, hoursBody, markBody, messageBody, type RecordBody } from '../record.ts';
import { Batch, ChunkPool, type Done } from './batch.ts';
import { type JournalFileSystem, nodeFileSystem } from './files.ts';
import { SEGMENT_HEADER_BYTES } from './format.ts';
import { type RecoveredJournal, recoverJournal } from './recovery.ts';
import { Segments } from './segments.ts';

export interface LocalJournalWriterOptions {
  /** Made when it is not there; one writer at a time. */
  readonly folder: string;
  /** A segment is closed before a commit would make it longer than this; a larger commit gets one of its own. */
  readonly segmentBytesMax: number;
  readonly retention: JournalRetention;
  /** Below this much free disk nothing is written, and so nobody acknowledged, until there is more. */
  readonly freeBytesMin: number;
  readonly clock: Clock;
  readonly fs?: JournalFileSystem;
  /** How often a full disk is tried again, ms. */
  readonly retryEveryMs?: number;
  /** Resolves after so long, or when the signal is aborted; injected so that tests need no clock. */
  readonly wait?: (forMs: number, signal: AbortSignal) => Promise<void>;
}

const FREE_CHECK_EVERY_MS = SECOND_MS;
const FREE_CHECK_EVERY_BYTES = 16 << 20;
const NO_SPACE = new Set(['ENOSPC', 'EDQUOT']);
/** The process, or the machine, has as many files open as it may: connections come and go, and then there is room again. */
const NO_FILES = new Set(['EMFILE', 'ENFILE']);

/**
 * Opens a folder of segment files for appending. A torn last write of an earlier run is cut off first
 * (`stats().tailBytesCut`). While one sync runs, appends collect; the next commit starts when it returns.
 *
 * On a full disk (or below `freeBytesMin`), and while no file may be opened for a new segment, callbacks are held,
 * `stats().blocked` says why, and writing goes on by itself once there is room. Any other failure of a write or sync is final: `failed` resolves, nobody is acknowledged.
 *
 * @throws OperatingError `journal_locked` (another process writes here), `journal_damaged` (file and byte offset),
 *   `journal_format` (written by a newer version)
 */
export async function openLocalJournalWriter(options: LocalJournalWriterOptions): Promise<JournalWriter> {
  const files = options.fs ?? nodeFileSystem;
  await files.makeFolder(options.folder);
  const release = await files.lock(options.folder);
  try {
    const recovered = await recoverJournal(files, options.folder);
    const segments = new Segments(files, options.folder, recovered.segments);
    if (recovered.segments.length === 0) await segments.begin(1, options.clock.nowMs(), 0);
    return new LocalJournalWriter(options, files, segments, recovered, release);
  } catch (error) {
    await release();
    throw error;
  }
}

class LocalJournalWriter implements JournalWriter {
  readonly failed: Promise<Error>;
  readonly #options: LocalJournalWriterOptions;
  readonly #files: JournalFileSystem;
  readonly #segments: Segments;
  readonly #release: () => Promise<void>;
  readonly #pool = new ChunkPool();
  readonly #ready: Batch[] = [];
  readonly #listeners: ((durableSequence: number) => void)[] = [];
  readonly #consumers = new Map<string, number>();
  readonly #tailBytesCut: number;
  #open = new Batch(this.#pool);
  #resolveFailed: (error: Error) => void = () => {};
  #failure: Error | undefined;
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  readonly #hurry = new AbortController();
  readonly #wait: (forMs: number, signal: AbortSignal) => Promise<void>;
  #nextSequence: number;
  #durable: number;
  readonly #times: ReceptionTime;
  /** The latest time of all durable records, ms UTC. */
  #newestAtMs: number;
  #segmentIsOverdue = false;
  #freeCheckedAtMs = Number.NEGATIVE_INFINITY;
  #bytesSinceFreeCheck = 0;
  #blocked: string | null = null;
  #blockedTotal = 0;
  #commitCount = 0;
  #recordCount = 0;
  #syncMsMax = 0;
  #waitingRecords = 0;
  #waitingBytes = 0;

  constructor(
    options: LocalJournalWriterOptions,
    files: JournalFileSystem,
    segments: Segments,
    recovered: RecoveredJournal,
    release: () => Promise<void>,
  ) {
    this.#options = options;
    this.#files = files;
    this.#wait = options.wait ?? waitOnTheClock;
    this.#segments = segments;
    this.#release = release;
    this.#tailBytesCut = recovered.tailBytesCut;
    this.#durable = recovered.lastSequence;
    this.#nextSequence = recovered.lastSequence + 1;
    this.#times = new ReceptionTime(recovered.lastAtMs);
    this.#newestAtMs = recovered.newestAtMs;
    this.failed = new Promise((resolve) => {
      this.#resolveFailed = resolve;
    });
  }

  append(message: Message, done: Done): number {
    return this.#add(messageBody('message', message, message.payload), message.receivedAtMs, done);
  }

  appendAgain(origin: number, message: Message, atMs: number, done: Done): number {
    return this.#add(messageBody('again', message, againPayload(origin, message)), atMs, done);
  }

  appendMark(atMs: number, done: Done): number {
    return this.#add(markBody(), atMs, done);
  }

  appendHours(hours: SeriesHours, atMs: number, done: Done): number {
    return this.#add(hoursBody(hours), atMs, done);
  }

  durableSequence(): number {
    return this.#durable;
  }

  async heldBy(): Promise<number> {
    return this.#durable;
  }

  onDurable(listener: (durableSequence: number) => void): void {
    this.#listeners.push(listener);
  }

  setConsumerPosition(consumer: string, sequence: number): void {
    if (sequence > this.#durable) {
      throw new OperatingError(
        'journal_behind_consumer',
        `cannot follow the consumer ${consumer}: it has read up to record ${sequence}, and the journal ` +
          `${this.#options.folder} ends with record ${this.#durable}; was the journal folder emptied or exchanged?`,
      );
    }
    this.#consumers.set(consumer, sequence);
  }

  /** Without any consumer nothing is deleted: the first one may not have said yet what it needs. */
  async trim(nowMs: number): Promise<number> {
    if (this.#failure !== undefined || this.#closing !== undefined) return 0;
    const { retention } = this.#options;
    if (this.#segments.isOverdue(retention, nowMs)) this.#segmentIsOverdue = true;
    if (this.#consumers.size === 0) return 0;
    return this.#segments.trim(Math.min(...this.#consumers.values()), retention, nowMs);
  }

  stats(): JournalStats {
    const first = this.#segments.firstSequence;
    return {
      firstSequence: first <= this.#durable ? first : 0,
      durableSequence: this.#durable,
      bytesOnDisk: this.#segments.bytes,
      segmentCount: this.#segments.count,
      commitCount: this.#commitCount,
      recordCount: this.#recordCount,
      syncMsMax: this.#syncMsMax,
      waitingRecords: this.#waitingRecords,
      waitingBytes: this.#waitingBytes,
      blocked: this.#blocked,
      blockedTotal: this.#blockedTotal,
      tailBytesCut: this.#tailBytesCut,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #add(body: RecordBody, atMs: number, done: Done): number {
    const sequence = this.#nextSequence++;
    const refusal = this.#failure ?? (this.#closing === undefined ? undefined : closedError(this.#options.folder));
    if (refusal !== undefined) {
      queueMicrotask(() => done(refusal));
      return sequence;
    }
    const before = this.#open.bytes;
    this.#open.add({ ...body, sequence, atMs: this.#times.at(atMs) }, this.#segments.salt, done);
    this.#waitingBytes += this.#open.bytes - before;
    this.#waitingRecords++;
    if (this.#open.isFull()) {
      this.#ready.push(this.#open);
      this.#open = new Batch(this.#pool);
    }
    // The first append of a turn only wakes the loop, so that the whole turn's appends share its commit.
    this.#running ??= new Promise((resolve) => setImmediate(() => resolve(this.#run())));
    return sequence;
  }

  async #run(): Promise<void> {
    for (let batch = this.#next(); batch !== undefined; batch = this.#next()) {
      const failure = await this.#commit(batch).catch((cause: unknown) => this.#fail(cause, batch!));
      if (failure !== undefined) break;
      this.#acknowledge(batch);
    }
    this.#running = undefined;
  }

  #next(): Batch | undefined {
    const ready = this.#ready.shift();
    if (ready !== undefined) return ready;
    if (this.#open.dones.length === 0) return undefined;
    const open = this.#open;
    this.#open = new Batch(this.#pool);
    return open;
  }

  async #commit(batch: Batch): Promise<undefined> {
    await this.#writeWhenThereIsRoom(batch);
    const file = await this.#segments.file();
    const startMs = this.#options.clock.monotonicMs();
    await file.datasync();
    this.#syncMsMax = Math.max(this.#syncMsMax, this.#options.clock.monotonicMs() - startMs);
    this.#segments.active.bytes += batch.bytes;
  }

  #acknowledge(batch: Batch): void {
    this.#durable = batch.lastSequence;
    this.#newestAtMs = Math.max(this.#newestAtMs, batch.newestAtMs);
    this.#commitCount++;
    this.#recordCount += batch.dones.length;
    this.#forget(batch);
    for (const done of batch.dones) done();
    for (const listener of this.#listeners) listener(this.#durable);
  }

  #forget(batch: Batch): void {
    this.#waitingRecords -= batch.dones.length;
    this.#waitingBytes -= batch.bytes;
    batch.release();
  }

  async #writeWhenThereIsRoom(batch: Batch): Promise<void> {
    for (;;) {
      const cause = (await this.#shortOfSpace(batch.bytes)) ?? (await this.#tryWrite(batch));
      if (cause === undefined) {
        this.#blocked = null;
        return;
      }
      if (this.#blocked === null) this.#blockedTotal++;
      this.#blocked = cause;
      if (this.#hurry.signal.aborted) throw new Error(`${cause}, and the journal is being closed`);
      await this.#wait(this.#options.retryEveryMs ?? SECOND_MS, this.#hurry.signal);
    }
  }

  async #shortOfSpace(bytes: number): Promise<string | undefined> {
    const { freeBytesMin, folder, clock } = this.#options;
    this.#bytesSinceFreeCheck += bytes;
    const isDue =
      this.#blocked !== null ||
      clock.monotonicMs() - this.#freeCheckedAtMs >= FREE_CHECK_EVERY_MS ||
      this.#bytesSinceFreeCheck > Math.max(freeBytesMin / 4, FREE_CHECK_EVERY_BYTES);
    if (!isDue) return undefined;
    const freeBytes = await this.#files.freeBytes(folder);
    this.#freeCheckedAtMs = clock.monotonicMs();
    this.#bytesSinceFreeCheck = 0;
    return freeBytes < freeBytesMin
      ? `${freeBytes} bytes are free for ${folder}, and journal.freeBytesMin is ${freeBytesMin}`
      : undefined;
  }

  /** @returns why there is no room for the batch; whatever was written of it is cut off again */
  async #tryWrite(batch: Batch): Promise<string | undefined> {
    try {
      await this.#rollIfNeeded(batch);
      await writeFully(await this.#segments.file(), batch.buffers(), this.#segments.active.bytes);
      return undefined;
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      // Nothing was written: it is opening a file that fails so, before the batch is looked at.
      if (NO_FILES.has(code)) return message;
      if (!NO_SPACE.has(code)) throw error;
      await (await this.#segments.file()).truncate(this.#segments.active.bytes);
      return message;
    }
  }

  async #rollIfNeeded(batch: Batch): Promise<void> {
    const { bytes } = this.#segments.active;
    const isTooLong = bytes + batch.bytes > this.#options.segmentBytesMax;
    if (bytes === SEGMENT_HEADER_BYTES || !(isTooLong || this.#segmentIsOverdue)) return;
    await this.#segments.begin(this.#durable + 1, this.#options.clock.nowMs(), this.#newestAtMs);
    this.#segmentIsOverdue = false;
  }

  #fail(cause: unknown, batch: Batch): Error {
    const text = `cannot make records durable in the journal ${this.#options.folder}: ${(cause as Error).message}`;
    const failure = new OperatingError('journal_failed', text, { cause });
    this.#failure = failure;
    const waiting = [batch, ...this.#ready.splice(0), this.#open];
    this.#open = new Batch(this.#pool);
    for (const each of waiting) this.#forget(each);
    this.#resolveFailed(failure);
    for (const each of waiting) for (const done of each.dones) done(failure);
    return failure;
  }

  async #close(): Promise<void> {
    this.#hurry.abort();
    await this.#running;
    await this.#segments.close();
    await this.#release();
  }
}

async function waitOnTheClock(forMs: number, signal: AbortSignal): Promise<void> {
  await delay(forMs, undefined, { signal }).catch(() => {});
}

function closedError(folder: string): OperatingError {
  return new OperatingError('journal_closed', `cannot append to the journal ${folder}: it was closed`);
}
