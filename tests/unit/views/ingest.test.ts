import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DAY_MS, FailureThrottle, manualClock, OperatingError, systemClock } from '../../../src/base/index.ts';
import { revokeDevice, rotateDevice } from '../../../src/identity/index.ts';
import { basic, bearer, ingest, rawConnection, requestText, token } from './ingest-support.ts';

const METER = { id: 'meter-1' };
const BODY = '{"value":1}';
const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

describe('a post', () => {
  test('is answered when the journal has it, and not before', async () => {
    const { send, journal, posts, isAnswered } = await ingest();
    journal.isHolding = true;
    const answer = send('/in/in/meter-1/data', BODY);
    await journal.count(1);
    expect(await isAnswered(answer)).toBe(false);
    expect(posts.stats()).toMatchObject({ received: 1, accepted: 0, waitingForJournal: 1 });
    journal.release();
    expect((await answer).status).toBe(200);
    expect(await (await answer).json()).toEqual({});
    expect(posts.stats()).toMatchObject({ received: 1, accepted: 1, waitingForJournal: 0, refused: {} });
    const [message] = journal.messages;
    expect(message).toMatchObject({ topic: 'in/meter-1/data', clientId: 'http', flags: 0, payloadBytes: 11 });
    expect(textOf(message!.payload)).toBe(BODY);
    expect(systemClock.nowMs() - message!.receivedAtMs).toBeLessThan(60_000);
  });

  test('that the journal does not take, or not in time, is to be sent again', async () => {
    const { send, journal, posts } = await ingest({ posts: { answerMsMax: 50 } });
    journal.isHolding = true;
    const failed = send('/in/in/a', BODY);
    await journal.count(1);
    journal.release(new Error('the disk is gone'));
    expect([(await failed).status, (await failed).headers.get('retry-after')]).toEqual([503, '1']);
    expect((await send('/in/in/a', BODY)).status).toBe(503);
    expect(posts.stats()).toMatchObject({ accepted: 0, refused: { not_taken: 2 } });
  });

  test('is turned away while the disk is full, before it is read, and taken when there is room', async () => {
    let blocked: string | undefined = 'no space left on the disk';
    const { send, journal } = await ingest({ posts: { blocked: () => blocked } });
    const answer = await send('/in/in/a', BODY);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10']);
    expect(await answer.json()).toEqual({
      error: { code: 'not_taken', message: 'cannot take this: no space left on the disk' },
    });
    blocked = undefined;
    expect((await send('/in/in/a', BODY)).status).toBe(200);
    expect(journal.messages).toHaveLength(1);
  });

  test('without a body, or with one that makes no sense, is kept all the same', async () => {
    const { send, post, journal } = await ingest();
    expect((await send('/in/in/a', undefined)).status).toBe(200);
    expect(await post('/in/in/a', '{"broken')).toBe(200);
    expect(await post('/in/in/a', Buffer.from([0xff, 0, 0x80]))).toBe(200);
    expect(await post('/in/in/a', BODY, { 'content-type': 'image/png' })).toBe(200);
    expect(journal.messages.map(({ payloadBytes }) => payloadBytes)).toEqual([0, 8, 3, 11]);
  });

  test('is shown to whoever subscribed to its topic', async () => {
    const shown: string[] = [];
    const { post } = await ingest({ posts: { forward: (topic) => void shown.push(topic) } });
    await post('/in/in/a', BODY);
    expect(shown).toEqual(['in/a']);
  });

  test('comes through one connection by the dozen, each answered in its turn', async () => {
    const { url, journal } = await ingest();
    const client = await rawConnection(url);
    client.socket.write(Array.from({ length: 24 }, (_, index) => requestText('/in/in/a', String(index))).join(''));
    await client.answers(24);
    expect(new Set(client.statuses())).toEqual(new Set([200]));
    expect(journal.messages.map(({ payload }) => textOf(payload))).toEqual(
      Array.from({ length: 24 }, (_, index) => String(index)),
    );
    client.socket.destroy();
  });

  test('whose sender goes away in the middle leaves nothing behind', async () => {
    const { url, posts, journal, post } = await ingest();
    const client = await rawConnection(url);
    client.socket.write('POST /in/in/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nhalf');
    client.socket.end();
    client.socket.destroy();
    await client.closed;
    expect(await post('/in/in/a', BODY)).toBe(200);
    expect(journal.messages).toHaveLength(1);
    expect(posts.stats()).toMatchObject({ received: 1, waitingForJournal: 0 });
  });
});

