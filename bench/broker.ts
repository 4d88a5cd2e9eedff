import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/base/index.ts';
import { createEmbeddedBroker } from '../src/broker/embedded/index.ts';
import type { AcceptMessage } from '../src/broker/index.ts';
import { citySchema } from '../src/config/index.ts';
import type { JournalWriter } from '../src/journal/index.ts';
import { openLocalJournalWriter } from '../src/journal/local/index.ts';
import type { BenchRow } from './bench-row.ts';

const CHILD_FLAG = '--broker-bench-child';
const PAYLOAD_BYTES = 200;
/** Messages of a connection under way. */
const WINDOW = 200;
const MEASURE_MS = 1_500;
/** The broker is measured when its code is compiled: after so many messages, or when this has taken too long. */
const WARM_UP_MESSAGES = 60_000;
const WARM_UP_MS_MAX = 3_000;
const CONNACK_BYTES = 4;
const PUBACK_BYTES = 4;

interface Usage {
  readonly cpuMs: number;
  readonly received: number;
  readonly atMs: number;
}

interface Load {
  readonly connections: number;
  readonly window: number;
}

const LOADS: readonly Load[] = [
  { connections: 1, window: WINDOW },
  { connections: 50, window: WINDOW },
  { connections: 500, window: 1 },
];

/** QoS 1 publishes through the embedded broker in a process of its own, with and without journal and lane. About 40 s. */
export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const journal of [false, true]) {
    for (const load of LOADS) {
      for (const fastLane of [true, false]) {
        const { perCpuSecond, perSecond } = await measure(load, journal, fastLane);
        const path = `broker ${journal ? 'and journal (durable)' : 'alone'}${fastLane ? '' : ', no fast lane'}`;
        const name = `${path}, QoS 1, ${load.connections} connection${load.connections === 1 ? '' : 's'}`;
        const note = `${PAYLOAD_BYTES} B payload, window ${load.window} a connection, ${perSecond} messages/s by the clock`;
        rows.push({ name, unit: '1/CPU-s', value: perCpuSecond, note });
      }
    }
  }
  return rows;
}

async function measure(
  { connections, window }: Load,
  journal: boolean,
  fastLane: boolean,
): Promise<{ perCpuSecond: number; perSecond: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'vitals-bench-broker-'));
  const words = [CHILD_FLAG, journal ? folder : '', fastLane ? '' : 'no-lane'];
  const child = fork(fileURLToPath(import.meta.url), words);
  try {
    const [url] = (await once(child, 'message')) as [string];
    const publishers = Array.from({ length: connections }, (_, index) => publish(url, index, window));
    const before = await warmUp(child);
    await wait(MEASURE_MS);
    const after = await usageOf(child);
    for (const socket of publishers) socket.destroy();
    const messages = after.received - before.received;
    return {
      perCpuSecond: Math.round((messages / (after.cpuMs - before.cpuMs)) * 1000),
      perSecond: Math.round((messages / (after.atMs - before.atMs)) * 1000),
    };
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
    await rm(folder, { recursive: true, force: true });
  }
}

function wait(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}

async function warmUp(child: ChildProcess): Promise<Usage> {
  const startMs = systemClock.monotonicMs();
  for (;;) {
    await wait(100);
    const usage = await usageOf(child);
    if (usage.received >= WARM_UP_MESSAGES || systemClock.monotonicMs() - startMs > WARM_UP_MS_MAX) return usage;
  }
}

async function usageOf(child: ChildProcess): Promise<Usage> {
  child.send('usage');
  const [usage] = (await once(child, 'message')) as [Usage];
  return usage;
}

/** Keeps a window of publishes under way; acknowledgements are counted by their bytes, so that it costs little. */
function publish(url: string, index: number, window: number): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const packet = publishPacket(`in/air/station-${index}`);
  const burstCount = Math.ceil(window / 2);
  const burst = Buffer.concat(Array.from({ length: burstCount }, () => packet));
  const burstAckBytes = burstCount * PUBACK_BYTES;
  let unpaid = -CONNACK_BYTES;
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    if (unpaid < 0) socket.write(burst);
    unpaid += chunk.length;
    for (; unpaid >= burstAckBytes; unpaid -= burstAckBytes) socket.write(burst);
    if (window > 1 && unpaid === 0 && socket.bytesRead === CONNACK_BYTES) socket.write(burst);
  });
  socket.write(connectPacket(`bench-${index}`));
  return socket;
}

function connectPacket(clientId: string): Buffer {
  const id = Buffer.from(clientId);
  const head = Buffer.from([0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, id.length]);
  return Buffer.concat([Buffer.from([0x10, head.length + id.length]), head, id]);
}

function publishPacket(topic: string): Buffer {
  const name = Buffer.from(topic);
  const length = 2 + name.length + 2 + PAYLOAD_BYTES;
  const head = Buffer.from([0x32, (length % 128) | 0x80, Math.floor(length / 128), 0, name.length]);
  return Buffer.concat([head, name, Buffer.from([0, 1]), Buffer.alloc(PAYLOAD_BYTES, 120)]);
}

async function serve(folder: string, fastLane: boolean): Promise<void> {
  const journal =
    folder === ''
      ? undefined
      : await openLocalJournalWriter({
          folder,
          segmentBytesMax: 64 << 20,
          retention: { bytesMax: 2 ** 40, ageMsMax: 2 ** 40 },
          freeBytesMin: 0,
          clock: systemClock,
        });
  const accept = journal === undefined ? acceptByTurn() : appendTo(journal);
  const { mqtt } = citySchema.parse({
    city: { id: 'bench', name: 'Bench', timeZone: 'UTC' },
    mqtt: { port: 0, fastLane },
  });
  const broker = createEmbeddedBroker({ config: mqtt, secrets: new Map(), clock: systemClock });
  const { url } = await broker.open(accept);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const usage: Usage = {
      cpuMs: (user + system) / 1000,
      received: broker.stats().receivedQos1,
      atMs: systemClock.monotonicMs(),
    };
    process.send?.(usage);
  });
  process.on('disconnect', () => process.exit());
  process.send?.(url);
}

function appendTo(journal: JournalWriter): AcceptMessage {
  return (message, done) => void journal.append(message, done);
}

/** Answers all that came in one turn of the event loop together, as a commit does, and keeps nothing. */
function acceptByTurn(): AcceptMessage {
  let waiting: (() => void)[] = [];
  const answer = () => {
    const answered = waiting;
    waiting = [];
    for (const done of answered) done();
  };
  return (_message, done) => {
    if (waiting.length === 0) setImmediate(answer);
    waiting.push(done);
  };
}

if (process.argv[2] === CHILD_FLAG) await serve(process.argv[3] ?? '', process.argv[4] !== 'no-lane');
