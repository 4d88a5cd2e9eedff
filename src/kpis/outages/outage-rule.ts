import type { OutageRecord, OutageStep } from '../../model/index.ts';
import type { CombinedPart, Part, SpatialRule, ZoneFacts } from '../definition.ts';
import { recordPart } from './outage-part.ts';

/** What an index makes of the outages of a window. */
export interface OutageIndexValue {
  readonly value: number | null;
  readonly numerator?: number;
  readonly denominator?: number;
  readonly note?: string;
  /** False where the value is not what its name says, although there is one. */
  readonly valid?: boolean;
}

/** An index of reliability: interruptions of a place and window, and the customers served there, to a value. */
export type OutageIndex = (record: OutageRecord, customersServed: number) => OutageIndexValue;

const WHERE =
  'zone: all interruptions in it, those that an outage feed tells where it has one, otherwise those of its meters; city: those of its zones and its own; divided by the fact electricityCustomers of the zone, or where that is not told by the customers behind its electricity meters';

/** Interruptions of parts stand side by side, and each zone divides by its own customers. */
export function outageRule(index: OutageIndex): SpatialRule {
  return {
    text: WHERE,
    zone: (parts) => besideEachOther(feedsOrAll(parts.map(({ part }) => part))),
    parent: (parts) => {
      const own = parts.filter((each) => each.own === true).map(({ part }) => part);
      const below = parts.filter((each) => each.own !== true).map(({ part }) => part);
      // A feed of the whole sees the zones that have none of their own: what their meters say is in it already.
      const isSeen = own.some((part) => part.bulk === true);
      return besideEachOther([...own, ...(isSeen ? below.filter((part) => part.bulk === true) : below)]);
    },
    whole: (part, zone) => wholePart(part, zone, index),
  };
}

/** Customers served in a zone: as it was told, or else those behind its electricity meters; 0 when neither is known. */
export function customersServed(zone: ZoneFacts): number {
  return zone.fact('electricityCustomers')?.value ?? zone.customersCounted ?? 0;
}

/** The longest list of customers in one step is a plain check: nobody loses supply who is not served. */
export function mostCustomers(steps: readonly OutageStep[]): number {
  return steps.reduce((most, { customers }) => Math.max(most, customers), 0);
}

function feedsOrAll(parts: readonly Part[]): readonly Part[] {
  const feeds = parts.filter((part) => part.bulk === true);
  return feeds.length > 0 ? feeds : parts;
}

function besideEachOther(used: readonly Part[]): CombinedPart {
  const records = used.flatMap(({ outages }) => (outages === undefined ? [] : [outages]));
  const outages: OutageRecord = {
    steps: records.flatMap(({ steps }) => steps),
    before: records.flatMap(({ before }) => before),
    periodHours: records.reduce((most, { periodHours }) => Math.max(most, periodHours), 0),
  };
  return { ...recordPart(outages), bulk: used.some((part) => part.bulk === true), used };
}

function wholePart(part: Part, zone: ZoneFacts, index: OutageIndex): Part {
  const { outages } = part;
  if (outages === undefined) return part;
  const served = customersServed(zone);
  const { note = '', valid = true, ...said } = index(outages, served);
  const isBelievable = served === 0 || mostCustomers(outages.steps) <= served;
  const notes = [part.note, note, isBelievable ? '' : `more customers out than the ${served} served`];
  return {
    ...part,
    ...said,
    valid: said.value !== null && valid && isBelievable,
    note: notes.filter((text) => text !== '').join('; '),
  };
}
