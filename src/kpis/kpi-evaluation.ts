import type { Calendar } from '../base/index.ts';
import { type KpiValue, NO_FACTS, type RevisionReason } from '../model/index.ts';
import type { DayRecord } from './day-ledger.ts';
import type {
  CombinedPart,
  DayFold,
  DeviceFacts,
  KpiDevice,
  KpiSettings,
  KpiWindow,
  Part,
  WeightedPart,
} from './definition.ts';
import type { KpiBand } from './kpi.ts';
import { isDevice, type KpiMember, type KpiMembers } from './kpi-members.ts';
import { type Bounds, isOfWholeHours } from './kpi-windows.ts';
import { type DayBook, elapsedDays, yearsEarlier } from './long-windows.ts';
import { HeldParts, isSamePart, type ScopePart } from './part-cache.ts';
import type { SharedWork } from './shared-work.ts';
import { NO_PART } from './spatial-rules.ts';
import type { ZoneNode } from './zone-tree.ts';

/** Told how a value comes about, by who takes it apart. */
export interface EvaluationTrace {
  /** What a device says; null when it has no part. */
  device(device: KpiDevice, part: Part | null): void;
  /** What a zone's own devices make, those that have a part. */
  devices(zone: string, said: readonly { readonly device: string; readonly part: Part }[], made: CombinedPart): void;
  /** What a zone's children and its own devices make; the own ones stand under the zone itself. */
  zones(zone: string, said: readonly (WeightedPart & { readonly zone: string })[], made: CombinedPart): void;
}

export interface EvaluationContext {
  readonly calendar: Calendar;
  readonly settings: KpiSettings;
  /** What KPIs share in one tick; absent when every KPI is to be computed for itself. */
  readonly memo?: SharedWork;
  /** Cut to the minute. */
  readonly nowMs: number;
  readonly zones: ReadonlyMap<string, ZoneNode>;
  readonly cityId: string;
  /** What days said; kept for windows of many days. */
  readonly days?: Pick<DayBook, 'ledger' | 'note'>;
  readonly trace?: EvaluationTrace;
  /** Of scopes, in the tick that runs; shared by KPIs of the same devices. */
  readonly watermarks?: Map<string, number>;
  /** Series are to show hours and quarters that begin before this, ms UTC. */
  lookUpTo?(untilMs: number): void;
  /** Event time up to which a series is believed complete. */
  watermarkMs(series: number): number;
  /** That of the devices of a zone itself, where it is known without looking at them; Infinity without any. */
  ownWatermarkMs?(zone: string): number;
  /** Customers behind the electricity meters heard in a zone itself; '' for the city's own. */
  customersCounted?(zone: string): number;
}

/** Days taken together, and the devices behind them. */
type Folded = Pick<ScopePart, 'part' | 'deviceCount'>;

/** What a zone says, among those of its parent. */
interface ZoneSaid extends ScopePart, WeightedPart {
  readonly zone: string;
}

const NOTHING: ScopePart = { part: NO_PART, deviceCount: 0, coveredPopulation: 0 };

/** One look at one KPI: values of scopes and windows at one instant, each part computed once. */
export class KpiEvaluation {
  readonly members: KpiMembers;
  readonly #context: EvaluationContext;
  /** Of scopes. */
  readonly #watermarks: Map<string, number>;
  /** The hour that runs, for a KPI that it enters only when it ends. */
  readonly #hoursUntilMs: number;
  /** The window looked at last, and what is known of it: windows are looked at one after the other. */
  #window: KpiWindow | undefined;
  #held = new HeldParts();
  #zoneParts = new Map<string, ScopePart | null>();
  /** The scope looked at last: it is asked for its part, for more about that, and for its value. */
  #scope: string | undefined;
  #said: ScopePart | null = null;

