import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { manualClock, systemClock } from '../../../src/base/index.ts';
import type { Posts } from '../../../src/broker/index.ts';
import {
  type AuditEvent,
  addToken,
  addUser,
  openUserDirectory,
  type Role,
  removeToken,
  removeUser,
  setPassword,
} from '../../../src/identity/index.ts';
import { createHttpServer, type Orders } from '../../../src/views/http/index.ts';
import { needsLogin } from '../../../src/views/http/people.ts';
import { listedRole } from '../../../src/views/http/roles.ts';
import { Setup } from '../../../src/views/http/setup.ts';
import { plantTree } from '../../tidy/support/source-tree.ts';
import { takenOrder, testApp } from './support.ts';

const PASSWORD = 'correct horse battery';
const basic = (name: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A server with one user of each role, who has the role's name, and a token of each. */
async function withUsers(http: object = {}) {
  const dataFolder = plantTree({});
  const tokens: Partial<Record<Role, string>> = {};
  for (const role of ['viewer', 'operator', 'admin'] as const) {
    await addUser(dataFolder, { name: role, role, password: PASSWORD }, 5);
    tokens[role] = (await addToken(dataFolder, { user: role, label: '', validMs: undefined }, 5)).text;
  }
  const users = openUserDirectory({ dataFolder, clock: systemClock, onProblem: () => {} });
  const events: AuditEvent[] = [];
  const audit = { record: (event: AuditEvent) => void events.push(event), close: () => {} };
  const people = { users, audit, readAudit: () => [{ at: 'x', kind: 'start', who: '', by: 'server' }] as const };
  // Devices have rights of their own; here it is only that their routes are there.
  const posts = { close: async () => {} } as unknown as Posts;
  const webFolder = plantTree({ 'index.html': '<p>page</p>' });
  const orders = { list: async () => [], report: async () => takenOrder('1', 'report') } as unknown as Orders;
  const reportsFolder = plantTree({ 'harbour-2026-06.html': '<p>report</p>' });
  const made = await testApp({ config: { http } }, { people, posts, webFolder, orders, reportsFolder });
  onTestFinished(async () => {
    await made.app.close();
    users.close();
  });
  const status = async (url: string, headers: Record<string, string> = {}) =>
    (await made.app.inject({ url, headers })).statusCode;
  return { ...made, events, tokens: tokens as Record<Role, string>, status, people };
}

/** Every route of a server, out of the tree that the framework prints. */
function routesOf(tree: string): string[] {
  const stack: { readonly depth: number; readonly path: string }[] = [];
  return tree
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, indent = '', part = ''] = /^([│ ]*[├└]── )(\S+) \(/.exec(line)!;
      while (stack.length > 0 && stack.at(-1)!.depth >= indent.length) stack.pop();
      const path = `${stack.at(-1)?.path ?? ''}${part}`.replace(/^\*/, '/*');
      stack.push({ depth: indent.length, path });
      return path;
    });
}

