import type { Part } from './definition.ts';
import type { KpiMember } from './kpi-members.ts';

/** Windows whose parts are held: those that a stream in order keeps changing. */
const WINDOWS_MAX = 48;

/** What a scope says, with the people and devices behind it. */
export interface ScopePart {
  readonly part: Part;
  readonly deviceCount: number;
  readonly coveredPopulation: number;
}

/** Whether parts say the same to the rules of space; those with more than numbers and words are taken to differ. */
export function isSamePart(a: Part | null, b: Part | null): boolean {
  if (a === null || b === null) return a === b;
  const said = a as unknown as Record<string, unknown>;
  const says = b as unknown as Record<string, unknown>;
  const names = Object.keys(says);
  if (names.length !== Object.keys(said).length) return false;
  // When a part ends says nothing of what it is; the rest may be more than rules of space know of (own KPIs).
  return names.every((name) => name === 'untilMs' || Object.is(said[name], says[name]));
}

/** What is held of a window. */
export class HeldParts {
  /** Of zones' own devices together, by zone. */
  readonly zones = new Map<string, ScopePart | null>();
  /** By place of the device; null for one without a part, undefined where it was not asked. */
  readonly #devices: (Part | null | undefined)[] = [];
  /** What devices that changed since said when their zone was made, by zone. */
  readonly #changed = new Map<string, Map<KpiMember, Part | null>>();
  /** When the first part that depends on now ends, ms UTC; or before that. */
  #endsMs = Number.POSITIVE_INFINITY;

  device({ index }: Pick<KpiMember, 'index'>): Part | null | undefined {
    return this.#devices[index];
  }

  hold({ index }: Pick<KpiMember, 'index'>, part: Part | null): void {
    // Without holes: an array with holes is a slow dictionary.
    while (this.#devices.length <= index) this.#devices.push(undefined);
    this.#devices[index] = part;
    if (part !== null) this.#endsMs = Math.min(this.#endsMs, part.untilMs ?? Number.NEGATIVE_INFINITY);
  }

  /** What a device says may have changed: it is asked again, and its zone is made anew where it says something else. */
  forget(member: KpiMember): void {
    const { index, zone } = member;
    const said = this.#devices[index];
    if (said !== undefined) this.#devices[index] = undefined;
    if (!this.zones.has(zone)) return;
    let changed = this.#changed.get(zone);
    if (changed?.has(member) === true) return;
    // What holds more than numbers and words is never taken to be the same (`isSamePart`).
    if (said === undefined || said?.amounts !== undefined || said?.curve !== undefined) {
      this.forgetZone(zone);
      return;
    }
    if (changed === undefined) {
      changed = new Map();
      this.#changed.set(zone, changed);
    }
    changed.set(member, said);
  }

  /**
   * Whether what a device says stays what it is, however late it is asked again: its part is of those that newer readings
   * only make hold longer.
   *
   * @param beforeMs newest reading of the series at the end of the last tick, ms UTC
   * @param newestMs that of now
   * @param endMs end of the window
   */
  isProlonged({ index }: KpiMember, beforeMs: number, newestMs: number, endMs: number): boolean {
    const { prolongedSinceMs = Number.POSITIVE_INFINITY } = this.#devices[index] ?? {};
    return prolongedSinceMs <= beforeMs && beforeMs <= newestMs && newestMs < endMs;
  }

  /** An hour has ended, and what most devices say is another thing: it is not worth remembering what they said. */
  drop({ index, zone }: KpiMember): void {
    if (index < this.#devices.length) this.#devices[index] = undefined;
    this.forgetZone(zone);
  }

  /** What the zone's own devices make together is made anew. */
  forgetZone(zone: string): void {
    if (this.zones.delete(zone)) this.#changed.delete(zone);
  }

  /** Devices of the zone that are to be asked again, with what they said; once. */
  takeChanged(zone: string): ReadonlyMap<KpiMember, Part | null> | undefined {
    const changed = this.#changed.get(zone);
    if (changed !== undefined) this.#changed.delete(zone);
    return changed;
  }

  /** Of a KPI that depends on now: parts that end, once it has come so far; at once those that do not say when. */
  expire(nowMs: number, members: readonly KpiMember[]): void {
    if (this.#endsMs > nowMs) return;
    let endsMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#devices.length; index++) {
      const part = this.#devices[index];
      if (part === undefined || part === null) continue;
      const { untilMs = Number.NEGATIVE_INFINITY } = part;
      if (untilMs <= nowMs) this.forget(members[index]!);
      else if (untilMs < endsMs) endsMs = untilMs;
    }
    this.#endsMs = endsMs;
  }
}

/**
 * Parts of devices and of zones by window, held between ticks: most ticks change few devices of few zones, and the
 * others' parts stay what they were. A part is forgotten when an hour that its window depends on changes.
 */
export class PartCache {
  readonly #windows = new Map<number, HeldParts>();
  /** Windows that do not give way while a tick runs. */
  readonly #pinned = new Set<number>();

  /** What is held of a window; what the caller adds is held too. The window asked for longest ago gives way. */
  of(startMs: number): HeldParts {
    const parts = this.#windows.get(startMs) ?? new HeldParts();
    this.#windows.delete(startMs);
    this.#windows.set(startMs, parts);
    this.#giveWay(startMs);
    return parts;
  }

  /** What is held of a window, if anything is; not as if it was asked for. */
  held(startMs: number): HeldParts | undefined {
    return this.#windows.get(startMs);
  }

  /** What is held of a window now is held until `unpin`, however many others are asked for. */
  pin(startMs: number): void {
    if (this.#windows.has(startMs)) this.#pinned.add(startMs);
  }

  unpin(): void {
    this.#pinned.clear();
  }

  /** Of a KPI that depends on now: parts that have come to where they end (`Part.untilMs`). */
  expire(nowMs: number, members: readonly KpiMember[]): void {
    for (const held of this.#windows.values()) held.expire(nowMs, members);
  }

  #giveWay(askedMs: number): void {
    if (this.#windows.size <= WINDOWS_MAX + this.#pinned.size) return;
    for (const startMs of this.#windows.keys()) {
      if (startMs === askedMs || this.#pinned.has(startMs)) continue;
      this.#windows.delete(startMs);
      return;
    }
  }
}
