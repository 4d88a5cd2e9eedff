import { type FactsInForce, NO_FACTS } from '../model/index.ts';
import type {
  Amounts,
  CombinedPart,
  DeviceFacts,
  KpiWindow,
  Part,
  SpatialRule,
  WeightedPart,
  ZoneFacts,
} from './definition.ts';
import { NO_PART } from './spatial-rules.ts';

/** What the amounts of a zone say: a value, and for ratios what it is made of. */
export interface Said {
  readonly value: number | null;
  readonly numerator?: number;
  readonly denominator?: number;
  readonly note?: string;
  /** False where something is left out that is known to be there. */
  readonly valid?: boolean;
}

/** How amounts of meters make the value of a zone. */
export interface MeterRule {
  /** In words, for the API and the page. */
  readonly text: string;
  /** Amounts that district meters (bulk, grid) see of all behind them: with them, those of customers are not used. */
  readonly districtKeys: readonly string[];
  /** Amounts that only customers' meters (and generators') say. */
  readonly keys: readonly string[];
  /** Without a district meter nothing can be said: the zone leaves numerator and denominator. */
  readonly needsDistrict?: boolean;
  /** Facts of zones that belong to the amounts of their district meters. */
  readonly zoneFacts?: ZoneFactAmounts;
  /**
   * @param fact of the zone that is published; only what is assumed everywhere while zones are added up
   * @param isPart its district meters see a part of it: what it knows of itself is of more than the amounts, and
   *   `zoneFacts` of that part are among these
   */
  value(amounts: Amounts, fact: FactsInForce, isPart: boolean): Said;
}

/**
 * Facts of zones with district meters as amounts, which add up as those of the meters do: zones without meters leave both
 * (KPI.md 6.5). Beside them stands `areas`, how many such zones there are.
 */
export interface ZoneFactAmounts {
  readonly keys: readonly string[];
  of(fact: FactsInForce): Amounts;
}

/** Of the customers' meters so many must be valid; missing ones are never filled in (KPI.md 4.2). */
const METERS_NEEDED_PERCENT = 90;

/** Amounts that count meters, and the people that they serve. */
const DISTRICT_COUNTS = ['districtMeters', 'districtValid', 'districtPeople'];
const METER_COUNTS = ['meters', 'metersValid'];

type ZoneParts = Parameters<SpatialRule['zone']>[0];

/**
 * Rule of space for sums over meters. A zone's district meters stand for what its customers' meters would say of the same
 * amount. Valid with all district meters and 90 % of the others, in a tree of any depth, because meters are counted and
 * not zones.
 */
export function meterRule(rule: MeterRule): SpatialRule {
  return {
    text: rule.text,
    zone: (parts, { fact }) => zoneOf(rule, parts, fact),
    parent: (parts) => parentOf(rule, parts),
    whole: (part, zone) => wholeOf(rule, part, zone),
  };
}

/** The part of one meter, with the value that the rule makes of its amounts; null where they say nothing alone. */
export function meterPart(rule: MeterRule, part: Part | null, window: KpiWindow): Part | null {
  if (part?.amounts === undefined) return part;
  const { valid = true, ...value } = rule.value(part.amounts, window.cityFacts, false);
  return { ...part, ...value, valid: valid && part.valid };
}

/** True for meters that see all that a district takes. */
export function isDistrict({ role }: Pick<DeviceFacts, 'role'>): boolean {
  return role === 'bulk' || role === 'grid';
}

function zoneOf(rule: MeterRule, parts: ZoneParts, fact: FactsInForce): CombinedPart {
  const district: Part[] = [];
  const others: Part[] = [];
  let people = 0;
  for (const { part, facts } of parts) {
    if (isDistrict(facts)) {
      district.push(part);
      people += facts.peopleServed;
    } else others.push(part);
  }
  const usedDistrict = usableAmounts(district);
  const usedOthers = usableAmounts(others);
  const amounts: Amounts = {
    ...sumsOf(district.length > 0 ? usedDistrict : usedOthers, rule.districtKeys),
    ...sumsOf(usedOthers, rule.keys),
    ...{ districtMeters: district.length, districtValid: validCountOf(district), districtPeople: people },
    ...{ meters: others.length, metersValid: validCountOf(others) },
    ...(rule.zoneFacts === undefined || district.length === 0 ? {} : { areas: 1, ...rule.zoneFacts.of(fact) }),
  };
  return combined(rule, amounts, [...usedDistrict, ...usedOthers]);
}

function parentOf(rule: MeterRule, parts: readonly WeightedPart[]): CombinedPart {
  const all = parts.map(({ part }) => part);
  const own = parts.find((one) => one.own === true && amountOf(one.part, 'districtMeters') > 0);
  if (own === undefined || !servesChildren(own)) return summed(rule, parts);
  const below = parts.filter((one) => one !== own);
  const hasBelow = below.some(({ part }) => amountOf(part, 'districtMeters') > 0);
  const isWhole = amountOf(own.part, 'districtMeters') === amountOf(own.part, 'districtValid');
  // Meters above and below see the same water or power: those above count when they are all there, or the only ones.
  if (hasBelow && !isWhole) return summed(rule, below);
  const amounts = {
    ...sumsOf([own.part], [...rule.districtKeys, ...DISTRICT_COUNTS, ...factKeys(rule)]),
    ...sumsOf(all, [...rule.keys, ...METER_COUNTS]),
  };
  return combined(rule, amounts, all);
}

/** Whether a zone's own district meters see what its children take too: their people do not all live outside of them. */
export function servesChildren({ part, population }: WeightedPart): boolean {
  return population === 0 || amountOf(part, 'districtPeople') > population;
}

