import { calendarOf, HOUR_MS, MINUTE_MS } from '../../../../src/base/index.ts';
import type {
  DeviceFacts,
  HourLevels,
  KpiDefinition,
  KpiDevice,
  KpiHour,
  KpiSeries,
  KpiWindow,
  Part,
} from '../../../../src/kpis/index.ts';
import { KPI_DEFINITIONS } from '../../../../src/kpis/index.ts';
import type { KpiMember, KpiMembers } from '../../../../src/kpis/kpi-members.ts';
import { type Interruption, NO_FACTS, QUANTITIES } from '../../../../src/model/index.ts';

/** An hour (or quarter-hour) as a test says it; by default 60 readings, all of them there. */
export interface FakeHour {
  readonly startMs: number;
  readonly endMs?: number;
  readonly value: number | null;
  readonly valid?: boolean;
  readonly count?: number;
  readonly coveredSlots?: number;
  readonly expectedSlots?: number;
  readonly firstMs?: number;
  readonly increaseCoveredMs?: number;
}

export interface FakeSeries {
  readonly channel?: string;
  readonly expectEveryMs?: number;
  readonly silentAfterMs?: number;
  readonly hours?: readonly FakeHour[];
  readonly quarters?: readonly FakeHour[];
  /** Levels of hours by their start, ms UTC. */
  readonly levels?: ReadonlyMap<number, HourLevels>;
  /** Times of readings, bad ones included, for what was heard. */
  readonly heardAtMs?: readonly number[];
  readonly interruptions?: readonly Interruption[];
}

/** The KPI of an id. */
export function kpi(id: string): KpiDefinition {
  const found = KPI_DEFINITIONS.find((definition) => definition.id === id);
  if (found === undefined) throw new Error(`no KPI ${id}`);
  return found;
}

/** A device of which the configuration says nothing. */
export const NO_DEVICE_FACTS: DeviceFacts = {
  ...{ zone: '', role: 'ambient', use: '' },
  ...{ peopleServed: 0, properties: 0, floorAreaM2: 0, customers: 0 },
};

export const SETTINGS = {
  noise: { dayStartHour: 7, eveningStartHour: 19, nightStartHour: 23, ldenThresholdDb: 55, lnightThresholdDb: 50 },
  water: {
    nightFromHour: 2,
    nightToHour: 5,
    leakAboveLitresPerHour: 0,
    limits: { ph: [6.5, 8.5], turbidity: [null, 5], free_chlorine: [0.2, 5] },
  } as const,
  outages: { sustained: { overMinutes: 5, strict: true } },
};

/** The local day that holds an instant, over by default. */
export function dayOf(iso: string, timeZone = 'UTC'): KpiWindow {
  const calendar = calendarOf(timeZone);
  const atMs = at(iso);
  const endMs = calendar.dayEnd(atMs);
  return { startMs: calendar.dayStart(atMs), endMs, calendar, nowMs: endMs, settings: SETTINGS, cityFacts: NO_FACTS };
}

/** The window of some hours that ends at an instant, over by default. */
export function hoursUntil(iso: string, hours: number, nowMs = at(iso)): KpiWindow {
  const endMs = at(iso);
  return {
    startMs: endMs - hours * HOUR_MS,
    endMs,
    calendar: calendarOf('UTC'),
    nowMs,
    settings: SETTINGS,
    cityFacts: NO_FACTS,
  };
}

export function at(iso: string): number {
  return Temporal.Instant.from(iso).epochMilliseconds;
}

/** Hours in a row from an instant; `undefined` leaves an hour out. */
export function hoursFrom(
  startMs: number,
  values: readonly (number | null | undefined)[],
  more: Partial<FakeHour> = {},
): FakeHour[] {
  return values.flatMap((value, index) =>
    value === undefined ? [] : [{ ...more, startMs: startMs + index * HOUR_MS, value }],
  );
}

export function repeat<T>(value: T, count: number): T[] {
  return Array<T>(count).fill(value);
}

/** A device with series by quantity; several of one quantity differ in their channel. */
export function device(
  facts: Partial<DeviceFacts>,
  series: readonly (readonly [quantity: string, FakeSeries])[],
): KpiDevice {
  return {
    device: 'device-1',
    facts: { ...NO_DEVICE_FACTS, ...facts },
    series: series.map(([quantity, fake], id) => seriesOf(id, quantity, fake)),
  };
}

