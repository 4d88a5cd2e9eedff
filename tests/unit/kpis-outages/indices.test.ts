import { describe, expect, it } from 'vitest';
import { DAY_MS, MINUTE_MS } from '../../../src/base/index.ts';
import type { DayRecord } from '../../../src/kpis/day-ledger.ts';
import type { KpiDefinition, KpiWindow, Part, ZoneFacts } from '../../../src/kpis/index.ts';
import { outageAsai } from '../../../src/kpis/outages/asai.ts';
import { outageCaidi } from '../../../src/kpis/outages/caidi.ts';
import { outageCelid, outageCemi } from '../../../src/kpis/outages/customers-hit.ts';
import { outageMaifi } from '../../../src/kpis/outages/maifi.ts';
import { outageSaidi } from '../../../src/kpis/outages/saidi.ts';
import { majorEventDays, outageSaidiWithoutMajorDays } from '../../../src/kpis/outages/saidi-without-major-days.ts';
import { outageSaifi } from '../../../src/kpis/outages/saifi.ts';
import { type Interruption, NO_FACTS } from '../../../src/model/index.ts';
import { at, dayOf, device, kpi } from '../kpis/support/fakes.ts';
import { CLASSIC_EVENTS } from '../kpis/support/ieee-1366.ts';

const DAY = dayOf('2026-03-10T12:00:00Z');

const lost = (beginIso: string, minutes: number | undefined, customers: number): Interruption => {
  const beginMs = at(beginIso);
  return { beginMs, endMs: minutes === undefined ? undefined : beginMs + minutes * MINUTE_MS, customers };
};

const feed = (...interruptions: readonly Interruption[]) => device({}, [['customers_out', { interruptions }]]);
const meter = (customers: number, ...interruptions: readonly Interruption[]) =>
  device({ role: 'customer', customers }, [['power_outage', { interruptions }]]);

const zoneOf = (customers: number | undefined, customersCounted = 0): ZoneFacts => ({
  id: 'west',
  population: 0,
  fact: (id) =>
    id === 'electricityCustomers' && customers !== undefined
      ? { ...NO_FACTS('hourDayFactor')!, value: customers }
      : undefined,
  customersCounted,
});

/** What a zone says whose devices these are. */
function zonePart(
  definition: KpiDefinition,
  devices: readonly ReturnType<typeof device>[],
  window: KpiWindow = DAY,
  zone = zoneOf(1000),
): Part {
  return definition.spatial.whole!(ownPart(definition, devices, window, zone), zone);
}

function ownPart(
  definition: KpiDefinition,
  devices: readonly ReturnType<typeof device>[],
  window: KpiWindow = DAY,
  zone = zoneOf(1000),
): Part {
  const parts = devices.flatMap((one) => {
    const part = definition.device(one, window);
    return part === null ? [] : [{ part, facts: one.facts }];
  });
  return definition.spatial.zone(parts, zone);
}

const saifi = kpi('outage-saifi-day');
const saidi = kpi('outage-saidi-day');
const caidi = kpi('outage-caidi-day');
const maifi = kpi('outage-maifi-day');

