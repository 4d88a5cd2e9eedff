import { OperatingError } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { AuditKind, AuditTrail } from '../identity/index.ts';
import type { Job, JobOptions, JobState, Jobs } from '../jobs/index.ts';
import type { OrderedBy, OrderState, Orders } from '../views/http/index.ts';
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

/** Of a message everything that is kept for long is what it was decoded to. */
function streamsKeepNothing(): OperatingError {
  return new OperatingError(
    'journal_streams',
    'cannot decode messages again: journal.backend is "redis", whose streams keep them only until all have read them',
  );
}

const ENDED: ReadonlySet<JobState> = new Set(['completed', 'failed', 'cancelled']);

/** What admins order becomes a job, and a line of the audit trail. */
export function cityOrders(sources: CityOrdersSources): Orders {
  return { ...newOrders(sources), ...takenOrders(sources) };
}

type TakenOrders = Pick<Orders, 'list' | 'cancel' | 'retry'>;

function newOrders({ config, jobs, audit, durableSequence }: CityOrdersSources): Omit<Orders, keyof TakenOrders> {
  const { timeZone } = config.city;
  /** @param cause what of the order is written down */
  const add = async (
    kind: string,
    audited: AuditKind,
    by: OrderedBy,
    order: unknown,
    cause: string,
    how: JobOptions,
  ) => {
    const job = await jobs.add(kind, order, how);
    audit.record({ kind: audited, who: by.name, by: 'http', address: by.address, cause: `order ${job.id}: ${cause}` });
    return orderState(timeZone, job);
  };
  return {
    decodeAgain: async ({ profile, ...asked }, by) => {
      if (config.journal.backend === 'redis') throw streamsKeepNothing();
      const topics = profile === undefined ? asked.topics : filtersOfProfile(config, profile, asked.topics);
      const order: AgainOrder = { ...asked, topics, upToSequence: durableSequence() };
      return add(DECODE_AGAIN, 'decode_again', by, order, JSON.stringify({ ...asked, topics }), {});
    },
    recompute: async (asked, by) => {
      const order = recomputeOrder(timeZone, asked);
      return add(RECOMPUTE, 'recompute', by, order, JSON.stringify(order), once(RECOMPUTE, JSON.stringify(order)));
    },
    exportDays: async ({ kinds, ...range }, by) => {
      const order = daysOrder(timeZone, kinds, range);
      return add(EXPORT, 'export', by, order, order.folder, once(EXPORT, `${order.folder} ${kinds.join()}`));
    },
    importFile: async ({ file, columns }, by) => {
      const order = importOrder(config.dataFolder, file, columns);
      return add(IMPORT, 'import', by, order, order.file, once(IMPORT, JSON.stringify(order)));
    },
    report: async ({ zone, period }, by) => {
      const order = { zone, period };
      checkReport(config, order);
      return add(REPORT, 'report', by, order, `${zone} ${period}`, once(REPORT, `${zone} ${period}`));
    },
    tryKpi: async (asked, by) => {
      const order = trialOrder(config, asked);
      const how = { ...once(KPI_TRIAL, JSON.stringify(order)), ...WITHOUT_ANOTHER_TRY };
      return add(KPI_TRIAL, 'kpi_trial', by, order, order.kpi, how);
    },
    evaluateAlarm: async (asked, by) => {
      const order = alarmOrder(config, asked);
      const cause = `${order.kpi} of ${order.zone} ${order.condition} ${order.threshold}`;
      const how = { ...once(ALARM_EVALUATION, JSON.stringify(order)), ...WITHOUT_ANOTHER_TRY };
      return add(ALARM_EVALUATION, 'alarm_evaluation', by, order, cause, how);
    },
  };
}

/** What is ordered again while it waits or runs is the same order. */
function once(kind: string, what: string): JobOptions {
  return { deduplicationKey: `${kind} ${what}` };
}

/** What failed would fail again. */
const WITHOUT_ANOTHER_TRY: JobOptions = { attemptsMax: 1 };

function takenOrders({ config, jobs, audit }: CityOrdersSources): TakenOrders {
  const stateOf = (job: Job): OrderState => orderState(config.city.timeZone, job);
  return {
    list: async ({ limit, id, kind, state }) => {
      if (id !== undefined) return takenOf([await jobs.get(id)], kind, state).map(stateOf);
      const filter = { ...(kind === undefined ? {} : { kind }), ...(state === undefined ? {} : { state }) };
      return (await jobs.list({ ...filter, limit })).map(stateOf);
    },
    cancel: async (id, { name, address }) => {
      const before = await jobs.get(id);
      if (before === undefined || ENDED.has(before.state)) return before && stateOf(before);
      await jobs.cancel(id);
      audit.record({ kind: 'job_cancelled', who: name, by: 'http', address, cause: `order ${id}` });
      const job = await jobs.get(id);
      return job && stateOf(job);
    },
    retry: async (id, { name, address }) => {
      const before = await jobs.get(id);
      if (before === undefined) return undefined;
      checkRunsAgain(before);
      await jobs.retry(id);
      const job = await jobs.get(id);
      if (job?.state === before.state && job.finishedAtMs === before.finishedAtMs) throw orderedAlready(id);
      audit.record({ kind: 'job_retried', who: name, by: 'http', address, cause: `order ${id}` });
      return job && stateOf(job);
    },
  };
}

function takenOf(jobs: readonly (Job | undefined)[], kind?: string, state?: JobState): Job[] {
  return jobs.filter(
    (job) => job !== undefined && (kind ?? job.kind) === job.kind && (state ?? job.state) === job.state,
  ) as Job[];
}

function orderState(timeZone: string, { input, checkpoint: _checkpoint, ...job }: Job): OrderState {
  return { ...job, description: describeJob(timeZone, job.kind, input) };
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
