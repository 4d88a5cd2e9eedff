import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findRecording, loadMapping, replay } from '../../simulators/replay/index.ts';
import {
  type Answers,
  differencesOf,
  everythingOf,
  surveyRecording,
  waitUntilLevel,
} from '../../simulators/verify/index.ts';
import { systemClock } from '../../src/base/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import type { AccountingBody } from '../../src/views/http/schemas.ts';
import { type Ended, eventually, getJson, type Server, Workbench } from './support/workbench.ts';

const RECORDING = fileURLToPath(new URL('../recordings/energy-konstanz', import.meta.url));
const DAY_MS = 86_400_000;
const CITY: CityFile = {
  city: { id: 'konstanz', name: 'Konstanz', timeZone: 'Europe/Berlin', population: 85_000 },
  devices: [{ match: 'energy-konstanz:*', role: 'customer', peopleServed: 4 }],
  journal: { segmentMax: '64KiB' },
  windows: { clock: 'event', lateness: '60d', horizon: '60d', tick: '100ms' },
  snapshot: { every: '100ms' },
};

let bench: Workbench;
beforeAll(() => {
  bench = new Workbench();
});
afterAll(() => bench.close());

/** The process ended with the code, and stderr has one sentence for people: no stack, no second fault. */
function expectSentence({ code, stderr }: Ended, exitCode: number, ...parts: readonly (string | RegExp)[]): void {
  expect(stderr).toMatch(/^cannot .+\n$/s);
  expect(stderr).not.toMatch(/\n {4}at |BUG|^\w*Error:|Warning/m);
  expect(stderr.match(/cannot /g)).toHaveLength(1);
  for (const part of parts) expect(stderr).toMatch(part);
  expect(code).toBe(exitCode);
}

describe('the product refuses to start', () => {
  const run = (city: CityFile | string, set: readonly string[] = []) =>
    bench.run({ config: bench.city(city), data: bench.path('refused'), set });

  it('with a key that it does not know', async () => {
    const city = { ...CITY, windos: { lateness: '5m' } } as CityFile;
    expectSentence(await run(city), 2, /cannot use the configuration/, /city-\d+\.yaml/, /windos/);
  });

  it('with values that are not allowed, naming each', async () => {
    const ended = await run({ ...CITY, windows: { lateness: 'soon' } }, ['mqtt.port=99999']);
    expectSentence(ended, 2, /mqtt\.port/, /65535/, /windows\.lateness/, /"soon" is no duration/);
  });

  it('with values that contradict each other', async () => {
    const ended = await run({
      ...CITY,
      windows: { lateness: '3d', horizon: '2d' },
      mqtt: { payloadMax: '2MiB', packetMax: '1MiB' },
      devices: [{ match: 'x', zone: 'nowhere' }],
    });
    expectSentence(ended, 2, /lateness \(3d\)/, /horizon \(2d\)/, /payloadMax/, /unknown zone "nowhere"/);
  });

  it('with a file that is no YAML, or is not there', async () => {
    expectSentence(await run('city: [unclosed\n'), 2, /cannot use the configuration/);
    const ended = await bench.run({ config: bench.path('missing.yaml'), data: bench.path('refused') });
    expectSentence(ended, 2, /cannot read the configuration/, /missing\.yaml/);
  });

  it('on an address that others can reach, without users', async () => {
    expectSentence(await run(CITY, ['mqtt.host=0.0.0.0']), 1, /0\.0\.0\.0/, /mqtt\.users/);
  });

  it('with a device profile that cannot be used', async () => {
    const folder = bench.path('profiles/broken/thing');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'profile.yaml'), 'name: broken-thing\nmatch: [{ topic: "a/#/b" }]\n');
    const ended = await run({ ...CITY, deviceProfiles: bench.path('profiles') });
    expectSentence(ended, 2, /broken\/thing\/profile\.yaml/);
  });

  it.each(['mqtt', 'http'])('on a port for %s that is taken', async (room) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const sentence = [new RegExp(`127\\.0\\.0\\.1:${port}`), /another process/, new RegExp(`set ${room}\\.port`)];
    expectSentence(await run(CITY, [`${room}.port=${port}`]), 1, ...sentence);
    taken.close();
  });

  it('with a data folder that cannot be written', async () => {
    const file = bench.path('a-file');
    writeFileSync(file, '');
    const ended = await bench.run({ config: bench.city(CITY), data: join(file, 'data') });
    expectSentence(ended, 1, /cannot use the data folder/, /a-file/);
  });
});

