import { chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import {
  addDevice,
  appendAudit,
  listDevices,
  newSecret,
  openDeviceDirectory,
  revokeDevice,
  rotateDevice,
} from '../../../src/identity/index.ts';
import { plantTree } from '../../tidy/support/source-tree.ts';

const clock = manualClock(1_000_000);
const bytes = (text: string | undefined) => Buffer.from(text ?? '');

function directoryOf(dataFolder: string, problems: Error[] = []) {
  const directory = openDeviceDirectory({ dataFolder, clock, onProblem: (error) => problems.push(error) });
  onTestFinished(() => directory.close());
  return directory;
}

/** Resolves when the directory has seen the next change. */
function nextChange(directory: ReturnType<typeof openDeviceDirectory>): Promise<void> {
  return new Promise((resolve) => {
    const stop = directory.onChange(() => {
      stop();
      resolve();
    });
  });
}

describe('a secret', () => {
  it('has 192 random bits, and is no other', () => {
    const secrets = new Set(Array.from({ length: 1_000 }, newSecret));
    expect(secrets.size).toBe(1_000);
    for (const secret of secrets) expect(Buffer.from(secret, 'base64url').length * 8).toBe(192);
  });

  it('stands in the file as a hash alone, and only the owner may read that', async () => {
    const data = plantTree({});
    const { secret } = await addDevice(data, { id: 'meter-1' }, 5);
    const file = join(data, 'devices.json');
    expect(readFileSync(file, 'utf8')).not.toContain(secret);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(data)).toEqual(['devices.json']);
  });
});

it.skipIf(process.getuid?.() !== 0)('files made by the superuser are those of the owner of the folder', async () => {
  const data = plantTree({});
  chownSync(data, 12_345, 12_346);
  await addDevice(data, { id: 'a' }, 5);
  appendAudit(data, { kind: 'device_added', who: 'a', by: 'command' }, 5);
  for (const file of ['devices.json', 'audit.jsonl'])
    expect(statSync(join(data, file))).toMatchObject({ uid: 12_345, gid: 12_346 });
});

