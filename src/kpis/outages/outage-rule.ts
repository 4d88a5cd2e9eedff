import type { CombinedPart, Part, SpatialRule, ZoneFacts } from '../definition.ts';
import { totalsPart } from './outage-part.ts';
import { addOutages, type OutageTotals, outagesOf } from './outage-totals.ts';

/** What an index makes of the outages of a place and window. */
export interface OutageIndexValue {
  readonly value: number | null;
  readonly numerator: number;
  readonly denominator: number;
  /** Short word on the value, or empty. */
  readonly note?: string;
  /** False where the value is not what its name says, although there is one. */
  readonly valid?: boolean;
}

/** An index of reliability: the outages of a place and window, and the customers served there, to a value. */
export type OutageIndex = (totals: OutageTotals, customersServed: number, part: Part) => OutageIndexValue;

const WHERE =
  'zone: all interruptions in it, those that an outage feed tells where it has one, otherwise those of its meters; city: those of its zones and its own, where a feed of the whole takes the place of what meters of zones say; divided by the fact electricityCustomers of the zone or city, or where that is not told by the customers behind its electricity meters';

/** Interruptions of parts are added up, and each zone divides by its own customers. */
export function outageRule(index: OutageIndex): SpatialRule {
  return {
    text: WHERE,
    zone: (parts) => added(feedsOrAll(parts.map(({ part }) => part))),
    parent: (parts) => {
      const own = parts.filter((each) => each.own === true).map(({ part }) => part);
      const below = parts.filter((each) => each.own !== true).map(({ part }) => part);
      // A feed of the whole sees the zones that have none of their own: what their meters say is in it already.
      const isSeen = own.some((part) => part.bulk === true);
      return added([...own, ...(isSeen ? below.filter((part) => part.bulk === true) : below)]);
    },
    whole: (part, zone) => wholePart(part, zone, index),
  };
}

/** Customers served in a zone: as it was told, or else those behind its electricity meters; 0 when neither is known. */
export function customersServed(zone: ZoneFacts): number {
  return zone.fact('electricityCustomers')?.value ?? zone.customersCounted ?? 0;
}

/** An amount over the customers served, which must be known. */
export function perCustomerServed(numerator: number, served: number): OutageIndexValue {
  if (served <= 0) return { value: null, numerator, denominator: 0, note: 'customers served are not known' };
  return { value: numerator / served, numerator, denominator: served };
}

function feedsOrAll(parts: readonly Part[]): readonly Part[] {
  const feeds = parts.filter((part) => part.bulk === true);
  return feeds.length > 0 ? feeds : parts;
}

function added(used: readonly Part[]): CombinedPart {
  const sum = (of: (part: Part) => number): number => used.reduce((total, part) => total + of(part), 0);
  const dailyMinutes = used.flatMap((part) => (part.dailyMinutes === undefined ? [] : [part.dailyMinutes]));
  return {
    ...totalsPart(addOutages(used.map(({ amounts }) => outagesOf(amounts)))),
    validCount: sum(({ validCount }) => validCount),
    expectedCount: sum(({ expectedCount }) => expectedCount),
    // Without one of its parts a sum would be too small.
    valid: used.length > 0 && used.every(({ valid }) => valid),
    ...(dailyMinutes.length === 0 ? {} : { dailyMinutes: dailyMinutes.flat() }),
    used,
  };
}

/** Nobody loses supply who is not served: where more customers were out, the number of those served is wrong. */
function wholePart(part: Part, zone: ZoneFacts, index: OutageIndex): Part {
  const totals = outagesOf(part.amounts);
  const served = customersServed(zone);
  const { note = '', valid = true, ...said } = index(totals, served, part);
  const isBelievable = served === 0 || totals.most <= served;
  const notes = [part.note, note, isBelievable ? '' : `more customers out than the ${served} served`];
  return {
    ...part,
    ...said,
    valid: part.valid && said.value !== null && valid && isBelievable,
    note: notes.filter((text) => text !== '').join('; '),
  };
}
