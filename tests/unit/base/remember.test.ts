import { describe, expect, it } from 'vitest';
import { rememberTexts } from '../../../src/base/index.ts';

describe('a memory for the answers of a function', () => {
  it('asks once for a text, also where the answer is undefined', () => {
    const asked: string[] = [];
    const lengthOf = rememberTexts((text) => {
      asked.push(text);
      return text === '' ? undefined : text.length;
    }, 10);
    expect(['a', 'bb', 'a', '', ''].map(lengthOf)).toEqual([1, 2, 1, undefined, undefined]);
    expect(asked).toEqual(['a', 'bb', '']);
  });

  it('starts anew when it is full, and does not keep long texts', () => {
    let asked = 0;
    const lengthOf = rememberTexts((text) => {
      asked++;
      return text.length;
    }, 2);
    for (const text of ['a', 'b', 'c', 'c', 'a']) lengthOf(text);
    expect(asked).toBe(4);
    const long = 'x'.repeat(65);
    expect([lengthOf(long), lengthOf(long), asked]).toEqual([65, 65, 6]);
  });
});
