import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProduct } from '../../harness/index.ts';
import { type Clock, systemClock } from '../../src/base/index.ts';
import { openPublisher } from '../common/index.ts';
import {
  type AccountingAnswer,
  accountingFaults,
  publishMark,
  type VerifyReport,
  waitUntilLevel,
} from '../verify/index.ts';
import { cityForOutages } from './city.ts';
import { readOutageEvents } from './events.ts';
import { type OutageMessage, outageMessages } from './messages.ts';
import { verifyOutages } from './verify-outages.ts';

export interface OutageRunOptions {
  /** Folder of the recording, and its name in topics. */
  readonly recording: { readonly folder: string; readonly name: string };
  /** An empty folder for the city and the data of the product. */
  readonly workFolder: string;
  readonly shuffle?: string;
  readonly duplicate?: boolean;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** What a run comes to; `faults` is empty when every message is accounted for. */
export interface OutageRun {
  readonly report: VerifyReport;
  readonly accounting: AccountingAnswer;
  readonly faults: readonly string[];
  readonly summary: {
    readonly readingsPublished: number;
    readonly messagesPublished: number;
    readonly messagesPerS: number;
  };
}

/** Starts the product, tells it every outage of a recording, and compares its answers with the results that came along. */
export async function runOutages(options: OutageRunOptions): Promise<OutageRun> {
  const { recording, workFolder, signal, clock = systemClock } = options;
  const events = readOutageEvents(recording.folder);
  const configFile = join(workFolder, 'city.yaml');
  writeFileSync(configFile, cityForOutages(recording.name, events));
  const product = await startProduct({ configFile, dataFolder: join(workFolder, 'data'), signal });
  try {
    const once = outageMessages(recording.name, events, options.shuffle);
    const messages = options.duplicate === true ? once.flatMap((message) => [message, message]) : once;
    const startMs = clock.monotonicMs();
    await publishAll(product.mqttUrl, messages, signal);
    const newestMs = events.reduce((newest, { startMs: at, restoredMs }) => Math.max(newest, restoredMs ?? at ?? 0), 0);
    const sent = messages.length + (await publishMark(product.mqttUrl, recording.name, newestMs));
    const messagesPerS = (1000 * messages.length) / Math.max(1, clock.monotonicMs() - startMs);
    const accounting = await waitUntilLevel(product.httpUrl, { messagesMin: sent, signal });
    const report = await verifyOutages(recording.folder, events, product.httpUrl);
    const summary = {
      readingsPublished: accounting.readings.received,
      messagesPublished: messages.length,
      messagesPerS,
    };
    return { report, accounting, faults: accountingFaults(accounting, sent), summary };
  } finally {
    await product.stop();
  }
}

async function publishAll(url: string, messages: readonly OutageMessage[], signal: AbortSignal): Promise<void> {
  const publisher = await openPublisher({ url, qos: 1, clientIdPrefix: 'outages' });
  try {
    for (const { key, topic, payload } of messages) {
      signal.throwIfAborted();
      await publisher.publish(key, topic, payload);
    }
    await publisher.drain();
  } finally {
    await publisher.close();
  }
}
