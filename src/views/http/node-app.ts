import fastify, { type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Logger } from '../../telemetry/index.ts';
import type { ViewSources } from '../views.ts';
import { definer } from './metric-definer.ts';
import { probeRoutes } from './operations.ts';
import { answerError, problemText } from './problems.ts';
import { brokerMetrics, clusterMetrics, journalMetrics } from './process-metrics.ts';
import { guardRequests } from './security.ts';
import { createHttpOrTlsServer, type HttpTls } from './server.ts';

/** What a process of a city without an API can say. */
export type NodeSources = Pick<
  ViewSources,
  'config' | 'version' | 'brokerStats' | 'journalStats' | 'cluster' | 'problems'
>;

export interface NodeOptions {
  readonly log: Logger;
  readonly tls?: HttpTls;
}

/** Probes and metrics alone, for whoever reaches the port: they say nothing of what is measured. */
export async function buildNodeApp(sources: NodeSources, options: NodeOptions): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    bodyLimit: 1024,
    serverFactory: (listener) => createHttpOrTlsServer(listener, options),
    forceCloseConnections: true,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerError(options.log));
  app.setNotFoundHandler((_request, reply) => {
    const message =
      'this process has /healthz, /readyz and /metrics; the API is where the city is served with the role api';
    return reply
      .code(404)
      .type('application/json')
      .send(problemText({ code: 'not_found', message }));
  });
  guardRequests(app, { host: sources.config.http.host, docsPath: '/docs' });
  const { version, problems } = sources;
  probeRoutes(app.withTypeProvider<ZodTypeProvider>(), { sources: { version, problems, mirrors: () => [] } });
  const registry = metricsOf(sources);
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  await app.ready();
  return app;
}

function metricsOf(sources: NodeSources): Registry {
  const registry = new Registry();
  const define = definer(registry);
  collectDefaultMetrics({ register: registry, prefix: 'vitals_' });
  define.gauge('build_info', 'Version of the program', () => [[1, { version: sources.version }]], ['version']);
  define.gauge('ready', '1 when readiness reports no problem', () => [[sources.problems().length === 0 ? 1 : 0]]);
  journalMetrics(define, sources);
  brokerMetrics(define, sources);
  clusterMetrics(define, sources);
  return registry;
}
