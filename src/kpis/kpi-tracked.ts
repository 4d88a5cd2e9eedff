import type { KpiDevice, KpiSeries } from './definition.ts';
import type { KpiMembers } from './kpi-evaluation.ts';
import type { Bounds } from './kpi-windows.ts';

/*
 * What the KPI engine keeps of its KPIs from tick to tick, and the list of what a tick looks at again.
 */

export interface Todo {
  readonly bounds: Bounds;
  readonly devices: Set<string>;
  /** Zones of which more than the devices changed. */
  readonly zones: Set<string>;
}

export interface Member extends KpiDevice {
  /** The zone that it is counted in; the city for a device outside of all zones. */
  readonly zone: string;
  readonly series: KpiSeries[];
  /** Newest event time of its series at the end of the last tick, ms UTC. */
  newestMs: number;
  /** As `Group.zoneMarks` says of zones; here, because a city has a hundred thousand of them a minute. */
  markMs: number;
}

/** A window that is not final. */
export interface OpenWindow {
  readonly endMs: number;
  readonly scopes: Set<string>;
  /** Scopes in which something is not over that began in the window: only its end makes them final. */
  readonly provisional: Set<string>;
}

/** Devices with series of the same quantities; KPIs that read these share it. */
export interface Group {
  /** Names it, in marks: its quantities. */
  readonly id: string;
  readonly devices: Map<string, Member>;
  readonly byZone: Map<string, KpiDevice[]>;
  /** Devices that the configuration ignores. */
  readonly ignored: Set<string>;
  /** Some of its KPIs publish values of single devices. */
  hasDeviceScope: boolean;
  /** Watermarks of zones when they were last looked at: windows that end before them are final. */
  readonly zoneMarks: Map<string, number>;
  /** Watermarks of scopes in the tick that runs. */
  readonly watermarks: Map<string, number>;
}

/** One KPI with the devices that have a part in it, and its windows that are not final. */
export interface Tracked extends KpiMembers {
  readonly group: Group;
  readonly open: Map<number, OpenWindow>;
}

export function emptyGroup(): Omit<Group, 'id'> {
  return {
    ...{ devices: new Map(), byZone: new Map(), ignored: new Set(), hasDeviceScope: false },
    ...{ zoneMarks: new Map(), watermarks: new Map() },
  };
}

/** Event time up to which the windows of a scope are final, ms UTC; -Infinity when none is. */
export function markOf({ devices, zoneMarks }: Group, scope: string): number {
  const markMs = scope.startsWith('device:')
    ? devices.get(scope.slice('device:'.length))?.markMs
    : zoneMarks.get(scope);
  return markMs ?? Number.NEGATIVE_INFINITY;
}

/**
 * What was said to be final stays final: a device that joins with a backlog makes revisions, not a step back. Nothing of a
 * zone without any device has been final, though it is never waited for.
 */
export function raiseMark({ devices, zoneMarks }: Group, scope: string, watermarkMs: number): void {
  if (!scope.startsWith('device:')) {
    if (watermarkMs === Number.POSITIVE_INFINITY) return;
    if (watermarkMs > (zoneMarks.get(scope) ?? Number.NEGATIVE_INFINITY)) zoneMarks.set(scope, watermarkMs);
    return;
  }
  const member = devices.get(scope.slice('device:'.length));
  if (member !== undefined && watermarkMs > member.markMs) member.markMs = watermarkMs;
}

/** Marks of a group by scope, for snapshots. */
export function* marksOf({ devices, zoneMarks }: Group): Generator<readonly [scope: string, markMs: number]> {
  yield* zoneMarks;
  for (const { device, markMs } of devices.values()) if (Number.isFinite(markMs)) yield [`device:${device}`, markMs];
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

/** Members and their series stand by name and not in the order of arrival, so that ties fall alike in every run. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Puts the series of a device where they stand. */
export function sortSeries(series: KpiSeries[]): void {
  series.sort((a, b) => compare(seriesName(a), seriesName(b)));
}

function seriesName({ series: { quantity, channel } }: KpiSeries): string {
  return `${quantity} ${channel}`;
}

/** Puts a member where it stands by name; most come in order. */
export function insertByName<Named extends Pick<KpiDevice, 'device'>>(members: Named[], member: Named): void {
  let at = members.length;
  while (at > 0 && compare(members[at - 1]!.device, member.device) > 0) at--;
  members.splice(at, 0, member);
}

export function listAt<T>(lists: Map<string, T[]>, key: string): T[] {
  let list = lists.get(key);
  if (list === undefined) {
    list = [];
    lists.set(key, list);
  }
  return list;
}

/** A window of many days is looked at again because of a subject of the ledger of days. */
export function addSubject(
  todo: Map<Tracked, Map<number, Todo>>,
  tracked: Tracked,
  bounds: Bounds,
  subject: string,
): void {
  const entry = todoAt(todo, tracked, bounds);
  if (!subject.startsWith('device:')) {
    if (tracked.kpi.days?.level !== 'zone') return;
    tracked.parts.forget(bounds.startMs, '', subject);
    entry.zones.add(subject);
    return;
  }
  if (tracked.kpi.days?.level !== 'device') return;
  const device = subject.slice('device:'.length);
  const zone = tracked.group.devices.get(device)?.zone;
  if (zone === undefined) return;
  tracked.parts.forget(bounds.startMs, device, zone);
  entry.devices.add(device);
}

export function addTodo(todo: Map<Tracked, Map<number, Todo>>, tracked: Tracked, bounds: Bounds, member: Member): void {
  const { devices, zones } = todoAt(todo, tracked, bounds);
  if (tracked.kpi.scopes.includes('device')) devices.add(member.device);
  else zones.add(member.zone);
}

export function todoAt(todo: Map<Tracked, Map<number, Todo>>, tracked: Tracked, bounds: Bounds): Todo {
  let windows = todo.get(tracked);
  if (windows === undefined) {
    windows = new Map();
    todo.set(tracked, windows);
  }
  let entry = windows.get(bounds.startMs);
  if (entry === undefined) {
    entry = { bounds, devices: new Set(), zones: new Set() };
    windows.set(bounds.startMs, entry);
  }
  return entry;
}
