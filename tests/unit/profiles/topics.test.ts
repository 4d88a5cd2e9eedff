import { describe, expect, test } from 'vitest';
import { Names } from '../../../src/profiles/names.ts';
import { compileTopic } from '../../../src/profiles/topics.ts';
import { intakeOf, message, profilesOf } from '../intake/support.ts';

function captured(pattern: string, topic: string): Record<string, string> | undefined {
  const names = new Names();
  const found = compileTopic(pattern, names, 'topic').match(topic.split('/'));
  if (found === undefined) return undefined;
  const inner = [...pattern.matchAll(/\{(\w+)#?\}/g)].map((part) => part[1]!);
  return Object.fromEntries(
    inner.map((name) => [name, found.find(({ slot }) => slot === names.find(name, ''))?.value ?? '']),
  );
}

describe('a topic pattern', () => {
  test.each([
    ['tele/{dev}/SENSOR', 'tele/plug-1/SENSOR', { dev: 'plug-1' }],
    ['tele/{dev}/SENSOR', 'tele/plug-1/STATE', undefined],
    ['tele/{dev}/SENSOR', 'tele/plug-1/SENSOR/x', undefined],
    ['tele/{dev}/SENSOR', 'tele//SENSOR', undefined],
    ['{dev}/status/em:{n}', 'shelly/status/em:0', { dev: 'shelly', n: '0' }],
    ['{dev}/status/em:{n}', 'shelly/status/emdata:0', undefined],
    ['{dev}/status/em:{n}', 'shelly/status/em:', undefined],
    ['x/pre{n}post', 'x/pre1post', { n: '1' }],
    ['x/pre{n}post', 'x/prepost', undefined],
    ['a/+/{x}', 'a/b/c', { x: 'c' }],
    ['a/#', 'a/b/c/d', {}],
    ['a/#', 'a', undefined],
    ['z/{name#}', 'z/park/east/pump', { name: 'park/east/pump' }],
  ])('%s against %s', (pattern, topic, wanted) => {
    expect(captured(pattern, topic)).toEqual(wanted);
  });
});

test('the longest literal beginning decides, then the most literal characters', () => {
  const profile = (name: string, topic: string) =>
    `{ name: ${name}, title: x, match: [{ topic: "${topic}" }], device: { id: d }, readings: [{ quantity: co2, path: $ }] }`;
  const intake = intakeOf(
    profilesOf(
      profile('rest', 'a/#'),
      profile('any', '{x}/{y}/json'),
      profile('level', 'a/{x}/json'),
      profile('inside', 'a/b{x}/json'),
      profile('exact', 'a/bc/json'),
    ),
  );
  expect(intake(message('a/bc/json', '1')).profile).toBe('exact');
  expect(intake(message('a/bd/json', '1')).profile).toBe('inside');
  expect(intake(message('a/cd/json', '1')).profile).toBe('level');
  expect(intake(message('a/cd/other', '1')).profile).toBe('rest');
  expect(intake(message('q/cd/json', '1')).profile).toBe('any');
});