describe('a device', () => {
  test('shows its secret in each of the ways that clients have', async () => {
    const { post, send, secrets, journal } = await ingest({ devices: [METER] });
    const secret = secrets['meter-1']!;
    const own = '/in/in/meter-1/data';
    for (const headers of [
      bearer(secret),
      bearer(`meter-1:${secret}`),
      token(secret),
      token(`meter-1:${secret}`),
      basic('meter-1', secret),
    ])
      expect([JSON.stringify(headers), await post(own, BODY, headers)]).toEqual([JSON.stringify(headers), 200]);
    const query = new URLSearchParams({ u: 'meter-1', p: secret });
    expect((await send(`/write?${query}`, 'air pm10=1')).status).toBe(204);
    expect((await send(`${own}?${query}`, BODY)).status).toBe(401);
    expect(journal.messages.map(({ clientId }) => clientId)).toEqual(Array(6).fill('meter-1'));
  });

  test('with a wrong secret, or none, is not let in, and is told how to log in', async () => {
    const { post, send, secrets, journal, posts, events } = await ingest({ devices: [METER, { id: 'meter-2' }] });
    const wrong = [
      {},
      bearer('x'),
      bearer(`${secrets['meter-1']}x`),
      bearer(`meter-2:${secrets['meter-1']}`),
      basic('meter-2', secrets['meter-1']),
      basic('nobody', secrets['meter-1']),
      basic('meter-1', ''),
      bearer('meter-1:'),
      { authorization: `Digest ${secrets['meter-1']}` },
    ];
    for (const headers of wrong) expect(await post('/in/in/meter-1/data', BODY, headers)).toBe(401);
    const answer = await send('/in/in/meter-1/data', BODY, { headers: bearer('x') });
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
    expect(journal.messages).toEqual([]);
    expect(posts.stats().refused).toEqual({ login: wrong.length + 1 });
    expect(events.filter(({ kind }) => kind === 'login_refused').length).toBe(wrong.length);
    expect(events.every(({ by }) => by === 'http')).toBe(true);
  });

  test('posts to its own topics and those of its profile, and to no other', async () => {
    const { post, secrets, posts, events, journal } = await ingest({
      devices: [
        { id: 'chip-7', profile: 'http/airrohr' },
        { id: 'gate', devices: ['meter-9'] },
      ],
    });
    const status = (topic: string, id: string) => post(`/in/${topic}`, BODY, bearer(secrets[id]));
    expect(await status('in/chip-7/data', 'chip-7')).toBe(200);
    expect(await status('http/airrohr/chip-7', 'chip-7')).toBe(200);
    expect(await status('in/gate/meter-9/data', 'gate')).toBe(200);
    const taken = journal.messages.length;
    for (const [topic, id] of [
      ['http/airrohr/chip-8', 'chip-7'],
      ['in/gate/meter-9/data', 'chip-7'],
      ['in/gate/meter-8/data', 'gate'],
      ['kpi/x', 'gate'],
      ['in/chip-7%2f..%2fgate/data', 'chip-7'],
    ] as const)
      expect([topic, await status(topic, id)]).toEqual([topic, 403]);
    expect(journal.messages).toHaveLength(taken);
    expect(posts.stats().refused.not_authorized).toBe(5);
    expect(events.filter(({ kind }) => kind === 'publish_refused')).toHaveLength(5);
  });

  test('that is revoked, or has another secret now, is let in no more at once', async () => {
    const { post, secrets, directory, dataFolder } = await ingest({ devices: [METER, { id: 'meter-2' }] });
    const status = (id: string) => post(`/in/in/${id}/data`, BODY, bearer(secrets[id]));
    expect([await status('meter-1'), await status('meter-2')]).toEqual([200, 200]);
    const changed = () => new Promise<void>((resolve) => void directory.onChange(resolve));
    const [first] = [changed(), await revokeDevice(dataFolder, 'meter-1', systemClock.nowMs())];
    await first;
    expect([await status('meter-1'), await status('meter-2')]).toEqual([401, 200]);
    const second = changed();
    const rotated = await rotateDevice(dataFolder, 'meter-2', { graceMs: 60_000, nowMs: systemClock.nowMs() });
    await second;
    expect(await status('meter-2')).toBe(200);
    expect(await post('/in/in/meter-2/data', BODY, bearer(rotated.secret))).toBe(200);
  });

  test('that fails again and again is looked at no more for a while, over MQTT as well, and others behind it are', async () => {
    const throttle = new FailureThrottle(systemClock);
    const { send, post, secrets, posts } = await ingest({ devices: [METER, { id: 'meter-2' }], posts: { throttle } });
    for (let time = 0; time < 5; time++)
      expect(await post('/in/in/meter-1/data', BODY, basic('meter-1', 'no'))).toBe(401);
    const answer = await send('/in/in/meter-1/data', BODY, { headers: basic('meter-1', 'no') });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(throttle.waitMs('127.0.0.1', 'meter-1')).toBeGreaterThan(0);
    for (let time = 0; time < 6; time++) await post('/in/in/meter-1/data', BODY, bearer('old-secret'));
    expect(await post('/in/in/meter-2/data', BODY, bearer(secrets['meter-2']))).toBe(200);
    expect(posts.stats().refused.rate_limit).toBe(2);
  });

  test('over its share of bytes waits, and loses nothing', async () => {
    const { send, post, secrets, journal } = await ingest({
      mqtt: { deviceBytesPerSecond: '1KiB' },
      devices: [METER, { id: 'meter-2' }],
    });
    expect(await post('/in/in/meter-1/data', 'x'.repeat(40_000), bearer(secrets['meter-1']))).toBe(200);
    const answer = await send('/in/in/meter-1/data', BODY, { headers: bearer(secrets['meter-1']) });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(15);
    expect(await post('/in/in/meter-2/data', BODY, bearer(secrets['meter-2']))).toBe(200);
    expect(journal.messages).toHaveLength(2);
  });
});