  constructor(members: KpiMembers, context: EvaluationContext) {
    this.members = members;
    this.#context = context;
    this.#watermarks = context.watermarks ?? new Map();
    const { calendar, nowMs } = context;
    const hides = isOfWholeHours(members.kpi) && Number.isFinite(nowMs);
    this.#hoursUntilMs = hides ? calendar.hourStart(nowMs) : Number.POSITIVE_INFINITY;
  }

  /** What the scope says; null when nothing in it has a part in the KPI. */
  part(bounds: Bounds, scope: string): Part | null {
    return this.#scopePart(bounds, scope)?.part ?? null;
  }

  /** The window as definitions are given it. */
  windowOf(bounds: Bounds): KpiWindow {
    const { zones, cityId } = this.#context;
    const cityFacts = zones.get(cityId)?.at(bounds.startMs).fact ?? NO_FACTS;
    return { ...bounds, ...this.#context, cityFacts };
  }

  /** True when something in the scope has a part in the KPI. */
  hasPart(bounds: Bounds, scope: string): boolean {
    return this.#scopePart(bounds, scope) !== null;
  }

  /** True when something that the value is made of is not over. */
  isProvisional(bounds: Bounds, scope: string): boolean {
    return this.#scopePart(bounds, scope)?.part.provisional === true;
  }

  /** The scope's value; without any part one that says nothing. */
  value(bounds: Bounds, scope: string, revision: number, final: boolean, reason?: RevisionReason): KpiValue {
    const { kpi } = this.members;
    const { part, deviceCount, coveredPopulation } = this.#scopePart(bounds, scope) ?? NOTHING;
    const watermarkMs = this.watermarkMs(scope);
    const value: KpiValue = {
      kpi: kpi.id,
      zone: scope,
      window: kpi.window,
      startMs: bounds.startMs,
      endMs: bounds.endMs,
      value: part.value,
      band: part.value === null ? null : bandOf(kpi.bands, part.value),
      validCount: part.validCount,
      expectedCount: part.expectedCount,
      coverage: part.expectedCount > 0 ? Math.min(1, part.validCount / part.expectedCount) : 0,
      valid: part.valid,
      deviceCount,
      coveredPopulation,
      revision,
      final,
      watermarkMs,
      method: kpi.method,
      note: part.note,
    };
    return reason === undefined ? value : { ...value, reason };
  }

  /** The smallest watermark of the series behind a scope; silent series are released by the window engine. */
  watermarkMs(scope: string): number {
    const known = this.#watermarks.get(scope);
    if (known !== undefined) return known;
    const watermarkMs = isDevice(scope)
      ? this.#deviceWatermarkMs(this.members.devices.get(scope))
      : this.#zoneWatermarkMs(this.#context.zones.get(scope));
    this.#watermarks.set(scope, watermarkMs);
    return watermarkMs;
  }

  /** That of a device; Infinity when it has no series. */
  #deviceWatermarkMs(device: KpiDevice | undefined): number {
    let leastMs = Number.POSITIVE_INFINITY;
    for (const { series } of device?.series ?? []) leastMs = Math.min(leastMs, this.#context.watermarkMs(series.id));
    return leastMs;
  }

  #zoneWatermarkMs(node: ZoneNode | undefined): number {
    if (node === undefined) return Number.NEGATIVE_INFINITY;
    let leastMs = this.#context.ownWatermarkMs?.(node.id) ?? this.#devicesWatermarkMs(node);
    for (const child of node.children) leastMs = Math.min(leastMs, this.watermarkMs(child.id));
    return leastMs;
  }

  #devicesWatermarkMs(node: ZoneNode): number {
    let leastMs = Number.POSITIVE_INFINITY;
    for (const device of this.members.byZone.get(node.id) ?? []) {
      leastMs = Math.min(leastMs, this.#deviceWatermarkMs(device));
    }
    return leastMs;
  }

