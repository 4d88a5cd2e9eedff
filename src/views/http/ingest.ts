import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Posts } from '../../broker/index.ts';
import { influxRoutes } from './influx.ts';
import { credentialsOfToken, leaveBodiesUnread, type PostWay, serveWay } from './posts.ts';

/** How devices may post. */
export interface IngestOptions {
  readonly posts: Posts;
  readonly bodyBytesMax: number;
  readonly version: string;
}

/** Firmware that looks at the status alone takes 200 for success; some takes nothing else. */
const DONE = { status: 200, body: '{}' } as const;

const TOPIC: PostWay = {
  target: (request) => ({ topic: (request.params as { '*': string })['*'] }),
  done: DONE,
};

/** A sound level meter or gateway that speaks to a Sentilo server: its key says who it is. */
const SENTILO: PostWay = {
  target: (request) => ({ topic: `http/sentilo/${paramOf(request, 'provider')}` }),
  credentials: ({ headers: { identity_key: key } }) => (typeof key === 'string' ? credentialsOfToken(key) : undefined),
  done: DONE,
};

/** AirGradient monitors post to a path of their own, at a server that can be set, and name themselves in it. */
const AIRGRADIENT: PostWay = {
  target: (request) => ({
    topic: `airgradient/readings/${paramOf(request, 'monitor').replace(/^airgradient:/, '')}`,
  }),
  done: DONE,
};

function paramOf(request: FastifyRequest, name: string): string {
  return (request.params as Record<string, string>)[name] ?? '';
}

/** Routes of devices that speak HTTP. */
export function ingestRoutes(app: FastifyInstance, options: IngestOptions): void {
  app.register(async (scope) => {
    leaveBodiesUnread(scope);
    const { posts, bodyBytesMax } = options;
    const summary = (text: string) => ({ schema: { summary: text, tags: ['ingest'] } });
    const byTopic = serveWay(posts, bodyBytesMax, TOPIC);
    scope.post('/in/*', summary('Takes what a device would publish to the topic behind /in/'), byTopic);
    scope.put('/in/*', summary('As POST, for devices that can only PUT'), byTopic);
    scope.put('/data/:provider', summary('Observations as Sentilo takes them'), serveWay(posts, bodyBytesMax, SENTILO));
    scope.post(
      '/sensors/:monitor/measures',
      summary('Measures of an AirGradient monitor'),
      serveWay(posts, bodyBytesMax, AIRGRADIENT),
    );
    influxRoutes(scope, options);
  });
}
