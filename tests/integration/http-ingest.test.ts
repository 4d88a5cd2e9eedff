import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../simulators/common/index.ts';
import { systemClock } from '../../src/base/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import { openLocalJournalReader, openLocalJournalWriter } from '../../src/journal/local/index.ts';
import type { AccountingBody, QuarantineBody } from '../../src/views/http/schemas.ts';
import { clientTls, tlsFile } from '../unit/broker/support/tls.ts';
import { vitals } from '../unit/commands/support/run-command.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

const CITY: CityFile = {
  city: { id: 'auenburg', name: 'Auenburg', timeZone: 'Europe/Berlin' },
  windows: { clock: 'event', tick: '100ms' },
  log: { level: 'warn' },
};
const PROFILES = fileURLToPath(new URL('../../device-profiles', import.meta.url));
const SEED = process.env.VITALS_TEST_SEED ?? '20261129';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.close());

const accountingOf = (server: Server) => getJson<AccountingBody>(server.httpUrl, '/api/v1/accounting');

/** The accounting once the engine has taken so many messages. */
function levelAt(server: Server, messages: number): Promise<AccountingBody> {
  return eventually(
    () => accountingOf(server),
    (accounting) => accounting.messages.received >= messages,
  );
}

function expectBalance({ messages, readings, balanced }: AccountingBody): void {
  expect(balanced).toEqual({ messages: true, readings: true });
  expect(messages.received).toBe(messages.decoded + messages.ignored + messages.quarantined);
  const { received, counted, invalid, duplicate, lateFiled, quarantined } = readings;
  expect(received).toBe(counted + invalid + duplicate + lateFiled + quarantined);
}

async function post(server: Server, path: string, body: string | Uint8Array, init: RequestInit = {}): Promise<number> {
  const answer = await fetch(`${server.httpUrl}${path}`, { method: 'POST', body: body as string, ...init });
  await answer.arrayBuffer();
  return answer.status;
}

const KILLS = 4;
const POSTERS = 16;
/** Readings of one number lie a second apart, so that none is another's duplicate. */
const FIRST_S = 1_760_000_000;

/** Every other number is a line, the rest is SenML. */
function numbered(number: number): { readonly path: string; readonly body: string } {
  const atS = FIRST_S + number;
  if (number % 2 === 0)
    return { path: '/write?precision=s', body: `air,device=d,n=${number} pm10=${number % 90} ${atS}` };
  return { path: '/in/in/gw/d/data', body: JSON.stringify([{ n: 'pm10', u: 'ug/m3', v: number % 90, t: atS }]) };
}

/** Numbers that a message of the journal holds: of SenML one, of lines those of all. */
function numbersIn(payload: Uint8Array): number[] {
  const text = Buffer.from(payload).toString();
  return [...text.matchAll(/"t":(\d+)|air.* (\d+)$/gm)].map((found) => Number(found[1] ?? found[2]) - FIRST_S);
}

/** Posts number after number, and again what was not answered, until the server dies; tells of each answer. */
async function postUntilDeath(
  server: Server,
  next: () => number,
  unanswered: number[],
  onAnswer: (number: number) => void,
) {
  const poster = async (): Promise<void> => {
    for (;;) {
      const number = unanswered.pop() ?? next();
      const { path, body } = numbered(number);
      const status = await post(server, path, body).catch(() => 0);
      if (status === 200 || status === 204) onAnswer(number);
      else {
        unanswered.push(number);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: POSTERS }, poster));
}

async function journaledNumbers(data: string): Promise<Map<number, number>> {
  const folder = join(data, 'journal');
  const options = { segmentBytesMax: 64 << 20, retention: { bytesMax: 2 ** 40, ageMsMax: 2 ** 40 }, freeBytesMin: 0 };
  const writer = await openLocalJournalWriter({ folder, ...options, clock: systemClock });
  const last = writer.durableSequence();
  await writer.close();
  const reader = openLocalJournalReader({ folder });
  const counts = new Map<number, number>();
  let after = 0;
  while (after < last) {
    for (const record of await reader.read(after, last, 1 << 20)) {
      after = record.sequence;
      if (record.kind !== 'message') continue;
      for (const number of numbersIn(record.message.payload)) counts.set(number, (counts.get(number) ?? 0) + 1);
    }
  }
  await reader.close();
  return counts;
}