describe('every route', () => {
  test('says which role it needs, and is closed without a login unless it says nobody', async () => {
    const { app, status } = await withUsers();
    const routes = routesOf(app.printRoutes({ commonPrefix: false }));
    expect(routes).toEqual(
      expect.arrayContaining(['/*', '/data/:provider', '/write', '/api/v1/kpis/:id/why', '/api/docs/json', '/metrics']),
    );
    // The tree leaves out what stands behind a wildcard of another method.
    expect(listedRole('/in/*')).toBe('device');
    expect(routes.length).toBeGreaterThan(20);
    expect(routes.filter((route) => listedRole(route) === undefined)).toEqual([]);
    for (const route of routes) {
      const isOpen = listedRole(route) === 'nobody';
      const url = route.replace('*', 'x').replace(':id', 'pm10-day-mean').replace(':name', 'harbour-2026-06.html');
      expect([route, (await status(url)) === 401]).toEqual([route, !isOpen]);
    }
    expect(await status('/api/v1/nothing')).toBe(401);
  });

  test('tells who asks, and with which role', async () => {
    const { app, tokens } = await withUsers();
    for (const role of ['viewer', 'operator', 'admin'] as const) {
      const { body } = await app.inject({ url: '/api/v1/me', headers: bearer(tokens[role]) });
      expect(JSON.parse(body)).toEqual({ name: role, role });
    }
  });

  test('is open to its role and those above, and to no other', async () => {
    const { status, tokens } = await withUsers();
    const seen: Record<string, number[]> = {};
    for (const url of ['/api/v1/zones', '/api/v1/quarantine', '/api/v1/audit', '/', '/metrics']) {
      seen[url] = [];
      for (const role of ['viewer', 'operator', 'admin'] as const)
        seen[url].push(await status(url, bearer(tokens[role])));
    }
    expect(seen).toEqual({
      '/api/v1/zones': [200, 200, 200],
      '/api/v1/quarantine': [403, 200, 200],
      '/api/v1/audit': [403, 403, 200],
      '/': [200, 200, 200],
      '/metrics': [200, 200, 200],
    });
  });

  test('may need another role to order something than to read it', async () => {
    const { app, status, tokens } = await withUsers();
    const order = async (role: Role) => {
      const headers = { ...bearer(tokens[role]), 'x-vitals-order': '1' };
      const url = '/api/v1/reports?zone=harbour&period=2026-06';
      return (await app.inject({ method: 'POST', url, headers })).statusCode;
    };
    expect([await order('viewer'), await order('operator'), await order('admin')]).toEqual([403, 202, 202]);
    expect(await status('/api/v1/reports', bearer(tokens.viewer))).toBe(200);
    expect(await status('/api/v1/reports/harbour-2026-06.html', bearer(tokens.viewer))).toBe(200);
    expect(await status('/api/v1/reports/harbour-2026-06.html')).toBe(401);
  });
});

describe('a login', () => {
  test('is a user with a password, or a token, and is asked for in the way that browsers know', async () => {
    const { app, status, tokens } = await withUsers();
    expect(await status('/api/v1/zones', basic('viewer', PASSWORD))).toBe(200);
    expect(await status('/api/v1/zones', basic('viewer', PASSWORD))).toBe(200);
    const refusal = await app.inject({ url: '/' });
    expect(refusal.headers['www-authenticate']).toMatch(/^Basic realm="City Vitals"/);
    expect(refusal.json().error.code).toBe('login_needed');
    for (const headers of [
      basic('viewer', 'wrong'),
      basic('nobody', PASSWORD),
      basic('', ''),
      bearer('x'),
      bearer(`${tokens.admin}x`),
      { authorization: 'Basic !!!' },
      { authorization: `Basic ${Buffer.from('no colon').toString('base64')}` },
      { authorization: `Digest ${tokens.admin}` },
    ])
      expect(await status('/api/v1/zones', headers), JSON.stringify(headers)).toBe(401);
  });

  test('that fails again and again is looked at no more for a while, and all is written down', async () => {
    const { status, events } = await withUsers();
    for (let time = 0; time < 5; time++) expect(await status('/', basic('viewer', 'wrong'))).toBe(401);
    expect(await status('/', basic('viewer', PASSWORD))).toBe(401);
    expect(await status('/', basic('operator', PASSWORD))).toBe(200);
    expect(await status('/', basic('operator', PASSWORD))).toBe(200);
    expect(events.filter(({ kind }) => kind === 'login').map(({ who }) => who)).toEqual(['operator']);
    // What is not looked at is told without its name, which could be invented anew each time.
    const refused = events.filter(({ kind }) => kind === 'login_refused').map(({ who }) => who);
    expect(refused).toEqual([...Array(5).fill('viewer'), '']);
  });

  test('by a token is not held up by tokens that fail behind its address, nor are people', async () => {
    const { status, tokens } = await withUsers();
    const ended = `vitals_${'x'.repeat(40)}`;
    for (let time = 0; time < 120; time++) expect(await status('/', bearer(time < 20 ? ended : `${time}`))).toBe(401);
    expect(await status('/', bearer(tokens.viewer))).toBe(200);
    expect(await status('/', basic('operator', PASSWORD))).toBe(200);
    expect(await status('/', bearer(ended))).toBe(401);
  });

  test('without the role is written down', async () => {
    const { status, events, tokens } = await withUsers();
    await status('/api/v1/audit', bearer(tokens.operator));
    expect(events).toEqual([
      expect.objectContaining({ kind: 'access_refused', who: 'operator', cause: 'operator where admin is needed' }),
    ]);
  });

  test('is needed beyond the loopback always, on it when there are users, or as the configuration says', () => {
    const none = { count: 0 };
    const some = { count: 1 };
    const http = (host: string, users: 'auto' | 'on' | 'off') => ({ host, users }) as const;
    expect(needsLogin(http('127.0.0.1', 'auto'), none)).toBe(false);
    expect(needsLogin(http('127.0.0.1', 'auto'), some)).toBe(true);
    expect(needsLogin(http('0.0.0.0', 'auto'), none)).toBe(true);
    expect(needsLogin(http('127.0.0.1', 'on'), none)).toBe(true);
    expect(needsLogin(http('0.0.0.0', 'off'), some)).toBe(false);
  });
});