describe('a day of a feed', () => {
  const steps = feed(lost('2026-03-10T08:00:00Z', 30, 300), lost('2026-03-10T08:00:00Z', 90, 200));

  it('counts each step of a restoration with its own customers and minutes', () => {
    expect(zonePart(saifi, [steps])).toMatchObject({ value: 0.5, numerator: 500, denominator: 1000, valid: true });
    // (300 * 30 + 200 * 90) / 1000, and over 500
    expect(zonePart(saidi, [steps])).toMatchObject({ value: 27, numerator: 27_000, valid: true });
    expect(zonePart(caidi, [steps])).toMatchObject({ value: 54, denominator: 500, valid: true });
    expect(zonePart(maifi, [steps]).value).toBe(0);
  });

  it('counts five minutes as momentary, and more as sustained', () => {
    const short = feed(lost('2026-03-10T08:00:00Z', 5, 100), lost('2026-03-10T09:00:00Z', 5.01, 10));
    expect(zonePart(saifi, [short]).value).toBe(0.01);
    expect(zonePart(maifi, [short]).value).toBe(0.1);
  });

  it('takes the limit and its strictness from the configuration', () => {
    const short = feed(lost('2026-03-10T08:00:00Z', 5, 100));
    const settings = { ...DAY.settings, outages: { sustained: { overMinutes: 5, strict: false } } };
    expect(zonePart(saifi, [short], { ...DAY, settings }).value).toBe(0.1);
  });

  it('has all minutes of what began in it, however long it lasts, and none of what began before', () => {
    const long = feed(lost('2026-03-09T23:59:00Z', 2, 100), lost('2026-03-10T23:00:00Z', 3 * 24 * 60, 10));
    expect(zonePart(saidi, [long], { ...DAY, nowMs: at('2026-03-20T00:00:00Z') })).toMatchObject({ value: 43.2 });
  });

  it('counts one that runs from its start, with its minutes so far, as provisional', () => {
    const running = feed(lost('2026-03-10T08:00:00Z', undefined, 100));
    const now = { ...DAY, nowMs: at('2026-03-10T08:03:00Z') };
    expect(zonePart(saifi, [running], now)).toMatchObject({
      value: 0.1,
      provisional: true,
      validCount: 0,
      expectedCount: 1,
    });
    expect(zonePart(saidi, [running], now)).toMatchObject({ value: 0.3, note: 'provisional: 1 of 1 not restored' });
    expect(zonePart(maifi, [running], now).value).toBe(0);
    const minutesAt = (iso: string) => zonePart(saidi, [running], { ...DAY, nowMs: at(iso) }).numerator! / 100;
    expect(minutesAt('2026-03-11T00:30:00Z')).toBe(16.5 * 60);
    // Two days on, up to the newest midnight.
    expect(minutesAt('2026-03-12T10:59:00Z')).toBe(40 * 60);
    // Once the day is over by an hour, minutes are counted by the hour.
    const later = { ...DAY, nowMs: at('2026-03-11T10:59:00Z') };
    expect(zonePart(saidi, [running], later).value).toBe(0.1 * 26 * 60);
  });

  it('says that there was none, and has no duration then', () => {
    expect(zonePart(saifi, [feed()])).toMatchObject({ value: 0, valid: true, validCount: 1, expectedCount: 1 });
    expect(zonePart(caidi, [feed()])).toMatchObject({ value: null, valid: false });
  });

  it('says nothing where the customers served are not known', () => {
    expect(zonePart(saifi, [steps], DAY, zoneOf(undefined))).toMatchObject({
      ...{ value: null, valid: false, note: 'customers served are not known' },
    });
    expect(zonePart(saifi, [steps], DAY, zoneOf(undefined, 2000)).value).toBe(0.25);
  });

  it('is not valid where more customers were out than are served', () => {
    expect(zonePart(saifi, [steps], DAY, zoneOf(250))).toMatchObject({
      ...{ value: 2, valid: false, note: 'more customers out than the 250 served' },
    });
  });
});

describe('meters', () => {
  const once = lost('2026-03-10T08:00:00Z', 60, 1);

  it('count with the customers behind them', () => {
    expect(zonePart(saifi, [meter(1, once), meter(12, once)])).toMatchObject({ value: 0.013 });
  });

  it('that serve nobody have no part', () => {
    expect(saifi.device(device({ role: 'ambient' }, [['power_outage', { interruptions: [once] }]]), DAY)).toBeNull();
  });

  it('are left out where a feed tells of the same place', () => {
    expect(zonePart(saifi, [meter(1, once), feed(lost('2026-03-10T08:00:00Z', 60, 40))]).value).toBe(0.04);
  });

  it('of zones are left out where a feed of the whole sees them, but not beside it', () => {
    const ofMeters = ownPart(saifi, [meter(1, once)]);
    const ofFeed = ownPart(saifi, [feed(lost('2026-03-10T08:00:00Z', 60, 40))]);
    const values = (parts: readonly (readonly [Part, boolean])[]) =>
      saifi.spatial.parent(parts.map(([part, own]) => ({ part, population: 0, own }))).value;
    expect(
      values([
        [ofMeters, false],
        [ofFeed, true],
      ]),
    ).toBe(40);
    expect(
      values([
        [ofMeters, false],
        [ofFeed, false],
      ]),
    ).toBe(41);
    expect(
      values([
        [ofMeters, true],
        [ofFeed, false],
      ]),
    ).toBe(41);
  });
});

