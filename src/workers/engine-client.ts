import { Worker } from 'node:worker_threads';
import { OperatingError } from '../base/index.ts';
import type { KpiQuestion } from '../kpis/index.ts';
import type { EngineStanding, LiveUpdate, WhyAnswer } from '../views/index.ts';
import type { EngineNotice, EngineRequest, EngineThreadSettings, WhyOutcome } from './engine-protocol.ts';
import { asError } from './thread-error.ts';

/** What the main thread hears of the engine. */
export interface EngineListeners {
  onTick(update: LiveUpdate, standing: EngineStanding): void;
  /** The store includes everything up to the sequence. */
  onStored(sequence: number): void;
  /** The journal up to the sequence is not needed any more to rebuild the engine. */
  onSafe(sequence: number, newestSnapshot: number): void;
  onWarning(text: string): void;
  /** The thread ended without having been asked to. */
  onFailure(error: Error): void;
}

/** Questions that wait at once, and how long each may take: together less than a browser waits. */
const QUESTIONS_MAX = 8;
const ANSWER_MS_MAX = 20_000;

export interface EngineThread {
  /** Journal sequence at which it goes on, and whether that came from a snapshot. */
  readonly startedAt: number;
  readonly fromSnapshot: boolean;
  advance(durableSequence: number): void;
  /**
   * How a value came about; undefined where there is nothing to take apart.
   *
   * @throws OperatingError `engine_busy` when too many questions wait, `engine_slow` when none is answered in time
   */
  why(question: KpiQuestion): Promise<WhyAnswer | undefined>;
  /** Lets it finish the batch at hand and ends the thread. */
  stop(): Promise<void>;
}

/**
 * A tick of a large city makes more objects than the usual young generation takes, and most of them are gone when it
 * ends: with room for them a heavy minute costs a third less.
 */
export const ENGINE_LIMITS = { maxYoungGenerationSizeMb: 192 };

/**
 * Starts the engine thread; resolves when it has loaded profiles and snapshot.
 *
 * @throws OperatingError `profile_invalid` and what else keeps it from starting
 */
export async function startEngineThread(
  settings: EngineThreadSettings,
  listeners: EngineListeners,
): Promise<EngineThread> {
  const entry = import.meta.url.endsWith('.ts') ? './engine-thread.ts' : './engine-thread.js';
  const worker = new Worker(new URL(entry, import.meta.url), {
    workerData: settings,
    transferList: [settings.storePort],
    name: 'engine',
    resourceLimits: ENGINE_LIMITS,
  });
  const send = (request: EngineRequest): void => worker.postMessage(request);
  let isStopping = false;
  const questions = new Questions((id, question) => send({ kind: 'why', id, question }));
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const ready = await new Promise<Extract<EngineNotice, { kind: 'ready' }>>((resolve, reject) => {
    worker.on('message', (notice: EngineNotice) => {
      if (notice.kind === 'ready') resolve(notice);
      else if (notice.kind === 'tick') listeners.onTick(notice.update, notice.standing);
      else if (notice.kind === 'stored') listeners.onStored(notice.sequence);
      else if (notice.kind === 'safe') listeners.onSafe(notice.sequence, notice.newestSnapshot);
      else if (notice.kind === 'why') questions.take(notice.id, notice.outcome);
      else if (notice.kind === 'warning') listeners.onWarning(notice.text);
    });
    worker.once('error', (cause) => {
      const error = asError(cause);
      reject(error);
      if (!isStopping) listeners.onFailure(error);
    });
    worker.once('exit', (code) => {
      const error = new OperatingError('engine_ended', `the engine thread ended with code ${code}`);
      reject(error);
      if (!isStopping) listeners.onFailure(error);
    });
  });
  return {
    startedAt: ready.sequence,
    fromSnapshot: ready.fromSnapshot,
    why: (question) => questions.ask(question),
    advance: (sequence) => send({ kind: 'durable', sequence }),
    stop: async () => {
      isStopping = true;
      send({ kind: 'stop' });
      await ended;
    },
  };
}

/** Questions on their way, one after the other. */
class Questions {
  readonly #send: (id: number, question: KpiQuestion) => void;
  #before: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #id = 0;
  #settle: ((outcome: WhyOutcome) => void) | undefined;

  constructor(send: (id: number, question: KpiQuestion) => void) {
    this.#send = send;
  }

  ask(question: KpiQuestion): Promise<WhyAnswer | undefined> {
    if (this.#waiting >= QUESTIONS_MAX) {
      const message = `cannot ask the engine: ${QUESTIONS_MAX} questions wait already`;
      return Promise.reject(new OperatingError('engine_busy', message, { retryable: true }));
    }
    this.#waiting++;
    const answered = this.#before.then(() => this.#askNow(question));
    this.#before = answered.catch(() => undefined).finally(() => this.#waiting--);
    return answered;
  }

  /** An answer that comes too late is dropped. */
  take(id: number, outcome: WhyOutcome): void {
    if (id === this.#id) this.#settle?.(outcome);
  }

  async #askNow(question: KpiQuestion): Promise<WhyAnswer | undefined> {
    const { promise, resolve } = Promise.withResolvers<WhyOutcome>();
    this.#settle = resolve;
    const timer = setTimeout(() => resolve({ error: 'it did not answer in time' }), ANSWER_MS_MAX).unref();
    this.#send(++this.#id, question);
    const outcome = await promise;
    clearTimeout(timer);
    if ('error' in outcome) {
      throw new OperatingError('engine_slow', `cannot ask the engine: ${outcome.error}`, { retryable: true });
    }
    return outcome.answer ?? undefined;
  }
}
