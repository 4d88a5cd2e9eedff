import type { FastifyInstance, FastifyPluginCallback } from 'fastify';

/** Where the queues of jobs are shown, for admins. */
export const BOARD_PATH = '/jobs/board';

/** Pages of another library: it is told below which path they lie. */
export interface Board {
  readonly pluginAt: (path: string) => FastifyPluginCallback<{ prefix?: string }>;
}

/** Serves them; they read only, as what is no order is refused. */
export async function boardPages(app: FastifyInstance, board: Board): Promise<void> {
  await app.register(board.pluginAt(BOARD_PATH), { prefix: BOARD_PATH });
}