/** What the days of a zone, or of a device, said. */
function recordsOf(of: KpiDefinition, devices: readonly ReturnType<typeof device>[], fromMs: number, toMs: number) {
  const records: DayRecord[] = [];
  for (let startMs = fromMs; startMs < toMs; startMs += DAY_MS) {
    const day = { ...DAY, startMs, endMs: startMs + DAY_MS, nowMs: toMs + 10 * DAY_MS };
    const parts = devices.flatMap((one) => {
      const part = of.device(one, day);
      return part === null ? [] : [{ part, facts: one.facts }];
    });
    if (parts.length === 0) continue;
    const part = of.scopes.includes('zone') ? of.spatial.zone(parts, zoneOf(1000)) : parts[0]!.part;
    records.push({ ...part, startMs, numerator: Number.NaN, denominator: Number.NaN, amounts: part.amounts ?? {} });
  }
  return records;
}

describe('a year', () => {
  const startMs = at('2025-01-01T00:00:00Z');
  const endMs = at('2026-01-01T00:00:00Z');

  /** What a zone of 1000 customers says in the year 2025, or in its first days. */
  function yearPart(definition: KpiDefinition, devices: readonly ReturnType<typeof device>[], days = 365): Part {
    const { of, level, fold } = definition.days!;
    const window: KpiWindow = { ...DAY, startMs, endMs, nowMs: endMs };
    const span = {
      ...{ window, days, hours: 24 * days, daysOfWindow: 365 },
      before: level === 'zone' ? recordsOf(of, devices, at('2020-01-01T00:00:00Z'), startMs) : [],
    };
    const subjects = level === 'zone' ? [devices] : devices.map((one) => [one]);
    const parts = subjects.flatMap((some) => {
      const records = recordsOf(of, some, startMs, startMs + days * DAY_MS);
      return records.length === 0 ? [] : [{ part: fold(records, span), population: 0, own: true }];
    });
    return definition.spatial.whole!(definition.spatial.parent(parts), zoneOf(1000));
  }

  it('has what began in it, also over New Year', () => {
    const overNewYear = feed(lost('2025-12-31T23:30:00Z', 60, 100), lost('2024-12-31T23:30:00Z', 60, 100));
    expect(yearPart(outageSaifi('year'), [overNewYear])).toMatchObject({ value: 0.1, numerator: 100, valid: true });
    expect(yearPart(outageSaidi('year'), [overNewYear]).value).toBe(6);
    expect(yearPart(outageCaidi('year'), [overNewYear]).value).toBe(60);
  });

  it('has the same indices as the classic table of IEEE 1366, of which each line is an event', () => {
    const events = CLASSIC_EVENTS.map(([customers, minutes, seconds], index) =>
      lost(`2025-0${index + 1}-17T09:00:00Z`, minutes + seconds / 60, customers),
    );
    const said = (definition: KpiDefinition): number | null => {
      const { value } = yearPart(definition, [feed(...events)]);
      // The zone of the test serves 1000 customers, the table 2000.
      return value;
    };
    expect(said(outageSaifi('year'))).toBeCloseTo(2 * 1.6075, 10);
    expect(said(outageSaidi('year'))).toBeCloseTo(2 * 86.11, 1);
    expect(said(outageCaidi('year'))).toBeCloseTo(53.57, 2);
    expect(said(outageMaifi('year'))).toBeCloseTo(2 * 1.2, 10);
    expect(said(outageAsai('year'))).toBeCloseTo(1 - 2 * (1 - 0.999836), 5);
  });

  it('has as availability the customer time with supply, of the days that it has lasted', () => {
    // 876 hours of all customers, of 8760 hours
    const long = feed(lost('2025-06-01T00:00:00Z', 876 * 60, 1000));
    expect(yearPart(outageAsai('year'), [long]).value).toBeCloseTo(0.9, 12);
    const first = feed(lost('2025-01-01T00:00:00Z', 24 * 60, 1000));
    expect(yearPart(outageAsai('year'), [first], 10).value).toBeCloseTo(0.9, 12);
  });

  it('is provisional while an interruption runs', () => {
    const running = feed(lost('2025-12-31T08:00:00Z', undefined, 100));
    expect(yearPart(outageSaifi('year'), [running])).toMatchObject({
      ...{ value: 0.1, provisional: true, note: 'provisional: 1 of 1 not restored' },
    });
  });

  it('needs nine days of ten', () => {
    const { of, fold } = outageSaifi('year').days!;
    const days = recordsOf(of, [feed()], startMs, startMs + 328 * DAY_MS);
    const window: KpiWindow = { ...DAY, startMs, endMs, nowMs: endMs };
    const span = { window, days: 365, hours: 8760, daysOfWindow: 365 };
    expect(fold(days, span)).toMatchObject({ validCount: 328, expectedCount: 365, valid: false });
    expect(fold([...days, days[0]!], span)).toMatchObject({ validCount: 329, valid: true });
  });

  it('knows the customers who are hit three times, and those hit for eight hours', () => {
    const often = meter(2, ...['01', '02', '03'].map((day) => lost(`2025-05-${day}T08:00:00Z`, 10, 1)));
    const long = meter(3, lost('2025-05-01T08:00:00Z', 8 * 60, 1));
    const twice = meter(4, lost('2025-05-01T08:00:00Z', 10, 1), lost('2025-05-01T09:00:00Z', 4, 1));
    const quiet = meter(5);
    const all = [often, long, twice, quiet, feed(lost('2025-05-01T08:00:00Z', 600, 100))];
    expect(yearPart(outageCemi('year'), all)).toMatchObject({ value: 0.002, numerator: 2 });
    expect(yearPart(outageCelid('year'), all)).toMatchObject({ value: 0.003, numerator: 3 });
  });

  it('leaves out major event days, told from the five years before', () => {
    // Daily SAIDI before: 1, e and e squared minutes; T_MED = e^3.5 = 33.1.
    const before = [1, Math.E, Math.E ** 2].map((minutes, index) =>
      lost(`2023-0${index + 1}-01T08:00:00Z`, minutes * 10, 100),
    );
    const ordinary = lost('2025-03-01T08:00:00Z', 33, 1000);
    const storm = lost('2025-09-01T08:00:00Z', 34, 1000);
    const part = yearPart(outageSaidiWithoutMajorDays('year'), [feed(...before, ordinary, storm)]);
    expect(part).toMatchObject({ value: 33, valid: true, note: 'T_MED 33.12 min, 1 major event days' });
    expect(yearPart(outageSaidi('year'), [feed(...before, ordinary, storm)]).value).toBe(67);
  });

  it('tells major event days of the whole, not of its places', () => {
    // 20 minutes of SAIDI from each of two places are more than T_MED together.
    const days = [
      ...[1, Math.E, Math.E ** 2].map((minutes, dayMs) => ({ dayMs, minutes: minutes * 1000, isBefore: true })),
      { dayMs: 10, minutes: 20_000, isBefore: false },
      { dayMs: 10, minutes: 20_000, isBefore: false },
      { dayMs: 11, minutes: 20_000, isBefore: false },
    ];
    expect([...majorEventDays(days, 1000).daysMs]).toEqual([10]);
  });

  it('is not valid without major event days where nothing is known of the years before', () => {
    const part = yearPart(outageSaidiWithoutMajorDays('year'), [feed(lost('2025-03-01T08:00:00Z', 33, 1000))]);
    expect(part).toMatchObject({ value: 33, valid: false });
  });
});

describe('the minutes of a meter', () => {
  it('are those of its customers, and said of days with an interruption only', () => {
    const minutes = kpi('outage-minutes-day');
    expect(minutes.device(meter(12, lost('2026-03-10T08:00:00Z', 60, 1)), DAY)).toMatchObject({
      value: 60,
      valid: true,
    });
    expect(minutes.device(meter(12), DAY)).toBeNull();
    expect(minutes.device(feed(lost('2026-03-10T08:00:00Z', 60, 1)), DAY)).toBeNull();
  });
});