describe('somebody without a name', () => {
  test('is let in on this machine while there is no device, and never from another', async () => {
    const open = await ingest();
    expect(await open.post('/in/in/a', BODY)).toBe(200);
    for (const headers of [bearer('x'), basic('a', 'b'), { authorization: 'Digest x' }])
      expect(await open.post('/in/in/a', BODY, headers)).toBe(401);
    const request = { address: '192.0.2.7', credentials: undefined, target: { topic: 'in/a' } };
    expect(open.posts.admit(request)).toEqual({ refused: 'login', cause: 'no secret was given' });
    const closed = await ingest({ devices: [METER] });
    expect(await closed.post('/in/in/a', BODY)).toBe(401);
    const everywhere = await ingest({ mqtt: { anonymous: 'everywhere' }, devices: [METER] });
    expect('refused' in everywhere.posts.admit(request)).toBe(false);
  });

  test('is no web page: those of other sites could post from the browser of anybody', async () => {
    const { post, posts, journal } = await ingest();
    for (const headers of [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-origin', origin: 'http://localhost' },
    ])
      expect(await post('/in/in/a', BODY, headers as Record<string, string>)).toBe(403);
    expect(posts.stats().refused).toEqual({ foreign_page: 3 });
    expect(journal.messages).toEqual([]);
  });
});

describe('a topic', () => {
  test.each([
    ['$SYS/x', 400],
    ['', 400],
    ['a/+/b', 400],
    ['a/%23', 400],
    ['a%00b', 400],
    ['a/%E2%80%AEb', 400],
    ['a%FFb', 400],
    [Array(17).fill('a').join('/'), 400],
    [`a/${'b'.repeat(270)}`, 400],
    ['kpi/zone/x', 403],
    ['ä/b', 200],
    ['v3/app@ttn/devices/d1/up', 200],
  ])('%s is answered with %i', async (topic, status) => {
    const { post } = await ingest();
    expect(await post(`/in/${topic}`, BODY)).toBe(status);
  });
});

describe('the audit trail', () => {
  test('tells of the first post of a device, not of every one', async () => {
    const clock = manualClock(systemClock.nowMs());
    const { post, secrets, events } = await ingest({ devices: [METER], posts: { clock } });
    for (let minute = 0; minute < 5; minute++) {
      await post('/in/in/meter-1/data', BODY, bearer(secrets['meter-1']));
      clock.advance(2 * 60_000);
    }
    expect(events.filter(({ kind }) => kind === 'login')).toMatchObject([{ who: 'meter-1', by: 'http' }]);
    clock.advance(DAY_MS);
    await post('/in/in/meter-1/data', BODY, bearer(secrets['meter-1']));
    expect(events.filter(({ kind }) => kind === 'login')).toHaveLength(2);
  });
});