  #scopePart(bounds: Bounds, scope: string): ScopePart | null {
    let window = this.#window;
    if (bounds.startMs !== window?.startMs) {
      window = this.windowOf(bounds);
      this.#window = window;
      this.#held = this.members.parts.of(bounds.startMs);
      this.#zoneParts = new Map();
    } else if (scope === this.#scope) return this.#said;
    this.#scope = scope;
    this.#said = this.#freshScopePart(window, scope);
    return this.#said;
  }

  #freshScopePart(window: KpiWindow, scope: string): ScopePart | null {
    const { zones } = this.#context;
    if (isDevice(scope)) {
      const part = this.#devicePart(window, this.members.devices.get(scope));
      return part === null ? null : { part, deviceCount: part.value === null ? 0 : 1, coveredPopulation: 0 };
    }
    const node = zones.get(scope);
    if (node === undefined) return null;
    const said = this.#zonePart(window, node);
    const { whole } = this.members.kpi.spatial;
    if (said === null || whole === undefined) return said;
    const facts = { ...node.at(window.startMs), customersCounted: this.#customersCounted(node) };
    return { ...said, part: whole(said.part, facts) };
  }

  /** Of the zone and all that lies in it. */
  #customersCounted(node: ZoneNode): number {
    const { cityId, customersCounted } = this.#context;
    const own = customersCounted?.(node.id === cityId ? '' : node.id) ?? 0;
    return node.children.reduce((sum, child) => sum + this.#customersCounted(child), own);
  }

