import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compileProfiles, loadProfiles } from '../../../src/profiles/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vitals-profiles-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const GOOD = `
name: plug
title: A plug
match: [{ topic: "plug/{id}" }]
device: { id: "plug:{id}" }
readings: [{ quantity: power_active, path: $.power }]
`;

function write(text: string, name = 'profile.yaml'): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

function complaint(text: string): string {
  write(text);
  try {
    compileProfiles(loadProfiles([folder]));
  } catch (error) {
    expect(error).toMatchObject({ name: 'OperatingError', code: 'profile_invalid' });
    expect((error as Error).message).toContain(join(folder, 'profile.yaml'));
    return (error as Error).message;
  }
  return 'none';
}

test('a good profile is taken', () => expect(complaint(GOOD)).toBe('none'));

describe('a faulty profile is refused with the key and what is allowed:', () => {
  test.each([
    ['an unknown key', GOOD.replace('title', 'colour: red\ntitle'), /Unrecognized key: "colour"/],
    ['an unknown key inside', GOOD.replace('path: $.power', 'path: $.power, unitt: W'), /readings\[0\].*"unitt"/],
    ['a missing key', GOOD.replace('title: A plug', ''), /title: .*expected string/],
    ['a name that is none', GOOD.replace('name: plug', 'name: The Plug'), /name: names are 1 to 64 of a-z, 0-9/],
    ['no YAML', 'name: [', /profile\.yaml: .*/],
    [
      'an unknown quantity',
      GOOD.replace('power_active', 'pover'),
      /readings\[0\]\.quantity: "pover" is no quantity; known: pm1, /,
    ],
    [
      'an unknown unit',
      GOOD.replace('path: $.power', 'path: $.power, unit: furlong'),
      /readings\[0\]\.unit: .*"furlong" cannot be turned into W/,
    ],
    [
      'a unit of something else',
      GOOD.replace('path: $.power', 'path: $.power, unit: kWh'),
      /"kWh" cannot be turned into W/,
    ],
    [
      'an unknown name in a template',
      GOOD.replace('plug:{id}', 'plug:{nr}'),
      /device\.id: the name "nr" is not known here; known: id/,
    ],
    ['a brace without a name', GOOD.replace('plug:{id}', 'plug:{'), /device\.id: .*brace/],
    ['a path that is none', GOOD.replace('$.power', '$..power'), /readings\[0\]\.path: "\$\.\.power" cannot be read/],
    ['a path without root', GOOD.replace('$.power', 'power'), /readings\[0\]\.path: a path starts with/],
    ['no readings', GOOD.replace(/readings.*/, ''), /readings or blocks are needed/],
    ['no device', GOOD.replace(/device.*/, ''), /device: the id of the device is needed/],
    ['a topic level that is none', GOOD.replace('plug/{id}', 'plug/{id}{x}{y}'), /match\[0\]\.topic: the level/],
    ['# in the middle', GOOD.replace('plug/{id}', '#/{id}'), /match\[0\]\.topic: the level "#"/],
    ['a duration that is none', `${GOOD}expectEvery: often\n`, /expectEvery: write a duration such as/],
    [
      'a time format that is none',
      `${GOOD}time: { path: $.t, format: someday }\n`,
      /time\.format: "someday" is no time format; write unix, unix_ms/,
    ],
    [
      'a pattern without a zone',
      `${GOOD}time: { path: $.t, format: "YYYYMMDDhhmm" }\n`,
      /time\.zone: .*has no zone; say UTC, an IANA zone or site/,
    ],
    [
      'a zone that is none',
      `${GOOD}time: { path: $.t, format: iso_local, zone: Europe/Atlantis }\n`,
      /time\.zone: "Europe\/Atlantis" is no time zone/,
    ],
    ['each without a wildcard', `${GOOD}each: "$.list"\n`, /each\[0\]\.path: "\$\.list" ends in neither/],
    ['a variable of nothing', `${GOOD}vars: { a: { regex: x } }\n`, /vars\.a: exactly one of path and template/],
    [
      'a quantity twice',
      GOOD.replace('quantity: power_active', 'quantity: power_active, quantityFrom: { path: $.q }'),
      /exactly one of quantity and quantityFrom/,
    ],
    [
      'a unit spelling for no unit',
      `${GOOD}units: { horse: "[horse]" }\n`,
      /units\.horse: "\[horse\]" is no UCUM code/,
    ],
    [
      'blocks beside readings',
      `${GOOD}blocks: [{ readings: [{ quantity: co2, path: $.c }] }]\n`,
      /blocks: readings, each and when stand either/,
    ],
    [
      'a regular expression that can take for ever',
      GOOD.replace('topic: "plug/{id}"', 'topic: "plug/{id}", require: { path: $.a, regex: "^(a+)+$" }'),
      /repeats a group that repeats/,
    ],
    [
      'a regular expression with a backreference',
      GOOD.replace('topic: "plug/{id}"', 'topic: "plug/{id}", require: { path: $.a, regex: "(a)\\\\1" }'),
      /backreference/,
    ],
    [
      'a broken regular expression',
      GOOD.replace('topic: "plug/{id}"', 'topic: "plug/{id}", require: { path: $.a, regex: "(" }'),
      /cannot be read/,
    ],
  ])('%s', (_, text, wanted) => {
    expect(complaint(text)).toMatch(wanted);
  });

  test('a folder that is not there', () => {
    expect(() => loadProfiles([join(folder, 'none')])).toThrow(/cannot read the folder of device profiles .*none/);
  });
});

test('of two profiles for one topic the one of the earlier folder reads the message', () => {
  write(GOOD, 'own/profile.yaml');
  write(GOOD.replace('name: plug', 'name: other'), 'built-in/profile.yaml');
  const { routes } = compileProfiles(loadProfiles([join(folder, 'own'), join(folder, 'built-in')]));
  expect(routes.map(({ profile }) => profile.name)).toEqual(['plug', 'other']);
});
