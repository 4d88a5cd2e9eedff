/*
 * What passes between the store thread and those who use it: numbered requests and their answers. A writer's port and
 * the main thread speak the same, so that the order of writes is the order of arrival at the store.
 */
import type { MessagePort, Transferable } from 'node:worker_threads';
import { BugError, OperatingError } from '../base/index.ts';
import type { ChangesSource, Store, StoreHistory } from '../store/index.ts';

/** What the store thread is started with. */
export interface StoreThreadSettings {
  readonly file: string;
  /** What DuckDB may use for its buffers, bytes. */
  readonly memoryBytesMax: number;
  readonly threads: number;
}

export type StoreMethod = keyof Store;

/** What mirrors and trials ask for, beside the writes. */
export type StoreReader = ChangesSource & Pick<Store, 'latest'> & Pick<StoreHistory, 'panesOf'>;

export interface StoreRequest {
  readonly id: number;
  readonly method: StoreMethod;
  readonly args: readonly unknown[];
}

/** An error as it crosses a port: class, code and `retryable` would not survive cloning. */
export interface PortError {
  readonly bug: boolean;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

export type StoreAnswer =
  | { readonly id: number; readonly result: unknown; readonly position: number }
  | { readonly id: number; readonly error: PortError };

/** To the thread, from main only. */
export type StoreThreadMessage =
  | StoreRequest
  /** Batches that wait for a fault to pass are given up from now on. */
  | { readonly giveUp: true }
  | { readonly writerPort: MessagePort }
  | { readonly readerPort: MessagePort };

/** From the thread, to main only. */
export type StoreThreadNotice =
  | StoreAnswer
  | { readonly crash: PortError }
  | { readonly writeRetry: { readonly attempt: number; readonly error: PortError } };

export function toPortError(error: unknown): PortError {
  const { message } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof OperatingError) return { bug: false, code: error.code, message, retryable: error.retryable };
  return { bug: true, code: 'bug', message, retryable: false };
}

export function fromPortError(error: PortError): Error {
  if (error.bug) return new BugError(error.message.replace(/^BUG: /, ''));
  return new OperatingError(error.code, error.message, { retryable: error.retryable });
}

/** The buffers of an object's columns, to be handed over instead of copied; none for anything else. */
export function buffersOf(columns: unknown): Transferable[] {
  if (typeof columns !== 'object' || columns === null || Array.isArray(columns)) return [];
  const views = Object.values(columns).filter((column) => ArrayBuffer.isView(column));
  return [...new Set(views.map((view) => view.buffer as ArrayBuffer))].filter((buffer) => buffer.byteLength > 0);
}
