import { describe, expect, test } from 'vitest';
import { barkjohn2021, channelsAgree, fireSmokeMap } from '../../../src/profiles/pm-correction.ts';
import { intakeOf, message, profilesOf, readingsOf } from '../intake/support.ts';

describe('the corrections of Plantower sensors', () => {
  test('join without a step at 30, 50, 210 and 260', () => {
    for (const join of [30, 50, 210, 260]) {
      for (const humidity of [0, 50, 100]) {
        const [below, at] = [join - 1e-7, join].map((ugm3) => fireSmokeMap({ ugm3, humidity }));
        expect(below).toBeCloseTo(at!, 5);
      }
    }
  });

  test('are never below zero, and ask for a humidity', () => {
    expect(barkjohn2021({ ugm3: 0, humidity: 100 })).toBe(0);
    expect(fireSmokeMap({ ugm3: 0, humidity: 100 })).toBe(0);
    expect(() => barkjohn2021({ ugm3: 10, humidity: 101 })).toThrow('101 % humidity');
  });

  test('two lasers disagree when they are far apart both in ug/m3 and in per cent', () => {
    expect(channelsAgree(1, 6)).toBe(true);
    expect(channelsAgree(1, 6.1)).toBe(false);
    // 10 apart at a mean of 15 is 67 %.
    expect(channelsAgree(10, 20)).toBe(true);
    expect(channelsAgree(10, 20, 'day')).toBe(false);
    expect(channelsAgree(100, 110)).toBe(true);
  });
});

describe('a profile that corrects', () => {
  const decode = (payload: object, method = 'us-barkjohn-2021') =>
    readingsOf(
      intakeOf(
        profilesOf(`
name: p
title: x
match: [{ topic: "t/{id}" }]
device: { id: "{id}" }
readings:
  - quantity: pm2_5
    path: $.a
    correct: { method: ${method}, humidity: $.rh, secondLaser: $.b }
`),
      )(message('t/dev', payload)),
    ).map(({ value }) => value);

  test('says the corrected mean of two lasers that agree', () => {
    expect(decode({ a: 20, b: 22, rh: 50 })).toEqual([0.524 * 21 - 0.0862 * 50 + 5.75]);
    expect(decode({ a: 100, b: 100, rh: 50 }, 'us-fire-smoke-map')).toEqual([0.786 * 100 - 0.0862 * 50 + 5.75]);
  });

  test.each([
    ['lasers that do not agree', { a: 5, b: 40, rh: 50 }],
    ['no second laser', { a: 5, rh: 50 }],
    ['no humidity', { a: 5, b: 5 }],
    ['an impossible humidity', { a: 5, b: 5, rh: 255 }],
  ])('has no value, and a bad reading that counts as expected, with %s', (_what, payload) => {
    expect(decode(payload)).toEqual([Number.NaN]);
  });

  test('is refused where something else than pm2_5 is to be corrected', () => {
    const profile = `
name: p
title: x
match: [{ topic: "t/{id}" }]
device: { id: "{id}" }
readings: [{ quantity: pm10, path: $.a, correct: { method: us-barkjohn-2021, humidity: $.rh } }]
`;
    expect(() => profilesOf(profile)).toThrow('only pm2_5 is corrected');
  });
});
