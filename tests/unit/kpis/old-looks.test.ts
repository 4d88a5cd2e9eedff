import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS } from '../../../src/base/index.ts';
import type { KpiDevice, KpiSeries } from '../../../src/kpis/index.ts';
import { kpiReach } from '../../../src/kpis/index.ts';
import { oldLooks } from '../../../src/kpis/old-looks.ts';
import { PartCache } from '../../../src/kpis/part-cache.ts';
import { zoneTree } from '../../../src/kpis/zone-tree.ts';
import { kpi, membersOf, NO_DEVICE_FACTS } from './support/fakes.ts';

const day = (number: number) => ({ startMs: number * DAY_MS, endMs: (number + 1) * DAY_MS });
const hours = (fromMs: number, toMs: number) => [fromMs / HOUR_MS, toMs / HOUR_MS];

describe('what a KPI looks at', () => {
  it('are the hours of its windows and those before that they depend on, windows far from each other apart', () => {
    const reaches = kpiReach(kpi('air-o3-mda8'), [day(9), day(2), day(3)]);
    expect(reaches.map(({ fromMs, toMs }) => hours(fromMs, toMs))).toEqual([
      [48 - 8, 96],
      [216 - 8, 240],
    ]);
    expect(reaches[0]).toMatchObject({ firstWindowMs: 2 * DAY_MS, lastWindowMs: 3 * DAY_MS, quantities: ['o3'] });
  });

  it('begin with a rolling day, and one more hour for a change of clocks', () => {
    const [reach] = kpiReach(kpi('meter-availability'), [day(2)]);
    expect(hours(reach!.fromMs, reach!.toMs)).toEqual([48 - 1, 72]);
  });
});

describe('windows that begin before what memory holds', () => {
  const KEPT = { hoursMs: 4 * DAY_MS, revisionsMs: 0 };
  const ZONES = zoneTree('city', undefined, [{ id: 'west', population: 10 }]);
  const series = (keptLongerMs: number) => ({ keptLongerMs: () => keptLongerMs }) as unknown as KpiSeries;
  const device = (name: string, keptLongerMs = 0): KpiDevice => {
    return { device: name, facts: { ...NO_DEVICE_FACTS, zone: 'west' }, series: [series(keptLongerMs)] };
  };

  /** Starts of the windows that are read back, in days. */
  function readBack(devices: readonly KpiDevice[], held: readonly string[], late?: readonly string[]): number[] {
    const parts = new PartCache();
    const members = { kpi: kpi('water-per-capita'), ...membersOf(devices), parts };
    const member = (name: string) => members.devices.get(`device:${name}`)!;
    for (const name of held) parts.of(2 * DAY_MS).hold(member(name), null);
    const changed = late === undefined ? {} : { changed: new Set(late.map(member)) };
    const looks = [2, 4].map((number) => ({ bounds: day(number), scopes: ['city'], ...changed }));
    return oldLooks(members, looks, KEPT, ZONES).map(({ firstWindowMs }) => firstWindowMs / DAY_MS);
  }

  it('are read back where the part of a device of the zone is not held', () => {
    expect(readBack([device('a'), device('b')], ['a'])).toEqual([2]);
    expect(readBack([device('a'), device('b')], ['a', 'b'])).toEqual([]);
  });

  it('are read back for late readings, but not for a device whose own hours are kept for longer', () => {
    expect(readBack([device('a'), device('b')], ['a'], ['b'])).toEqual([2]);
    expect(readBack([device('a'), device('slow', 2 * DAY_MS)], ['a'], ['slow'])).toEqual([]);
    expect(readBack([device('a'), device('slow', DAY_MS)], ['a'], ['slow'])).toEqual([2]);
  });
});
