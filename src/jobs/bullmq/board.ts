import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Queue } from 'bullmq';

/** Pages that show what lies in the queues; orders are given elsewhere, where they are audited. */
export interface JobBoard {
  /** Registers the pages below a path. */
  readonly pluginAt: (path: string) => ReturnType<FastifyAdapter['registerPlugin']>;
}

export function openJobBoard(queues: readonly Queue[]): JobBoard {
  return {
    pluginAt: (path) => {
      const server = new FastifyAdapter();
      server.setBasePath(path);
      createBullBoard({
        queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
        serverAdapter: server,
        options: { uiConfig: { boardTitle: 'City Vitals: jobs' } },
      });
      return server.registerPlugin();
    },
  };
}