/** What a KPI says of a device; the test fails when it says nothing. */
export function partOf(id: string, said: KpiDevice, window: KpiWindow): Part {
  const part = kpi(id).device(said, window);
  if (part === null) throw new Error(`${id} has no part for the device`);
  return part;
}

/** A part as zones see it, without what a test does not care for. */
export function part(value: number | null, more: Partial<Part> = {}): Part {
  const valid = more.valid ?? value !== null;
  return { value, validCount: valid ? 1 : 0, expectedCount: 1, valid, note: '', ...more };
}

function seriesOf(id: number, quantity: string, fake: FakeSeries): KpiSeries {
  const { unit, kind, domain } = QUANTITIES.get(quantity)!;
  const expectEveryMs = fake.expectEveryMs ?? MINUTE_MS;
  const hours = (fake.hours ?? []).map((hour) => hourOf(hour, HOUR_MS));
  const quarters = (fake.quarters ?? []).map((quarter) => hourOf(quarter, 15 * MINUTE_MS));
  const heard = fake.heardAtMs ?? [];
  return {
    series: { id, device: 'device-1', quantity, channel: fake.channel ?? '', unit, kind, domain, expectEveryMs },
    silentAfterMs: fake.silentAfterMs ?? 5 * MINUTE_MS,
    levels: (startMs) => fake.levels?.get(startMs),
    heardMs: (fromMs, toMs) =>
      Math.max(Number.NEGATIVE_INFINITY, ...heard.filter((timeMs) => timeMs >= fromMs && timeMs < toMs)),
    hours: (fromMs, toMs) => hours.filter(({ startMs }) => startMs >= fromMs && startMs < toMs),
    hasHours: (fromMs, toMs) => hours.some(({ startMs }) => startMs >= fromMs && startMs < toMs),
    quarters: (fromMs, toMs) => quarters.filter(({ startMs }) => startMs >= fromMs && startMs < toMs),
    pooled: (some) => {
      const readings = some.filter(({ value }) => value !== null);
      const count = readings.reduce((sum, { pane }) => sum + pane.count, 0);
      const energy = readings.reduce((sum, { value, pane }) => sum + pane.count * 10 ** (value! / 10), 0);
      return count === 0 ? null : 10 * Math.log10(energy / count);
    },
    interruptions: (fromMs, toMs) => fake.interruptions?.filter(({ beginMs }) => beginMs >= fromMs && beginMs < toMs),
  };
}

function hourOf(hour: FakeHour, lengthMs: number): KpiHour {
  const { startMs, value, endMs = startMs + lengthMs, valid = value !== null, count = 60 } = hour;
  const { coveredSlots = 1, expectedSlots = 1, firstMs = startMs, increaseCoveredMs = endMs - startMs } = hour;
  const pane = {
    ...{ startMs, endMs, count, invalidCount: 0, coveredSlots, expectedSlots, firstMs, increaseCoveredMs },
    ...{ sum: 0, sumSin: 0, min: 0, max: 0, first: 0, lastMs: firstMs, last: 0, increase: 0, increaseAtEnd: 0 },
    ...{ deltaCount: 0, counterEvents: 0, revision: 0, final: false },
  };
  const made = {
    ...{ isRead: count > 0, isHeard: count > 0, isFull: count > 0 && coveredSlots >= expectedSlots },
    ...{ isCrossed: increaseCoveredMs >= endMs - startMs, coveredSlots, expectedSlots },
  };
  return { startMs, endMs, value, valid, made, pane };
}

/** Devices as the engine has them, each in the zone that it names, or in the city. */
export function membersOf(devices: readonly KpiDevice[]): Pick<KpiMembers, 'devices' | 'byZone'> {
  const members = devices.map((one, index): KpiMember => {
    return { ...one, index, scope: `device:${one.device}`, zone: one.facts.zone === '' ? 'city' : one.facts.zone };
  });
  return {
    devices: new Map(members.map((member) => [member.scope, member])),
    byZone: Map.groupBy(members, ({ zone }) => zone),
  };
}
