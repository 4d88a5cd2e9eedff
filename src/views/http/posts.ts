import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SECOND_MS } from '../../base/index.ts';
import type { Post, PostCredentials, PostRefusal, PostRefused, PostRequest, Posts } from '../../broker/index.ts';
import { basicOf, tokenOf } from './credentials.ts';
import { discardBody, packingOf, readBody, tooLarge } from './post-body.ts';
import { problemText } from './problems.ts';

/** What a way of posting has of its own. */
export interface PostWay {
  /** Secrets where neither header nor anything else says one. */
  readonly credentials?: (request: FastifyRequest) => PostCredentials | undefined;
  readonly target: (request: FastifyRequest) => PostRequest['target'] | PostRefused;
  /** Status and body that clients of this way take for success. */
  readonly done: { readonly status: 200 | 204; readonly body?: string };
  /** A refusal as clients of this way read it. */
  readonly refusalText?: (refused: PostRefused) => string;
}

const STATUS: Readonly<Record<PostRefusal, number>> = {
  connection_limit: 503,
  rate_limit: 429,
  login: 401,
  not_authorized: 403,
  topic: 400,
  foreign_page: 403,
  too_large: 413,
  encoding: 415,
  busy: 503,
  not_taken: 503,
};

const CHALLENGE = 'Basic realm="City Vitals devices", charset="UTF-8"';

/** Serves a way of posting. The scope must leave bodies unread. */
export function serveWay(posts: Posts, bodyBytesMax: number, way: PostWay) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const post = admitted(posts, bodyBytesMax, way, request);
    if ('refused' in post) return refuse(reply, request, post, way);
    const { done } = way;
    try {
      const refused = await taken(posts, post, request, bodyBytesMax);
      if (refused === 'gone') return reply.hijack();
      if (refused !== undefined) {
        // What is still to come is thrown away, and counts no more.
        post.end();
        return refuse(reply, request, refused, way);
      }
      return reply.code(done.status).type('application/json').send(done.body);
    } finally {
      post.end();
    }
  };
}

/** All that can be said without the body. */
function admitted(posts: Posts, bytesMax: number, way: PostWay, request: FastifyRequest): Post | PostRefused {
  const refused = foreignPage(request) ?? unfitHeaders(request, bytesMax);
  if (refused !== undefined) return posts.refuse(refused, request.ip);
  const target = way.target(request);
  if ('refused' in target) return posts.refuse(target, request.ip);
  const credentials = credentialsOf(request) ?? way.credentials?.(request);
  return posts.admit({ address: request.ip, credentials, target });
}

async function taken(
  posts: Posts,
  post: Post,
  request: FastifyRequest,
  bytesMax: number,
): Promise<PostRefused | 'gone' | undefined> {
  const packing = packingOf(request.headers['content-encoding']) ?? 'none';
  const body = await readBody(request.raw, post, { packing, bytesMax });
  if (body === 'gone') return body;
  return 'refused' in body ? countedOnce(posts, body, request.ip) : post.take(body);
}

/** What a post refuses it has counted itself. */
function countedOnce(posts: Posts, refused: PostRefused, address: string): PostRefused {
  return refused.refused === 'too_large' ? posts.refuse(refused, address) : refused;
}

/** Browsers say where a page is from that sends something; devices and programs do not. */
export function foreignPage({ headers }: FastifyRequest): PostRefused | undefined {
  const site = headers['sec-fetch-site'];
  if (headers.origin === undefined && (site === undefined || site === 'none')) return undefined;
  return { refused: 'foreign_page', cause: 'readings are not taken from web pages' };
}

function unfitHeaders({ headers }: FastifyRequest, bytesMax: number): PostRefused | undefined {
  if (packingOf(headers['content-encoding']) === undefined)
    return { refused: 'encoding', cause: 'bodies are taken unpacked or packed with gzip' };
  return Number(headers['content-length'] ?? 0) > bytesMax ? tooLarge(bytesMax) : undefined;
}

/** What cannot be read as a login is one of nobody, and not the same as none. */
const NOBODY: PostCredentials = { name: '', secret: '' };

/** `Bearer` and `Token` with a secret or `id:secret`, or `Basic`. */
export function credentialsOf({ headers: { authorization = '' } }: FastifyRequest): PostCredentials | undefined {
  const token = tokenOf(authorization, 'Bearer|Token');
  if (token !== undefined) return credentialsOfToken(token);
  if (authorization === '') return undefined;
  const basic = basicOf(authorization);
  return basic === undefined ? NOBODY : { name: basic.name, secret: basic.password };
}

export function credentialsOfToken(token: string): PostCredentials {
  const at = token.indexOf(':');
  return at < 0 ? { name: undefined, secret: token } : { name: token.slice(0, at), secret: token.slice(at + 1) };
}

/** Answers with a refusal, when the sender has come to listen. */
export async function refuse(
  reply: FastifyReply,
  request: FastifyRequest,
  refused: PostRefused,
  { refusalText = plainText }: Pick<PostWay, 'refusalText'>,
): Promise<FastifyReply> {
  const status = STATUS[refused.refused];
  if (status === 401) reply.header('www-authenticate', CHALLENGE);
  if (status === 415) reply.header('accept-encoding', 'gzip, identity');
  if (refused.retryAfterMs !== undefined) {
    reply.header('retry-after', String(Math.max(1, Math.ceil(refused.retryAfterMs / SECOND_MS))));
  }
  if (!(await discardBody(request.raw))) reply.header('connection', 'close');
  return reply.code(status).type('application/json').send(refusalText(refused));
}

function plainText({ refused, cause }: PostRefused): string {
  return problemText({ code: refused, message: `cannot take this: ${cause}` });
}

/** Bodies are read by whoever has looked at the headers. */
export function leaveBodiesUnread(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
}
