import { join } from 'node:path';
import { type MessagePort, Worker } from 'node:worker_threads';
import { OperatingError } from '../base/index.ts';
import type { CityConfig } from '../config/index.ts';
import type { JobContext, JobHandler } from '../jobs/index.ts';
import { fromPortError } from './store-protocol.ts';
import type { TrialOrder } from './trial-order.ts';
import type { TrialJobResult, TrialNotice, TrialThreadSettings } from './trial-protocol.ts';

/** The kind of the job. */
export const KPI_TRIAL = 'kpi-trial';

export interface TrialJobSources {
  readonly city: CityConfig;
  /** A new port of the store, to be handed to a thread. */
  readerPort(): MessagePort;
  /** Absolute path of the folder of all trials. */
  readonly trialsFolder: string;
}

/** All values of a trial are in its memory: up to `TRIAL_VALUES_MAX` of them, and a part of the hours. */
const MEMORY_MB_MAX = 1_024;

/**
 * Computes a KPI over stored history in a thread of its own, whatever it costs: neither broker nor page wait for it, and
 * the store answers it in parts beside its work. After a restart it begins anew.
 */
export function trialJob({ city, readerPort, trialsFolder }: TrialJobSources): JobHandler {
  return ({ job, signal, progress }) => {
    signal.throwIfAborted();
    const file = join(trialsFolder, `${job.id}.csv`);
    return runThread({ city, order: job.input as TrialOrder, readerPort: readerPort(), file }, { signal, progress });
  };
}

async function runThread(
  settings: TrialThreadSettings,
  { signal, progress }: Pick<JobContext, 'signal' | 'progress'>,
): Promise<TrialJobResult> {
  // Beside this file lies the source when it is run as such, and the compiled file in a build.
  const entry = import.meta.url.endsWith('.ts') ? './trial-thread.ts' : './trial-thread.js';
  const worker = new Worker(new URL(entry, import.meta.url), {
    workerData: settings,
    transferList: [settings.readerPort],
    name: 'trial',
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB_MAX },
  });
  const { promise, resolve, reject } = Promise.withResolvers<TrialJobResult>();
  worker.on('message', (notice: TrialNotice) => {
    if (notice.kind === 'done') resolve(notice.result);
    else if (notice.kind === 'failed') reject(fromPortError(notice.error));
    // How far it is can be told later, too.
    else void progress(notice.ratio).catch(() => undefined);
  });
  worker.once('error', reject);
  worker.once('exit', (code) =>
    reject(new OperatingError('trial_ended', `the thread of the trial ended with code ${code}`)),
  );
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
