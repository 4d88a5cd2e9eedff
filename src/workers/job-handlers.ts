import { join, resolve } from 'node:path';
import type { Clock } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { Batches, JobHandler } from '../jobs/index.ts';
import type { JournalWriter } from '../journal/index.ts';
import { openLocalJournalReader } from '../journal/local/index.ts';
import type { Message } from '../model/index.ts';
import { loadProfiles } from '../profiles/index.ts';
import type { ViewSources } from '../views/index.ts';
import { againJob, DECODE_AGAIN } from './again-job.ts';
import { ALARM_EVALUATION, alarmJob } from './alarm-job.ts';
import { cityOf } from './city-of.ts';
import { profileFolders } from './device-rights.ts';
import { EXPORT, exportJob, localDayOf } from './export-job.ts';
import { IMPORT, importJob } from './import-job.ts';
import { type JobPace, OnTheirWay } from './job-pace.ts';
import { cityIntake, seriesTerms } from './pipeline.ts';
import { RECOMPUTE, recomputeJob } from './recompute-job.ts';
import { REPORT, reportJob } from './report-job.ts';
import type { StoreThread } from './store-client.ts';
import { KPI_TRIAL, trialJob } from './trial-job.ts';

/** What the handlers of jobs work with. */
export interface JobSources {
  readonly config: Config;
  readonly clock: Clock;
  readonly views: ViewSources;
  readonly journal: JournalWriter;
  readonly store: StoreThread;
  readonly load: JobPace['load'];
  /** Takes a message as one that was published. */
  accept(message: Message, done: (error?: Error) => void): void;
  /** Readings from here on find their place in panes, ms UTC. */
  rebuiltFromMs(): number;
  /** The engine's time, ms UTC; -Infinity while it has none. */
  engineNowMs(): number;
  readonly batches: Batches;
}

/** Absolute path of the folder of reports. */
export function reportsFolder(dataFolder: string): string {
  return resolve(dataFolder, 'reports');
}

/** All kinds of jobs of a city. */
export const JOB_KINDS = [DECODE_AGAIN, RECOMPUTE, IMPORT, EXPORT, REPORT, ALARM_EVALUATION, KPI_TRIAL] as const;

/** The code for each kind. */
export function jobHandlers(sources: JobSources): Readonly<Record<(typeof JOB_KINDS)[number], JobHandler>> {
  const { config, clock, views, journal, store: opened, load } = sources;
  const { dataFolder } = config;
  const store = () => opened;
  const openReader = () => openLocalJournalReader({ folder: join(dataFolder, 'journal') });
  const dayOf = (atMs: number) => localDayOf(config.city.timeZone, atMs);
  const readerPort = () => opened.readerPort();
  const common = { load, lateMax: config.windows.lateMax, onTheirWay: new OnTheirWay(), clock, store };
  return {
    [DECODE_AGAIN]: againJob({ ...common, openReader, journal }),
    [RECOMPUTE]: recomputeJob({
      ...{ ...common, journal, batches: sources.batches, timeZone: config.city.timeZone },
      ...{ rebuiltFromMs: sources.rebuiltFromMs, engineNowMs: sources.engineNowMs, termsOf: seriesTerms(config) },
    }),
    [IMPORT]: importJob({
      ...common,
      ...{ accept: sources.accept, journal },
      openIntake: () => cityIntake(config, loadProfiles(profileFolders(config))),
      payloadBytesMax: config.mqtt.payloadMax,
      rebuiltFromMs: sources.rebuiltFromMs,
    }),
    [EXPORT]: exportJob({ store, exportsFolder: resolve(dataFolder, 'exports'), dayOf }),
    [REPORT]: reportJob({ sources: views, clock, reportsFolder: reportsFolder(dataFolder) }),
    [ALARM_EVALUATION]: alarmJob({ store }),
    [KPI_TRIAL]: trialJob({ city: cityOf(config), readerPort, trialsFolder: resolve(dataFolder, 'trials') }),
  };
}