describe('posts over HTTP', () => {
  it(`that were answered are in the journal, and count once, after ${KILLS} kills in the middle of them`, async () => {
    process.stdout.write(`http-ingest.test: seed ${SEED} (VITALS_TEST_SEED)\n`);
    const random = seededRandom(SEED);
    const [config, data] = [bench.city(CITY), bench.path('data')];
    const answered: number[] = [];
    const unanswered: number[] = [];
    let number = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const server = await bench.start({ config, data });
      const killAt = answered.length + 100 + Math.floor(random() * 900);
      await postUntilDeath(
        server,
        () => ++number,
        unanswered,
        (one) => {
          answered.push(one);
          if (answered.length >= killAt) server.kill('SIGKILL');
        },
      );
      expect((await server.ended).signal).toBe('SIGKILL');
      expect(answered.length).toBeGreaterThanOrEqual(killAt);
    }
    const journaled = await journaledNumbers(data);
    expect(answered.filter((one) => !journaled.has(one))).toEqual([]);

    const server = await bench.start({ config, data });
    const copies = [...journaled.values()].reduce((sum, count) => sum + count, 0);
    const accounting = await levelAt(server, copies);
    process.stdout.write(`http-ingest.test: ${answered.length} answered, ${copies} in the journal\n`);
    expectBalance(accounting);
    expect(accounting.readings.received).toBe(copies);
    expect(accounting.readings.counted + accounting.readings.lateFiled).toBe(journaled.size);
    expect(accounting.readings.duplicate).toBe(copies - journaled.size);
    expect((await server.stop()).code).toBe(0);
  }, 300_000);

  it('of every family come out as their cases say, and every post is accounted for', async () => {
    const server = await bench.start({ config: bench.city(CITY), data: bench.path('data') });
    const sent = await postFamilies(server);
    const accounting = await levelAt(server, sent);
    expectBalance(accounting);
    expect(accounting.messages).toEqual({ received: sent, decoded: 11, ignored: 3, quarantined: 4 });
    const { received, counted, duplicate, lateFiled, quarantined } = accounting.readings;
    expect(duplicate).toBeGreaterThan(0);
    expect(lateFiled).toBeGreaterThan(0);
    expect(counted).toBeGreaterThan(0);
    expect(received).toBeGreaterThan(80);
    expect(quarantined).toBe(4);
    const { quarantine } = await eventually(
      () => getJson<{ quarantine: QuarantineBody[] }>(server.httpUrl, '/api/v1/quarantine'),
      (answer) => answer.quarantine.length >= 8,
    );
    expect(quarantine.map(({ reason }) => reason).sort()).toEqual([
      ...['conflict', 'malformed', 'malformed', 'missing_field', 'payload_too_large', 'unknown_quantity'],
      ...['unknown_topic', 'value_not_finite'],
    ]);
    const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text();
    expect(metrics).toContain(`vitals_ingest_messages_total ${sent}\n`);
    expect(metrics).toContain('vitals_ingest_refused_total{reason="topic"} 1\n');
    expect((await server.stop()).code).toBe(0);
  }, 120_000);

  it('need the secret of a device once there is one, over TLS from elsewhere, and end with its revocation', async () => {
    const tls = { certFile: tlsFile('server.crt'), keyFile: tlsFile('server.key') };
    const [config, data] = [bench.city({ ...CITY, http: { tls } }), bench.path('data')];
    const server = await bench.start({ config, data });
    expect(server.httpUrl).toMatch(/^https:/);
    const status = (path: string, headers: Record<string, string>, body: string | Buffer) =>
      new Promise<number>((resolve, reject) => {
        const options = { method: 'POST', ...clientTls(), headers };
        const sent = request(`${server.httpUrl}${path}`, options, (answer) => {
          answer.resume();
          resolve(answer.statusCode!);
        });
        sent.on('error', reject).end(body);
      });
    const line = gzipSync('air,device=roof pm10=5');
    const write = (secret: string) =>
      status('/api/v2/write', { authorization: `Token ${secret}`, 'content-encoding': 'gzip' }, line);
    expect(await status('/in/in/gw/a/data', {}, '[]')).toBe(200);
    const added = await vitals('devices', 'add', 'telegraf-1', '--json', '--data', data);
    const { secret } = JSON.parse(added.stdout) as { secret: string };
    await eventually(
      () => status('/in/in/gw/a/data', {}, '[]'),
      (code) => code === 401,
    );
    expect(await write(secret)).toBe(204);
    expect(await write(`${secret}x`)).toBe(401);
    expect(await status('/in/in/other/data', { authorization: `Bearer ${secret}` }, '[]')).toBe(403);
    expect((await vitals('devices', 'revoke', 'telegraf-1', '--data', data)).code).toBe(0);
    await eventually(
      () => write(secret),
      (code) => code === 401,
    );
    expect((await server.stop()).code).toBe(0);
  }, 120_000);

  it('are turned away while the disk is full, before they are read', async () => {
    const set = ['journal.freeBytesMin=100000000GiB'];
    const server = await bench.start({ config: bench.city(CITY), data: bench.path('data'), set });
    // The first one finds it out.
    const first = post(server, '/in/in/gw/a/data', '[]').catch(() => 0);
    await eventually(
      () => fetch(`${server.httpUrl}/readyz`),
      ({ status }) => status === 503,
    );
    const answer = await fetch(`${server.httpUrl}/in/in/gw/a/data`, { method: 'POST', body: '[]' });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('10');
    server.kill('SIGKILL');
    expect(await first).toBe(0);
  }, 60_000);
});

