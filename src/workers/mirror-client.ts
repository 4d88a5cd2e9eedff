import { Worker } from 'node:worker_threads';
import type { MirrorStanding } from '../store/index.ts';
import type { MirrorNotice, MirrorThreadSettings } from './mirror-protocol.ts';
import { fromPortError } from './store-protocol.ts';

const STOP_GRACE_MS = 3_000;

export interface MirrorListeners {
  onStanding(standing: MirrorStanding): void;
  onWarning(name: string, text: string): void;
  /** The thread ended without having been asked to; called once. */
  onFailure(error: Error): void;
}

/** The mirrors in a thread of their own. */
export interface MirrorThread {
  /** Ends the requests at hand and the thread. */
  stop(): Promise<void>;
}

/** Starts the thread of the mirrors; the port of its settings is handed over. */
export function startMirrorThread(settings: MirrorThreadSettings, listeners: MirrorListeners): MirrorThread {
  // Beside this file lies the source when it is run as such, and the compiled file in a build.
  const entry = import.meta.url.endsWith('.ts') ? './mirror-thread.ts' : './mirror-thread.js';
  const worker = new Worker(new URL(entry, import.meta.url), {
    workerData: settings,
    transferList: [settings.readerPort],
    name: 'mirrors',
  });
  let isOver = false;
  const fail = (error: Error): void => {
    if (isOver) return;
    isOver = true;
    listeners.onFailure(error);
  };
  worker.on('message', (notice: MirrorNotice) => {
    if (notice.kind === 'standing') listeners.onStanding(notice.standing);
    else if (notice.kind === 'warning') listeners.onWarning(notice.name, notice.text);
    else fail(fromPortError(notice.error));
  });
  worker.on('error', (error: Error) => fail(error));
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      fail(new Error(`the thread of the mirrors ended with code ${code}`));
      resolve();
    });
  });
  return {
    async stop() {
      isOver = true;
      worker.postMessage({ kind: 'stop' });
      // A request that nobody answers is given up: it is made again after the next start.
      const timer = setTimeout(() => void worker.terminate(), STOP_GRACE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}
