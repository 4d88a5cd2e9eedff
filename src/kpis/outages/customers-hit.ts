import { celid, cemi, type ExperiencedInterruptions } from '../arithmetic/index.ts';
import type { CombinedPart, KpiDefinition, KpiDevice, KpiWindow, Part, SpatialRule } from '../definition.ts';
import { OUTAGE_WINDOWS, type OutageWindow, outageCommon, SUSTAINED_WORDS } from './outage-kpi.ts';
import { outagePart } from './outage-part.ts';
import { customersServed } from './outage-rule.ts';
import { perCustomerServed, sustainedOf } from './step-sums.ts';

/** Sustained interruptions from which on a customer counts in CEMI. */
const CEMI_COUNT = 3;
/** Hours in one interruption from which on a customer counts in CELID. */
const CELID_HOURS = 8;

/** Share of customers with three or more sustained interruptions, CEMI-3 (IEEE 1366). */
export function outageCemi(window: Exclude<OutageWindow, 'day'>): KpiDefinition {
  return {
    ...customersHit(window, (group) => cemi([group], CEMI_COUNT, 1) ?? 0),
    id: `outage-cemi-${CEMI_COUNT}-${OUTAGE_WINDOWS[window].suffix}`,
    title: `Customers with ${CEMI_COUNT} or more interruptions (CEMI-${CEMI_COUNT}), ${OUTAGE_WINDOWS[window].title}`,
    method: `customers whose meter told ${CEMI_COUNT} or more ${SUSTAINED_WORDS} ${OUTAGE_WINDOWS[window].words}, of the customers served; outage feeds do not tell one customer from another and have no part`,
    source: 'IEEE Std 1366-2012, CEMIn',
  };
}

/** Share of customers with one interruption of eight hours or more, CELID-8 (IEEE 1366, CELID-s). */
export function outageCelid(window: Exclude<OutageWindow, 'day'>): KpiDefinition {
  return {
    ...customersHit(window, (group) => celid([group], CELID_HOURS, 'single', 1) ?? 0),
    id: `outage-celid-${CELID_HOURS}-${OUTAGE_WINDOWS[window].suffix}`,
    title: `Customers with an interruption of ${CELID_HOURS} h or more (CELID-${CELID_HOURS}), ${OUTAGE_WINDOWS[window].title}`,
    method: `customers whose meter told an interruption of ${CELID_HOURS} hours or more ${OUTAGE_WINDOWS[window].words}, of the customers served; outage feeds do not tell one customer from another and have no part`,
    source: 'IEEE Std 1366-2012, CELID-s',
  };
}

/** @param hit the customers of a group that count */
function customersHit(window: Exclude<OutageWindow, 'day'>, hit: (group: ExperiencedInterruptions) => number) {
  return {
    ...outageCommon(window),
    code: '',
    unit: '1',
    unitLabel: '',
    direction: 'lower',
    decimals: 4,
    spatial: SHARE_OF_CUSTOMERS,
    device: (device: KpiDevice, at: KpiWindow) => hitPart(device, at, hit),
  } as const;
}

/** Who is behind one meter shares all of its interruptions. */
function hitPart(device: KpiDevice, window: KpiWindow, hit: (group: ExperiencedInterruptions) => number): Part | null {
  const part = outagePart(device, window);
  if (part?.outages === undefined || part.bulk === true) return null;
  const minutes = sustainedOf(part.outages.steps).map((step) => step.minutes);
  const { outages: _record, ...rest } = part;
  return { ...rest, value: hit({ customers: device.facts.customers, minutes }) };
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
