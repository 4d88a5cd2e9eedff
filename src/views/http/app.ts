import fastify, { type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { type Clock, systemClock } from '../../base/index.ts';
import type { Posts } from '../../broker/index.ts';
import { devicePlacements } from '../../config/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { createLatestState } from '../latest.ts';
import type { ViewSources } from '../views.ts';
import { auditRoute } from './audit.ts';
import { type Board, boardPages } from './board.ts';
import { catalogueRoutes } from './catalogue.ts';
import { clusterRoute } from './cluster.ts';
import type { RouteContext, TypedServer } from './context.ts';
import { DOCS_PATH, serveDocs } from './docs.ts';
import { importOrderRoute } from './import-orders.ts';
import { ingestRoutes } from './ingest.ts';
import { jobRoutes } from './jobs.ts';
import { kpiRoutes } from './kpis.ts';
import { meRoute } from './me.ts';
import { measurementRoutes } from './measurements.ts';
import { createMetrics } from './metrics.ts';
import { operationsRoutes, probeRoutes } from './operations.ts';
import { type Orders, orderRoutes } from './orders.ts';
import { servePage } from './page.ts';
import { guardByRole, type PeopleOptions } from './people.ts';
import { answerError, problemText } from './problems.ts';
import { recomputeOrderRoute } from './recompute-orders.ts';
import { reportRoutes } from './reports.ts';
import { guardRequests } from './security.ts';
import { createHttpOrTlsServer, type HttpTls } from './server.ts';
import { type Setup, setupRoutes } from './setup.ts';
import { openStream, STREAM_LIMITS, type StreamLimits, streamRoute } from './stream.ts';
import { trialOrderRoutes } from './trial-orders.ts';
import { u4sscRoute } from './u4ssc.ts';
import { whyRoute } from './why.ts';

export interface HttpOptions {
  /** Absolute path of the built page (`web/dist`). */
  readonly webFolder: string;
  readonly log: Logger;
  /** The machine's clock when absent. */
  readonly clock?: Clock;
  /** Who may use the API; without it, whoever reaches the port. */
  readonly people?: PeopleOptions;
  /** Takes what devices post; without it nothing can be posted. */
  readonly posts?: Posts;
  /** What TLS is spoken with, where it is. */
  readonly tls?: HttpTls;
  /** What admins may order; without it nothing can be. */
  readonly orders?: Orders;
  /** Pages of the queues of jobs, where there are queues. */
  readonly board?: Board;
  /** Absolute path of the folder of reports; with `orders`, they can be ordered and read. */
  readonly reportsFolder?: string;
  /** The way to the first admin. */
  readonly setup?: Setup;
  /** Bounds of the live stream; smaller ones are for tests. */
  readonly streamLimits?: Partial<StreamLimits>;
}

/** Posts that wait for the journal get so long when the server ends. */
const POSTS_GRACE_MS = 2_000;

/** Builds the server without listening; closing it ends the live stream too. */
export async function buildApp(sources: ViewSources, options: HttpOptions): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    // What takes a longer body says so, or reads it itself.
    bodyLimit: 1024,
    serverFactory: (listener) => createHttpOrTlsServer(listener, options),
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 300 },
  });
  const context = routeContext(sources, options);
  const { hub, stop } = openStream(context, { ...STREAM_LIMITS, ...options.streamLimits });
  app.addHook('preClose', async () => {
    stop();
    await options.posts?.close(POSTS_GRACE_MS);
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerError(options.log));
  app.setNotFoundHandler((request, reply) => {
    const message = `cannot find ${JSON.stringify(request.url.slice(0, 100))}: the paths are listed at ${DOCS_PATH}`;
    return reply
      .code(404)
      .type('application/json')
      .send(problemText({ code: 'not_found', message }));
  });
  guardRequests(app, { host: sources.config.http.host, docsPath: DOCS_PATH });
  if (options.people !== undefined) guardByRole(app, sources.config.http, options.people, context.clock);
  if (options.setup !== undefined) setupRoutes(app, options.setup);
  await serveDocs(app, sources.version);
  await app.register(
    async (api) => {
      const typed: TypedServer = api.withTypeProvider<ZodTypeProvider>();
      catalogueRoutes(typed, context);
      kpiRoutes(typed, context);
      whyRoute(typed, context);
      u4sscRoute(typed, context);
      measurementRoutes(typed, context);
      operationsRoutes(typed, context);
      clusterRoute(typed, context);
      streamRoute(typed, context, hub);
      if (options.people !== undefined) auditRoute(typed, options.people);
      meRoute(typed);
      if (options.orders !== undefined) {
        orderRoutes(typed, context, options.orders);
        jobRoutes(typed, options.orders);
        trialOrderRoutes(typed, options.orders);
        importOrderRoute(typed, options.orders);
        recomputeOrderRoute(typed, options.orders);
        if (options.reportsFolder !== undefined) reportRoutes(typed, context, options.orders, options.reportsFolder);
      }
    },
    { prefix: '/api/v1' },
  );
  const { version, config } = sources;
  if (options.posts !== undefined)
    ingestRoutes(app, { posts: options.posts, bodyBytesMax: config.http.bodyMax, version });
  probeRoutes(app.withTypeProvider<ZodTypeProvider>(), context);
  metricsRoute(app, createMetrics(context, hub));
  if (options.board !== undefined) await boardPages(app, options.board);
  await servePage(app, options.webFolder);
  await app.ready();
  return app;
}

function metricsRoute(app: FastifyInstance, metrics: ReturnType<typeof createMetrics>): void {
  app.get(
    '/metrics',
    { schema: { summary: 'Prometheus text format', tags: ['operations'] } },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()),
  );
}

function routeContext(sources: ViewSources, { log, clock = systemClock }: HttpOptions): RouteContext {
  return {
    sources,
    log,
    clock,
    latest: createLatestState(sources.store),
    placementOf: devicePlacements(sources.config),
  };
}
