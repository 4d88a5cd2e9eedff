import type { KpiDefinition, KpiDevice, KpiSeries } from './definition.ts';
import type { PartCache } from './part-cache.ts';

/*
 * Devices as KPIs have them: those with series of the same quantities stand in one group, which KPIs that read these
 * share.
 */

/** A device among those of a group. */
export interface KpiMember extends KpiDevice {
  /** Its place in the group, from 0. */
  readonly index: number;
  /** The scope of its own values. */
  readonly scope: string;
  /** The zone that it is counted in; the city for a device outside of all zones. */
  readonly zone: string;
}

/** A KPI and the devices that have a part in it. */
export interface KpiMembers {
  readonly kpi: KpiDefinition;
  /** By the scope of their own values. */
  readonly devices: ReadonlyMap<string, KpiMember>;
  /** By name in each zone; the city's id for devices outside all zones. */
  readonly byZone: ReadonlyMap<string, readonly KpiMember[]>;
  readonly parts: PartCache;
}

/** What a device is, before it has a place. */
type Placed = Pick<KpiMember, 'device' | 'facts' | 'zone'>;

/** Devices with series of the same quantities. */
export class MemberGroup {
  /** Names it, in marks: its quantities. */
  readonly id: string;
  readonly quantities: readonly string[];
  readonly devices = new Map<string, KpiMember>();
  readonly byZone = new Map<string, KpiMember[]>();
  /** By place. */
  readonly members: KpiMember[] = [];
  /** Names of devices that the configuration ignores. */
  readonly ignored = new Set<string>();
  /** Watermarks of scopes in the tick that runs; of zones with those of the zones in them. */
  readonly watermarks = new Map<string, number>();
  /** Watermarks of zones when they were last looked at: windows that end before them are final. */
  readonly #zoneMarks = new Map<string, number>();
  /** The same of devices, by place. */
  readonly #deviceMarks: number[] = [];
  /** All series of the group, and the places of their devices. */
  readonly #series: number[] = [];
  readonly #places: number[] = [];

  constructor(quantities: readonly string[]) {
    this.id = quantities.join(',');
    this.quantities = quantities;
  }

  /** Takes a series of a device, and the device where it is new. */
  join({ device, facts, zone }: Placed, series: KpiSeries): KpiMember {
    const scope = deviceScope(device);
    let member = this.devices.get(scope);
    if (member === undefined) {
      member = { device, scope, zone, facts, index: this.members.length, series: [] };
      this.devices.set(scope, member);
      this.members.push(member);
      this.#deviceMarks.push(Number.NEGATIVE_INFINITY);
      insertByName(
        this.byZone.getOrInsertComputed(zone, () => []),
        member,
      );
    }
    const all = member.series as KpiSeries[];
    all.push(series);
    sortSeries(all);
    this.#series.push(series.series.id);
    this.#places.push(member.index);
    return member;
  }

  /** Event time up to which the windows of a scope are final, ms UTC; -Infinity when none is. */
  markOf(scope: string): number {
    const mark = isDevice(scope) ? this.#deviceMarks[this.devices.get(scope)?.index ?? -1] : this.#zoneMarks.get(scope);
    return mark ?? Number.NEGATIVE_INFINITY;
  }

  /**
   * What was said to be final stays final: a device that joins with a backlog makes revisions, not a step back. Nothing
   * of a zone without any device has been final, though it is never waited for.
   */
  raiseMark(scope: string, watermarkMs: number): void {
    if (isDevice(scope)) {
      const index = this.devices.get(scope)?.index;
      if (index !== undefined) this.#deviceMarks[index] = Math.max(this.#deviceMarks[index]!, watermarkMs);
      return;
    }
    if (watermarkMs === Number.POSITIVE_INFINITY) return;
    if (watermarkMs > (this.#zoneMarks.get(scope) ?? Number.NEGATIVE_INFINITY)) this.#zoneMarks.set(scope, watermarkMs);
  }

  /** Raises the marks of all devices to their watermarks: the smallest of their series. */
  raiseDeviceMarks(watermarkMs: (series: number) => number): void {
    const least = new Float64Array(this.members.length).fill(Number.POSITIVE_INFINITY);
    for (let at = 0; at < this.#series.length; at++) {
      const index = this.#places[at]!;
      least[index] = Math.min(least[index]!, watermarkMs(this.#series[at]!));
    }
    for (let index = 0; index < least.length; index++) {
      if (least[index]! > this.#deviceMarks[index]!) this.#deviceMarks[index] = least[index]!;
    }
  }

  /** Marks by scope, for snapshots. */
  *marks(): Generator<readonly [scope: string, markMs: number]> {
    yield* this.#zoneMarks;
    for (const { scope, index } of this.members) {
      const markMs = this.#deviceMarks[index]!;
      if (Number.isFinite(markMs)) yield [scope, markMs];
    }
  }
}

/** The scope of a device's own values. */
export function deviceScope(device: string): string {
  return `device:${device}`;
}

export function isDevice(scope: string): boolean {
  return scope.startsWith('device:');
}

/** Members and their series stand by name and not in the order of arrival, so that ties fall alike in every run. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Puts the series of a device where they stand. */
function sortSeries(series: KpiSeries[]): void {
  if (series.length > 1) series.sort((a, b) => compare(seriesName(a), seriesName(b)));
}

function seriesName({ series: { quantity, channel } }: KpiSeries): string {
  return `${quantity} ${channel}`;
}

/** Puts a member where it stands by name; most come in order. */
function insertByName(members: KpiMember[], member: KpiMember): void {
  let at = members.length;
  while (at > 0 && compare(members[at - 1]!.device, member.device) > 0) at--;
  members.splice(at, 0, member);
}
