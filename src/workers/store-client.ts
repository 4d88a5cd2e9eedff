import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { OperatingError } from '../base/index.ts';
import type { Store, StoreBatch, StoredKpis, StoreHistory, StoreMark } from '../store/index.ts';
import {
  buffersOf,
  fromPortError,
  type StoreAnswer,
  type StoreMethod,
  type StoreReader,
  type StoreThreadMessage,
  type StoreThreadNotice,
  type StoreThreadSettings,
} from './store-protocol.ts';

/** Batches of a writer that may be on their way at once, when nothing else is said. */
const IN_FLIGHT_MAX_DEFAULT = 4;

/** The store in a thread of its own, as the main thread sees it. */
export interface StoreThread extends Store {
  /**
   * A new port for an engine thread, to be transferred to it and used there by `StoreWriterClient`.
   * Batches of several ports are written in the order in which they arrive.
   */
  writerPort(): MessagePort;
  /** A new port for a thread that only asks, to be used there by `StoreReaderClient`. */
  readerPort(): MessagePort;
  /** Called once when the thread ends without having been asked to; every pending and later call gets the same error. */
  onError(listener: (error: OperatingError) => void): void;
  /** Called each time a writer's batch meets a fault that may pass (full disk), before it is tried again. */
  onWriteRetry(listener: (error: Error, attempt: number) => void): void;
  /** From now on batches that meet such a fault are refused with it. */
  giveUpWaiting(): void;
}

/**
 * Starts the store thread and opens the store in it.
 *
 * @throws what the store's `open` throws: `store_locked`, `store_unwritable`, `store_damaged`, `store_schema_newer`
 */
export async function openStoreThread(settings: StoreThreadSettings): Promise<StoreThread> {
  const thread = new StoreThreadClient(settings);
  try {
    await thread.open();
  } catch (error) {
    await thread.close().catch(() => undefined);
    throw error;
  }
  return thread;
}

class StoreThreadClient implements StoreThread {
  private readonly worker: Worker;
  private readonly pending = new PendingAnswers();
  private readonly errorListeners: ((error: OperatingError) => void)[] = [];
  private readonly retryListeners: ((error: Error, attempt: number) => void)[] = [];
  private readonly ended: Promise<void>;
  private failure: OperatingError | undefined;
  private closing: Promise<void> | undefined;

  constructor(settings: StoreThreadSettings) {
    // Beside this file lies the source when it is run as such, and the compiled file in a build.
    const entry = import.meta.url.endsWith('.ts') ? './store-thread.ts' : './store-thread.js';
    this.worker = new Worker(new URL(entry, import.meta.url), { workerData: settings, name: 'store' });
    this.worker.on('message', (notice: StoreThreadNotice) => this.take(notice));
    this.worker.on('error', (error) => this.fail(error));
    this.ended = new Promise((resolve) => {
      this.worker.once('exit', (code) => {
        this.fail(new Error(`it ended with code ${code}`));
        resolve();
      });
    });
  }

  open() {
    return this.call('open', []) as ReturnType<Store['open']>;
  }

  /** Copies the batch; a writer's port transfers it. */
  write(batch: StoreBatch) {
    return this.call('write', [batch]) as Promise<void>;
  }

  series(filter: Parameters<Store['series']>[0]) {
    return this.call('series', [filter]) as ReturnType<Store['series']>;
  }

  devices() {
    return this.call('devices', []) as ReturnType<Store['devices']>;
  }

  readings(...args: Parameters<Store['readings']>) {
    return this.call('readings', args) as ReturnType<Store['readings']>;
  }

  panes(...args: Parameters<Store['panes']>) {
    return this.call('panes', args) as ReturnType<Store['panes']>;
  }

  readingsAround(...args: Parameters<Store['readingsAround']>) {
    return this.call('readingsAround', args) as ReturnType<Store['readingsAround']>;
  }

