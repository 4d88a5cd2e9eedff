import type { Calendar } from '../base/index.ts';
import {
  CITY_FACTS,
  type CityFactId,
  type DataQuality,
  type FactsInForce,
  type KpiValue,
  type KpiWindowKind,
} from '../model/index.ts';
import type { Amounts, CombinedPart, DeviceRole, KpiDefinition, KpiDevice, Part, WeightedPart } from './definition.ts';
import { type ExplainedDays, explainDays } from './explain-days.ts';
import { type EvaluationContext, type EvaluationTrace, KpiEvaluation } from './kpi-evaluation.ts';
import type { KpiMembers } from './kpi-members.ts';
import { type Bounds, neededUntilMs, windowAt } from './kpi-windows.ts';
import { isLongWindow, rollingUpTo } from './long-windows.ts';
import { whyDeviceLeftOut, whyZoneLeftOut } from './why-left-out.ts';
import { type ZoneNode, zonesIn } from './zone-tree.ts';

/** Which value is to be taken apart, and which of its devices are listed. */
export interface KpiQuestion {
  readonly kpi: string;
  /** Zone id, the city's id, or `device:<id>`. */
  readonly scope: string;
  /** An instant in the window (of rolling ones: in its last hour or day), ms UTC; the newest window when absent. */
  readonly atMs?: number | undefined;
  /** The page of each list of devices. */
  readonly offset: number;
  readonly limit: number;
}

/** What a part says, as plain data. */
export interface SaidPart {
  readonly value: number | null;
  readonly valid: boolean;
  readonly validCount: number;
  readonly expectedCount: number;
  /** Valid parts that it needs; null where no count decides. */
  readonly neededCount: number | null;
  readonly note: string;
  readonly numerator: number | null;
  readonly denominator: number | null;
  readonly amounts: Amounts;
}

/** A device and what it has to do with the value. */
export interface ExplainedDevice extends SaidPart {
  readonly device: string;
  /** Innermost zone; empty when it lies in none. */
  readonly zone: string;
  readonly role: DeviceRole;
  readonly used: boolean;
  /** Share of the value, 0 to 1; null where amounts add up, and for what is left out. */
  readonly weight: number | null;
  /** Why it is left out; empty for what is used. */
  readonly reason: string;
}

/** A zone in the scope, or what lies in it outside of its zones, and what it has to do with the value. */
export interface ExplainedZone extends SaidPart {
  readonly zone: string;
  /** The scope's own devices, beside its zones. */
  readonly own: boolean;
  readonly population: number;
  readonly used: boolean;
  readonly weight: number | null;
  readonly reason: string;
}

/** A city fact in force when the window starts. */
export interface ExplainedFact {
  readonly id: CityFactId;
  readonly title: string;
  /** UCUM code. */
  readonly unit: string;
  /** Null when it was never told. */
  readonly value: number | null;
  readonly source: string;
  readonly quality: DataQuality | null;
  /** In force since, ms UTC; -Infinity when it always was. */
  readonly fromMs: number;
}

/** How a value comes about, from the state that the engine has now. */
export interface Explanation {
  readonly kpi: string;
  readonly scope: string;
  readonly window: KpiWindowKind;
  readonly startMs: number;
  readonly endMs: number;
  /** The value as it is now; its revision is 0 whatever is published. */
  readonly value: KpiValue;
  readonly whole: SaidPart;
  readonly zones: readonly ExplainedZone[];
  /** A page of those that the value is made of, by zone and name, and how many there are. */
  readonly used: readonly ExplainedDevice[];
  readonly usedCount: number;
  readonly leftOut: readonly ExplainedDevice[];
  readonly leftOutCount: number;
  readonly facts: readonly ExplainedFact[];
  /** Null for windows that are made of hours. */
  readonly days: ExplainedDays | null;
}

/** Beside the members: devices that the configuration ignores, with their zone. */
export interface IgnoredDevice {
  readonly device: string;
  readonly zone: string;
}

/** Holds what an evaluation was made of. */
class Trace implements EvaluationTrace {
  readonly parts = new Map<string, Part | null>();
  readonly byZone = new Map<string, MadeOfDevices>();
  readonly zonesOf = new Map<string, MadeOfZones>();

  device({ device }: KpiDevice, part: Part | null): void {
    this.parts.set(device, part);
  }

  devices(zone: string, said: MadeOfDevices['said'], made: CombinedPart): void {
    this.byZone.set(zone, { said, made });
  }

  zones(zone: string, said: MadeOfZones['said'], made: CombinedPart): void {
    this.zonesOf.set(zone, { said, made });
  }
}

interface MadeOfDevices {
  readonly said: readonly { readonly device: string; readonly part: Part }[];
  readonly made: CombinedPart;
}

interface MadeOfZones {
  readonly said: readonly (WeightedPart & { readonly zone: string })[];
  readonly made: CombinedPart;
}

/** Whether something is in the value, and how heavily. */
interface Use {
  readonly used: boolean;
  /** Null where amounts add up. */
  readonly weight: number | null;
  readonly reason: string;
}

