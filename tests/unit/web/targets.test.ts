import { describe, expect, test } from 'vitest';
import * as report from '../../../src/views/reports/report.ts';
import { targetText } from '../../../src/views/reports/words.ts';
import { hasTarget, meetsTarget, targetSign } from '../../../web/src/data/targets.ts';

const aim = (direction: 'lower' | 'higher' | 'none', target: number | null = 10) => ({ target, direction });

describe('a target on the page', () => {
  test('is met or missed by valid values on the side that is better', () => {
    const valid = (value: number) => ({ value, valid: true });
    expect([9, 10, 11].map((value) => meetsTarget(aim('lower'), valid(value)))).toEqual([true, true, false]);
    expect([9, 10, 11].map((value) => meetsTarget(aim('higher'), valid(value)))).toEqual([false, true, true]);
  });

  test('is neither met nor missed by a value that is not valid, nor where no side is better', () => {
    for (const value of [9, 11, null]) {
      expect(meetsTarget(aim('lower'), { value, valid: false })).toBeNull();
      expect(meetsTarget(aim('none'), { value, valid: true })).toBeNull();
    }
    expect(meetsTarget(aim('lower'), { value: null, valid: true })).toBeNull();
    expect(hasTarget(aim('none'))).toBe(false);
  });

  test('is what reports say', () => {
    for (const direction of ['lower', 'higher', 'none'] as const)
      for (const target of [null, 0, 10]) {
        const each = aim(direction, target);
        expect(hasTarget(each)).toBe(report.hasTarget(each));
        if (target !== null) expect(targetText(each)).toBe(`${targetSign(each)}${target}`);
        for (const valid of [true, false])
          for (const value of [null, -1, 0, 10, 11])
            expect(meetsTarget(each, { value, valid })).toBe(report.meetsTarget(each, { value, valid }));
      }
  });
});
