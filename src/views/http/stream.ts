import type { ServerResponse } from 'node:http';
import * as z from 'zod';
import { SECOND_MS } from '../../base/index.ts';
import { accountingBody, deviceBody, kpiBodies } from '../bodies.ts';
import type { LiveUpdate } from '../views.ts';
import type { RouteContext, TypedServer } from './context.ts';
import { name } from './parameters.ts';
import { whileAllowed } from './people.ts';
import { HttpProblem, unknownName } from './problems.ts';
import { errorSchema } from './schemas.ts';
import {
  createStreamHub,
  type FormatEvents,
  STREAM_TOPICS,
  type StreamFilter,
  type StreamHub,
  type StreamSink,
  type StreamTopic,
} from './stream-hub.ts';

const HEARTBEAT_MS = 15 * SECOND_MS;
/** Rows in one event: a full state of many devices is sent in pieces that a browser parses without a hitch. */
const ROWS_PER_EVENT_MAX = 1_000;
/** Bytes of one connection that may lie unsent before updates are held back. */
const UNSENT_BYTES_MAX = 256 * 1024;

export interface StreamLimits {
  /** @see StreamHubOptions.behindEntriesMax */
  readonly behindEntriesMax: number;
  readonly stalledMsMax: number;
  readonly recentEntriesMax: number;
}

export const STREAM_LIMITS: StreamLimits = {
  behindEntriesMax: 20_000,
  stalledMsMax: 60 * SECOND_MS,
  recentEntriesMax: 50_000,
};

/** Creates the hub of a server's live stream and joins it to the engine's updates; `stop` parts them again. */
export function openStream(context: RouteContext, limits: StreamLimits): { readonly hub: StreamHub; stop(): void } {
  const { sources, latest, clock } = context;
  const hub = createStreamHub({
    ...limits,
    format: eventFormat(context),
    clock,
    clientsMax: sources.config.http.streamClientsMax,
    fullState: async () => ({
      // Taken before the state is read: what changes meanwhile is sent again rather than left out.
      sequence: sources.progress().engineSequence,
      atMs: clock.nowMs(),
      accounting: sources.accounting(),
      kpis: await latest.kpis(),
      devices: await latest.devices(),
    }),
  });
  const unsubscribe = sources.onUpdate((update) => {
    hub.push(latest.apply(update));
  });
  const timer = setInterval(() => hub.beat(), HEARTBEAT_MS);
  timer.unref();
  return {
    hub,
    stop() {
      unsubscribe();
      clearInterval(timer);
      hub.close();
    },
  };
}

/** `GET /stream`: Server-Sent Events. */
export function streamRoute(app: TypedServer, { sources }: RouteContext, hub: StreamHub): void {
  const { city, zones } = sources.config;
  const known = [city.id, ...zones.map(({ id }) => id)];
  app.get(
    '/stream',
    {
      schema: {
        summary: 'Live stream (Server-Sent Events): kpis, devices, accounting; id is the journal sequence',
        tags: ['live'],
        querystring: z.strictObject({
          topics: topicList.optional().describe(`Of ${STREAM_TOPICS.join(', ')}, separated by commas; all when absent`),
          zone: name.optional().describe('Only values and devices of this zone'),
        }),
        response: {
          200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
          400: errorSchema,
          404: errorSchema,
          503: errorSchema,
        },
      },
    },
    async (request, reply) => {
      const { topics = STREAM_TOPICS, zone = '' } = request.query;
      if (zone !== '' && !known.includes(zone)) throw unknownName('zone', zone, known);
      if (request.method === 'HEAD') return reply.headers(STREAM_HEADERS).send('');
      const filter = { topics: new Set(topics), zone };
      const client = hub.add(sinkOf(reply.raw), filter);
      if (client === undefined) {
        reply.header('retry-after', '10');
        throw new HttpProblem(
          503,
          'stream_clients_limit',
          `cannot open another stream: http.streamClientsMax (${sources.config.http.streamClientsMax}) are open`,
        );
      }
      reply.hijack();
      // Written through Node's response: the headers that hooks have set so far must go along.
      reply.raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), ...STREAM_HEADERS });
      reply.raw.on('drain', client.drained);
      const leaveOff = whileAllowed(request, () => reply.raw.destroy());
      const leave = () => {
        leaveOff();
        client.remove();
      };
      reply.raw.on('close', leave);
      reply.raw.on('error', leave);
      reply.raw.write('retry: 2000\n\n');
      client.start(lastEventId(request.headers['last-event-id']));
      return reply;
    },
  );
}

const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Proxies of the nginx family buffer answers unless told not to.
  'x-accel-buffering': 'no',
} as const;

const topicList = z.string().transform((text, context) => {
  const topics = text.split(',').map((topic) => topic.trim());
  const wrong = topics.find((topic) => !STREAM_TOPICS.includes(topic as StreamTopic));
  if (wrong === undefined) return topics as StreamTopic[];
  context.addIssue({ code: 'custom', message: `write some of ${STREAM_TOPICS.join(', ')}, separated by commas` });
  return z.NEVER;
});

function lastEventId(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

function sinkOf(response: ServerResponse): StreamSink {
  return {
    write(text) {
      // Below the cap it is for the kernel to send; above it the client is not reading.
      response.write(text);
      return response.writableLength < UNSENT_BYTES_MAX;
    },
    cut: () => response.destroy(),
  };
}

/** Events of an update in the order kpis, devices, accounting; empty text when the filter leaves nothing. */
function eventFormat(context: RouteContext): FormatEvents {
  const { sources, clock, placementOf } = context;
  const bodyOf = kpiBodies(sources);
  return (update: LiveUpdate, { topics, zone }: StreamFilter) => {
    let text = '';
    if (topics.has('kpis')) {
      const values = zone === '' ? update.kpis : update.kpis.filter((value) => value.zone === zone);
      text += events('kpis', update.sequence, values.map(bodyOf));
    }
    if (topics.has('devices')) {
      const rows = zone === '' ? update.devices : update.devices.filter((row) => row.zone === zone);
      text += events(
        'devices',
        update.sequence,
        rows.map((row) => deviceBody(row, placementOf(row.device))),
      );
    }
    if (topics.has('accounting')) {
      text += event(
        'accounting',
        update.sequence,
        accountingBody(update.accounting, sources, update.atMs || clock.nowMs()),
      );
    }
    return text;
  };
}

function events(topic: StreamTopic, sequence: number, rows: readonly unknown[]): string {
  let text = '';
  for (let at = 0; at < rows.length; at += ROWS_PER_EVENT_MAX)
    text += event(topic, sequence, rows.slice(at, at + ROWS_PER_EVENT_MAX));
  return text;
}

function event(topic: StreamTopic, sequence: number, data: unknown): string {
  return `event: ${topic}\nid: ${sequence}\ndata: ${JSON.stringify(data)}\n\n`;
}