it('a certificate of http.tls that is not there stops the start, with key and file', async () => {
  const tls = { certFile: bench.path('none.crt'), keyFile: tlsFile('server.key') };
  const ended = await bench.run({ config: bench.city({ ...CITY, http: { tls } }), data: bench.path('data') });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/^cannot use http\.tls\.certFile .*none\.crt: ENOENT/);
}, 60_000);

interface Case {
  readonly id: string;
  readonly topic: string;
  readonly payload: string;
}

function casesOf(profile: string): readonly Case[] {
  return (JSON.parse(readFileSync(join(PROFILES, profile, 'cases.json'), 'utf8')) as { messages: Case[] }).messages;
}

/** One post after another of what devices send, and of what is wrong; returns how many messages they are. */
async function postFamilies(server: Server): Promise<number> {
  let sent = 0;
  const take = async (path: string, body: string, init: RequestInit = {}): Promise<void> => {
    expect(await post(server, path, body, init)).toBe(path.startsWith('/write') ? 204 : 200);
    sent++;
  };
  const one = (profile: string, id: string) => casesOf(profile).find((found) => found.id === id)!;
  const cases = [
    one('sensor-community/airrohr', 'airrohr-1'),
    one('the-things/stack', 'webhook-decoded'),
    one('the-things/stack', 'webhook-join'),
    one('the-things/stack', 'webhook-simulated'),
    one('the-things/stack', 'webhook-no-formatter'),
    one('chirpstack/v4', 'http-up'),
    one('chirpstack/v4', 'http-join'),
  ];
  for (const { topic, payload } of cases) await take(`/in/${topic}`, payload);
  const { topic, payload } = one('airgradient/one', 'airgradient-one');
  await take(`/sensors/airgradient:${topic.split('/').at(-1)}/measures`, payload);
  await take('/data/helsinki', one('cesva/ta120', 'cesva-1').payload, { method: 'PUT' });
  // Twice the same, and once another value at the same instant.
  const stamp = Math.floor(systemClock.nowMs() / 1_000) - 60;
  for (const value of [5, 5, 6])
    await take('/in/in/gw/d/data', JSON.stringify([{ n: 'pm10', u: 'ug/m3', v: value, t: stamp }]));
  await take('/write?precision=s', `air,device=d pm10=5,pm10x=1 ${stamp}\nnonsense\nair,device=e pm10="x" ${stamp}`);
  await take('/write', `air,device=f pm10=7\n`);
  await take('/in/nobody/knows', '{}');
  await take('/in/in/gw/d/data', '{"broken');
  await take('/in/in/gw/d/data', ' '.repeat(70_000));
  await take('/in/in/gw/d/data', JSON.stringify([{ n: 'pm10', u: 'ug/m3', v: 1, t: stamp - 36_000 }]));
  expect(await post(server, '/in/$SYS/x', '{}')).toBe(400);
  return sent;
}
