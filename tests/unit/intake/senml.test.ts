import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ResolvedRecord, resolveSenml } from '../../../src/intake/senml.ts';

interface Vector {
  readonly id: string;
  readonly input: unknown;
  readonly resolved: readonly { n: string; u?: string; t: number; v: number }[];
}

const NOW_S = 1498780179;
const { vectors } = JSON.parse(readFileSync(new URL('../../fixtures/senml.json', import.meta.url), 'utf8')) as {
  vectors: Vector[];
};

function resolve(pack: unknown): readonly ResolvedRecord[] {
  const resolved = resolveSenml(pack, NOW_S);
  if ('reason' in resolved) throw new Error(resolved.detail);
  return resolved;
}

describe('the examples of RFC 8428', () => {
  test.each(vectors)('$id', ({ input, resolved }) => {
    const found = resolve(input);
    expect(found.map(({ n, u, v }) => ({ n, u, v }))).toEqual(resolved.map(({ n, u, v }) => ({ n, u, v })));
    for (const [index, { t }] of resolved.entries()) expect(found[index]?.t ?? NOW_S).toBeCloseTo(t, 6);
  });
});

describe('a pack', () => {
  test('adds base value and base sum, and drops records that only set base fields', () => {
    const found = resolve([
      { bn: 'a:', bv: 10, bs: 100 },
      { n: 'x', v: 1 },
      { n: 'y', s: 2 },
      { n: 'z', v: 1, bv: 0 },
    ]);
    expect(found.map(({ n, v, s }) => [n, v, s])).toEqual([
      ['a:x', 11, undefined],
      ['a:y', undefined, 102],
      ['a:z', 1, undefined],
    ]);
  });

  test('keeps texts, flags and data', () => {
    expect(
      resolve([
        { n: 'a', vs: 'on' },
        { n: 'b', vb: false },
        { n: 'c', vd: 'YQ' },
      ]).map(({ vs, vb, vd }) => [vs, vb, vd]),
    ).toEqual([
      ['on', undefined, undefined],
      [undefined, false, undefined],
      [undefined, undefined, 'YQ'],
    ]);
  });

  test('takes times below 2^28 as relative to now, and no time at all as none', () => {
    const times = resolve([
      { n: 'a', v: 1 },
      { n: 'a', v: 1, t: -5.5 },
      { n: 'a', v: 1, t: 2 ** 28 },
      { n: 'a', v: 1, t: 2 ** 28 - 1 },
      { n: 'a', bt: 1.5e9, t: 0.25, v: 1 },
    ]).map(({ t }) => t);
    expect(times).toEqual([undefined, NOW_S - 5.5, 2 ** 28, NOW_S + 2 ** 28 - 1, 1_500_000_000.25]);
  });

  test('gives the own name of a record, or the base name where it has none', () => {
    expect(resolve([{ bn: 'dev:', n: 'pm10', v: 1 }, { v: 2 }]).map(({ name }) => name)).toEqual(['pm10', 'dev:']);
  });

  test.each([
    ['no array', { n: 'a', v: 1 }],
    ['a record that is no object', [1]],
    ['a record that is an array', [[]]],
    ['null', [null]],
    ['a name that is no text', [{ n: 1, v: 1 }]],
    ['no name at all', [{ v: 1 }]],
    ['a name with a blank', [{ n: 'a b', v: 1 }]],
    ['a name that starts with a dash', [{ n: '-a', v: 1 }]],
    ['a time that is text', [{ n: 'a', t: '1', v: 1 }]],
    ['a base time beyond all numbers', JSON.parse('[{"n":"a","bt":1e309,"v":1}]')],
    ['a base value that is text', [{ n: 'a', bv: '1', v: 1 }]],
    ['a version from the future', [{ n: 'a', bver: 11, v: 1 }]],
    ['a field that must be understood', [{ n: 'a', v: 1, secret_: 1 }]],
  ])('is malformed with %s', (_, pack) => {
    expect(resolveSenml(pack, NOW_S)).toMatchObject({ reason: 'malformed' });
  });
});
