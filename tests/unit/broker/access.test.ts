import { describe, expect, it } from 'vitest';
import { identityOf, publishProblem } from '../../../src/broker/embedded/access.ts';

describe('whether somebody may publish to a topic', () => {
  it.each([
    ['in/a/pm', undefined],
    ['in/a', undefined],
    ['in/b/pm', 'not_authorized'],
    ['kpi/city/x', 'not_authorized'],
    ['', 'topic'],
    ['$SYS/a', 'topic'],
    ['in/a/+', 'topic'],
    ['in/a/#', 'topic'],
    ['in/a/\u0000', 'topic'],
    ['in/a/\ufffd', 'topic'],
    ['in/a/\u202e1-retem', 'topic'],
    ['in/a/m\u200b1', 'topic'],
    ['in/a/\ufeffm1', 'topic'],
    ['in/a/m1\ufe0f', 'topic'],
    ['in/a/m\u2028', 'topic'],
    ['in/a/cafe\u0301', 'topic'],
    ['in/a/caf\u00e9', undefined],
    ['in/\u0430/pm', 'not_authorized'],
    [`in/a/${'x'.repeat(252)}`, 'topic'],
  ] as const)('%j where in/a/# is allowed: %s', (topic, reason) => {
    expect(publishProblem(identityOf('u', ['in/a/#'], []), topic, 256)?.reason).toBe(reason);
  });

  it('is decided alike for every plain character, one by one', () => {
    for (let code = 0x20; code < 0x7f; code++) {
      const character = String.fromCharCode(code);
      const problem = publishProblem(identityOf('u', ['in/a/#'], []), `in/a/x${character}y`, 256)?.reason;
      expect([character, problem]).toEqual([character, '#+'.includes(character) ? 'topic' : undefined]);
    }
  });

  it('is never so for KPI values, whatever is allowed, nor for somebody who was not let in', () => {
    expect(publishProblem(identityOf('u', ['#', 'kpi/#'], []), 'kpi/city/x', 256)?.reason).toBe('not_authorized');
    expect(publishProblem(undefined, 'in/a', 256)).toEqual({
      reason: 'not_authorized',
      cause: 'publishing to in/a is not allowed',
    });
  });
});
