import { join, resolve } from 'node:path';
import type { Clock } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { JobHandler } from '../jobs/index.ts';
import type { JournalWriter } from '../journal/index.ts';
import { openLocalJournalReader } from '../journal/local/index.ts';
import type { ViewSources } from '../views/index.ts';
import { type AgainJobSources, againJob, DECODE_AGAIN } from './again-job.ts';
import { ALARM_EVALUATION, alarmJob } from './alarm-job.ts';
import { cityOf } from './city-of.ts';
import { EXPORT, exportJob, localDayOf } from './export-job.ts';
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
  readonly load: AgainJobSources['load'];
}

/** Absolute path of the folder of reports. */
export function reportsFolder(dataFolder: string): string {
  return resolve(dataFolder, 'reports');
}

/** All kinds of jobs of a city. */
export const JOB_KINDS = [DECODE_AGAIN, EXPORT, REPORT, ALARM_EVALUATION, KPI_TRIAL] as const;

/** The code for each kind. */
export function jobHandlers(sources: JobSources): Readonly<Record<(typeof JOB_KINDS)[number], JobHandler>> {
  const { config, clock, views, journal, store: opened, load } = sources;
  const { dataFolder } = config;
  const store = () => opened;
  const openReader = () => openLocalJournalReader({ folder: join(dataFolder, 'journal') });
  const dayOf = (atMs: number) => localDayOf(config.city.timeZone, atMs);
  const readerPort = () => opened.readerPort();
  return {
    [DECODE_AGAIN]: againJob({ clock, openReader, journal, store, load, lateMax: config.windows.lateMax }),
    [EXPORT]: exportJob({ store, exportsFolder: resolve(dataFolder, 'exports'), dayOf }),
    [REPORT]: reportJob({ sources: views, clock, reportsFolder: reportsFolder(dataFolder) }),
    [ALARM_EVALUATION]: alarmJob({ store }),
    [KPI_TRIAL]: trialJob({ city: cityOf(config), readerPort, trialsFolder: resolve(dataFolder, 'trials') }),
  };
}