describe('the product with data of an earlier run', () => {
  let config: string;
  let expected: Answers;
  /** Journal sequence that includes all of the replay. */
  let levelAt: number;
  const span = { fromMs: 0, toMs: 0 };

  beforeAll(async () => {
    config = bench.city(CITY);
    const place = findRecording(RECORDING);
    const { oldestMs, newestMs } = await surveyRecording(place, loadMapping(place).mapping);
    Object.assign(span, { fromMs: oldestMs - 2 * DAY_MS, toMs: newestMs + 2 * DAY_MS });
    const server = await bench.start({ config, data: bench.path('reference') });
    // Slowly enough for several batches, commits, snapshots and segments.
    const speed = (newestMs - oldestMs) / 2_000;
    const { messagesAcked } = await replay({ recording: RECORDING, url: server.mqttUrl, qos: 1, speed });
    await waitUntilLevel(server.httpUrl, { messagesMin: messagesAcked, stallMsMax: 60_000 });
    const { progress } = await getJson<AccountingBody>(server.httpUrl, '/api/v1/accounting');
    levelAt = progress.storeSequence;
    expected = await everythingOf(server.httpUrl, span.fromMs, span.toMs);
    // A busy machine comes to few; at the next time mark there is one more.
    const snapshots = async () =>
      readdirSync(bench.path('reference/snapshots')).filter((name) => !name.endsWith('.part'));
    await eventually(snapshots, ({ length }) => length > 1, 60_000);
    expect((await server.stop()).code).toBe(0);
    expect(segmentsOf('reference').length).toBeGreaterThan(2);
  }, 180_000);

  /** A copy of the data folder, to be damaged. */
  function copy(name: string): string {
    cpSync(bench.path('reference'), bench.path(name), { recursive: true });
    return bench.path(name);
  }

  function segmentsOf(name: string): string[] {
    const folder = join(bench.path(name), 'journal');
    return readdirSync(folder)
      .filter((file) => file !== 'lock')
      .sort()
      .map((file) => join(folder, file));
  }

  async function expectSameResults(server: Server): Promise<void> {
    await eventually(
      () => getJson<AccountingBody>(server.httpUrl, '/api/v1/accounting'),
      ({ progress }) => progress.storeSequence >= levelAt,
      60_000,
    );
    // What the store holds must not be older than its position while the engine catches up behind it.
    expect(differencesOf(expected, await everythingOf(server.httpUrl, span.fromMs, span.toMs))).toEqual([]);
  }

  it('goes on where it stopped', async () => {
    const server = await bench.start({ config, data: copy('plain') });
    await expectSameResults(server);
    expect(server.stdout()).not.toMatch(/"level":"(warn|error)"/);
    expect((await server.stop()).code).toBe(0);
  }, 60_000);

  it('skips snapshots that are damaged, says so, and rebuilds from the journal', async () => {
    const folder = join(copy('snapshots'), 'snapshots');
    const [newest = '', ...older] = readdirSync(folder).sort().reverse();
    flip(join(folder, newest));
    for (const name of older) writeFileSync(join(folder, name), 'no snapshot');
    const server = await bench.start({ config, data: bench.path('snapshots') });
    await expectSameResults(server);
    expect(server.stdout()).toMatch(new RegExp(`"level":"warn".*${newest} was not used: its checksum is wrong`));
    expect(server.stdout()).toMatch(/"level":"warn".* was not used: it is of another format/);
    expect((await server.stop()).code).toBe(0);
  }, 60_000);

  it('makes a deleted store anew from the journal', async () => {
    const data = copy('storeless');
    for (const name of readdirSync(data)) if (name.startsWith('store.duckdb')) rmSync(join(data, name));
    const server = await bench.start({ config, data });
    await expectSameResults(server);
    expect((await server.stop()).code).toBe(0);
  }, 60_000);

  it('refuses a store that is damaged, and says what to do', async () => {
    const data = copy('bad-store');
    writeFileSync(join(data, 'store.duckdb'), Buffer.alloc(64 * 1024, 0x5a));
    expectSentence(await bench.run({ config, data }), 1, /store\.duckdb/, /move the file/, /from the journal/);
  }, 60_000);

  it('refuses a journal whose middle is damaged, with file and byte', async () => {
    copy('bad-tail');
    const last = segmentsOf('bad-tail').at(-1)!;
    flip(last, 200);
    const ended = await bench.run({ config, data: bench.path('bad-tail') });
    expectSentence(ended, 1, /cannot read the journal segment/, /at byte \d+/, /fails its checksum/);
  }, 60_000);

  it('stops when it has to rebuild from a journal whose middle is damaged', async () => {
    const data = copy('bad-middle');
    for (const name of readdirSync(data)) if (name.startsWith('store.duckdb')) rmSync(join(data, name));
    flip(segmentsOf('bad-middle')[1]!);
    const ended = await bench.run({ config, data });
    expectSentence(
      ended,
      1,
      /cannot read the journal segment/,
      /at byte \d+/,
      /fails its checksum|reaches beyond its end/,
    );
  }, 60_000);

  it('refuses a data folder that another process has', async () => {
    const data = copy('shared');
    const server = await bench.start({ config, data });
    expectSentence(await bench.run({ config, data }), 1, new RegExp(`process ${server.pid}`));
    const health = await getJson<{ status: string }>(server.httpUrl, '/healthz');
    expect(health.status).toBe('ok');
    expect((await server.stop()).code).toBe(0);
  }, 60_000);
});

