import { argon2Sync } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import {
  addToken,
  addUser,
  listUsers,
  openUserDirectory,
  partsOfToken,
  removeToken,
  removeUser,
  setPassword,
} from '../../../src/identity/index.ts';
import { hashOfPassword, isPasswordOf, passwordProblem } from '../../../src/identity/passwords.ts';
import { plantTree } from '../../tidy/support/source-tree.ts';

const clock = manualClock(1_000_000);
const PASSWORD = 'correct horse battery';
const ADMIN = { name: 'ada', role: 'admin', password: PASSWORD } as const;

function directoryOf(dataFolder: string) {
  const directory = openUserDirectory({ dataFolder, clock, onProblem: () => {} });
  onTestFinished(() => directory.close());
  return directory;
}

describe('a password', () => {
  it('is kept as Argon2id with a nonce of its own, and recognised', async () => {
    const [first, second] = [await hashOfPassword(PASSWORD), await hashOfPassword(PASSWORD)];
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(first).not.toBe(second);
    expect(await isPasswordOf(first, PASSWORD)).toBe(true);
    for (const wrong of ['', 'correct horse', `${PASSWORD} `, PASSWORD.toUpperCase()])
      expect(await isPasswordOf(first, wrong), wrong).toBe(false);
    expect(await isPasswordOf(undefined, PASSWORD)).toBe(false);
  });

  // RFC 9106, 5.3: the function that the platform gives is the one that it should be.
  it('agrees with the test vector of the standard', () => {
    const tag = argon2Sync('argon2id', {
      message: Buffer.alloc(32, 1),
      nonce: Buffer.alloc(16, 2),
      secret: Buffer.alloc(8, 3),
      associatedData: Buffer.alloc(12, 4),
      parallelism: 4,
      tagLength: 32,
      memory: 32,
      passes: 3,
    });
    expect(tag.toString('hex')).toBe('0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659');
  });

  it('typed on another keyboard is the same', async () => {
    const hash = await hashOfPassword('stra\u00dfe caf\u00e9 2026');
    expect(await isPasswordOf(hash, 'stra\u00dfe cafe\u0301 2026')).toBe(true);
  });

  it('is refused when it is short, endless or one letter', () => {
    expect(passwordProblem('elevenchars')).toContain('at least 12');
    expect(passwordProblem('x'.repeat(300))).toContain('at most 256');
    expect(passwordProblem('aaaaaaaaaaaaaaaa')).toContain('different');
    expect(passwordProblem(PASSWORD)).toBeUndefined();
  });

  it('is not checked by the hundred at once', async () => {
    const hash = await hashOfPassword(PASSWORD);
    const checks = await Promise.allSettled(Array.from({ length: 30 }, () => isPasswordOf(hash, PASSWORD)));
    expect(checks.filter(({ status }) => status === 'fulfilled')).toHaveLength(22);
    expect(checks.filter((one) => one.status === 'rejected').map((one) => one.reason.code)).toEqual(
      Array<string>(8).fill('busy'),
    );
    expect(await isPasswordOf(hash, PASSWORD)).toBe(true);
  });
});

describe('users', () => {
  it('log in by password, and are seen by a running server', async () => {
    const data = plantTree({});
    const directory = directoryOf(data);
    expect([directory.count, directory.hasAdmin]).toEqual([0, false]);
    const changed = new Promise<void>((resolve) => void directory.onChange(resolve));
    await addUser(data, ADMIN, 5);
    await changed;
    expect(await directory.byPassword('ada', PASSWORD)).toEqual({ name: 'ada', role: 'admin' });
    expect(await directory.byPassword('ada', `${PASSWORD}x`)).toBeUndefined();
    expect(await directory.byPassword('eve', PASSWORD)).toBeUndefined();
    expect(await directory.byPassword('__proto__', PASSWORD)).toBeUndefined();
    expect(directory.hasAdmin).toBe(true);
    expect(statSync(join(data, 'users.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(data, 'users.json'), 'utf8')).not.toContain(PASSWORD);
  });

  it('change their password and are removed with their tokens', async () => {
    const data = plantTree({});
    await addUser(data, ADMIN, 5);
    const { text } = await addToken(data, { user: 'ada', label: '', validMs: undefined }, 5);
    await setPassword(data, 'ada', 'another long password', 6);
    expect(await directoryOf(data).byPassword('ada', PASSWORD)).toBeUndefined();
    expect(await directoryOf(data).byPassword('ada', 'another long password')).toEqual({
      name: 'ada',
      role: ADMIN.role,
    });
    await removeUser(data, 'ada');
    expect(listUsers(data)).toEqual({ format: 1, users: [], tokens: [] });
    expect(directoryOf(data).byToken(text)).toBeUndefined();
  });

  it('are refused with a bad name or password, twice, or where there is none', async () => {
    const data = plantTree({});
    await expect(addUser(data, { ...ADMIN, name: 'a b' }, 5)).rejects.toMatchObject({ code: 'user_invalid' });
    await expect(addUser(data, { ...ADMIN, password: 'short' }, 5)).rejects.toThrow(
      /^cannot use the user "ada": the password/,
    );
    await addUser(data, ADMIN, 5);
    await expect(addUser(data, ADMIN, 5)).rejects.toMatchObject({ code: 'user_exists' });
    await expect(removeUser(data, 'eve')).rejects.toThrow('cannot find the user "eve": there are ada');
    await expect(directoryOf(data).addFirstAdmin('eve', PASSWORD)).rejects.toMatchObject({ code: 'user_exists' });
  });
});

describe('tokens', () => {
  it('give the rights of their user until they end or are removed', async () => {
    const data = plantTree({});
    await addUser(data, { ...ADMIN, role: 'viewer' }, 5);
    const lasting = await addToken(data, { user: 'ada', label: 'grafana', validMs: undefined }, clock.nowMs());
    const short = await addToken(data, { user: 'ada', label: '', validMs: 1_000 }, clock.nowMs());
    const directory = directoryOf(data);
    expect(directory.byToken(lasting.text)).toEqual({ name: 'ada', role: 'viewer' });
    expect(directory.byToken(short.text)).toEqual({ name: 'ada', role: 'viewer' });
    clock.advance(1_000);
    expect(directory.byToken(short.text)).toBeUndefined();
    expect(directory.byToken(lasting.text)).toEqual({ name: 'ada', role: 'viewer' });
    await removeToken(data, lasting.record.id);
    expect(directoryOf(data).byToken(lasting.text)).toBeUndefined();
    await expect(removeToken(data, 'x')).rejects.toMatchObject({ code: 'token_unknown' });
  });

  it('have 192 secret bits, of which none is kept', async () => {
    const data = plantTree({});
    await addUser(data, ADMIN, 5);
    const { text, record } = await addToken(data, { user: 'ada', label: '', validMs: undefined }, 5);
    const parts = partsOfToken(text)!;
    expect(parts.id).toBe(record.id);
    expect(Buffer.from(parts.secret, 'base64url').length * 8).toBe(192);
    expect(readFileSync(join(data, 'users.json'), 'utf8')).not.toContain(parts.secret);
    const directory = directoryOf(data);
    const other = `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`;
    for (const wrong of ['', 'vitals_', other, text.slice(0, -1), `${text}A`, ` ${text}`, text.toUpperCase()])
      expect(directory.byToken(wrong), wrong).toBeUndefined();
  });
});
