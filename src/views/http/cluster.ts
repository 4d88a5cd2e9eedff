import * as z from 'zod';
import type { ClusterStanding } from '../cluster.ts';
import { isoOrNull } from '../times.ts';
import type { RouteContext, TypedServer } from './context.ts';
import { type ClusterBody, clusterSchema, errorSchema } from './schemas.ts';

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

function clusterBody(standing: ClusterStanding): ClusterBody {
  const { node, roles, atMs, problem, cut, cutter = null, kpiTopics = null, ...rest } = standing;
  const { engines, members, partitions, replicas, memory } = rest;
  return {
    ...{ node, problem, cutter, kpiTopics, memory, roles: [...roles], engines: [...engines], at: isoOrNull(atMs) },
    cut: { number: cut.number, at: isoOrNull(cut.atMs), position: cut.position },
    partitions: partitions.map(({ partition, rawEnd, madeEnd, handovers, owner = null, ownedSinceMs }) => ({
      ...{ partition, messages: rawEnd, lag: Math.max(0, rawEnd - madeEnd), owner, handovers },
      ownedSince: isoOrNull(ownedSinceMs ?? 0),
    })),
    members: members.map(({ name, roles: all, basis = null }) => ({ name, roles: [...all], basis })),
    replicas: replicas.map(({ name, position, silentMs }) => ({
      ...{ name, position, behind: Math.max(0, cut.position - position), heard: isoOrNull(atMs - silentMs) },
    })),
  };
}
