import { describe, expect, it } from 'vitest';
import {
  continuousFlow,
  districtAlarm,
  nightFlowPercentile20,
  waterBalance,
} from '../../../src/kpis/arithmetic/index.ts';

describe('the night flow that a district is judged by', () => {
  it('is the 20th percentile of 7 nights, linear between ranks: position 1.2 of 10 to 16', () => {
    expect(nightFlowPercentile20([16, 10, 12, 11, 15, 13, 14])).toBeCloseTo(11.2, 12);
  });

  it('looks at the newest 7 nights only, and needs 5 of them', () => {
    expect(nightFlowPercentile20([1, 1, 1, 16, 10, 12, 11, 15, 13, 14])).toBeCloseTo(11.2, 12);
    expect(nightFlowPercentile20([null, 10, null, 11, 12, 13, 14])).toBeCloseTo(10.8, 12);
    expect(nightFlowPercentile20([null, 10, null, 11, null, 13, 14])).toBeNull();
  });
});

describe('the alarm of a district', () => {
  // 20th percentile 10, sample standard deviation of 10 (five times), 12 and 14: 1.6036.
  const BEFORE = [10, 10, 12, 10, 14, 10, 10];

  it('is raised by three nights more than 20 % above: 12.1, but not by 12', () => {
    expect(districtAlarm([...BEFORE, 12.1, 13, 12.5])).toMatchObject({
      alarm: true,
      rules: ['+20 %'],
      baselineM3h: 10,
    });
    expect(districtAlarm([...BEFORE, 12, 13, 12.5])).toMatchObject({ alarm: false, rules: [] });
  });

  it('is raised by three nights above 3 standard deviations: 10 + 3 * 1.6036 = 14.81', () => {
    expect(districtAlarm([...BEFORE, 14.9, 15, 15])).toMatchObject({ alarm: true, rules: ['3 sigma', '+20 %'] });
    const flat = [100, 100.1, 100, 99.9, 100, 100.1, 99.9];
    // +20 % is far off; 100 + 3 * 0.0816 is not: 99.92 + 0.245.
    expect(districtAlarm([...flat, 100.4, 100.5, 100.4])).toMatchObject({ alarm: true, rules: ['3 sigma'] });
    expect(districtAlarm([...flat, 100.4, 100.1, 100.4])).toMatchObject({ alarm: false });
  });

  it('is not raised where nights without any scatter are followed by hardly more', () => {
    expect(districtAlarm([...Array<number>(7).fill(10), 10.1, 10.1, 10.1])).toMatchObject({
      alarm: false,
      sigmaM3h: 0,
    });
  });

  it('says nothing when one of the three nights is missing, or three of those before', () => {
    expect(districtAlarm([...BEFORE, 15, null, 15])).toBeNull();
    expect(districtAlarm([10, null, null, 10, null, 10, 10, 15, 15, 15])).toBeNull();
    expect(districtAlarm([15, 15, 15])).toBeNull();
  });
});

describe('continuous flow', () => {
  it('is a leak only with every hour, and tight with one hour at the threshold', () => {
    expect(continuousFlow(0.001, 24, 24)).toBe('leak');
    expect(continuousFlow(0.001, 23, 24)).toBe('unknown');
    expect(continuousFlow(0, 1, 24)).toBe('tight');
    expect(continuousFlow(0.003, 24, 24, 3)).toBe('tight');
    expect(continuousFlow(Number.POSITIVE_INFINITY, 0, 24)).toBe('unknown');
  });
});

describe('the water balance', () => {
  it('tells losses from water that is only not billed', () => {
    expect(waterBalance({ inputM3: 100, billedM3: 70, unbilledM3: 5 })).toEqual({ nonRevenueM3: 30, lossesM3: 25 });
    expect(waterBalance({ inputM3: 70, billedM3: 100, unbilledM3: 0 }).nonRevenueM3).toBe(-30);
  });
});