interface Entry extends Use {
  readonly device: KpiDevice | IgnoredDevice;
  readonly zone: string;
  readonly part: Part | null | undefined;
}

/**
 * Takes a value apart with the very functions that make it, on caches of its own.
 *
 * @param members their `parts` are filled: they must not be those of an engine
 * @param context its `days` must keep no notes
 */
export function explainValue(
  members: KpiMembers,
  context: EvaluationContext,
  ignored: Iterable<IgnoredDevice>,
  question: KpiQuestion,
): Explanation {
  const { kpi } = members;
  const { calendar, nowMs, zones, cityId } = context;
  const trace = new Trace();
  const evaluation = new KpiEvaluation(members, { ...context, trace });
  const bounds = windowHolding(kpi, calendar, question.atMs ?? nowMs, nowMs);
  const { scope } = question;
  const whole = evaluation.part(bounds, scope);
  const final = evaluation.watermarkMs(scope) >= neededUntilMs(kpi, bounds) && !evaluation.isProvisional(bounds, scope);
  const node = zones.get(scope);
  const entries =
    node === undefined
      ? deviceEntry(members, trace, scope)
      : [...zoneEntries(members, trace, cityId, node), ...ignoredEntries(node, cityId, ignored)];
  const [used, leftOut] = [entries.filter((entry) => entry.used), entries.filter((entry) => !entry.used)];
  const pageOf = (list: readonly Entry[]): ExplainedDevice[] => {
    const page = list.slice(question.offset, question.offset + question.limit);
    return page.map((entry) => explainedDevice(kpi, evaluation, bounds, entry));
  };
  return {
    ...{ kpi: kpi.id, scope, window: kpi.window, ...bounds },
    value: evaluation.value(bounds, scope, 0, final),
    whole: saidOf(whole),
    zones: node === undefined ? [] : explainedZones(kpi, trace, bounds.startMs, node),
    ...{ used: pageOf(used), usedCount: used.length, leftOut: pageOf(leftOut), leftOutCount: leftOut.length },
    facts: factsOf(kpi, node === undefined, (node ?? zones.get(cityId))?.at(bounds.startMs).fact),
    days: explainDays(members, context, bounds, scope),
  };
}

/** The window of a KPI that holds an instant; of rolling ones that whose last hour or day does. */
export function windowHolding(kpi: KpiDefinition, calendar: Calendar, atMs: number, nowMs: number): Bounds {
  if (!isLongWindow(kpi.window)) return windowAt(kpi, calendar, atMs);
  if (kpi.window === 'month') return { startMs: calendar.monthStart(atMs), endMs: calendar.monthEnd(atMs) };
  if (kpi.window === 'year') return { startMs: calendar.yearStart(atMs), endMs: calendar.yearEnd(atMs) };
  // A rolling window ends with a day that has ended.
  return rollingUpTo(calendar, Math.min(calendar.dayEnd(atMs), calendar.dayStart(Math.max(nowMs, atMs))));
}

function deviceEntry({ devices, kpi }: KpiMembers, trace: Trace, scope: string): Entry[] {
  const device = devices.get(scope);
  if (device === undefined) return [];
  const part = trace.parts.get(device.device);
  const used = part !== null && part !== undefined && part.value !== null;
  const weight = kpi.spatial.shares === undefined || !used ? null : 1;
  return [{ device, zone: device.facts.zone, part, used, weight, reason: '' }];
}

/** All members in a zone and in the zones in it, by zone and name. */
function* zoneEntries(members: KpiMembers, trace: Trace, cityId: string, top: ZoneNode): Generator<Entry> {
  const { kpi, byZone } = members;
  const walk = function* (node: ZoneNode, use: Use): Generator<Entry> {
    const zones = usesOfZones(kpi, trace.zonesOf.get(node.id), use);
    const own = zones === undefined ? use : (zones.get(node.id) ?? UNUSED);
    // Where windows are folded from the days of zones, devices have no part of their own.
    const isThroughDays = kpi.days?.level === 'zone';
    const devices = usesOfDevices(kpi, trace.byZone.get(node.id), own);
    for (const device of byZone.get(node.id) ?? []) {
      const use = isThroughDays ? { ...own, weight: null } : (devices.get(device.device) ?? UNUSED);
      yield { device, zone: node.id === cityId ? '' : node.id, part: trace.parts.get(device.device), ...use };
    }
    for (const child of node.children) yield* walk(child, zones?.get(child.id) ?? UNUSED);
  };
  yield* walk(top, { used: true, weight: 1, reason: '' });
}

const UNUSED: Use = { used: false, weight: null, reason: '' };

function usesOfDevices(kpi: KpiDefinition, of: MadeOfDevices | undefined, zone: Use): ReadonlyMap<string, Use> {
  const { said = [], made } = of ?? {};
  const isUsed = new Set(made?.used);
  const used = said.filter(({ part }) => isUsed.has(part));
  const shares = sharesOf(used, kpi.spatial.shares?.zone(used.map(({ part }) => part)), zone);
  return new Map(said.map((one) => [one.device, useOf(zone, shares.get(one), kpi.spatial.text)]));
}

