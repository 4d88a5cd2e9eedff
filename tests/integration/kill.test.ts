import { existsSync, mkdirSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../harness/index.ts';
import { type Random, seededRandom } from '../../simulators/common/index.ts';
import { findRecording, loadMapping, type ReplaySummary, replay } from '../../simulators/replay/index.ts';
import {
  differencesOf,
  digestOf,
  everythingOf,
  surveyRecording,
  waitUntilLevel,
} from '../../simulators/verify/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import type { AccountingBody } from '../../src/views/http/schemas.ts';
import { getJson, type Server, Workbench } from './support/workbench.ts';

const RECORDING = fileURLToPath(new URL('../../simulators/recordings/energy-konstanz', import.meta.url));
const KILLS = 20;
const SEED = process.env.VITALS_TEST_SEED ?? '20261124';

/** Everything of the excerpt stays live; two zones, so that all KPIs of supply have something to say. */
const CITY: CityFile = {
  city: { id: 'konstanz', name: 'Konstanz', timeZone: 'Europe/Berlin', population: 85_000 },
  zones: [
    { id: 'west', name: 'West', population: 40_000 },
    { id: 'east', name: 'East', population: 45_000 },
  ],
  devices: [
    { match: 'energy-konstanz:KN-res4', zone: 'west', role: 'customer', peopleServed: 4 },
    { match: 'energy-konstanz:*', zone: 'east', role: 'customer', peopleServed: 3 },
  ],
  windows: { clock: 'event', lateness: '60d', horizon: '60d', tick: '100ms' },
  snapshot: { every: '1s' },
  log: { level: 'warn' },
};

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.close());

/** When a kill comes: after some time, in the middle of writing a snapshot, or while the store commits. */
const MOMENTS = ['time', 'snapshot', 'time', 'store'] as const;

describe('the product under kill -9', () => {
  it(`gives bit for bit the results of an undisturbed run after ${KILLS} kills during a replay at QoS 1`, async () => {
    process.stdout.write(`kill.test: seed ${SEED} (VITALS_TEST_SEED)\n`);
    const random = seededRandom(SEED);
    const place = findRecording(RECORDING);
    const { oldestMs, newestMs } = await surveyRecording(place, loadMapping(place).mapping);
    const span = { fromMs: oldestMs - 2 * DAY_MS, toMs: newestMs + 2 * DAY_MS };
    const config = bench.city(CITY);

    const calm = await bench.start({ config, data: bench.path('calm') });
    const calmAccounting = await replayed(calm, [{}]);
    const expected = await everythingOf(calm.httpUrl, span.fromMs, span.toMs);
    await calm.stop();

    const product = new KilledProduct(bench, config, `mqtt.port=${await freePort()}`, random);
    await product.start();
    const summaries: ReplaySummary[] = [];
    for (const [kill, slice] of slices(oldestMs, newestMs).entries()) {
      const under = replay({ recording: RECORDING, url: product.server.mqttUrl, qos: 1, ...slice });
      await product.killAt(MOMENTS[kill % MOMENTS.length]!);
      await product.start();
      summaries.push(await under);
    }
    const accounting = await levelAfter(product.server, summaries);
    const got = await everythingOf(product.server.httpUrl, span.fromMs, span.toMs);

    const resent = summaries.reduce((sum, { messagesResent }) => sum + messagesResent, 0);
    process.stdout.write(
      `kill.test: ${product.report()}; ${resent} messages resent, ${accounting.readings.duplicate} duplicate readings; ` +
        `${expected.size} answers, digest ${digestOf(got).slice(0, 16)}\n`,
    );
    expect(differencesOf(expected, got)).toEqual([]);
    expect(expected.size).toBeGreaterThan(30);
    // On a slow machine some kills come before the client has connected, or after its slice has ended.
    expect(summaries.reduce((sum, { reconnects }) => sum + reconnects, 0)).toBeGreaterThan(KILLS / 2);
    expect(resent).toBeGreaterThan(0);
    expectSameAccounting(accounting, calmAccounting);
    expect((await product.server.stop()).code).toBe(0);
    expect(leftovers(bench.path('killed'))).toEqual([]);
  }, 600_000);
});

const DAY_MS = 86_400_000;
/** How long a slice takes at its speed, so that the kill falls into it. */
const SLICE_MS = 900;

