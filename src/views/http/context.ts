import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Clock } from '../../base/index.ts';
import type { DevicePlacement } from '../../config/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { LatestState } from '../latest.ts';
import type { ViewSources } from '../views.ts';

/** What every group of routes is given. */
export interface RouteContext {
  readonly sources: ViewSources;
  readonly latest: LatestState;
  readonly log: Logger;
  readonly clock: Clock;
  readonly placementOf: (device: string) => DevicePlacement;
}

/**
 * Event time by which city facts are in force now, ms UTC. Before the first reading there is none: then the newest facts
 * are those that hold.
 */
export function factsNowMs({ sources }: Pick<RouteContext, 'sources'>): number {
  const { nowMs } = sources.engineStanding();
  return Number.isFinite(nowMs) ? nowMs : Number.POSITIVE_INFINITY;
}

/** The server with request and response types taken from zod schemas. */
export type TypedServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;
