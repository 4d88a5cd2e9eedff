import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { LinePrecision, PostCredentials, PostRefused, Posts } from '../../broker/index.ts';
import type { IngestOptions } from './ingest.ts';
import { textOf } from './post-body.ts';
import { credentialsOf, foreignPage, type PostWay, refuse, serveWay } from './posts.ts';

/** How the clients of InfluxDB 1 and 2 write the units of time stamps; they send nanoseconds when they say nothing. */
const PRECISIONS: ReadonlyMap<string, LinePrecision> = new Map([
  ['n', 'ns'],
  ['ns', 'ns'],
  ['u', 'us'],
  ['µ', 'us'],
  ['us', 'us'],
  ['ms', 'ms'],
  ['s', 's'],
  ['m', 'm'],
  ['h', 'h'],
]);

const LINES: PostWay = {
  credentials: credentialsOfQuery,
  target: (request) => {
    const text = queryOf(request, 'precision') ?? 'ns';
    const precision = PRECISIONS.get(text);
    if (precision !== undefined) return { precision };
    const allowed = [...PRECISIONS.keys()].join(', ');
    return { refused: 'topic', cause: `the precision ${JSON.stringify(text.slice(0, 20))} is none of ${allowed}` };
  },
  done: { status: 204 },
  refusalText,
};

/** InfluxDB 1 says `error`, InfluxDB 2 `code` and `message`. */
function refusalText({ refused, cause }: PostRefused): string {
  return JSON.stringify({ code: refused, message: cause, error: cause });
}

/** As clients of InfluxDB 1 send them when they use no header. */
function credentialsOfQuery(request: FastifyRequest): PostCredentials | undefined {
  const [name, secret] = [queryOf(request, 'u'), queryOf(request, 'p')];
  return name === undefined || secret === undefined ? undefined : { name, secret };
}

function queryOf(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}

/** Where clients of InfluxDB write lines, and what they ask before they do. */
export function influxRoutes(app: FastifyInstance, { posts, bodyBytesMax, version }: IngestOptions): void {
  const write = serveWay(posts, bodyBytesMax, LINES);
  const summary = (text: string) => ({ schema: { summary: text, tags: ['ingest'] } });
  app.post('/write', summary('Line protocol, as InfluxDB 1 takes it'), write);
  app.post('/api/v2/write', summary('Line protocol, as InfluxDB 2 takes it'), write);
  app.get('/ping', summary('204, as InfluxDB answers'), async (_request, reply) =>
    reply.code(204).header('x-influxdb-version', `city-vitals-${version}`).send(),
  );
  app.get('/health', summary('200, as InfluxDB answers'), async () => ({
    name: 'city-vitals',
    status: 'pass',
    message: 'line protocol is taken',
    version,
  }));
  queryRoute(app, posts);
}

const QUERY_BYTES_MAX = 4_096;
const NOTHING = '{"results":[{"statement_id":0}]}';

/** Telegraf wants to make its database before it writes. There is none to make, and nothing can be asked here. */
function queryRoute(app: FastifyInstance, posts: Posts): void {
  const summary = 'Answers CREATE DATABASE, which changes nothing; no other query';
  app.post('/query', { schema: { summary, tags: ['ingest'] } }, async (request, reply) => {
    const credentials = credentialsOf(request) ?? credentialsOfQuery(request);
    const foreign = foreignPage(request);
    const refused =
      foreign === undefined ? posts.letIn({ address: request.ip, credentials }) : posts.refuse(foreign, request.ip);
    if (refused !== undefined) return refuse(reply, request, refused, LINES);
    const query = queryOf(request, 'q') ?? (await queryOfForm(request.raw));
    reply.type('application/json');
    if (/^\s*CREATE\s+DATABASE\b/i.test(query)) return reply.send(NOTHING);
    return reply.code(400).send('{"error":"no queries are answered here; see /api/docs"}');
  });
}

async function queryOfForm(request: IncomingMessage): Promise<string> {
  return new URLSearchParams(await textOf(request, QUERY_BYTES_MAX)).get('q') ?? '';
}
