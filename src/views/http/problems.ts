import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { OperatingError } from '../../base/index.ts';
import type { Logger } from '../../telemetry/index.ts';

/** An answer that says no; its message goes to the client as it is. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const VALUE_CHARACTERS_MAX = 100;
const NEAR_MAX = 5;

/** 400 for a parameter: key, value and what is allowed. */
export function badParameter(key: string, value: unknown, allowed: string): HttpProblem {
  return new HttpProblem(400, 'bad_parameter', `cannot use ${key} ${quote(value)}: ${allowed}`);
}

/** 404 for a name that is not known: says the nearest known ones, or all of a short list. */
export function unknownName(kind: string, name: string, known: readonly string[]): HttpProblem {
  const near = nearest(name, known);
  const list = known.length <= NEAR_MAX ? known : near;
  const hint =
    known.length === 0
      ? 'none is known yet'
      : `${known.length <= NEAR_MAX ? 'known' : 'near'}: ${list.join(', ') || 'none'}`;
  return new HttpProblem(404, `unknown_${kind}`, `cannot find the ${kind} ${quote(name)}: ${hint}`);
}

/**
 * Turns whatever was thrown into a problem answer. Validation says key, value and allowed; an operating error of the
 * store says that trying again may help; anything else is an error of ours: logged in full, told without details.
 */
export function answerError(log: Logger) {
  return (error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply) => {
    const problem = problemOf(error, request);
    if (problem.status >= 500)
      log.error({ err: error, method: request.method, route: request.routeOptions.url }, 'request failed');
    return reply.code(problem.status).type('application/json').send(problemText(problem));
  };
}

/** The body of a problem as text: sent as text, it passes every route's response schema by. */
export function problemText(problem: Pick<HttpProblem, 'code' | 'message'>): string {
  return JSON.stringify({ error: { code: problem.code, message: problem.message } });
}

function problemOf(error: FastifyError | Error, request: FastifyRequest): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return validationProblem(error.validation, request);
  if (error instanceof OperatingError) {
    // Of the queue: it says where it is and what is wrong with it.
    if (error.code.startsWith('jobs_')) return new HttpProblem(503, error.code, error.message);
    return new HttpProblem(503, 'unavailable', 'cannot answer now: the store does not answer; try again shortly');
  }
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  if (status >= 400 && status < 500)
    return new HttpProblem(status, 'bad_request', 'cannot read the request: it is not valid HTTP for this path');
  return new HttpProblem(500, 'internal', 'cannot answer: an error inside the server; its log says more');
}

interface Issue {
  readonly instancePath: string;
  readonly message?: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

function validationProblem(issues: readonly Issue[], request: FastifyRequest): HttpProblem {
  return new HttpProblem(400, 'bad_parameter', issues.map((issue) => describe(issue, request)).join('; '));
}

function describe(issue: Issue, request: FastifyRequest): string {
  const key = issue.instancePath.replace(/^\//, '').split('/')[0] ?? '';
  const given = { ...(request.query as object), ...(request.params as object) } as Record<string, unknown>;
  if (key === '') return `cannot use the query: ${issue.message ?? 'it does not fit'}`;
  if (!Object.hasOwn(given, key)) return `cannot answer without ${key}: it is required`;
  return `cannot use ${key} ${quote(given[key])}: ${issue.message ?? 'it does not fit'}`;
}

function quote(value: unknown): string {
  const text = String(value);
  return JSON.stringify(text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text);
}

/** Names closest to `name` by edit distance, nearest first; those that share nothing with it are left out. */
function nearest(name: string, known: readonly string[]): string[] {
  const wanted = name.slice(0, VALUE_CHARACTERS_MAX).toLowerCase();
  const limit = Math.max(2, Math.ceil(wanted.length / 2));
  return known
    .map((candidate) => ({
      candidate,
      distance: editDistance(wanted, candidate.toLowerCase().slice(0, VALUE_CHARACTERS_MAX)),
    }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, NEAR_MAX)
    .map(({ candidate }) => candidate);
}

/** Levenshtein's distance with one row of the table. */
function editDistance(a: string, b: string): number {
  const row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0]!;
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]!;
      row[j] = Math.min(above + 1, row[j - 1]! + 1, diagonal + (a[i - 1] === b[j - 1] ? 0 : 1));
      diagonal = above;
    }
  }
  return row[b.length]!;
}
