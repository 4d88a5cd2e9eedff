import { expect, test } from 'vitest';
import { csvText } from '../../../src/base/index.ts';

test('writes a header line, ends every line with CRLF and leaves nothing as an empty cell', () => {
  expect(
    csvText(
      ['a', 'b', 'c'],
      [
        [1.5, null, true],
        ['x', undefined, 0],
      ],
    ),
  ).toBe('a,b,c\r\n1.5,,true\r\nx,,0\r\n');
});

test('quotes commas, quotes and line breaks as RFC 4180 says', () => {
  expect(csvText(['n'], [['a,b'], ['say "no"'], ['two\nlines']])).toBe(
    'n\r\n"a,b"\r\n"say ""no"""\r\n"two\nlines"\r\n',
  );
});

test('text from the field that a spreadsheet would run as a formula is made text', () => {
  expect(csvText(['n'], [['=1+1'], ['@x'], [-5]])).toBe("n\r\n'=1+1\r\n'@x\r\n-5\r\n");
});