describe('an open stream', () => {
  /** A server with a port, whose directory looks for changes and for ends when it is told to. */
  async function withStreams() {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const dataFolder = plantTree({});
    const clock = manualClock(0);
    const users = openUserDirectory({ dataFolder, clock, onProblem: () => {} });
    const audit = { record() {}, close() {} };
    const { app } = await testApp({}, { people: { users, audit, readAudit: () => [] } });
    onTestFinished(async () => {
      await app.close();
      users.close();
      vi.useRealTimers();
    });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const add = (name: string) => addUser(dataFolder, { name, role: 'viewer', password: PASSWORD }, 0);
    const token = (user: string, validMs?: number) => addToken(dataFolder, { user, label: '', validMs }, 0);
    const look = () => vi.advanceTimersByTime(1_000);
    return { dataFolder, clock, users, add, token, look, open: (headers = {}) => openStream(url, headers) };
  }

  /** Settles when the server has ended it. */
  async function openStream(url: string, headers: Record<string, string>) {
    const response = await fetch(`${url}/api/v1/stream?topics=accounting`, { headers });
    expect(response.status).toBe(200);
    const stream = { isOpen: true, ended: Promise.resolve() };
    const read = async () => {
      for await (const _ of response.body!);
    };
    stream.ended = read()
      .catch(() => {})
      .finally(() => {
        stream.isOpen = false;
      });
    return stream;
  }

  test('ends with its user or its token, and not with those of others', async () => {
    const { dataFolder, add, token, look, open } = await withStreams();
    await add('ada');
    await add('ben');
    const ofAda = await token('ada');
    const [first, second] = [await token('ben'), await token('ben')];
    look();
    const streams = [await open(bearer(ofAda.text)), await open(bearer(first.text)), await open(bearer(second.text))];
    await removeToken(dataFolder, first.record.id);
    look();
    await streams[1]!.ended;
    await removeUser(dataFolder, 'ada');
    look();
    await streams[0]!.ended;
    expect(streams.map(({ isOpen }) => isOpen)).toEqual([false, false, true]);
  });

  test('ends with a password that was changed', async () => {
    const { dataFolder, add, look, open } = await withStreams();
    await add('ada');
    look();
    const { ended } = await open(basic('ada', PASSWORD));
    await setPassword(dataFolder, 'ada', `${PASSWORD} again`, 1);
    look();
    await ended;
  });

  test('ends when its token does', async () => {
    const { clock, add, token, look, open } = await withStreams();
    await add('ada');
    const { text } = await token('ada', 5_000);
    look();
    const stream = await open(bearer(text));
    clock.advance(4_999);
    look();
    expect((await open(bearer(text))).isOpen && stream.isOpen).toBe(true);
    clock.advance(1);
    look();
    await stream.ended;
  });

  test('of nobody ends when a login is needed', async () => {
    const { add, look, open } = await withStreams();
    const { ended } = await open();
    await add('ada');
    look();
    await ended;
  });
});