describe('the product at SIGTERM', () => {
  it('ends with code 0 within ten seconds when idle', async () => {
    const server = await bench.start({ config: bench.city(CITY), data: bench.path('idle') });
    await expectQuickStop(server);
  }, 60_000);

  it('ends with code 0 when the signal comes while it starts', async () => {
    const options = { config: bench.city(CITY), data: bench.path('early') };
    const { code, stderr } = await bench.run({ ...options, whenSaid: { text: 'engine started', signal: 'SIGTERM' } });
    expect(stderr).toBe('');
    expect(code).toBe(0);
  }, 60_000);

  it('ends with code 0 within ten seconds under load, and keeps all that it acknowledged', async () => {
    const options = { config: bench.city(CITY), data: bench.path('loaded') };
    const server = await bench.start(options);
    const load = await publishUntilClosed(server.mqttUrl);
    await eventually(
      async () => load.acknowledged.size,
      (count) => count > 3_000,
      60_000,
    );
    await expectQuickStop(server);
    await load.closed;

    const again = await bench.start(options);
    const kept = await eventually(
      () => keptReadings(again.httpUrl),
      (numbers) => numbers.size >= load.acknowledged.size,
      60_000,
    );
    expect([...load.acknowledged].filter((number) => !kept.has(number))).toEqual([]);
    expect(kept.size).toBeLessThanOrEqual(load.sent());
    expect((await again.stop()).code).toBe(0);
  }, 120_000);

  async function expectQuickStop(server: Server): Promise<void> {
    const startMs = systemClock.monotonicMs();
    const { code, stderr } = await server.stop();
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(10_000);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  }
});

const LOAD_START_MS = Date.UTC(2026, 0, 1);
const UNDER_WAY_MAX = 500;

/** Publishes numbered readings, many under way, until the connection ends. */
async function publishUntilClosed(url: string) {
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 0 });
  const acknowledged = new Set<number>();
  let sent = 0;
  let isOpen = true;
  const closed = new Promise<void>((resolve) => {
    client.once('close', () => {
      isOpen = false;
      client.end(true, () => resolve());
    });
  });
  const fill = (): void => {
    for (; isOpen && sent - acknowledged.size < UNDER_WAY_MAX; sent++) publish(sent);
  };
  const publish = (number: number): void => {
    const payload = JSON.stringify([{ n: 'pm10', u: 'ug/m3', v: number / 100, t: LOAD_START_MS / 1000 + number }]);
    client.publish('in/gw/load/data', payload, { qos: 1 }, (error) => {
      if (error) return;
      acknowledged.add(number);
      fill();
    });
  };
  client.on('error', () => undefined);
  fill();
  return { acknowledged, sent: () => sent, closed };
}

async function keptReadings(httpUrl: string): Promise<ReadonlySet<number>> {
  const numbers = new Set<number>();
  const to = new Date(LOAD_START_MS + 30 * DAY_MS).toISOString();
  let from: string | null = new Date(LOAD_START_MS).toISOString();
  while (from !== null) {
    const path: string = `/api/v1/readings?device=load&quantity=pm10&from=${from}&to=${to}&limit=10000`;
    const page: { readings: { time: string; value: number }[]; next: string | null } = await getJson(httpUrl, path);
    for (const { time } of page.readings) {
      numbers.add((Temporal.Instant.from(time).epochMilliseconds - LOAD_START_MS) / 1000);
    }
    from = page.next;
  }
  return numbers;
}

/** Changes one byte, in the middle unless said otherwise. */
function flip(file: string, at?: number): void {
  const bytes = readFileSync(file);
  const place = at ?? bytes.length >> 1;
  bytes[place] = bytes[place]! ^ 0x20;
  writeFileSync(file, bytes);
}