  readingsOf(...args: Parameters<Store['readingsOf']>) {
    return this.call('readingsOf', args) as ReturnType<Store['readingsOf']>;
  }

  panesOf(query: Parameters<Store['panesOf']>[0]) {
    return this.call('panesOf', [query]) as ReturnType<Store['panesOf']>;
  }

  panesIn(...args: Parameters<Store['panesIn']>) {
    return this.call('panesIn', args) as ReturnType<Store['panesIn']>;
  }

  heardHours(range: Parameters<Store['heardHours']>[0]) {
    return this.call('heardHours', [range]) as ReturnType<Store['heardHours']>;
  }

  kpiRevisions(...args: Parameters<Store['kpiRevisions']>) {
    return this.call('kpiRevisions', args) as ReturnType<Store['kpiRevisions']>;
  }

  latest(series: readonly number[]) {
    return this.call('latest', [series]) as ReturnType<Store['latest']>;
  }

  kpis(query: Parameters<Store['kpis']>[0]) {
    return this.call('kpis', [query]) as ReturnType<Store['kpis']>;
  }

  latestKpis() {
    return this.call('latestKpis', []) as ReturnType<Store['latestKpis']>;
  }

  quarantine(query: Parameters<Store['quarantine']>[0]) {
    return this.call('quarantine', [query]) as ReturnType<Store['quarantine']>;
  }

  export(order: Parameters<Store['export']>[0]) {
    return this.call('export', [order]) as ReturnType<Store['export']>;
  }

  parquetRows(query: Parameters<Store['parquetRows']>[0]) {
    return this.call('parquetRows', [query]) as ReturnType<Store['parquetRows']>;
  }

  changes(...args: Parameters<Store['changes']>) {
    return this.call('changes', args) as ReturnType<Store['changes']>;
  }

  markBefore(timeMs: number) {
    return this.call('markBefore', [timeMs]) as Promise<StoreMark>;
  }

  trimQuarantine(bound: Parameters<Store['trimQuarantine']>[0]) {
    return this.call('trimQuarantine', [bound]) as ReturnType<Store['trimQuarantine']>;
  }

  trimRetention(rule: Parameters<Store['trimRetention']>[0]) {
    return this.call('trimRetention', [rule]) as Promise<number>;
  }

  stats() {
    return this.call('stats', []) as ReturnType<Store['stats']>;
  }

  /** Writes what arrived, closes the store and ends the thread. */
  close() {
    this.closing ??= this.end();
    return this.closing;
  }

  giveUpWaiting(): void {
    if (!this.isOver()) this.worker.postMessage({ giveUp: true } satisfies StoreThreadMessage);
  }

  writerPort(): MessagePort {
    return this.newPort((writerPort) => ({ writerPort }));
  }

  readerPort(): MessagePort {
    return this.newPort((readerPort) => ({ readerPort }));
  }

  private newPort(message: (port: MessagePort) => StoreThreadMessage): MessagePort {
    const { port1, port2 } = new MessageChannel();
    if (this.isOver()) port1.close();
    else this.worker.postMessage(message(port1), [port1]);
    return port2;
  }

  onError(listener: (error: OperatingError) => void): void {
    this.errorListeners.push(listener);
    if (this.failure !== undefined && this.closing === undefined) listener(this.failure);
  }

  onWriteRetry(listener: (error: Error, attempt: number) => void): void {
    this.retryListeners.push(listener);
  }

  private async end(): Promise<void> {
    if (this.failure === undefined) await this.request('close', []);
    await this.ended;
  }