describe('a body', () => {
  const chunked = (bytes: number) =>
    new ReadableStream({
      start(controller) {
        for (let left = bytes; left > 0; left -= 1_000) controller.enqueue(Buffer.alloc(Math.min(1_000, left), 0x61));
        controller.close();
      },
    });

  test('over the limit is refused, announced or not, and the connection lives on', async () => {
    const { send, post, journal, posts, url } = await ingest({ http: { bodyMax: '64KiB' } });
    expect(await post('/in/in/a', Buffer.alloc(65_537))).toBe(413);
    expect((await send('/in/in/a', chunked(65_537), { duplex: 'half' })).status).toBe(413);
    expect((await send('/in/in/a', chunked(65_536), { duplex: 'half' })).status).toBe(200);
    const client = await rawConnection(url);
    client.socket.write(requestText('/in/in/a', 'x'.repeat(65_537)) + requestText('/in/in/a', BODY));
    await client.answers(2);
    expect(client.statuses()).toEqual([413, 200]);
    client.socket.destroy();
    expect(posts.stats().refused).toEqual({ too_large: 3 });
    expect(journal.messages).toHaveLength(2);
  });

  test('that goes on without end is cut', async () => {
    const { url, journal } = await ingest({ http: { bodyMax: '64KiB' } });
    const client = await rawConnection(url);
    client.socket.write('POST /in/in/a HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n');
    const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const push = (): void => {
      while (client.socket.write(piece));
    };
    client.socket.on('drain', push);
    push();
    await client.closed;
    expect(client.statuses().filter((status) => status !== 413)).toEqual([]);
    expect(journal.messages).toEqual([]);
  });

  test('over the size of a message is kept by its head, as over MQTT', async () => {
    const { post, journal } = await ingest({ mqtt: { payloadMax: '1KiB' } });
    expect(await post('/in/in/a', 'x'.repeat(1_025))).toBe(200);
    expect(journal.messages[0]).toMatchObject({ payloadBytes: 1_025 });
    expect(journal.messages[0]!.payload).toHaveLength(256);
  });

  test('packed with gzip is unpacked, up to the limit', async () => {
    const { post, journal, posts } = await ingest({ http: { bodyMax: '64KiB' } });
    const gzip = { 'content-encoding': 'gzip' };
    expect(await post('/in/in/a', gzipSync(BODY), gzip)).toBe(200);
    expect(textOf(journal.messages[0]!.payload)).toBe(BODY);
    expect(await post('/in/in/a', gzipSync(Buffer.alloc(65_536)), gzip)).toBe(200);
    expect(await post('/in/in/a', gzipSync(Buffer.alloc(65_537)), gzip)).toBe(413);
    expect(await post('/in/in/a', gzipSync(Buffer.alloc(32 << 20)), gzip)).toBe(413);
    expect(posts.stats().refused).toEqual({ too_large: 2 });
  });

  test('that is packed costs a device what it sends, not what unpacking may need', async () => {
    const { post, secrets, posts } = await ingest({ mqtt: { deviceBytesPerSecond: '1KiB' }, devices: [METER] });
    const headers = { ...bearer(secrets['meter-1']), 'content-encoding': 'gzip' };
    for (let time = 0; time < 5; time++) expect(await post('/in/in/meter-1/data', gzipSync(BODY), headers)).toBe(200);
    expect(posts.stats().refused).toEqual({});
  });

  test('that is packed wrong is kept as it was sent, so that nobody sends it for ever', async () => {
    const { post, journal } = await ingest();
    const broken = gzipSync(BODY).subarray(0, 15);
    expect(await post('/in/in/a', broken, { 'content-encoding': 'gzip' })).toBe(200);
    expect(Buffer.from(journal.messages[0]!.payload)).toEqual(broken);
  });

  test('packed in another way is refused, with the ways that there are', async () => {
    const { send, journal, posts } = await ingest();
    for (const encoding of ['br', 'deflate', 'zstd', 'gzip, gzip']) {
      const answer = await send('/in/in/a', BODY, { headers: { 'content-encoding': encoding } });
      expect([answer.status, answer.headers.get('accept-encoding')]).toEqual([415, 'gzip, identity']);
    }
    expect(posts.stats().refused).toEqual({ encoding: 4 });
    expect(journal.messages).toEqual([]);
  });

  test('is not read while too much waits, and is when there is room again', async () => {
    const { posts, send, journal } = await ingest();
    const other = posts.admit({ address: '127.0.0.1', credentials: undefined, target: { topic: 'in/b' } });
    if ('refused' in other) throw new Error(other.cause);
    expect(other.hold(64 << 20)).toBeUndefined();
    const answer = await send('/in/in/a', BODY);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(other.hold(1)).toMatchObject({ refused: 'busy' });
    other.end();
    expect((await send('/in/in/a', BODY)).status).toBe(200);
    expect(posts.stats().refused).toEqual({ busy: 2 });
    expect(journal.messages).toHaveLength(1);
  });
});

