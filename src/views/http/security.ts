import type { FastifyInstance } from 'fastify';
import { BOARD_PATH } from './board.ts';
import { ORDER_HEADER, ORDER_PATHS, REPORTS_PATH } from './order-guard.ts';
import { HttpProblem } from './problems.ts';
import { listedRole } from './roles.ts';
import { SETUP_PATH } from './setup.ts';

const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The form for the first admin is sent back to here. */
const SETUP_POLICY = PAGE_POLICY.replace("form-action 'none'", "form-action 'self'");

/** The readable API page is made by a library that writes style attributes. */
const DOCS_POLICY = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'");

/** So is the board of jobs, whose pages name what they load from where the board begins. */
const BOARD_POLICY = DOCS_POLICY.replace("base-uri 'none'", "base-uri 'self'");

/** Reports carry their style in them and need nothing else; a policy of their own holds them to that very style. */
const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
} as const;

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Guards every answer: security headers, read-only methods (but for the form of the first admin, orders, and the posts of
 * devices), and, while the server is bound to this machine alone, a Host header that names this machine. The last keeps a web site from reading the API through a name of its own that
 * resolves to 127.0.0.1 (DNS rebinding).
 */
export function guardRequests(
  app: FastifyInstance,
  options: { readonly host: string; readonly docsPath: string },
): void {
  const checksHost = isLoopback(options.host);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    reply.header('content-security-policy', policyOf(request.url, options.docsPath));
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
    if (checksHost && !namesThisMachine(request.headers.host, options.host)) {
      throw new HttpProblem(
        421,
        'wrong_host',
        'cannot answer for this host name: the server is bound to this machine; use localhost, 127.0.0.1 or [::1]',
      );
    }
    const isOrder = request.method === 'POST' && ORDER_PATHS.has(request.routeOptions.url ?? '');
    if (isOrder && request.headers[ORDER_HEADER] === undefined) {
      throw new HttpProblem(403, 'order_header_missing', `cannot take an order without the header ${ORDER_HEADER}`);
    }
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead && !isOrder && !takesBody(request.routeOptions.url)) {
      reply.header('allow', 'GET, HEAD');
      throw new HttpProblem(
        405,
        'method_not_allowed',
        `cannot ${request.method}: everything here is read by GET or HEAD`,
      );
    }
  });
}

/** Routes are found by method and path: one that is found has said that it takes the method. */
function takesBody(route: string | undefined): boolean {
  return route !== undefined && (route === SETUP_PATH || listedRole(route) === 'device');
}

function policyOf(url: string, docsPath: string): string {
  if (url.startsWith(SETUP_PATH)) return SETUP_POLICY;
  if (url.startsWith(`${REPORTS_PATH}/`)) return REPORT_POLICY;
  if (url.startsWith(`${BOARD_PATH}/`)) return BOARD_POLICY;
  return url.startsWith(docsPath) ? DOCS_POLICY : PAGE_POLICY;
}

/** True for the addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function namesThisMachine(header: string | undefined, bound: string): boolean {
  const host = (header ?? '').toLowerCase().replace(/:\d{1,5}$/, '');
  return LOOPBACK_NAMES.has(host) || host === bound;
}