  private call(method: StoreMethod, args: readonly unknown[]): Promise<unknown> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.isOver())
      return Promise.reject(new OperatingError('store_closed', `cannot ${method}: the store thread is closed`));
    return this.request(method, args);
  }

  private async request(method: StoreMethod, args: readonly unknown[]): Promise<unknown> {
    const { id, answer } = this.pending.add();
    this.worker.postMessage({ id, method, args });
    return (await answer).result;
  }

  private isOver(): boolean {
    return this.failure !== undefined || this.closing !== undefined;
  }

  private take(notice: StoreThreadNotice): void {
    if ('crash' in notice) this.fail(fromPortError(notice.crash));
    else if (!('writeRetry' in notice)) this.pending.settle(notice);
    else
      for (const listener of this.retryListeners)
        listener(fromPortError(notice.writeRetry.error), notice.writeRetry.attempt);
  }

  private fail(cause: unknown): void {
    if (this.failure !== undefined) return;
    const message = `cannot use the store thread: ${cause instanceof Error ? cause.message : String(cause)}`;
    const failure = new OperatingError('store_thread_ended', message, { cause });
    const expected = this.closing !== undefined;
    this.failure = failure;
    this.pending.failAll(failure);
    if (!expected) for (const listener of this.errorListeners) listener(failure);
  }
}

/**
 * The engine's end of a writer port. Batches are written in the order of the calls; `write` waits while `inFlightMax`
 * are on their way, which is how a slow store slows the engine. Questions about history are answered behind the batches
 * sent before them; faults that may pass are waited out for both.
 */
export class StoreWriterClient implements StoreHistory, StoredKpis {
  private readonly port: MessagePort;
  private readonly inFlightMax: number;
  private readonly pending = new PendingAnswers();
  private readonly waiting: (() => void)[] = [];
  private inFlight = 0;
  private failure: Error | undefined;
  private committed = 0;

  constructor(port: MessagePort, options: { readonly inFlightMax?: number } = {}) {
    this.port = port;
    this.inFlightMax = options.inFlightMax ?? IN_FLIGHT_MAX_DEFAULT;
    port.on('message', (answer: StoreAnswer) => this.pending.settle(answer));
    port.on('close', () =>
      this.fail(new OperatingError('store_thread_ended', 'cannot write to the store: its thread has ended')),
    );
  }

  /** Newest position known to be committed through this port; 0 before the first. */
  get position(): number {
    return this.committed;
  }

  /**
   * Resolves once the batch and its position are committed. The buffers of its readings and panes are transferred and must
   * not be used any more. Faults that may pass are waited out in the store thread; after a rejection every later write is
   * rejected with the same error, because it would carry the position past the lost batch: begin again from a snapshot.
   */
  async write(batch: StoreBatch): Promise<void> {
    // No await before a free place is taken: calls keep their order.
    if (this.inFlight >= this.inFlightMax) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.inFlight++;
    try {
      if (this.failure !== undefined) throw this.failure;
      const { id, answer } = this.pending.add();
      this.port.postMessage({ id, method: 'write', args: [batch] }, [
        ...buffersOf(batch.readings),
        ...buffersOf(batch.panes),
      ]);
      this.committed = (await answer).position;
    } catch (error) {
      this.fail(error as Error);
      throw this.failure;
    } finally {
      this.passPlaceOn();
    }
  }

  readingsAround(...args: Parameters<StoreHistory['readingsAround']>) {
    return this.ask('readingsAround', args) as ReturnType<StoreHistory['readingsAround']>;
  }

  readingsOf(...args: Parameters<StoreHistory['readingsOf']>) {
    return this.ask('readingsOf', args) as ReturnType<StoreHistory['readingsOf']>;
  }

  panesOf(query: Parameters<StoreHistory['panesOf']>[0]) {
    return this.ask('panesOf', [query]) as ReturnType<StoreHistory['panesOf']>;
  }

  panesIn(...args: Parameters<StoreHistory['panesIn']>) {
    return this.ask('panesIn', args) as ReturnType<StoreHistory['panesIn']>;
  }

  heardHours(range: Parameters<StoreHistory['heardHours']>[0]) {
    return this.ask('heardHours', [range]) as ReturnType<StoreHistory['heardHours']>;
  }

