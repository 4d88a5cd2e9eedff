import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { INTAKE_LIMITS } from '../../../src/intake/index.ts';
import { ingest, token } from './ingest-support.ts';

const LINE = 'air,device=a pm10=1 1768478390500000000';

describe('lines', () => {
  test('are answered with 204, and go to a topic of whoever writes, with the unit of their time', async () => {
    const { post, secrets, journal } = await ingest({ devices: [{ id: 'telegraf-1' }] });
    const status = (path: string) => post(path, LINE, token(secrets['telegraf-1']));
    for (const path of ['/write?db=x', '/api/v2/write?org=o&bucket=b', '/write?precision=n', '/write?precision=u'])
      expect(await status(path)).toBe(204);
    for (const precision of ['ns', 'us', 'ms', 's', 'm', 'h']) await status(`/api/v2/write?precision=${precision}`);
    const units = journal.messages.map(({ topic }) => topic.replace('in/telegraf-1/influx-', ''));
    expect(units).toEqual(['ns', 'ns', 'ns', 'us', 'ns', 'us', 'ms', 's', 'm', 'h']);
    expect(Buffer.from(journal.messages[0]!.payload).toString()).toBe(LINE);
    const answer = await fetch(`${(await ingest()).url}/write?precision=years`, { method: 'POST', body: LINE });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'topic', error: expect.stringContaining('"years"') });
  });

  test('of a large batch become several messages, and are answered when all of them are on disk', async () => {
    const { send, journal, posts, isAnswered } = await ingest({
      posts: { readingsPerMessageMax: INTAKE_LIMITS.readingsPerMessageMax },
    });
    const batch = Array.from({ length: 5_000 }, (_, index) => `air,device=d${index} pm10=1,pm2_5=2 ${index}\n`).join(
      '',
    );
    journal.isHolding = true;
    const answer = send('/write', gzipSync(batch), { headers: { 'content-encoding': 'gzip' } });
    await journal.count(10);
    const last = journal.held.pop()!;
    journal.release();
    expect(await isAnswered(answer)).toBe(false);
    last();
    expect((await answer).status).toBe(204);
    expect(journal.messages).toHaveLength(10);
    expect(Buffer.concat(journal.messages.map(({ payload }) => payload)).toString()).toBe(batch);
    for (const { payload } of journal.messages) expect(payload.length).toBeLessThanOrEqual(64 << 10);
    expect(posts.stats()).toMatchObject({ received: 10, accepted: 1 });
  });

  test('of which a part is not taken are to be written again, all of them', async () => {
    const { send, journal } = await ingest({ mqtt: { payloadMax: '1KiB' } });
    journal.isHolding = true;
    const answer = send('/write', `${LINE}\n`.repeat(40));
    await journal.count(2);
    journal.held.pop()!(new Error('no'));
    journal.release();
    expect((await answer).status).toBe(503);
    expect(await (await answer).json()).toEqual({ code: 'not_taken', message: 'no', error: 'no' });
  });
});

describe('what clients ask before they write', () => {
  test('making a database changes nothing, and nothing else is answered', async () => {
    const { send, secrets } = await ingest({ devices: [{ id: 'telegraf-1' }] });
    const headers = { ...token(secrets['telegraf-1']), 'content-type': 'application/x-www-form-urlencoded' };
    const query = (q: string) => send('/query', new URLSearchParams({ q }).toString(), { headers });
    const answer = await query('CREATE DATABASE "telegraf"');
    expect([answer.status, await answer.json()]).toEqual([200, { results: [{ statement_id: 0 }] }]);
    expect((await send('/query?q=create%20database%20x', undefined, { headers })).status).toBe(200);
    for (const text of ['SHOW DATABASES', 'DROP DATABASE x', '', `CREATE DATABASE ${'x'.repeat(5_000)}`])
      expect((await query(text)).status).toBe(400);
    expect((await send('/query', 'q=CREATE DATABASE x')).status).toBe(401);
  });

  test('whether somebody is there, without a login', async () => {
    const { url } = await ingest({ devices: [{ id: 'telegraf-1' }] });
    const ping = await fetch(`${url}/ping`);
    expect([ping.status, ping.headers.get('x-influxdb-version')]).toEqual([204, 'city-vitals-0.1.0-test']);
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'pass' });
  });
});
