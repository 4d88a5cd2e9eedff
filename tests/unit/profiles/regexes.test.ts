import { describe, expect, test } from 'vitest';
import { compileRegex, groupNames } from '../../../src/profiles/regexes.ts';

describe('a regular expression of a profile', () => {
  test.each([
    '^(a+)+$',
    '^(a|a)*$',
    '(a*)*b',
    '((a|b)c+)+',
    '(x+x+)+y',
    '(?:a{1,9}){1,9}',
    'a*a*a*a*b',
    '(a)\\1',
    '(?<x>a)\\k<x>',
    '(?<=a)b',
    '(',
  ])('%s is refused', (source) => {
    expect(() => compileRegex(source, 'here')).toThrow(/^here: the regular expression/);
  });

  test.each([
    '^((SDS|PMS)_)?P1$',
    '^TA120-([^-]+)-',
    '^(?!ENERGY$|Time$)',
    '^em1:(?<channel>[0-9]+)$',
    '[a+*]',
    '\\(a+\\)+',
  ])('%s is taken', (source) => {
    expect(() => compileRegex(source, 'here')).not.toThrow();
  });

  test('does not look at texts of more than 256 characters', () => {
    const match = compileRegex('^a+$', 'here');
    expect(match('a'.repeat(256))?.[0]).toHaveLength(256);
    expect(match('a'.repeat(257))).toBeUndefined();
  });

  test('tells the names of its groups', () => {
    expect(groupNames('^(?<kind>em):(?<n>[0-9]+)(?=x)$')).toEqual(['kind', 'n']);
  });
});
