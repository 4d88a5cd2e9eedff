import { HOUR_MS } from '../base/index.ts';
import { isDevice, type KpiMember, type KpiMembers } from './kpi-members.ts';
import { type KpiReach, kpiReach } from './kpi-reach.ts';
import type { Bounds } from './kpi-windows.ts';
import type { ZoneNode } from './zone-tree.ts';

/** A window that is going to be looked at, in some scopes. */
export interface Look {
  readonly bounds: Bounds;
  readonly scopes: Iterable<string>;
  /** Devices whose hours changed: their parts are made anew in every run; none where nothing changed. */
  readonly changed?: ReadonlySet<KpiMember>;
}

/** From where on windows need nothing of the store, ms UTC. */
export interface KeptFrom {
  /** Memory holds all that windows look at that begin here or later. */
  readonly hoursMs: number;
  /** Revisions of windows that begin here or later are known. */
  readonly revisionsMs: number;
}

/** Windows of hours. Those of many days are folded from what the days said. */
const WINDOWS: ReadonlySet<string> = new Set(['hour', 'rolling-8h', 'rolling-24h', 'day', 'day-standard']);

/**
 * What is to be read back before a KPI looks at old windows: those where the parts of devices are not held any more. The
 * windows where they are stay held until the tick ends.
 */
export function oldLooks(
  members: KpiMembers,
  looks: Iterable<Look>,
  kept: KeptFrom,
  zones: ReadonlyMap<string, ZoneNode>,
): KpiReach[] {
  const { kpi, parts } = members;
  if (!WINDOWS.has(kpi.window)) return [];
  // Hours that change in time change windows whose hours are all in memory, and make their devices' parts anew in every run.
  const aheadMs = (kpi.aheadHours ?? 0) * HOUR_MS;
  const old = new Map<number, Bounds>();
  for (const { bounds, scopes, changed } of looks) {
    if (bounds.startMs >= kept.hoursMs || old.has(bounds.startMs)) continue;
    const isRevised = changed !== undefined && bounds.startMs < kept.revisionsMs;
    const isMade = (device: KpiMember): boolean =>
      bounds.startMs >= kept.hoursMs - keptLongerMs(device) ||
      (bounds.startMs >= kept.hoursMs - aheadMs && changed?.has(device) === true);
    if (!isRevised && isMadeOrHeld(members, bounds, scopes, isMade, zones)) parts.pin(bounds.startMs);
    else if (isRevised || kpi.looksAt?.length !== 0) old.set(bounds.startMs, bounds);
  }
  return kpiReach(kpi, old.values());
}

/** Slow devices are waited for the longest, and their hours are kept for as long. */
function keptLongerMs({ series }: KpiMember): number {
  return series.reduce((least, one) => Math.min(least, one.keptLongerMs?.() ?? 0), Number.POSITIVE_INFINITY);
}

function isMadeOrHeld(
  members: KpiMembers,
  { startMs }: Bounds,
  scopes: Iterable<string>,
  isMade: (device: KpiMember) => boolean,
  zones: ReadonlyMap<string, ZoneNode>,
): boolean {
  const held = members.parts.held(startMs);
  for (const scope of scopes) {
    for (const device of devicesOf(members, scope, zones)) {
      if (held?.device(device) === undefined && !isMade(device)) return false;
    }
  }
  return true;
}

/** Devices that a scope is made of. */
function* devicesOf(members: KpiMembers, scope: string, zones: ReadonlyMap<string, ZoneNode>): Generator<KpiMember> {
  if (isDevice(scope)) {
    const device = members.devices.get(scope);
    if (device !== undefined) yield device;
    return;
  }
  yield* members.byZone.get(scope) ?? [];
  for (const child of zones.get(scope)?.children ?? []) yield* devicesOf(members, child.id, zones);
}