  kpiRevisions(...args: Parameters<StoreHistory['kpiRevisions']>) {
    return this.ask('kpiRevisions', args) as ReturnType<StoreHistory['kpiRevisions']>;
  }

  kpis(query: Parameters<StoredKpis['kpis']>[0]) {
    return this.ask('kpis', [query]) as ReturnType<StoredKpis['kpis']>;
  }

  /** Closes the port; writes and questions on their way are rejected. */
  close(): void {
    this.fail(new OperatingError('store_closed', 'cannot write to the store: the writer is closed'));
    this.port.close();
  }

  private async ask(method: keyof StoreHistory | keyof StoredKpis, args: readonly unknown[]): Promise<unknown> {
    if (this.failure !== undefined) throw this.failure;
    const { id, answer } = this.pending.add();
    this.port.postMessage({ id, method, args });
    return (await answer).result;
  }

  /** The place goes to the longest waiting call, so that no later one slips in between. */
  private passPlaceOn(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.inFlight--;
    else next();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.pending.failAll(this.failure);
  }
}

/** A mirror's, or a trial's, end of a reader port. */
export class StoreReaderClient implements StoreReader {
  private readonly port: MessagePort;
  private readonly pending = new PendingAnswers();
  private failure: Error | undefined;

  constructor(port: MessagePort) {
    this.port = port;
    port.on('message', (answer: StoreAnswer) => this.pending.settle(answer));
    port.on('close', () =>
      this.fail(new OperatingError('store_thread_ended', 'cannot read the store: its thread has ended')),
    );
  }

  series(filter: Parameters<StoreReader['series']>[0]) {
    return this.ask('series', [filter]) as ReturnType<StoreReader['series']>;
  }

  latest(series: readonly number[]) {
    return this.ask('latest', [series]) as ReturnType<StoreReader['latest']>;
  }

  panesOf(query: Parameters<StoreReader['panesOf']>[0]) {
    return this.ask('panesOf', [query]) as ReturnType<StoreReader['panesOf']>;
  }

  stats() {
    return this.ask('stats', []) as ReturnType<StoreReader['stats']>;
  }

  changes(...args: Parameters<StoreReader['changes']>) {
    return this.ask('changes', args) as ReturnType<StoreReader['changes']>;
  }

  markBefore(timeMs: number) {
    return this.ask('markBefore', [timeMs]) as Promise<StoreMark>;
  }

  /** Closes the port; questions without an answer are rejected. */
  close(): void {
    this.fail(new OperatingError('store_closed', 'cannot read the store: the reader is closed'));
    this.port.close();
  }

  private async ask(method: keyof StoreReader, args: readonly unknown[]): Promise<unknown> {
    if (this.failure !== undefined) throw this.failure;
    const { id, answer } = this.pending.add();
    this.port.postMessage({ id, method, args });
    return (await answer).result;
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.pending.failAll(this.failure);
  }
}

interface Waiter {
  readonly resolve: (value: Settled) => void;
  readonly reject: (error: Error) => void;
}

interface Settled {
  readonly result: unknown;
  readonly position: number;
}

/** Requests that have no answer yet. */
class PendingAnswers {
  private readonly waiters = new Map<number, Waiter>();
  private nextId = 1;

  add(): { readonly id: number; readonly answer: Promise<Settled> } {
    const id = this.nextId++;
    const answer = new Promise<Settled>((resolve, reject) => this.waiters.set(id, { resolve, reject }));
    return { id, answer };
  }

  settle(answer: StoreAnswer): void {
    const waiter = this.waiters.get(answer.id);
    this.waiters.delete(answer.id);
    if ('error' in answer) waiter?.reject(fromPortError(answer.error));
    else waiter?.resolve(answer);
  }

  failAll(error: Error): void {
    for (const waiter of this.waiters.values()) waiter.reject(error);
    this.waiters.clear();
  }
}