/**
 * Parts that speak of the same water or power once: the zone's own meters, where they are valid and see what those of its
 * children do, otherwise the children; all of them where the own ones see something else.
 */
export function ownOrBelow(
  parts: readonly WeightedPart[],
  seesChildren: (own: WeightedPart) => boolean,
): readonly WeightedPart[] {
  const own = parts.find((one) => one.own === true);
  const below = parts.filter((one) => one !== own);
  if (own === undefined || below.length === 0 || !seesChildren(own)) return parts;
  return own.part.valid ? [own] : below;
}

/**
 * Whether what a zone knows of itself is of what its meters see. Meters beside those of sub-zones see what is left of the
 * zone, unless they are the only ones and nobody says whom they serve.
 */
export function isKnownWhole(one: WeightedPart, parts: readonly WeightedPart[]): boolean {
  if (one.own !== true || servesChildren(one)) return true;
  const others = parts.filter((other) => other !== one);
  return (
    amountOf(one.part, 'districtPeople') === 0 && others.every(({ part }) => amountOf(part, 'districtMeters') === 0)
  );
}

/** People of zones whose district meters see what they take; of zones that are put together those of their parts. */
export function areaPeopleOf(parts: readonly WeightedPart[]): number {
  return parts.reduce((sum, { part, population }) => sum + (part.amounts?.areaPeople ?? population), 0);
}

/** Whether amounts are of a part of the zone only, as far as its people tell. */
export function isPartOf({ areaPeople }: Amounts, { population }: Pick<ZoneFacts, 'population'>): boolean {
  return areaPeople !== undefined && (population === 0 || areaPeople < population);
}

function factKeys({ zoneFacts }: MeterRule): readonly string[] {
  return zoneFacts === undefined ? [] : ['areas', ...zoneFacts.keys];
}

function summed(rule: MeterRule, parts: readonly WeightedPart[]): CombinedPart {
  const districts = parts.filter(({ part }) => amountOf(part, 'districtMeters') > 0);
  const used = (rule.needsDistrict === true ? districts : parts).map(({ part }) => part);
  const keys = [...rule.districtKeys, ...rule.keys, ...DISTRICT_COUNTS, ...METER_COUNTS];
  return combined(rule, { ...sumsOf(used, keys), ...summedFacts(rule, districts) }, used);
}

function summedFacts(rule: MeterRule, districts: readonly WeightedPart[]): Amounts {
  if (rule.zoneFacts === undefined || districts.length === 0) return {};
  const known = districts.filter((one) => isKnownWhole(one, districts)).map(({ part }) => part);
  return {
    ...sumsOf(known, rule.zoneFacts.keys),
    ...sumsOf(
      districts.map(({ part }) => part),
      ['areas'],
    ),
    areaPeople: areaPeopleOf(districts),
  };
}

function combined(rule: MeterRule, amounts: Amounts, used: readonly Part[]): CombinedPart {
  return { ...said(rule, amounts, NO_FACTS, false), amounts, used };
}

function wholeOf(rule: MeterRule, part: Part, zone: ZoneFacts): Part {
  const { amounts } = part;
  return amounts === undefined ? part : { ...said(rule, amounts, zone.fact, isPartOf(amounts, zone)), amounts };
}

function said(rule: MeterRule, amounts: Amounts, fact: FactsInForce, isPart: boolean): Part {
  const { districtMeters = 0, districtValid = 0, meters = 0, metersValid = 0 } = amounts;
  const isSilent = rule.needsDistrict === true && districtMeters === 0;
  const { note = '', valid = true, ...value } = isSilent ? NO_PART : rule.value(amounts, fact, isPart);
  const counts = { validCount: districtValid + metersValid, expectedCount: districtMeters + meters };
  return { ...value, ...counts, valid: valid && isComplete(amounts) && value.value !== null, note };
}

/** Whether all district meters of a zone are valid, and enough of the others. */
export function isComplete({ districtMeters = 0, districtValid = 0, meters = 0, metersValid = 0 }: Amounts): boolean {
  const isAny = districtValid + metersValid > 0;
  return isAny && districtValid === districtMeters && 100 * metersValid >= METERS_NEEDED_PERCENT * meters;
}

function amountOf({ amounts }: Part, key: string): number {
  return amounts?.[key] ?? 0;
}

/** Parts whose amounts may be added: the valid ones, or all that know any where there is no valid one. */
function usableAmounts(parts: readonly Part[]): readonly Part[] {
  const valid = parts.filter((part) => part.valid && part.amounts !== undefined);
  return valid.length > 0 ? valid : parts.filter(({ amounts }) => amounts !== undefined && !isEmpty(amounts));
}

function isEmpty(amounts: Amounts): boolean {
  for (const _name in amounts) return false;
  return true;
}

function validCountOf(parts: readonly Part[]): number {
  let count = 0;
  for (const { valid } of parts) if (valid) count++;
  return count;
}

/**
 * Sums of amounts by name; a name that no part knows is left out. Compensated (Neumaier): parts stand by the names of
 * their devices, so their order is the same in every run.
 */
export function sumsOf(parts: readonly Part[], keys: readonly string[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const key of keys) {
    let sum = 0;
    let lost = 0;
    let isKnown = false;
    for (const { amounts } of parts) {
      const value = amounts?.[key];
      if (value === undefined) continue;
      isKnown = true;
      const next = sum + value;
      lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
      sum = next;
    }
    if (isKnown) sums[key] = sum + lost;
  }
  return sums;
}
