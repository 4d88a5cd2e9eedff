import { describe, expect, it } from 'vitest';
import { MINUTE_MS } from '../../../src/base/index.ts';
import type { KpiDefinition, KpiWindow, Part, ZoneFacts } from '../../../src/kpis/index.ts';
import { outageAsai } from '../../../src/kpis/outages/asai.ts';
import { outageCelid, outageCemi } from '../../../src/kpis/outages/customers-hit.ts';
import { outageSaidiWithoutMajorDays } from '../../../src/kpis/outages/saidi-without-major-days.ts';
import { outageSaifi } from '../../../src/kpis/outages/saifi.ts';
import { type Interruption, NO_FACTS } from '../../../src/model/index.ts';
import { at, dayOf, device, kpi } from '../kpis/support/fakes.ts';

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
    expect(saidi.device(meter(12, once), DAY)).toMatchObject({ value: 60, valid: true });
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

describe('a year', () => {
  const startMs = at('2025-01-01T00:00:00Z');
  const endMs = at('2026-01-01T00:00:00Z');
  const YEAR: KpiWindow = { ...DAY, startMs, endMs, nowMs: endMs };

  it('has what began in it, also over New Year', () => {
    const overNewYear = feed(lost('2025-12-31T23:30:00Z', 60, 100), lost('2024-12-31T23:30:00Z', 60, 100));
    expect(zonePart(outageSaifi('year'), [overNewYear], YEAR).value).toBe(0.1);
  });

  it('has as availability the customer minutes with supply', () => {
    // 876 hours of 1000 customers, of 8760 hours
    const long = feed(lost('2025-06-01T00:00:00Z', 876 * 60, 1000));
    expect(zonePart(outageAsai('year'), [long], YEAR).value).toBeCloseTo(0.9, 12);
  });

  it('is as long as it has lasted, while it lasts', () => {
    const long = feed(lost('2025-01-01T00:00:00Z', 24 * 60, 1000));
    const now = { ...YEAR, nowMs: at('2025-01-11T08:00:00Z') };
    expect(zonePart(outageAsai('year'), [long], now).value).toBeCloseTo(0.9, 12);
  });

  it('knows the customers who are hit three times, and those hit for eight hours', () => {
    const often = meter(2, ...['01', '02', '03'].map((day) => lost(`2025-05-${day}T08:00:00Z`, 10, 1)));
    const long = meter(3, lost('2025-05-01T08:00:00Z', 8 * 60, 1));
    const twice = meter(4, lost('2025-05-01T08:00:00Z', 10, 1), lost('2025-05-02T08:00:00Z', 4, 1));
    const all = [often, long, twice];
    expect(zonePart(outageCemi('year'), all, YEAR)).toMatchObject({ value: 0.002, numerator: 2 });
    expect(zonePart(outageCelid('year'), all, YEAR)).toMatchObject({ value: 0.003, numerator: 3 });
    expect(outageCemi('year').device(feed(lost('2025-05-01T08:00:00Z', 600, 100)), YEAR)).toBeNull();
  });

  it('leaves out major event days, told from the five years before', () => {
    // Daily SAIDI before: 1, e and e squared minutes; T_MED = e^3.5 = 33.1.
    const before = [1, Math.E, Math.E ** 2].map((minutes, index) =>
      lost(`2023-0${index + 1}-01T08:00:00Z`, minutes * 10, 100),
    );
    const older = lost('2019-12-31T08:00:00Z', 60_000, 1000);
    const ordinary = lost('2025-03-01T08:00:00Z', 33, 1000);
    const storm = lost('2025-09-01T08:00:00Z', 34, 1000);
    const part = zonePart(outageSaidiWithoutMajorDays('year'), [feed(older, ...before, ordinary, storm)], YEAR);
    expect(part).toMatchObject({ value: 33, valid: true });
    expect(part.note).toBe('T_MED 33.12 min, 1 major event days');
  });

  it('is not valid without major event days where nothing is known of the years before', () => {
    const part = zonePart(outageSaidiWithoutMajorDays('year'), [feed(lost('2025-03-01T08:00:00Z', 33, 1000))], YEAR);
    expect(part).toMatchObject({ value: 33, valid: false });
  });
});
