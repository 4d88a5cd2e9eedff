import { OperatingError } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { AuditTrail } from '../identity/index.ts';
import type { Job, JobOptions, JobState, Jobs } from '../jobs/index.ts';
import type { OrderState, Orders } from '../views/http/index.ts';
import { checkReport } from '../views/index.ts';
import { type AgainOrder, DECODE_AGAIN } from './again-job.ts';
import { ALARM_EVALUATION, alarmOrder } from './alarm-job.ts';
import { filtersOfProfile } from './device-rights.ts';
import { daysOrder, EXPORT } from './export-job.ts';
import { IMPORT } from './import-job.ts';
import { importOrder } from './import-order.ts';
import { describeJob } from './job-words.ts';
import { RECOMPUTE, recomputeOrder } from './recompute-job.ts';
import { REPORT } from './report-job.ts';
import { KPI_TRIAL } from './trial-job.ts';
import { trialOrder } from './trial-order.ts';

export interface CityOrdersSources {
  readonly config: Config;
  readonly jobs: Jobs;
  readonly audit: AuditTrail;
  /** Newest durable record of the journal. */
  durableSequence(): number;
}

const ENDED: ReadonlySet<JobState> = new Set(['completed', 'failed', 'cancelled']);

/** What admins order becomes a job, and a line of the audit trail. */
export function cityOrders({ config, jobs, audit, durableSequence }: CityOrdersSources): Orders {
  const orderState = ({ input, checkpoint: _checkpoint, ...job }: Job): OrderState => {
    return { ...job, description: describeJob(config.city.timeZone, job.kind, input) };
  };
  return {
    decodeAgain: async ({ profile, ...order }, { name, address }) => {
      const topics = profile === undefined ? order.topics : filtersOfProfile(config, profile, order.topics);
      const upToSequence = durableSequence();
      const job = await jobs.add(DECODE_AGAIN, { ...order, topics, upToSequence } satisfies AgainOrder);
      const cause = `order ${job.id}: ${JSON.stringify({ ...order, topics })}`;
      audit.record({ kind: 'decode_again', who: name, by: 'http', address, cause });
      return orderState(job);
    },
    exportDays: async ({ kinds, ...range }, { name, address }) => {
      const order = daysOrder(config.city.timeZone, kinds, range);
      const job = await jobs.add(EXPORT, order, { deduplicationKey: `${EXPORT} ${order.folder} ${kinds.join()}` });
      audit.record({ kind: 'export', who: name, by: 'http', address, cause: `order ${job.id}: ${order.folder}` });
      return orderState(job);
    },
    recompute: async (asked, { name, address }) => {
      const order = recomputeOrder(config.city.timeZone, asked);
      const job = await jobs.add(RECOMPUTE, order, { deduplicationKey: `${RECOMPUTE} ${JSON.stringify(order)}` });
      const cause = `order ${job.id}: ${JSON.stringify(order)}`;
      audit.record({ kind: 'recompute', who: name, by: 'http', address, cause });
      return orderState(job);
    },
    tryKpi: async (asked, { name, address }) => {
      const order = trialOrder(config, asked);
      const job = await jobs.add(KPI_TRIAL, order, onceAtATime(KPI_TRIAL, order));
      audit.record({ kind: 'kpi_trial', who: name, by: 'http', address, cause: `order ${job.id}: ${order.kpi}` });
      return orderState(job);
    },
    evaluateAlarm: async (asked, { name, address }) => {
      const order = alarmOrder(config, asked);
      const job = await jobs.add(ALARM_EVALUATION, order, onceAtATime(ALARM_EVALUATION, order));
      const cause = `order ${job.id}: ${order.kpi} of ${order.zone} ${order.condition} ${order.threshold}`;
      audit.record({ kind: 'alarm_evaluation', who: name, by: 'http', address, cause });
      return orderState(job);
    },
    report: async ({ zone, period }, { name, address }) => {
      const order = { zone, period };
      checkReport(config, order);
      const job = await jobs.add(REPORT, order, { deduplicationKey: `${REPORT} ${zone} ${period}` });
      audit.record({ kind: 'report', who: name, by: 'http', address, cause: `order ${job.id}: ${zone} ${period}` });
      return orderState(job);
    },
    importFile: async ({ file, columns }, { name, address }) => {
      const order = importOrder(config.dataFolder, file, columns);
      const job = await jobs.add(IMPORT, order, { deduplicationKey: `${IMPORT} ${order.file}` });
      audit.record({ kind: 'import', who: name, by: 'http', address, cause: `order ${job.id}: ${order.file}` });
      return orderState(job);
    },
    list: async ({ limit, kind, state }) => {
      const filter = { ...(kind === undefined ? {} : { kind }), ...(state === undefined ? {} : { state }) };
      return (await jobs.list({ ...filter, limit })).map(orderState);
    },
    cancel: async (id, { name, address }) => {
      const before = await jobs.get(id);
      if (before === undefined || ENDED.has(before.state)) return before && orderState(before);
      await jobs.cancel(id);
      audit.record({ kind: 'job_cancelled', who: name, by: 'http', address, cause: `order ${id}` });
      const job = await jobs.get(id);
      return job && orderState(job);
    },
    retry: async (id, { name, address }) => {
      const before = await jobs.get(id);
      if (before === undefined) return undefined;
      checkRunsAgain(before);
      await jobs.retry(id);
      const job = await jobs.get(id);
      if (job?.state === before.state && job.finishedAtMs === before.finishedAtMs) throw orderedAlready(id);
      audit.record({ kind: 'job_retried', who: name, by: 'http', address, cause: `order ${id}` });
      return job && orderState(job);
    },
  };
}

/** What is ordered again while it waits or runs is the same order. What failed would fail again. */
function onceAtATime(kind: string, order: unknown): JobOptions {
  return { deduplicationKey: `${kind} ${JSON.stringify(order)}`, attemptsMax: 1 };
}

function checkRunsAgain({ id, state }: Job): void {
  if (state === 'failed' || state === 'cancelled') return;
  const message = `cannot run the job ${id} again: it is ${state}; only failed and cancelled ones run again`;
  throw new OperatingError('job_not_failed', message);
}

function orderedAlready(id: string): OperatingError {
  const message = `cannot run the job ${id} again: the same was ordered anew, and waits or runs`;
  return new OperatingError('job_ordered_already', message);
}
