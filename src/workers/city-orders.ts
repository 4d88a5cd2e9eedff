import type { Config } from '../config/index.ts';
import type { AuditTrail } from '../identity/index.ts';
import type { Job, JobState, Jobs } from '../jobs/index.ts';
import type { OrderState, Orders } from '../views/http/index.ts';
import { type AgainOrder, DECODE_AGAIN } from './again-job.ts';
import { filtersOfProfile } from './device-rights.ts';
import { daysOrder, EXPORT } from './export-job.ts';
import { IMPORT } from './import-job.ts';
import { importOrder } from './import-order.ts';

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
    importFile: async ({ file, columns }, { name, address }) => {
      const order = importOrder(config.dataFolder, file, columns);
      const job = await jobs.add(IMPORT, order, { deduplicationKey: `${IMPORT} ${order.file}` });
      audit.record({ kind: 'import', who: name, by: 'http', address, cause: `order ${job.id}: ${order.file}` });
      return orderState(job);
    },
    list: async (limit, kind) => {
      return (await jobs.list({ limit, ...(kind === undefined ? {} : { kind }) })).map(orderState);
    },
    cancel: async (id, { name, address }) => {
      const before = await jobs.get(id);
      if (before === undefined || ENDED.has(before.state)) return before && orderState(before);
      await jobs.cancel(id);
      audit.record({ kind: 'job_cancelled', who: name, by: 'http', address, cause: `order ${id}` });
      const job = await jobs.get(id);
      return job && orderState(job);
    },
  };
}

function orderState({ id, kind, state, progress, createdAtMs, error, result }: Job): OrderState {
  return { id, kind, state, progress, createdAtMs, error, result };
}