function slices(oldestMs: number, newestMs: number) {
  const lengthMs = Math.ceil((newestMs + 1 - oldestMs) / KILLS);
  return Array.from({ length: KILLS }, (_, index) => ({
    fromMs: oldestMs + index * lengthMs,
    toMs: oldestMs + (index + 1) * lengthMs,
    speed: lengthMs / SLICE_MS,
  }));
}

async function replayed(server: Server, parts: readonly { fromMs?: number; toMs?: number }[]) {
  const summaries: ReplaySummary[] = [];
  for (const part of parts)
    summaries.push(await replay({ recording: RECORDING, url: server.mqttUrl, qos: 1, ...part }));
  return levelAfter(server, summaries);
}

/** The accounting once all that was acknowledged is in the store. */
async function levelAfter(server: Server, summaries: readonly ReplaySummary[]): Promise<AccountingBody> {
  const acknowledged = summaries.reduce((sum, { messagesAcked }) => sum + messagesAcked, 0);
  await waitUntilLevel(server.httpUrl, { messagesMin: acknowledged, stallMsMax: 60_000 });
  return getJson(server.httpUrl, '/api/v1/accounting');
}

/** Everything but what was delivered more than once. */
function expectSameAccounting(got: AccountingBody, calm: AccountingBody): void {
  const { received, duplicate, ...ends } = got.readings;
  const { received: calmReceived, duplicate: calmDuplicate, ...calmEnds } = calm.readings;
  expect(ends).toEqual(calmEnds);
  expect(got.rejects).toEqual(calm.rejects);
  expect(received - duplicate).toBe(calmReceived - calmDuplicate);
  expect(calmEnds.counted).toBeGreaterThan(2_000);
  expect(got.balanced).toEqual({ messages: true, readings: true });
  expect(received).toBe(duplicate + Object.values(ends).reduce((a, b) => a + b, 0));
  const { messages } = got;
  expect(messages.received).toBe(messages.decoded + messages.ignored + messages.quarantined);
}

/** Half-written files that kills left behind and no start has cleared. */
function leftovers(data: string): string[] {
  return readdirSync(join(data, 'snapshots')).filter((name) => !name.endsWith('.snapshot'));
}

/** A product at one address that is killed and started again. */
class KilledProduct {
  server!: Server;
  readonly #bench: Workbench;
  readonly #config: string;
  readonly #address: string;
  readonly #random: Random;
  readonly #hits = { time: 0, snapshot: 0, store: 0, late: 0 };
  #interruptedSnapshots = 0;

  constructor(workbench: Workbench, config: string, address: string, random: Random) {
    this.#bench = workbench;
    this.#config = config;
    this.#address = address;
    this.#random = random;
  }

  async start(): Promise<void> {
    const data = this.#bench.path('killed');
    this.server = await this.#bench.start({ config: this.#config, data, set: [this.#address] });
  }

  async killAt(moment: (typeof MOMENTS)[number]): Promise<void> {
    if (moment === 'time') await sleep(this.#random() * 0.8 * SLICE_MS);
    // A moment that does not come is no reason to wait for ever: the kill is what counts.
    else if (await this.#change(moment)) this.#hits[moment]--;
    this.server.kill('SIGKILL');
    this.#hits[moment]++;
    const { signal } = await this.server.ended;
    expect(signal).toBe('SIGKILL');
    this.#interruptedSnapshots += leftovers(this.#bench.path('killed')).length;
  }

  report(): string {
    const { time, snapshot, store, late } = this.#hits;
    return `${time} kills by time, ${snapshot} at a snapshot (${this.#interruptedSnapshots} cut short), ${store} at a commit of the store, ${late} late`;
  }

  /** Resolves at the first write of the kind, or with true when it takes too long. */
  #change(moment: 'snapshot' | 'store'): Promise<boolean> {
    const data = this.#bench.path('killed');
    const folder = moment === 'snapshot' ? join(data, 'snapshots') : data;
    const isMeant = (name: string | null) => (moment === 'snapshot' ? name?.endsWith('.part') : name?.endsWith('.wal'));
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
    return new Promise((resolve) => {
      const watcher = watch(folder, (_event, name) => {
        if (isMeant(name) === true) settle(false);
      });
      const timer = setTimeout(() => {
        this.#hits.late++;
        settle(true);
      }, 4 * SLICE_MS);
      const settle = (isLate: boolean): void => {
        if (!isLate) this.server.kill('SIGKILL');
        watcher.close();
        clearTimeout(timer);
        resolve(isLate);
      };
    });
  }
}
