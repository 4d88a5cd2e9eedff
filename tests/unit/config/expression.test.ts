import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpressionError, parseExpression } from '../../../src/config/index.ts';
import { evaluateFormula } from '../../../src/kpis/index.ts';

const NAMES: Readonly<Record<string, number>> = { a: 2, b: 5, zero: 0 };

const resultOf = (text: string): number | null =>
  evaluateFormula(parseExpression(text), (name) => (Object.hasOwn(NAMES, name) ? NAMES[name]! : null));

const refusal = (text: string): string => {
  try {
    parseExpression(text);
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
  return '';
};

describe('an expression', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['20 - 4 - 3', 13],
    ['24 / 4 / 2', 3],
    ['-a * b', -10],
    ['b - -a', 7],
    ['1.5e2 + .5', 150.5],
    ['100 * (b - a) / b', 60],
    ['min(a, b, 3)', 2],
    ['max(a, b, 3)', 5],
    ['abs(a - b)', 3],
    ['sqrt(a * 8)', 4],
    ['pow(a, 10)', 1024],
    ['log10(1000)', 3],
    ['ln(exp(2))', 2],
    ['10 * log10(pow(10, 6) + pow(10, 6))', 10 * Math.log10(2e6)],
    ['round(2.5)', 3],
    ['round(-2.5)', -3],
    ['round(3.14159, 2)', 3.14],
    ['round(1.005, 2)', 1.01],
    ['floor(-1.5) + ceil(1.2)', 0],
    ['if(a < b, 1, 2)', 1],
    ['if(a >= b || b == 5 && a != 3, 1, 2)', 1],
    ['if(a > 1 && b > 9, 1, 2)', 2],
  ])('%s is %d', (text, expected) => {
    expect(resultOf(text)).toBeCloseTo(expected, 12);
  });

  it.each([
    ['a division by zero', 'a / zero'],
    ['zero by zero', 'zero / zero'],
    ['a root of a negative number', 'sqrt(0 - a)'],
    ['a logarithm of zero', 'log10(zero)'],
    ['what is too large', 'exp(1000)'],
    ['an unknown number', 'a + unknown'],
    ['a function of an unknown number', 'max(a, unknown)'],
    ['a condition of an unknown number', 'if(unknown > 1, 1, 2)'],
    ['half a condition of an unknown number', 'if(a > 1 || unknown > 1, 1, 2)'],
  ])('says nothing of %s', (_, text) => {
    expect(resultOf(text)).toBeNull();
  });

  it('does not look at the branch that is not taken', () => {
    expect(resultOf('if(zero == 0, a, a / zero)')).toBe(2);
    expect(resultOf('if(zero == 0, a, unknown)')).toBe(2);
  });

  it('has no minus zero', () => {
    expect(Object.is(resultOf('zero * -1'), 0)).toBe(true);
  });
});

describe('an expression is refused', () => {
  it.each([
    ['member access', 'a.constructor', 'no parts'],
    ['a member of a number', '(1).constructor', 'no parts'],
    ['computed member access', 'a["constructor"]', 'the character "["'],
    ['a text', '"a"', 'the character'],
    ['a list', '[1]', 'the character'],
    ['statements', 'a; b', 'the character ";"'],
    ['an assignment', 'a = 1', '='],
    ['a template', '`a`', 'the character'],
    ['a function of the language', 'constructor(1)', '"constructor" is no function; allowed are min'],
    ['one that every object has', 'toString()', '"toString" is no function'],
    ['a call of a call', 'min(1)(2)', 'no function'],
    ['this', 'this', 'no number'],
    ['true', 'true', 'no number'],
    ['a power as others write it', 'a^2', 'write pow(a, b)'],
    ['a power as JavaScript writes it', 'a ** 2', 'write pow(a, b)'],
    ['a remainder', 'a % 2', 'floor'],
    ['a question mark', 'a > 1 ? 2 : 3', 'write if('],
    ['a comparison for a number', 'a < b', 'write if('],
    ['a chain of comparisons', 'if(1 < a < 3, 1, 2)', 'write if('],
    ['a number for a condition', 'if(a, 1, 2)', 'must be a comparison'],
    ['two values', 'a b', 'side by side'],
    ['two values in brackets', '(a, b)', 'side by side'],
    ['a comma at the end', 'a,', 'comma'],
    ['a comma at the end of brackets', '(a,)', 'comma'],
    ['arguments without commas', 'min(a b)', 'comma'],
    ['too few arguments', 'pow(a)', 'pow has 1 arguments; allowed are 2'],
    ['too many arguments', 'abs(a, b)', 'abs has 2 arguments; allowed are 1'],
    ['a function without a call', 'min + 1', 'min is a function'],
    ['nothing', ' ', 'empty'],
    ['half of it', 'a +', 'expected expression'],
    ['an open bracket', '(a', 'unclosed'],
    ['a number that is none', '1e999', 'no number'],
    ['bits', 'a | b', 'no operator'],
    ['a word behind a number', '2a', 'variable names cannot start with a number'],
    ['what is too long', `a${' + a'.repeat(200)}`, 'at most 500'],
    ['a letter of another script', 'а + 1', 'the character'],
  ])('for %s', (_, text, message) => {
    expect(refusal(text)).toContain(message);
  });

  it('with nothing but such a refusal, whatever the text', () => {
    const words = [
      'a',
      'b',
      'min',
      'if',
      'constructor',
      '__proto__',
      'this',
      '(',
      ')',
      ',',
      '.',
      '+',
      '-',
      '*',
      '/',
      '<',
    ];
    const marks = [
      '==',
      '&&',
      '||',
      '1',
      '2.5',
      '1e3',
      ' ',
      '[',
      ']',
      '"',
      '`',
      '{',
      '}',
      ';',
      '=',
      '?',
      ':',
      '=>',
      '\n',
    ];
    const before = Object.getOwnPropertyNames(Object.prototype);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 60 }),
          fc.array(fc.constantFrom(...words, ...marks), { maxLength: 30 }).map((parts) => parts.join('')),
        ),
        (text) => {
          if (refusal(text) !== '') return;
          const value = resultOf(text);
          expect(value === null || Number.isFinite(value)).toBe(true);
        },
      ),
      { numRuns: 20_000 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });
});

/** Expressions with what they come to, by another way: the tree is calculated while it is written. */
const written = fc.letrec<{ tree: readonly [text: string, value: number] }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.integer({ min: 0, max: 99 }).map((value) => [`${value}`, value] as const),
    fc.constantFrom(...Object.entries(NAMES)),
    fc.tuple(tie('tree'), fc.constantFrom('+', '-', '*'), tie('tree')).map(([[left, l], operator, [right, r]]) => {
      const value = operator === '+' ? l + r : operator === '-' ? l - r : l * r;
      return [`(${left} ${operator} ${right})`, value] as const;
    }),
    tie('tree').map(([text, value]) => [`-${text}`, -value] as const),
    fc
      .tuple(tie('tree'), tie('tree'))
      .map(([[left, l], [right, r]]) => [`max(${left},${right})`, Math.max(l, r)] as const),
    fc
      .tuple(tie('tree'), tie('tree'), tie('tree'))
      .map(([[one, o], [two, t], [three, h]]) => [`if(${one} > ${two}, ${two}, ${three})`, o > t ? t : h] as const),
  ),
}));

it('an expression comes to what its parts come to', () => {
  fc.assert(
    fc.property(
      written.tree.filter(([text]) => text.length <= 500),
      ([text, expected]) => {
        expect(resultOf(text)).toBe(expected + 0);
      },
    ),
    { numRuns: 2_000 },
  );
});
