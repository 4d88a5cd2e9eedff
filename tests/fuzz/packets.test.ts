import { env } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Broker } from '../../src/broker/index.ts';
import type { Message } from '../../src/model/index.ts';
import { AccountingCounter } from '../../src/workers/accounting-counter.ts';
import { embedded } from '../unit/broker/support/embedded.ts';
import { builtInCompiled, intakeOf } from '../unit/intake/support.ts';
import { Random } from '../unit/journal/support/random.ts';
import { SteadyPublisher, sendBurst } from './support/clients.ts';
import { drawBurst } from './support/packets.ts';

/** Packets in all, half of them with the fast lane: 5,000 in `npm test`; `npm run test:long` sets more. */
const PACKETS = Number(env.FUZZ_PACKETS ?? 5_000);
/** The same packets in each `npm test`, so that a change is judged by what the last one was. */
const SEED = Number(env.FUZZ_SEED ?? 20_261_129);
/** This connection alone. */
const ONLY = env.FUZZ_CONNECTION === undefined ? undefined : Number(env.FUZZ_CONNECTION);
const AT_ONCE = 8;
/** What the heap may grow by from a quarter of the run to its end. */
const HEAP_GROWTH_BYTES_MAX = 8 << 20;
const PAYLOAD_MAX = 1_024;
const TELL_EVERY = 50_000;

/** Only a machine that is far too slow comes near it. */
vi.setConfig({ testTimeout: 60_000 + PACKETS * 20 });

let broker: Broker | undefined;
afterEach(async () => {
  await broker?.close(100);
});

describe.each([
  ['with the fast lane', true],
  ['without the fast lane', false],
])('the broker %s', (name, fastLane) => {
  it('takes any packets without harm to itself or others', async ({ onTestFailed }) => {
    broker = embedded({ fastLane, payloadMax: `${PAYLOAD_MAX}B`, packetMax: '16KiB' });
    const journal = new CountingJournal();
    const { url } = await broker.open(journal.accept);
    const steady = new SteadyPublisher(url);
    const steadily = steady.run((number) => journal.steadyDurable >= number);
    const run = new Run(url, name);
    onTestFailed(() => console.log(`under way were the connections ${[...run.running].join(' ')} (FUZZ_SEED=${SEED})`));
    await Promise.race([run.finish(), steadily]);
    steady.stop();
    await steadily;
    await expect.poll(() => broker!.stats().connectedClients).toBe(0);
    const { waitingForJournal, receivedQos0, receivedQos1, receivedQos2 } = broker.stats();
    expect(steady.acknowledged).toBeGreaterThan(run.connections / 10);
    expect(waitingForJournal).toBe(0);
    expect(receivedQos0 + receivedQos1 + receivedQos2).toBe(journal.messages);
    const { received, ...ends } = journal.accounting.value(0).messages;
    expect(received).toBe(journal.messages);
    expect(Object.values(ends).reduce((a, b) => a + b)).toBe(received);
    if (run.heapGrowthBytes !== undefined) expect(run.heapGrowthBytes).toBeLessThan(HEAP_GROWTH_BYTES_MAX);
  });
});

/** Stands where journal and intake stand, and keeps counts alone. */
class CountingJournal {
  messages = 0;
  steadyDurable = 0;
  readonly accounting = new AccountingCounter();
  readonly #intake = intakeOf(builtInCompiled());

  readonly accept = (message: Message, done: (error?: Error) => void): void => {
    this.messages++;
    if (message.payload.length > PAYLOAD_MAX) throw new Error(`a payload of ${message.payload.length} bytes`);
    this.accounting.message(this.#intake(message));
    // Now and then a slow commit.
    let turns = this.messages % 50 === 0 ? 20 : 1;
    const sync = (): void => {
      if (--turns > 0) return void setImmediate(sync);
      if (message.topic === 'in/steady') this.steadyDurable = Number(Buffer.from(message.payload).toString());
      done();
    };
    setImmediate(sync);
  };
}

/** Sends the packets of a run, several connections at once. */
class Run {
  connections = 0;
  readonly running = new Set<number>();
  heapGrowthBytes: number | undefined;
  readonly #url: string;
  readonly #name: string;
  #packets = 0;
  #next = 0;
  #told = 0;
  #heapBytes: number | undefined;

  constructor(url: string, name: string) {
    this.#url = url;
    this.#name = name;
  }

  async finish(): Promise<void> {
    if (ONLY !== undefined) return this.#send(ONLY);
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.#sendMany()));
    if (this.#heapBytes !== undefined) this.heapGrowthBytes = heapBytes() - this.#heapBytes;
    console.log(
      `${this.#name}: ${this.#packets} packets over ${this.connections} connections (FUZZ_SEED=${SEED}), ` +
        `heap ${((this.#heapBytes ?? 0) / 2 ** 20).toFixed(1)} MiB at a quarter, ${(heapBytes() / 2 ** 20).toFixed(1)} MiB at the end`,
    );
  }

  async #sendMany(): Promise<void> {
    while (this.#packets < PACKETS / 2) await this.#send(this.#next++);
  }

  async #send(index: number): Promise<void> {
    const burst = drawBurst(new Random(SEED + index), index);
    this.running.add(index);
    this.connections++;
    this.#packets += burst.packets.length;
    try {
      await sendBurst(this.#url, burst);
    } catch (cause) {
      const how = `FUZZ_SEED=${SEED} FUZZ_CONNECTION=${index} npx vitest run tests/fuzz`;
      throw new Error(`${(cause as Error).message}; repeat it with ${how}`, { cause });
    }
    this.running.delete(index);
    if (this.#heapBytes === undefined && this.#packets >= PACKETS / 8) this.#heapBytes = heapBytes();
    if (Math.floor(this.#packets / TELL_EVERY) > this.#told) {
      this.#told = Math.floor(this.#packets / TELL_EVERY);
      console.log(`${this.#name}: ${this.#packets} packets, under way ${[...this.running].join(' ')}`);
    }
  }
}

/** What is in use after a collection. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}