describe('the end of the server', () => {
  test('comes when what was taken has been answered, and nothing new is taken meanwhile', async () => {
    const { server, send, journal, posts } = await ingest();
    journal.isHolding = true;
    const waiting = send('/in/in/a', BODY);
    await journal.count(1);
    const closed = server.close();
    await posts.close(0);
    const request = { address: '127.0.0.1', credentials: undefined, target: { topic: 'in/a' } };
    expect(posts.admit(request)).toMatchObject({ refused: 'busy', cause: 'the server is about to end' });
    journal.release();
    expect((await waiting).status).toBe(200);
    await closed;
  });
});

describe('devices with a path of their own', () => {
  test('Sentilo: PUT with the key in a header', async () => {
    const { send, secrets, journal } = await ingest({ devices: [{ id: 'helsinki', profile: 'http/sentilo' }] });
    const put = (path: string, key = '') => send(path, BODY, { method: 'PUT', headers: { identity_key: key } });
    expect((await put('/data/helsinki', secrets.helsinki)).status).toBe(200);
    expect((await put('/data/helsinki', 'wrong')).status).toBe(401);
    expect((await put('/data/oulu', secrets.helsinki)).status).toBe(403);
    expect(journal.messages.map(({ topic }) => topic)).toEqual(['http/sentilo/helsinki']);
  });

  test('AirGradient: its serial number in the path, and no secret', async () => {
    const { post, journal } = await ingest();
    expect(await post('/sensors/airgradient:84fce612eff4/measures', BODY)).toBe(200);
    expect(journal.messages.map(({ topic }) => topic)).toEqual(['airgradient/readings/84fce612eff4']);
  });
});

test('a way in that is shut off is not there', async () => {
  const { url } = await ingest({ server: { posts: undefined as never } });
  expect((await fetch(`${url}/in/in/a`, { method: 'POST', body: BODY })).status).toBe(405);
  expect((await fetch(`${url}/write`, { method: 'POST', body: BODY })).status).toBe(405);
});

test('the API describes how to post', async () => {
  const { url } = await ingest();
  const { paths } = (await (await fetch(`${url}/api/docs/json`)).json()) as { paths: Record<string, object> };
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(['/in/{*}', '/write', '/api/v2/write', '/data/{provider}']),
  );
});

test('what is refused and taken stands in the metrics', async () => {
  const { url, post } = await ingest();
  await post('/in/in/a', BODY);
  await post('/in/$x', BODY);
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain('vitals_ingest_messages_total 1\n');
  expect(text).toContain('vitals_ingest_accepted_total 1\n');
  expect(text).toContain('vitals_ingest_waiting_messages 0\n');
  expect(text).toContain('vitals_ingest_refused_total{reason="topic"} 1\n');
  expect(text).toContain('vitals_ingest_refused_total{reason="login"} 0\n');
});

test('users of the configuration post by their rights', async () => {
  const users = [{ name: 'bridge', secretEnv: 'X', publish: ['bridge/#'] }];
  const { post } = await ingest({
    mqtt: { users },
    posts: { secrets: new Map([['bridge', 'a secret of the bridge']]) },
  });
  expect(await post('/in/bridge/purpleair', BODY, basic('bridge', 'a secret of the bridge'))).toBe(200);
  expect(await post('/in/in/x', BODY, basic('bridge', 'a secret of the bridge'))).toBe(403);
  expect(await post('/in/bridge/purpleair', BODY, basic('bridge', 'a secret'))).toBe(401);
  await expect(ingest({ mqtt: { users } })).rejects.toThrow(OperatingError);
});
