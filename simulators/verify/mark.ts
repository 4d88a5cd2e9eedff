import { HOUR_MS } from '../../src/base/index.ts';
import { openPublisher } from '../common/index.ts';

/** The longest local day, and an hour for a stamp at the start of what it speaks of. */
const BEHIND_MS = 26 * HOUR_MS;

/**
 * Tells a product that runs by event time that the last day of a recording is over, by one reading of a device of its
 * own: windows of many days are made of days that have ended.
 *
 * @param newestMs newest reading of the recording, ms UTC
 * @returns the number of messages
 * @throws OperatingError `broker_unreachable` (retryable), `broker_refused`
 */
export async function publishMark(url: string, recording: string, newestMs: number): Promise<number> {
  const publisher = await openPublisher({ url, qos: 1, clientIdPrefix: 'mark' });
  try {
    const time = new Date(newestMs + BEHIND_MS).toISOString();
    const reading = { time, quantity: 'temperature', unit: 'Cel', value: '0', quality: 'good', every: 3600 };
    await publisher.publish('mark', `recording/${recording}/end-of-recording`, JSON.stringify(reading));
    await publisher.drain();
    return 1;
  } finally {
    await publisher.close();
  }
}