  #devicePart(window: KpiWindow, device: KpiMember | undefined): Part | null {
    if (device === undefined) return null;
    let part = this.#held.device(device);
    // A device without a part is held as null, one that was not asked yet not at all.
    if (part === undefined) {
      part = this.#freshPart(window, device);
      this.#held.hold(device, part);
      this.#context.trace?.device(device, part);
    }
    return part;
  }

  #freshPart(window: KpiWindow, device: KpiMember): Part | null {
    const { kpi } = this.members;
    const { scope } = device;
    if (kpi.days !== undefined) return this.#folded(window, kpi.days, scope)?.part ?? null;
    this.#context.lookUpTo?.(this.#hoursUntilMs);
    const part = kpi.device(device, window);
    this.#context.days?.note(kpi.id, 'device', scope, window.startMs, part);
    return part;
  }

  /** Days that have ended, taken together. */
  #folded(window: KpiWindow, { of, fold, yearsBefore = 0 }: DayFold, subject: string): Folded | null {
    const { calendar, nowMs } = this.#context;
    const toMs = Math.min(window.endMs, calendar.dayStart(nowMs));
    const records = this.#days(of.id, subject, window.startMs, toMs);
    if (records.length === 0) return null;
    const span = { window, ...elapsedDays(calendar, window, nowMs) };
    const fromMs = yearsEarlier(calendar, window.startMs, yearsBefore);
    const before = yearsBefore === 0 ? undefined : this.#days(of.id, subject, fromMs, window.startMs);
    return {
      part: fold(records, before === undefined ? span : { ...span, before }),
      deviceCount: records.reduce((most, day) => Math.max(most, day.deviceCount ?? 0), 0),
    };
  }

  /** Read once a tick: many KPIs are folded from the same days. */
  #days(kpi: string, subject: string, fromMs: number, toMs: number): readonly DayRecord[] {
    const { days, memo } = this.#context;
    const read = (): readonly DayRecord[] => days?.ledger.days(kpi, subject, fromMs, toMs) ?? [];
    return memo === undefined ? read() : memo.of(`days ${kpi} ${toMs}`, fromMs, subject, read);
  }

  #zonePart(window: KpiWindow, node: ZoneNode): ScopePart | null {
    let known = this.#zoneParts.get(node.id);
    if (known === undefined) {
      known = this.#combine(window, node);
      this.#zoneParts.set(node.id, known);
    }
    return known;
  }

  /** The zone's own devices, and its children weighted by their people (KPI.md 6.5). */
  #combine(window: KpiWindow, node: ZoneNode): ScopePart | null {
    const { spatial } = this.members.kpi;
    const own = this.#ownPart(window, node);
    const { population, ownPopulation } = node.at(window.startMs);
    const all: ZoneSaid[] = [];
    for (const child of node.children) {
      const said = this.#zonePart(window, child);
      if (said !== null) all.push(zoneSaid(said, child.id, child.at(window.startMs).population, false));
    }
    if (own !== null) all.push(zoneSaid(own, node.id, ownPopulation, true));
    if (all.length === 0) return null;
    if (node.children.length === 0 && own !== null)
      return { ...own, coveredPopulation: own.part.value === null ? 0 : population };
    const part = spatial.parent(all);
    this.#context.trace?.zones(node.id, all, part);
    const isUsed = new Set(part.used);
    const used = all.filter((scope) => isUsed.has(scope.part));
    return {
      part,
      deviceCount: used.reduce((sum, scope) => sum + scope.deviceCount, 0),
      coveredPopulation: used.reduce((sum, scope) => sum + scope.coveredPopulation, 0),
    };
  }

  #ownPart(window: KpiWindow, node: ZoneNode): ScopePart | null {
    const known = this.#held.zones.get(node.id);
    const changed = this.#held.takeChanged(node.id);
    if (known !== undefined && (changed === undefined || this.#saySame(window, changed))) return known;
    const part = this.#freshOwnPart(window, node);
    this.#held.zones.set(node.id, part);
    return part;
  }

  /** Most devices that are heard say what they said: their zone need not be made anew, with all that did not change. */
  #saySame(window: KpiWindow, changed: ReadonlyMap<KpiMember, Part | null>): boolean {
    for (const [member, said] of changed) if (!isSamePart(said, this.#devicePart(window, member))) return false;
    return true;
  }

  #freshOwnPart(window: KpiWindow, node: ZoneNode): ScopePart | null {
    const { kpi } = this.members;
    const { days } = this.#context;
    if (kpi.days?.level !== 'zone') {
      const own = this.#devicesPart(window, node);
      days?.note(kpi.id, 'zone', node.id, window.startMs, own?.part ?? null, own?.deviceCount ?? 0);
      return own;
    }
    const folded = this.#folded(window, kpi.days, node.id);
    if (folded === null) return null;
    const { part, deviceCount } = folded;
    const { ownPopulation } = node.at(window.startMs);
    return {
      part,
      deviceCount: part.value === null ? 0 : deviceCount,
      coveredPopulation: part.value === null ? 0 : ownPopulation,
    };
  }

  #devicesPart(window: KpiWindow, node: ZoneNode): ScopePart | null {
    const parts: { readonly device: string; readonly part: Part; readonly facts: DeviceFacts }[] = [];
    for (const member of this.members.byZone.get(node.id) ?? []) {
      const part = this.#devicePart(window, member);
      if (part !== null) parts.push({ device: member.device, part, facts: member.facts });
    }
    if (parts.length === 0) return null;
    const state = node.at(window.startMs);
    const { ownPopulation } = state;
    const part = this.members.kpi.spatial.zone(parts, { ...state, population: ownPopulation });
    this.#context.trace?.devices(node.id, parts, part);
    return { part, deviceCount: part.used.length, coveredPopulation: part.value === null ? 0 : ownPopulation };
  }
}

function zoneSaid(said: ScopePart, zone: string, population: number, own: boolean): ZoneSaid {
  const { part, deviceCount, coveredPopulation } = said;
  return { part, deviceCount, coveredPopulation, zone, population, own };
}

/** 1 for the first band whose bound is not exceeded; null without bands. */
function bandOf(bands: readonly KpiBand[], value: number): number | null {
  const index = bands.findIndex(({ upTo }) => value <= upTo);
  return index < 0 ? null : index + 1;
}
