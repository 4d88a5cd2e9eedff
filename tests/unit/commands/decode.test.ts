import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { decodeCommand } from '../../../src/commands/decode.ts';
import { differences } from '../../../src/commands/decode-compare.ts';
import { intakeOf, message, profilesOf } from '../intake/support.ts';

let folder: string;
let out = '';
let err = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vitals-decode-'));
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
  rmSync(folder, { recursive: true, force: true });
});

async function decode(...args: string[]): Promise<number> {
  const program = new Command().exitOverride();
  decodeCommand(program);
  process.exitCode = 0;
  await program.parseAsync(['node', 'vitals', 'decode', ...args]);
  return Number(process.exitCode);
}

const PLUG = ['--topic', 'tele/plug/SENSOR', '--received', '2026-01-15T11:00:02Z', '--zone', 'Europe/Madrid'];

test('prints the readings of one message, one a line', async () => {
  const code = await decode(
    ...PLUG,
    '--payload',
    '{"Time":"2026-01-15T12:00:00","ENERGY":{"Total":6.25,"Power":null}}',
  );
  expect(code).toBe(0);
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {
      device: 'tasmota:plug',
      quantity: 'energy_import',
      value: 6.25,
      unit: 'kW.h',
      time: '2026-01-15T11:00:00.000Z',
      timeSource: 'device',
      quality: 'good',
    },
    {
      device: 'tasmota:plug',
      quantity: 'power_active',
      value: null,
      unit: 'W',
      time: '2026-01-15T11:00:00.000Z',
      timeSource: 'device',
      quality: 'bad',
    },
  ]);
  expect(err).toBe('2 readings, 0 refused, by tasmota\n');
});

test('says why a message is refused, with exit code 1', async () => {
  expect(await decode(...PLUG, '--payload', '{')).toBe(1);
  expect(out).toBe('');
  expect(err).toBe('rejected: malformed: the payload is no JSON (RFC 8259)\n');
});

test('compares a file of messages with what is expected', async () => {
  const file = join(folder, 'cases.json');
  const base = {
    family: 'a',
    topic: 'recording/r/d',
    payload: '{"time":"2026-01-15T11:00:00Z","quantity":"pm10","unit":"ug/m3","value":"1"}',
    receivedAt: '2026-01-15T12:00:00Z',
  };
  const expected = { device: 'r:d', quantity: 'pm10', value: 1 };
  writeFileSync(
    file,
    JSON.stringify({
      messages: [
        { ...base, id: 'same', expected: [expected] },
        { ...base, id: 'other', family: 'b', expected: [{ ...expected, value: 2 }] },
      ],
    }),
  );
  expect(await decode('--messages', file, '--family', 'a')).toBe(0);
  expect(err).toBe('1 messages, 1 readings; 1 compared, 1 as expected, 0 different\n');
  err = '';
  expect(await decode('--messages', file)).toBe(1);
  expect(err).toContain('other: missing {"device":"r:d","quantity":"pm10","value":2}');
  expect(err).toContain('other: surplus {"device":"r:d","quantity":"pm10","value":1');
  expect(err).toContain('2 messages, 2 readings; 2 compared, 1 as expected, 1 different\n');
});

test.each([
  [[], /^cannot decode: say --topic and --payload for one message, or --messages for a file/],
  [[...PLUG, '--payload', '1', '--zone', 'Mars'], /cannot use the time zone "Mars"/],
  [[...PLUG, '--payload', '1', '--received', 'noon'], /cannot use --received "noon": write an instant such as/],
  [['--messages', '/no/such/file'], /cannot read the messages \/no\/such\/file/],
  [['--profiles', '/no/such/folder', ...PLUG], /cannot read the folder of device profiles/],
])('refuses wrong arguments in one sentence %#', async (args, why) => {
  expect([await decode(...args), out]).toEqual([1, '']);
  expect(err).toMatch(why);
  expect(err.trimEnd()).not.toContain('\n');
});

test('takes profiles of its own before the built-in ones', async () => {
  writeFileSync(
    join(folder, 'own.yaml'),
    'name: own\ntitle: x\nmatch: [{ topic: "tele/{dev}/SENSOR" }]\ndevice: { id: "own:{dev}" }\nreadings: [{ quantity: co2, path: $.c }]\n',
  );
  expect(await decode('--profiles', folder, ...PLUG, '--payload', '{"c":400}')).toBe(0);
  expect(err).toBe('1 readings, 0 refused, by own\n');
});

test('prints the schema of profiles', async () => {
  expect(await decode('--schema')).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ title: 'City Vitals device profile', type: 'object' });
});

test('an expectation is met once, by the reading that has all its fields', () => {
  const profiles = profilesOf(
    '{ name: p, title: x, match: [{ topic: t }], device: { id: d }, readings: [{ quantity: co2, path: $, channel: a }, { quantity: co2, path: $ }] }',
  );
  const decoded = intakeOf(profiles)(message('t', '400'));
  expect(differences(decoded, [{ quantity: 'co2' }, { quantity: 'co2', channel: 'a' }])).toEqual([]);
  expect(
    differences(decoded, [
      { quantity: 'co2', channel: '' },
      { quantity: 'co2', channel: 'a' },
    ]),
  ).toEqual([]);
  expect(differences(decoded, [{ quantity: 'co2', channel: 'b' }])).toHaveLength(3);
  expect(
    differences(decoded, [
      { quantity: 'co2', value: 400.000_000_01 },
      { quantity: 'co2', value: 400.1 },
    ]),
  ).toHaveLength(2);
});
