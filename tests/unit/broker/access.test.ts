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
    [`in/a/${'x'.repeat(252)}`, 'topic'],
  ] as const)('%j where in/a/# is allowed: %s', (topic, reason) => {
    expect(publishProblem(identityOf('u', ['in/a/#'], []), topic, 256)?.reason).toBe(reason);
  });

  it('is never so for KPI values, whatever is allowed, nor for somebody who was not let in', () => {
    expect(publishProblem(identityOf('u', ['#', 'kpi/#'], []), 'kpi/city/x', 256)?.reason).toBe('not_authorized');
    expect(publishProblem(undefined, 'in/a', 256)).toEqual({
      reason: 'not_authorized',
      cause: 'publishing to in/a is not allowed',
    });
  });
});
