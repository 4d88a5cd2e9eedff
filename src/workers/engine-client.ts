import { Worker } from 'node:worker_threads';
import { OperatingError } from '../base/index.ts';
import type { EngineStanding, LiveUpdate } from '../views/index.ts';
import type { EngineNotice, EngineRequest, EngineThreadSettings } from './engine-protocol.ts';

/** What the main thread hears of the engine. */
export interface EngineListeners {
  onTick(update: LiveUpdate, standing: EngineStanding): void;
  /** The store includes everything up to the sequence. */
  onStored(sequence: number): void;
  /** The journal up to the sequence is not needed any more to rebuild the engine. */
  onSafe(sequence: number): void;
  onWarning(text: string): void;
  /** The thread ended without having been asked to. */
  onFailure(error: Error): void;
}

export interface EngineThread {
  /** Journal sequence at which it goes on, and whether that came from a snapshot. */
  readonly startedAt: number;
  readonly fromSnapshot: boolean;
  advance(durableSequence: number): void;
  /** Lets it finish the batch at hand and ends the thread. */
  stop(): Promise<void>;
}

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
  });
  const send = (request: EngineRequest): void => worker.postMessage(request);
  let isStopping = false;
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const ready = await new Promise<Extract<EngineNotice, { kind: 'ready' }>>((resolve, reject) => {
    worker.on('message', (notice: EngineNotice) => {
      if (notice.kind === 'ready') resolve(notice);
      else if (notice.kind === 'tick') listeners.onTick(notice.update, notice.standing);
      else if (notice.kind === 'stored') listeners.onStored(notice.sequence);
      else if (notice.kind === 'safe') listeners.onSafe(notice.sequence);
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
    advance: (sequence) => send({ kind: 'durable', sequence }),
    stop: async () => {
      isStopping = true;
      send({ kind: 'stop' });
      await ended;
    },
  };
}

function asError(cause: unknown): Error {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') {
    return new OperatingError(cause.code, cause.message, { cause });
  }
  return cause instanceof Error ? cause : new Error(String(cause));
}
