import { describe, expect, it } from 'vitest';
import type { KpiMember } from '../../../src/kpis/kpi-members.ts';
import { isSamePart, PartCache } from '../../../src/kpis/part-cache.ts';
import { NO_PART } from '../../../src/kpis/spatial-rules.ts';
import { NO_DEVICE_FACTS } from './support/fakes.ts';

const SAID = { ...NO_PART, value: 1 };
const SCOPE = { part: NO_PART, deviceCount: 0, coveredPopulation: 0 };

function member(index: number, zone: string): KpiMember {
  return { index, zone, device: `d${index}`, scope: `device:d${index}`, facts: NO_DEVICE_FACTS, series: [] };
}

describe('parts that are held', () => {
  const [a, b] = [member(0, 'west'), member(1, 'east')];

  it('give way to newer windows, but not while they are pinned', () => {
    const parts = new PartCache();
    for (const startMs of [0, 1]) parts.of(startMs).hold(a, null);
    parts.pin(0);
    for (let startMs = 2; startMs < 100; startMs++) parts.of(startMs);
    expect([parts.held(0)?.device(a), parts.held(1)]).toEqual([null, undefined]);
    parts.unpin();
    for (let startMs = 100; startMs < 200; startMs++) parts.of(startMs);
    expect(parts.held(0)).toBeUndefined();
  });

  it('are forgotten alone: the zone tells which of its devices are to be asked again, once', () => {
    const held = new PartCache().of(0);
    held.hold(a, SAID);
    held.hold(b, null);
    for (const zone of ['west', 'east']) held.zones.set(zone, SCOPE);
    held.forget(a);
    held.hold(a, NO_PART);
    held.forget(a);
    expect([held.device(a), held.device(b), held.zones.get('west')]).toEqual([undefined, null, SCOPE]);
    expect([...held.takeChanged('west')!]).toEqual([[a, SAID]]);
    expect([held.takeChanged('west'), held.takeChanged('east')]).toEqual([undefined, undefined]);
  });

  it('are dropped with their zone when an hour has ended', () => {
    const held = new PartCache().of(0);
    held.hold(a, SAID);
    held.zones.set('west', SCOPE);
    held.forget(a);
    held.drop(a);
    expect([held.device(a), held.zones.has('west'), held.takeChanged('west')]).toEqual([undefined, false, undefined]);
  });

  it('are made anew with their zone when a device joins that it was not made of', () => {
    const held = new PartCache().of(0);
    held.hold(a, SAID);
    held.zones.set('west', SCOPE);
    held.forget(a);
    held.forget(member(7, 'west'));
    expect([held.zones.has('west'), held.takeChanged('west')]).toEqual([false, undefined]);
  });

  it('say the same when all but their end is alike; what holds more than numbers and words differs', () => {
    expect(isSamePart(SAID, { ...SAID, untilMs: 5 })).toBe(false);
    expect(isSamePart({ ...SAID, untilMs: 4 }, { ...SAID, untilMs: 5 })).toBe(true);
    expect(isSamePart(SAID, { ...SAID, valid: true })).toBe(false);
    expect(isSamePart({ ...SAID, value: 0 }, { ...SAID, value: -0 })).toBe(false);
    expect(isSamePart({ ...SAID, amounts: { litres: 1 } }, { ...SAID, amounts: { litres: 1 } })).toBe(false);
    expect([isSamePart(null, null), isSamePart(null, SAID)]).toEqual([true, false]);
  });

  it('stay what they are when a series that was heard before is heard again, where they say so', () => {
    const held = new PartCache().of(0);
    held.hold(a, { ...NO_PART, prolongedSinceMs: 10 });
    // Heard before, newest now, end of the window.
    expect(held.isProlonged(a, 10, 10, 20)).toBe(true);
    expect(held.isProlonged(a, 10, 19, 20)).toBe(true);
    expect(held.isProlonged(a, 9, 19, 20), 'heard for the first time in the window').toBe(false);
    expect(held.isProlonged(a, 10, 20, 20), 'heard behind the window').toBe(false);
    expect(held.isProlonged(a, 15, 12, 20), 'the newest reading was withdrawn').toBe(false);
    held.hold(a, NO_PART);
    expect(held.isProlonged(a, 10, 19, 20), 'does not say so').toBe(false);
    expect(held.isProlonged(member(9, 'west'), 10, 19, 20), 'not asked yet').toBe(false);
  });

  it('end when they say so, and at once where they do not say when', () => {
    const parts = new PartCache();
    const held = parts.of(0);
    const endings = [10, undefined, 30, Number.POSITIVE_INFINITY];
    const members = endings.map((untilMs, index) => {
      const one = member(index, 'west');
      held.hold(one, untilMs === undefined ? NO_PART : { ...NO_PART, untilMs });
      return one;
    });
    const heldAfter = (nowMs: number) => {
      parts.expire(nowMs, members);
      return members.map((one) => held.device(one) !== undefined);
    };
    expect(heldAfter(9)).toEqual([true, false, true, true]);
    expect(heldAfter(10)).toEqual([false, false, true, true]);
    expect(heldAfter(29)).toEqual([false, false, true, true]);
    expect(heldAfter(30)).toEqual([false, false, false, true]);
    expect(held.zones.size).toBe(0);
  });
});
