// Stands for an engine thread: writes batches through the port that it was given and reports.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { StoreWriterClient } from '../../src/workers/store-client.ts';
import { batchOf, readingOf } from './store-rows.ts';

const { port, batches } = workerData as { port: MessagePort; batches: number };
const writer = new StoreWriterClient(port);
const writes: Promise<void>[] = [];
for (let at = 1; at <= batches; at++) {
  writes.push(writer.write(batchOf(at, { readings: [readingOf({ sequence: at, timeMs: at, value: -at })] })));
}
await Promise.all(writes);
parentPort!.postMessage({ position: writer.position });
writer.close();
