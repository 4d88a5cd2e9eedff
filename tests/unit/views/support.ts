import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../../src/telemetry/index.ts';
import { buildApp, type HttpOptions } from '../../../src/views/http/app.ts';
import type { OrderState } from '../../../src/views/http/index.ts';
import { createFakeSources, type FakeOptions, type FakeSources } from '../../e2e/support/fake-sources.ts';

export interface TestApp {
  readonly app: FastifyInstance;
  readonly sources: FakeSources;
  readonly logged: string[];
  /** Status and parsed body of a GET. */
  // biome-ignore lint/suspicious/noExplicitAny: a body is what the test says it must be
  get(url: string): Promise<{ status: number; body: any }>;
}

/** The server over fake sources, without a port. */
export async function testApp(fake: FakeOptions = {}, options: Partial<HttpOptions> = {}): Promise<TestApp> {
  const sources = createFakeSources(fake);
  const logged: string[] = [];
  const app = await buildApp(sources, {
    webFolder: '/nowhere',
    log: collectingLog(logged),
    clock: sources.clock,
    ...options,
  });
  return {
    app,
    sources,
    logged,
    async get(url) {
      const response = await app.inject({ url });
      return { status: response.statusCode, body: response.json() };
    },
  };
}

function collectingLog(lines: string[]): Logger {
  const write = (fields: object, message: string) => {
    lines.push(`${message} ${String((fields as { err?: unknown }).err ?? '')}`);
  };
  const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log };
  return log;
}

/** Query text of a range in June 2026. */
export function range(from: string, to: string): string {
  return `from=2026-06-${from}Z&to=2026-06-${to}Z`;
}

/** An order that was just taken. */
export function takenOrder(id: string, kind: string): OrderState {
  return {
    ...{ id, kind, description: '', state: 'waiting', progress: 0, attempts: 0, createdAtMs: 0 },
    ...{ finishedAtMs: null, nextAttemptAtMs: null, error: null, result: null },
  };
}