describe('the registry', () => {
  it('knows a device by its secret, and nobody else', async () => {
    const data = plantTree({});
    const { secret } = await addDevice(data, { id: 'meter-1' }, 5);
    const other = await addDevice(data, { id: 'meter-2' }, 5);
    const directory = directoryOf(data);
    expect(directory.bySecret('meter-1', bytes(secret))?.record.id).toBe('meter-1');
    for (const [id, wrong] of [
      ['meter-1', other.secret],
      ['meter-1', ''],
      ['meter-1', `${secret}x`],
      ['meter-3', secret],
      ['__proto__', secret],
    ] as const)
      expect(directory.bySecret(id, bytes(wrong)), id).toBeUndefined();
    expect(directory.bySecret('meter-1', undefined)).toBeUndefined();
    expect(directory.count).toBe(2);
  });

  it('knows a device with a certificate by that alone', async () => {
    const data = plantTree({});
    const { secret } = await addDevice(data, { id: 'meter-1', certificate: 'urn:dev:1' }, 5);
    expect(secret).toBeUndefined();
    const directory = directoryOf(data);
    expect(directory.byCertificate('urn:dev:1')?.record.id).toBe('meter-1');
    expect(directory.byCertificate('meter-1')).toBeUndefined();
    expect(directory.byCertificate('')).toBeUndefined();
    for (const text of ['', 'urn:dev:1', 'undefined'])
      expect(directory.bySecret('meter-1', bytes(text))).toBeUndefined();
  });

  it('keeps the old secret for the grace that was asked for', async () => {
    const data = plantTree({});
    const before = await addDevice(data, { id: 'a' }, clock.nowMs());
    const after = await rotateDevice(data, 'a', { graceMs: 10_000, nowMs: clock.nowMs() });
    const directory = directoryOf(data);
    const old = directory.bySecret('a', bytes(before.secret))!;
    expect(directory.bySecret('a', bytes(after.secret))?.record.id).toBe('a');
    clock.advance(9_999);
    expect(directory.renewed(old)?.record.id).toBe('a');
    clock.advance(1);
    expect(directory.bySecret('a', bytes(before.secret))).toBeUndefined();
    expect(directory.renewed(old)).toBeUndefined();
    expect(directory.bySecret('a', bytes(after.secret))?.record.id).toBe('a');
  });

  it('lets the old secret go at once without grace', async () => {
    const data = plantTree({});
    const before = await addDevice(data, { id: 'a' }, 5);
    await rotateDevice(data, 'a', { graceMs: 0, nowMs: 6 });
    expect(directoryOf(data).bySecret('a', bytes(before.secret))).toBeUndefined();
  });

  it('lets a revoked device in no more, keeps its id, and takes it back with a new secret only', async () => {
    const data = plantTree({});
    const before = await addDevice(data, { id: 'a' }, 5);
    await revokeDevice(data, 'a', 6);
    const directory = directoryOf(data);
    expect(directory.bySecret('a', bytes(before.secret))).toBeUndefined();
    expect(directory.count).toBe(1);
    await expect(addDevice(data, { id: 'a' }, 7)).rejects.toMatchObject({ code: 'device_exists' });
    const changed = nextChange(directory);
    const after = await rotateDevice(data, 'a', { graceMs: 60_000, nowMs: 8 });
    await changed;
    expect(directory.bySecret('a', bytes(before.secret))).toBeUndefined();
    expect(directory.bySecret('a', bytes(after.secret))?.record.id).toBe('a');
  });

  it('sees what another process changed', async () => {
    const data = plantTree({});
    const directory = directoryOf(data);
    expect(directory.count).toBe(0);
    const changed = nextChange(directory);
    const { secret } = await addDevice(data, { id: 'a' }, 5);
    await changed;
    const proven = directory.bySecret('a', bytes(secret))!;
    const revoked = nextChange(directory);
    await revokeDevice(data, 'a', 6);
    await revoked;
    expect(directory.renewed(proven)).toBeUndefined();
  });

  it('keeps what it knew when the file is damaged, and says so; at the start it refuses', async () => {
    const data = plantTree({});
    const { secret } = await addDevice(data, { id: 'a' }, 5);
    const problems: Error[] = [];
    const directory = directoryOf(data, problems);
    writeFileSync(join(data, 'devices.json'), '{"format":1,"devices":[{"id":"a b"}]}');
    await expect.poll(() => problems.length).toBe(1);
    expect(problems[0]!.message).toMatch(/^cannot read .*devices\.json: devices\.0\.id/);
    expect(directory.bySecret('a', bytes(secret))?.record.id).toBe('a');
    expect(() => directoryOf(data)).toThrow(/cannot read/);
  });

  it('loses no change of several processes at once', async () => {
    const data = plantTree({});
    await Promise.all(Array.from({ length: 20 }, (_, index) => addDevice(data, { id: `d${index}` }, 5)));
    expect(listDevices(data)).toHaveLength(20);
  });

  it('takes over the lock of a process that is gone, and not that of one that lives', async () => {
    const data = plantTree({ 'devices.json.lock': '999999999' });
    await addDevice(data, { id: 'a' }, 5);
    writeFileSync(join(data, 'devices.json.lock'), String(process.ppid));
    await expect(addDevice(data, { id: 'b' }, 5)).rejects.toMatchObject({ code: 'records_locked' });
    expect(listDevices(data)).toHaveLength(1);
  });
});

describe('a device is refused', () => {
  it.each([
    ['an id with a space', { id: 'a b' }, /^cannot use the device "a b": id/],
    ['an empty id', { id: '' }, /id/],
    ['an id of 65 characters', { id: 'x'.repeat(65) }, /id/],
    ['an id with a wildcard', { id: '+' }, /id/],
    ['an id of another script', { id: 'm\u0435ter' }, /id/],
    ['a topic of the broker', { id: 'a', topics: ['$SYS/#'] }, /"\$SYS\/#" is no filter/],
    ['the topics of KPI values', { id: 'a', topics: ['kpi/#'] }, /"kpi\/#" is no filter/],
    ['a wildcard in the middle of a level', { id: 'a', topics: ['in/a+'] }, /is no filter/],
    ['a # before the end', { id: 'a', topics: ['in/#/a'] }, /is no filter/],
    ['a topic with a line break', { id: 'a', topics: ['in/a\nb'] }, /is no filter/],
    ['a listed device that is no id', { id: 'a', devices: ['b', 'c/d'] }, /devices\.1/],
  ] as const)('with %s', async (_name, device, message) => {
    const data = plantTree({});
    await expect(addDevice(data, device, 5)).rejects.toMatchObject({
      code: 'device_invalid',
      message: expect.stringMatching(message),
    });
    expect(listDevices(data)).toEqual([]);
  });

  it('with the certificate of another, and when there is none of its id', async () => {
    const data = plantTree({});
    await addDevice(data, { id: 'a', certificate: 'c' }, 5);
    await expect(addDevice(data, { id: 'b', certificate: 'c' }, 5)).rejects.toMatchObject({ code: 'device_invalid' });
    await expect(rotateDevice(data, 'a', { graceMs: 0, nowMs: 5 })).rejects.toThrow(/by a certificate/);
    await expect(revokeDevice(data, 'nobody', 5)).rejects.toMatchObject({ code: 'device_unknown' });
  });
});
