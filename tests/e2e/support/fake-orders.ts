import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEvent } from '../../../src/identity/index.ts';
import type { Jobs } from '../../../src/jobs/index.ts';
import { createInlineJobs } from '../../../src/jobs/inline/index.ts';
import type { Orders } from '../../../src/views/http/index.ts';
import { cityOrders } from '../../../src/workers/city-orders.ts';
import type { FakeSources } from './fake-sources.ts';

/** Orders that become real jobs, whose code the test gives. */
export interface FakeOrders {
  readonly orders: Orders;
  readonly jobs: Jobs;
  /** What would be written down. */
  readonly events: AuditEvent[];
  /** Lets every wait between attempts pass. */
  passTime(): void;
  close(): Promise<void>;
}

/** Jobs of the fake city, by its clock. */
export async function createFakeOrders({ config, clock }: FakeSources): Promise<FakeOrders> {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-orders-'));
  const waiting = new Set<() => void>();
  const startTimer = (_afterMs: number, call: () => void) => {
    waiting.add(call);
    return () => void waiting.delete(call);
  };
  const jobs = createInlineJobs({ file: join(folder, 'jobs.sqlite'), clock, startTimer });
  await jobs.open();
  const events: AuditEvent[] = [];
  const audit = { record: (event: AuditEvent) => void events.push(event), close: () => {} };
  return {
    orders: cityOrders({ config, jobs, audit, durableSequence: () => 84_000 }),
    jobs,
    events,
    passTime() {
      clock.advance(600_000);
      for (const call of [...waiting]) {
        waiting.delete(call);
        call();
      }
    },
    async close() {
      await jobs.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
