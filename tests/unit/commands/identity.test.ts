import { expect, test } from 'vitest';
import { plantTree } from '../../tidy/support/source-tree.ts';
import { vitals } from './support/run-command.ts';

test('devices are listed without their hashes', async () => {
  const data = plantTree({});
  await vitals('devices', 'add', 'gw', '--data', data, '--device', 'm1', '--device', 'm2', '--note', 'roof');
  await vitals('devices', 'add', 'm9', '--data', data, '--certificate');
  const { stdout } = await vitals('devices', 'list', '--data', data);
  expect(stdout).toMatch(/^gw\s+gateway\s+active\s+devices m1 m2 {2}"roof"\nm9\s+device\s+active\s+certificate m9\n$/);
  const json = await vitals('devices', 'list', '--data', data, '--json');
  expect(json.stdout).not.toMatch(/hash/i);
});

test('a secret is shown once, as user name and password', async () => {
  const data = plantTree({});
  const { stdout, stderr } = await vitals('devices', 'add', 'm1', '--data', data);
  expect(stdout).toMatch(/\nuser name and client id {2}m1\npassword {17}[\w-]{32}\n$/);
  expect(stderr).toContain('kept nowhere');
  const listed = await vitals('devices', 'list', '--data', data);
  expect(listed.stdout).not.toContain(/password +(\S+)/.exec(stdout)![1]);
});

test.each([
  [['devices', 'add', 'gw'], /^cannot add "gw": there is a device of that id/],
  [['devices', 'add', 'a b'], /^cannot use the device "a b"/],
  [['devices', 'add', 'x', '--profile', 'none'], /^cannot use the profile "none": known are .*senml/],
  [['devices', 'revoke', 'nobody'], /^cannot change the device "nobody"/],
  [['devices', 'rotate', 'nobody'], /^cannot change the device "nobody"/],
  [['users', 'remove', 'nobody'], /^cannot find the user "nobody": there are none/],
  [['users', 'token', 'nobody'], /^cannot find the user "nobody"/],
  [['users', 'add', 'a b'], /^cannot use the user "a b"/],
] as const)('%s is refused in one sentence', async (words, sentence) => {
  const data = plantTree({});
  await vitals('devices', 'add', 'gw', '--data', data);
  const ended = await vitals(...words, '--data', data);
  expect([ended.code, ended.stdout]).toEqual([1, '']);
  expect(ended.stderr).toMatch(sentence);
  expect(ended.stderr.trimEnd()).not.toContain('\n');
});

test('a token is removed for its own user only', async () => {
  const data = plantTree({});
  for (const name of ['ada', 'ben']) await vitals('users', 'add', name, '--data', data);
  await vitals('users', 'token', 'ben', '--data', data);
  const idOf = async () => /token (\S{8})/.exec((await vitals('users', 'list', '--data', data)).stdout)?.[1];
  const id = (await idOf())!;
  const refused = await vitals('users', 'token', 'ada', '--remove', id, '--data', data);
  expect([refused.code, refused.stderr]).toEqual([1, `cannot remove the token "${id}" of "ada": it is one of "ben"\n`]);
  expect(await idOf()).toBe(id);
  expect((await vitals('audit', '--data', data)).stdout).not.toContain('token_removed');
  expect((await vitals('users', 'token', 'ben', '--remove', id, '--data', data)).code).toBe(0);
  expect(await idOf()).toBeUndefined();
  expect((await vitals('users', 'token', 'ben', '--remove', id, '--data', data)).stderr).toMatch(/there is none/);
});

test('every change is written down, and shown without what a terminal would obey', async () => {
  const data = plantTree({});
  await vitals('devices', 'add', 'm1', '--data', data);
  await vitals('devices', 'rotate', 'm1', '--data', data);
  await vitals('devices', 'revoke', 'm1', '--data', data);
  await vitals('users', 'add', 'ada', '--role', 'admin', '--data', data);
  await vitals('users', 'password', 'ada', '--data', data);
  await vitals('users', 'token', 'ada', '--data', data);
  await vitals('users', 'remove', 'ada', '--data', data);
  const { stdout } = await vitals('audit', '--data', data);
  const kinds = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ +/)[1]);
  expect(kinds).toEqual([
    'device_added',
    'device_rotated',
    'device_revoked',
    'user_added',
    'user_changed',
    'token_added',
    'user_removed',
  ]);
  const some = await vitals('audit', '--data', data, '--kind', 'user_added', '--json');
  expect(JSON.parse(some.stdout)).toMatchObject({ kind: 'user_added', who: 'ada', cause: 'admin' });
  await expect(vitals('audit', '--data', data, '--kind', 'none')).rejects.toThrow(/write one of start, login,/);
  expect((await vitals('audit', '--data', plantTree({}))).stderr).toMatch(/^nothing was found/);
});