/** Undefined where a zone has no zones in it. */
function usesOfZones(kpi: KpiDefinition, of: MadeOfZones | undefined, outer: Use): Map<string, Use> | undefined {
  if (of === undefined) return undefined;
  const { said, made } = of;
  const isUsed = new Set(made.used);
  const used = said.filter(({ part }) => isUsed.has(part));
  const shares = sharesOf(used, kpi.spatial.shares?.parent(used), outer);
  return new Map(
    said.map((one) => {
      const { part, population, zone, own } = one;
      const why = whyZoneLeftOut(part, population, kpi.spatial.text);
      const named = own === true ? `what lies in ${zone} outside of its zones` : `its zone ${zone}`;
      return [zone, useOf(outer, shares.get(one), `${named} is left out: ${why}`)] as const;
    }),
  );
}

/** Of the used ones: the share, or null where amounts add up. */
function sharesOf<One>(
  used: readonly One[],
  shares: readonly number[] | undefined,
  outer: Use,
): Map<One, number | null> {
  return new Map(
    used.map((one, index) => {
      const share = shares?.[index];
      return [one, share === undefined || outer.weight === null ? null : share * outer.weight];
    }),
  );
}

function useOf(outer: Use, share: number | null | undefined, why: string): Use {
  if (!outer.used) return { ...UNUSED, reason: outer.reason };
  return share === undefined ? { ...UNUSED, reason: why } : { used: true, weight: share, reason: '' };
}

function* ignoredEntries(top: ZoneNode, cityId: string, ignored: Iterable<IgnoredDevice>): Generator<Entry> {
  const inside = new Set([...zonesIn(top)].map(({ id }) => id));
  for (const device of ignored) {
    if (top.id !== cityId && !inside.has(device.zone)) continue;
    yield { device, zone: device.zone, part: null, ...UNUSED, reason: 'the configuration ignores it (role: ignore)' };
  }
}

/** The zones in the scope, each with what it says itself; what lies outside of them comes last. */
function explainedZones(kpi: KpiDefinition, trace: Trace, startMs: number, node: ZoneNode): ExplainedZone[] {
  const made = trace.zonesOf.get(node.id);
  if (made === undefined) return [];
  const uses = usesOfZones(kpi, made, { used: true, weight: 1, reason: '' });
  const heard = new Map(made.said.map((one) => [one.zone, one]));
  const nodes = [...node.children, ...(heard.has(node.id) ? [node] : [])];
  return nodes.map((zone) => {
    const { id } = zone;
    const one = heard.get(id);
    const { used = false, weight = null } = uses?.get(id) ?? {};
    const why = one === undefined ? 'no device of it has a part in the KPI' : '';
    const reason = one === undefined || used ? why : whyZoneLeftOut(one.part, one.population, kpi.spatial.text);
    const population = one?.population ?? zone.at(startMs).population;
    return { ...saidOf(one?.part), zone: id, own: one?.own === true, population, used, weight, reason };
  });
}

function explainedDevice(kpi: KpiDefinition, evaluation: KpiEvaluation, bounds: Bounds, entry: Entry): ExplainedDevice {
  const { device, zone, part, used, weight } = entry;
  const isMember = 'series' in device;
  const role = isMember ? device.facts.role : 'ignore';
  let { reason } = entry;
  if (!used && isMember && part !== undefined) {
    // What is wrong with the device itself comes before what is wrong with its zone.
    const own = whyDeviceLeftOut(kpi, device, evaluation.windowOf(bounds), part);
    reason = own === '' ? reason : own;
  }
  return { ...saidOf(part), device: device.device, zone, role, used, weight, reason };
}

/** Facts that the KPI names, and the people that its zones are weighed by. */
function factsOf(kpi: KpiDefinition, isDevice: boolean, fact: FactsInForce | undefined): ExplainedFact[] {
  const ids = new Set<CityFactId>(kpi.facts ?? []);
  if (!isDevice) ids.add('population');
  return [...ids].map((id) => {
    const { title = '', unit = '' } = CITY_FACTS.get(id) ?? {};
    const said = fact?.(id);
    return {
      ...{ id, title, unit, value: said?.value ?? null, source: said?.source ?? '', quality: said?.quality ?? null },
      fromMs: said?.fromMs ?? Number.NEGATIVE_INFINITY,
    };
  });
}

function saidOf(part: Part | null | undefined): SaidPart {
  return {
    value: part?.value ?? null,
    valid: part?.valid ?? false,
    validCount: part?.validCount ?? 0,
    expectedCount: part?.expectedCount ?? 0,
    neededCount: part?.neededCount ?? null,
    note: part?.note ?? '',
    numerator: numberOrNull(part?.numerator),
    denominator: numberOrNull(part?.denominator),
    amounts: { ...part?.amounts },
  };
}

function numberOrNull(number: number | undefined): number | null {
  return number === undefined || Number.isNaN(number) ? null : number;
}
