import { Worker } from 'node:worker_threads';
import { OperatingError } from '../../base/index.ts';
import { asError } from '../thread-error.ts';
import type { PartitionNotice, PartitionRequest, PartitionThreadSettings } from './partition-protocol.ts';

export interface PartitionListeners {
  onInfo(text: string): void;
  onWarning(text: string): void;
  /** The thread ended without having been asked to. */
  onFailure(error: Error): void;
}

export interface PartitionThread {
  /** Hands everything that it owns over, and ends it. */
  stop(): Promise<void>;
}

/** Starts the thread that owns partitions; resolves when it takes part. @throws OperatingError `profile_invalid`... */
export async function startPartitionThread(
  settings: PartitionThreadSettings,
  listeners: PartitionListeners,
): Promise<PartitionThread> {
  const entry = import.meta.url.endsWith('.ts') ? './partition-thread.ts' : './partition-thread.js';
  const worker = new Worker(new URL(entry, import.meta.url), { workerData: settings, name: 'partitions' });
  let isStopping = false;
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (notice: PartitionNotice) => {
      if (notice.kind === 'ready') resolve();
      else if (notice.kind === 'info') listeners.onInfo(notice.text);
      else if (notice.kind === 'warning') listeners.onWarning(notice.text);
    });
    const fail = (error: Error): void => {
      reject(error);
      if (!isStopping) listeners.onFailure(error);
    };
    worker.once('error', (cause) => fail(asError(cause)));
    worker.once('exit', (code) =>
      fail(new OperatingError('engine_ended', `the thread of partitions ended with code ${code}`)),
    );
  });
  return {
    stop: async () => {
      isStopping = true;
      worker.postMessage({ kind: 'stop' } satisfies PartitionRequest);
      await ended;
    },
  };
}
