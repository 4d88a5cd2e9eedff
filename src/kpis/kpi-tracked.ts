import { isDevice, type KpiMember, type KpiMembers, type MemberGroup } from './kpi-members.ts';
import type { Bounds } from './kpi-windows.ts';

/*
 * What the KPI engine keeps of its KPIs from tick to tick, and the list of what a tick looks at again.
 */

export interface Todo {
  readonly bounds: Bounds;
  readonly devices: Set<KpiMember>;
  /** Zones of which more than the devices changed. */
  readonly zones: Set<string>;
}

/** What is looked at again, by KPI and start of the window. */
export type Todos = Map<Tracked, Map<number, Todo>>;

/** A window that is not final. */
export interface OpenWindow {
  readonly endMs: number;
  readonly scopes: Set<string>;
  /** Scopes in which something is not over that began in the window: only its end makes them final. */
  readonly provisional: Set<string>;
}

/** One KPI with the devices that have a part in it, and its windows that are not final. */
export interface Tracked extends KpiMembers {
  readonly group: MemberGroup;
  /** Publishes values of single devices. */
  readonly ofDevices: boolean;
  readonly open: Map<number, OpenWindow>;
}

export function noteOpen(
  open: Map<number, OpenWindow>,
  { startMs, endMs }: Bounds,
  scope: string,
  state: 'open' | 'provisional' | 'final',
): void {
  let entry = open.get(startMs);
  if (entry === undefined) {
    if (state === 'final') return;
    entry = { endMs, scopes: new Set(), provisional: new Set() };
    open.set(startMs, entry);
  }
  if (state === 'final') entry.scopes.delete(scope);
  else entry.scopes.add(scope);
  if (state === 'provisional') entry.provisional.add(scope);
  else entry.provisional.delete(scope);
}

/** A window of many days is looked at again because of a subject of the ledger of days. */
export function addSubject(todo: Todos, tracked: Tracked, bounds: Bounds, subject: string): void {
  const { kpi, group, parts } = tracked;
  const entry = todoAt(todo, tracked, bounds);
  if (!isDevice(subject)) {
    if (kpi.days?.level !== 'zone') return;
    parts.held(bounds.startMs)?.forgetZone(subject);
    entry.zones.add(subject);
    return;
  }
  const member = group.devices.get(subject);
  if (kpi.days?.level !== 'device' || member === undefined) return;
  parts.held(bounds.startMs)?.forget(member);
  entry.devices.add(member);
}

/** @param entry of the KPI's window */
export function noteChange({ ofDevices }: Tracked, { devices, zones }: Todo, member: KpiMember): void {
  if (ofDevices) devices.add(member);
  else zones.add(member.zone);
}

export function todoAt(todo: Todos, tracked: Tracked, bounds: Bounds): Todo {
  const windows = todo.getOrInsertComputed(tracked, () => new Map<number, Todo>());
  return windows.getOrInsertComputed(bounds.startMs, () => ({ bounds, devices: new Set(), zones: new Set() }));
}
