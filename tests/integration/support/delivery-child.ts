/*
 * The delivery path alone, as a process that can be killed: embedded broker in front of a local journal.
 * Usage: delivery-child.ts <journal folder>; prints the URL when publishers can be served.
 */
import { systemClock } from '../../../src/base/index.ts';
import { createEmbeddedBroker } from '../../../src/broker/embedded/index.ts';
import { citySchema } from '../../../src/config/index.ts';
import { openLocalJournalWriter } from '../../../src/journal/local/index.ts';

const folder = process.argv[2]!;
const journal = await openLocalJournalWriter({
  folder,
  segmentBytesMax: 256 << 10,
  retention: { bytesMax: 2 ** 40, ageMsMax: 2 ** 40 },
  freeBytesMin: 0,
  clock: systemClock,
});
const { mqtt } = citySchema.parse({ city: { id: 'x', name: 'X', timeZone: 'UTC' }, mqtt: { port: 0 } });
const broker = createEmbeddedBroker({ config: mqtt, secrets: new Map(), clock: systemClock });
const { url } = await broker.open((message, done) => {
  journal.append(message, done);
});
process.stdout.write(`${url}\n`);