describe('the first admin', () => {
  async function withSetup() {
    const dataFolder = plantTree({});
    const users = openUserDirectory({ dataFolder, clock: systemClock, onProblem: () => {} });
    const events: AuditEvent[] = [];
    const audit = { record: (event: AuditEvent) => void events.push(event), close: () => {} };
    const clock = { nowMs: () => 0, monotonicMs: () => nowMs };
    let nowMs = 0;
    const advance = (byMs: number) => {
      nowMs += byMs;
    };
    const setup = new Setup({ users, audit, clock });
    const people = { users, audit, readAudit: () => [] };
    const { app } = await testApp({ config: { http: { users: 'on' } } }, { people, setup });
    onTestFinished(async () => {
      await app.close();
      users.close();
    });
    const [path = '', token = ''] = setup.link!.split('?token=');
    const send = (fields: Record<string, string>) =>
      app.inject({
        method: 'POST',
        url: path,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams({ token, name: 'ada', password: PASSWORD, again: PASSWORD, ...fields }).toString(),
      });
    return { app, users, events, setup, token, send, advance };
  }

  test('is made by a link that works once', async () => {
    const { app, users, events, setup, token, send } = await withSetup();
    expect(Buffer.from(token, 'base64url').length).toBe(32);
    const page = await app.inject({ url: setup.link! });
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('<form method="post" action="/setup">');
    expect(page.headers['content-security-policy']).toContain("form-action 'self'");
    expect((await send({})).statusCode).toBe(200);
    expect(await users.byPassword('ada', PASSWORD)).toEqual({ name: 'ada', role: 'admin' });
    expect((await send({ name: 'eve' })).statusCode).toBe(404);
    expect((await app.inject({ url: `/setup?token=${token}` })).statusCode).toBe(404);
    expect(users.count).toBe(1);
    expect(events).toEqual([expect.objectContaining({ kind: 'user_added', who: 'ada', by: 'setup link' })]);
  });

  test('is not made with a wrong token, by a weak password, or by two that differ', async () => {
    const { app, users, send } = await withSetup();
    for (const url of ['/setup', '/setup?token=', '/setup?token=x', '/setup?token=a&token=b'])
      expect((await app.inject({ url })).statusCode, url).toBe(404);
    expect((await send({ token: 'wrong' })).statusCode).toBe(404);
    for (const fields of [{ password: 'short', again: 'short' }, { again: 'different' }, { name: '<script>' }]) {
      const answer = await send(fields);
      expect(answer.statusCode).toBe(400);
      expect(answer.body).not.toContain('<script>');
      expect(answer.body).toMatch(/role="alert">\S/);
    }
    expect(users.count).toBe(0);
  });

  test('is not made later than an hour, nor by a link that was never made because there is one', async () => {
    const { app, users, setup, send, advance } = await withSetup();
    advance(3_600_001);
    expect((await send({})).statusCode).toBe(404);
    expect((await app.inject({ url: '/api/v1/zones' })).statusCode).toBe(401);
    expect(setup.link).toBeUndefined();
    await users.addFirstAdmin('ada', PASSWORD);
    expect(new Setup({ users, audit: { record() {}, close() {} }, clock: systemClock }).link).toBeUndefined();
  });
});

test('HTTP is not served to others without saying that the network is protected otherwise', async () => {
  const { sources } = await testApp({ config: { http: { host: '0.0.0.0', port: 0 } } });
  const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
  await expect(createHttpServer(sources, { webFolder: '/nowhere', log }).open()).rejects.toMatchObject({
    code: 'encryption_required',
    message: expect.stringMatching(/^cannot serve HTTP at 0\.0\.0\.0 without TLS: .*http\.allowUnencrypted to true$/),
  });
});
