import type { MessagePort, Transferable } from 'node:worker_threads';
import { OperatingError } from '../base/index.ts';
import type { Store, StoredKpis, StoreHistory } from '../store/index.ts';
import {
  buffersOf,
  type PortError,
  type StoreAnswer,
  type StoreMethod,
  type StoreReader,
  type StoreRequest,
  toPortError,
} from './store-protocol.ts';

/** Waits between tries of a batch that a passing fault (full disk, no memory) keeps from being written. */
const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 10_000;

const METHODS: ReadonlySet<StoreMethod> = new Set<StoreMethod>([
  'open',
  'write',
  'series',
  'devices',
  'readings',
  'panes',
  'readingsAround',
  'readingsOf',
  'panesOf',
  'panesIn',
  'heardHours',
  'kpiRevisions',
  'latest',
  'kpis',
  'latestKpis',
  'quarantine',
  'changes',
  'markBefore',
  'export',
  'parquetRows',
  'trimRetention',
  'trimQuarantine',
  'stats',
  'close',
]);

/** What an engine may ask for, beside writing. */
const HISTORY_METHODS: ReadonlySet<StoreMethod> = new Set<keyof StoreHistory | keyof StoredKpis>([
  'readingsAround',
  'readingsOf',
  'panesOf',
  'panesIn',
  'heardHours',
  'kpiRevisions',
  'kpis',
]);

/** What a mirror or a trial may ask for. */
const READER_METHODS: ReadonlySet<StoreMethod> = new Set<keyof StoreReader>([
  'series',
  'latest',
  'panesOf',
  'stats',
  'changes',
  'markBefore',
]);

/** How a writer's port waits and tells; injected so that tests need no clock. */
export interface WriterPortOptions {
  /** Resolves to false when waiting was given up because the store closes. */
  readonly wait: (forMs: number) => Promise<boolean>;
  readonly onRetry: (attempt: number, error: PortError) => void;
}

/** Does one request; an error becomes part of the answer. */
export async function answerRequest(store: Store, request: StoreRequest): Promise<StoreAnswer> {
  if (!METHODS.has(request.method)) return refused(request, `the store has no ${request.method}`);
  try {
    const call = store[request.method] as (...args: readonly unknown[]) => Promise<unknown>;
    const result = await call.call(store, ...request.args);
    // A batch that was replayed leaves the store further on than the batch itself says.
    const position = request.method === 'write' ? (await store.stats()).position : 0;
    return { id: request.id, result, position };
  } catch (error) {
    return { id: request.id, error: toPortError(error) };
  }
}

/**
 * Serves a writer's port. Batches are written, and questions about history answered, in the order sent. A passing fault
 * is waited out; after any other error of a batch the port writes nothing more, because a later one would carry the
 * position past the rows of the failed one.
 *
 * @returns a function that resolves when all batches received so far are answered
 */
export function serveWriterPort(port: MessagePort, store: Store, options: WriterPortOptions): () => Promise<void> {
  let broken: PortError | undefined;
  let before: Promise<void> = Promise.resolve();
  port.on('message', (request: StoreRequest) => {
    before = before.then(async () => {
      const reply =
        broken === undefined ? await servePatiently(store, request, options) : { id: request.id, error: broken };
      if ('error' in reply && request.method === 'write') broken = reply.error;
      port.postMessage(reply, 'result' in reply ? buffersOf(reply.result) : []);
    });
  });
  return () => before;
}

async function servePatiently(store: Store, request: StoreRequest, options: WriterPortOptions): Promise<StoreAnswer> {
  if (request.method !== 'write' && !HISTORY_METHODS.has(request.method)) {
    return refused(request, `a writer's port has no ${request.method}`);
  }
  for (let attempt = 1; ; attempt++) {
    const reply = await answerRequest(store, request);
    if (!('error' in reply) || !reply.error.retryable) return reply;
    options.onRetry(attempt, reply.error);
    if (!(await options.wait(Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** (attempt - 1))))) return reply;
  }
}

/** Serves a reader's port: questions of mirrors and trials, beside the writes. */
export function serveReaderPort(port: MessagePort, store: Store): void {
  port.on('message', (request: StoreRequest) => {
    const reply = READER_METHODS.has(request.method)
      ? answerRequest(store, request)
      : Promise.resolve(refused(request, `a reader's port has no ${request.method}`));
    void reply.then((answer) => port.postMessage(answer, 'result' in answer ? nestedBuffersOf(answer.result) : []));
  });
}

/** Of columns, or of an answer that has columns in it. */
function nestedBuffersOf(result: unknown): Transferable[] {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return [];
  const parts = Object.values(result).filter((part) => !ArrayBuffer.isView(part));
  return [...buffersOf(result), ...parts.flatMap(buffersOf)];
}

function refused(request: StoreRequest, cause: string): StoreAnswer {
  const error = new OperatingError('store_request_unknown', `cannot serve a request: ${cause}`);
  return { id: request.id, error: toPortError(error) };
}
