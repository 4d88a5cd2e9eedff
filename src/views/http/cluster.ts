import * as z from 'zod';
import type { ClusterStanding } from '../cluster.ts';
import { isoOrNull } from '../times.ts';
import type { RouteContext, TypedServer } from './context.ts';
import { errorSchema } from './schemas.ts';

const time = z.string().nullable().describe('Instant, UTC; null where there is none');

const clusterSchema = z.object({
  node: z.string().describe('The process that answers'),
  roles: z.array(z.string()),
  at: time.describe('When it looked last'),
  problem: z.string().nullable().describe('Why it could not look since'),
  cut: z.object({ number: z.number(), at: time, position: z.number() }),
  cutter: z.string().nullable().describe('The process that makes cuts; null when nobody does'),
  engines: z.array(z.string()).describe('Processes that own partitions'),
  partitions: z.array(
    z.object({
      partition: z.number(),
      messages: z.number().describe('Messages so far'),
      lag: z.number().describe('Messages that are not decoded yet'),
      owner: z.string().nullable(),
      ownedSince: time,
      handovers: z.number(),
    }),
  ),
  replicas: z.array(
    z.object({
      name: z.string(),
      position: z.number(),
      behind: z.number().describe('Records up to the newest cut that it may still need'),
      heard: time,
    }),
  ),
  memory: z.object({ usedBytes: z.number(), maxBytes: z.number().nullable() }),
});

/** How the city stands where it is spread over processes. */
export function clusterRoute(app: TypedServer, { sources }: Pick<RouteContext, 'sources'>): void {
  app.get(
    '/cluster',
    {
      schema: {
        summary: 'Partitions, their owners and readers; null where one process serves the city',
        tags: ['operations'],
        querystring: z.strictObject({}),
        response: { 200: z.object({ cluster: clusterSchema.nullable() }), 400: errorSchema },
      },
    },
    async () => {
      const standing = sources.cluster();
      return { cluster: standing === undefined ? null : clusterBody(standing) };
    },
  );
}

function clusterBody(standing: ClusterStanding): z.output<typeof clusterSchema> {
  const { node, roles, atMs, problem, cut, cutter = null, engines, partitions, replicas, memory } = standing;
  return {
    ...{ node, problem, cutter, memory, roles: [...roles], engines: [...engines], at: isoOrNull(atMs) },
    cut: { number: cut.number, at: isoOrNull(cut.atMs), position: cut.position },
    partitions: partitions.map(({ partition, rawEnd, madeEnd, handovers, owner = null, ownedSinceMs }) => ({
      ...{ partition, messages: rawEnd, lag: Math.max(0, rawEnd - madeEnd), owner, handovers },
      ownedSince: isoOrNull(ownedSinceMs ?? 0),
    })),
    replicas: replicas.map(({ name, position, atMs: heardMs }) => ({
      ...{ name, position, behind: Math.max(0, cut.position - position), heard: isoOrNull(heardMs) },
    })),
  };
}
