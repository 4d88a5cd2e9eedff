// The store thread: opens the DuckDB store and answers requests on its parent's port and on every writer port handed to it.
import { setTimeout as sleep } from 'node:timers/promises';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assert, systemClock } from '../base/index.ts';
import { createDuckdbStore } from '../store/duckdb/index.ts';
import { answerRequest, serveReaderPort, serveWriterPort } from './store-port.ts';
import {
  type StoreRequest,
  type StoreThreadMessage,
  type StoreThreadNotice,
  type StoreThreadSettings,
  toPortError,
} from './store-protocol.ts';

const main = parentPort;
assert(main !== null, 'the store thread is started without a parent');
const store = createDuckdbStore({ ...(workerData as StoreThreadSettings), clock: systemClock });
const closing = new AbortController();
/** Requests of main without an answer yet. */
const serving = new Set<Promise<void>>();
/** Each open writer port, with a function that resolves when its batches are answered. */
const writerPorts = new Map<MessagePort, () => Promise<void>>();
const readerPorts = new Set<MessagePort>();

main.on('message', (message: StoreThreadMessage) => {
  if ('writerPort' in message) addWriter(message.writerPort);
  else if ('readerPort' in message) addReader(message.readerPort);
  else if ('giveUp' in message) closing.abort();
  else if (message.method === 'close') void closeAll(message);
  else serveMain(message);
});

// Without this an error would end the thread while DuckDB works for it, and that aborts the whole process.
process.on('uncaughtException', (error) => {
  notify({ crash: toPortError(error) });
  void endThread();
});

function serveMain(request: StoreRequest): void {
  const served = answerRequest(store, request).then(notify);
  serving.add(served);
  void served.finally(() => serving.delete(served));
}

function addWriter(port: MessagePort): void {
  const answered = serveWriterPort(port, store, {
    wait: (forMs) => sleep(forMs, true, { signal: closing.signal }).catch(() => false),
    onRetry: (attempt, error) => notify({ writeRetry: { attempt, error } }),
  });
  writerPorts.set(port, answered);
  port.on('close', () => writerPorts.delete(port));
}

function addReader(port: MessagePort): void {
  serveReaderPort(port, store);
  readerPorts.add(port);
  port.on('close', () => readerPorts.delete(port));
}

/** Batches that arrived are written first, those that wait for a retry are given up. */
async function closeAll(request: StoreRequest): Promise<void> {
  closing.abort();
  await Promise.all([...writerPorts.values()].map((answered) => answered()));
  await Promise.allSettled(serving);
  notify(await answerRequest(store, request));
  await endThread();
}

async function endThread(): Promise<void> {
  await store.close().catch(() => undefined);
  for (const port of [...writerPorts.keys(), ...readerPorts]) port.close();
  main!.close();
}

function notify(notice: StoreThreadNotice): void {
  main!.postMessage(notice);
}
