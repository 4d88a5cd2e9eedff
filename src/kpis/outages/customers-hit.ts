import { celid, cemi, type ExperiencedInterruptions } from '../arithmetic/index.ts';
import type { DayRecord } from '../day-ledger.ts';
import type { CombinedPart, KpiDefinition, Part, SpatialRule } from '../definition.ts';
import { OUTAGE_WINDOWS, type OutageWindow, outageLong, SUSTAINED } from './outage-kpi.ts';
import { outageMinutesDay } from './outage-minutes.ts';
import { customersServed, perCustomerServed } from './outage-rule.ts';
import { addOutages, outagesOf, provisionalOf } from './outage-totals.ts';

/** Sustained interruptions from which on a customer counts in CEMI. */
const CEMI_COUNT = 3;
/** Hours in one interruption from which on a customer counts in CELID. */
const CELID_HOURS = 8;

const FEEDS = 'outage feeds do not tell one customer from another and have no part';

/** Share of customers with three or more sustained interruptions, CEMI-3 (IEEE 1366). */
export function outageCemi(window: OutageWindow): KpiDefinition {
  const { suffix, title, words } = OUTAGE_WINDOWS[window];
  return {
    ...customersHit(window, (group) => cemi([group], CEMI_COUNT, 1) ?? 0),
    id: `outage-cemi-${CEMI_COUNT}-${suffix}`,
    title: `Customers with ${CEMI_COUNT} or more interruptions (CEMI-${CEMI_COUNT}), ${title}`,
    method: `customers whose meter told ${CEMI_COUNT} or more ${SUSTAINED} ${words}, of the customers served; ${FEEDS}`,
    source: 'IEEE Std 1366-2012, CEMIn',
  };
}

/** Share of customers with one interruption of eight hours or more, CELID-8 (IEEE 1366, CELID-s). */
export function outageCelid(window: OutageWindow): KpiDefinition {
  const { suffix, title, words } = OUTAGE_WINDOWS[window];
  return {
    ...customersHit(window, (group) => celid([group], CELID_HOURS, 'single', 1) ?? 0),
    id: `outage-celid-${CELID_HOURS}-${suffix}`,
    title: `Customers with an interruption of ${CELID_HOURS} h or more (CELID-${CELID_HOURS}), ${title}`,
    method: `customers whose meter told an interruption of ${CELID_HOURS} hours or more ${words}, of the customers served; ${FEEDS}`,
    source: 'IEEE Std 1366-2012, CELID-s',
  };
}

/** @param hit the customers of a group that count */
function customersHit(window: OutageWindow, hit: (group: ExperiencedInterruptions) => number) {
  return {
    ...outageLong(window, outageMinutesDay),
    completeness: 'the customers served are known; no value where no meter told an interruption',
    code: '',
    unit: '1',
    unitLabel: '',
    direction: 'lower',
    decimals: 4,
    days: { of: outageMinutesDay, level: 'device', fold: (days: readonly DayRecord[]) => hitPart(days, hit) },
    facts: ['electricityCustomers'],
    spatial: SHARE_OF_CUSTOMERS,
  } as const satisfies Partial<KpiDefinition>;
}

/** Who is behind one meter shares all of its interruptions: each is of all of these customers. */
function hitPart(days: readonly DayRecord[], hit: (group: ExperiencedInterruptions) => number): Part {
  const totals = addOutages(days.map(({ amounts }) => outagesOf(amounts)));
  const { most: customers, sustained, minutes, longest } = totals;
  const group = { customers, count: sustained / customers, longestMinutes: longest, totalMinutes: minutes / customers };
  const counts = { validCount: days.length, expectedCount: days.length, valid: true };
  return { value: hit(group), ...counts, ...provisionalOf(totals) };
}

const SHARE_OF_CUSTOMERS: SpatialRule = {
  text: 'customers of the meters of the zone, and of its zones, over the customers served: the fact electricityCustomers, or where that is not told the customers behind its electricity meters',
  zone: (parts) => summed(parts.map(({ part }) => part)),
  parent: (parts) => summed(parts.map(({ part }) => part)),
  whole: (part, zone) => {
    const { note = '', ...said } = perCustomerServed(part.value ?? 0, customersServed(zone));
    return { ...part, ...said, valid: said.value !== null, note: note === '' ? part.note : note };
  },
};

function summed(used: readonly Part[]): CombinedPart {
  const sum = (of: (part: Part) => number): number => used.reduce((total, part) => total + of(part), 0);
  const provisional = used.some((part) => part.provisional === true);
  return {
    value: sum(({ value }) => value ?? 0),
    validCount: sum(({ validCount }) => validCount),
    expectedCount: sum(({ expectedCount }) => expectedCount),
    valid: true,
    note: provisional ? 'provisional' : '',
    provisional,
    used,
  };
}
