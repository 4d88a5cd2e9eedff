import type { Calendar } from '../base/index.ts';
import type { DeviceFacts, KpiSeries } from './definition.ts';
import { type KpiMember, MemberGroup } from './kpi-members.ts';
import { ZoneWatermarks } from './zone-watermarks.ts';

/** Where series come from, and where their devices belong. */
export interface MemberSource {
  seriesCount(): number;
  series(id: number): KpiSeries;
  /** Newest event time of a series, ms UTC; -Infinity before its first reading. */
  newestMs(id: number): number;
  watermarkMs(id: number): number;
}

export interface MemberPlaces {
  readonly cityId: string;
  readonly zones: ReadonlyMap<string, unknown>;
  facts(device: string): DeviceFacts;
}

/** Devices whose newest reading lies in one hour, and their zones. */
export interface NewestHour {
  readonly members: KpiMember[];
  readonly zones: Set<string>;
}

/** What a series belongs to. */
interface Membership {
  readonly quantity: string;
  /** Its device in each group of the quantity (`groupsOf`); undefined where it is ignored. */
  readonly members: readonly (KpiMember | undefined)[];
}

/** All series that KPIs know, and the devices that they make in each group. */
export class MemberBook {
  readonly #source: MemberSource;
  readonly #places: MemberPlaces;
  readonly #groups = new Map<string, MemberGroup>();
  readonly #byQuantity = new Map<string, MemberGroup[]>();
  /** By series. */
  readonly #memberships: Membership[] = [];
  /** Newest event time of each series at the end of the last tick, ms UTC. */
  readonly #newestMs: number[] = [];
  /** Series heard since, and their newest event times. */
  readonly #heard: number[] = [];
  readonly #heardMs: number[] = [];
  readonly #watermarks: ZoneWatermarks;
  #highestMs = Number.NEGATIVE_INFINITY;

  constructor(source: MemberSource, places: MemberPlaces) {
    this.#source = source;
    this.#places = places;
    this.#watermarks = new ZoneWatermarks((series) => source.watermarkMs(series));
  }

  /** The group of the devices with series of some quantities; before the first series is learnt. */
  group(quantities: readonly string[]): MemberGroup {
    const id = quantities.join(',');
    return this.#groups.getOrInsertComputed(id, () => {
      const group = new MemberGroup(quantities);
      for (const quantity of quantities) this.#byQuantity.getOrInsertComputed(quantity, () => []).push(group);
      return group;
    });
  }

  get groups(): Iterable<MemberGroup> {
    return this.#groups.values();
  }

  named(id: string): MemberGroup | undefined {
    return this.#groups.get(id);
  }

  groupsOf(quantity: string): readonly MemberGroup[] {
    return this.#byQuantity.get(quantity) ?? [];
  }

  get seriesCount(): number {
    return this.#memberships.length;
  }

  /** New series join the groups of their quantity. */
  learn(upTo = this.#source.seriesCount()): void {
    for (let id = this.seriesCount; id < upTo; id++) {
      const series = this.#source.series(id);
      this.#memberships.push({ quantity: series.series.quantity, members: this.#join(series) });
      this.#newestMs.push(Number.NEGATIVE_INFINITY);
    }
  }

  membershipOf(series: number): Membership {
    return this.#memberships[series]!;
  }

  /** Series were heard; what `newestHours` says stays until `rememberHeard`. */
  hear(series: number): void {
    const newestMs = this.#source.newestMs(series);
    if (newestMs > this.#highestMs) this.#highestMs = newestMs;
    this.#heard.push(series);
    this.#heardMs.push(newestMs);
  }

  /** Newest event time of a series at the end of the last tick, ms UTC; -Infinity before its first reading. */
  heardBeforeMs(series: number): number {
    return this.#newestMs[series]!;
  }

  /** A tick ends, or a snapshot is restored. */
  rememberHeard(): void {
    for (let at = 0; at < this.#heard.length; at++) {
      this.#newestMs[this.#heard[at]!] = this.#heardMs[at]!;
    }
    this.#heard.length = 0;
    this.#heardMs.length = 0;
  }

  /** No series has been heard at a later event time, ms UTC. */
  get highestMs(): number {
    return this.#highestMs;
  }

  /** Time has passed, or readings have come. */
  forgetWatermarks(): void {
    this.#watermarks.forget();
    for (const { watermarks } of this.#groups.values()) watermarks.clear();
  }

  /** How far the devices of a group in a zone itself are believed complete, ms UTC; Infinity without any. */
  ownWatermarkMs({ quantities }: MemberGroup, zone: string): number {
    return this.#watermarks.of(quantities, zone);
  }

  raiseDeviceMarks(group: MemberGroup): void {
    group.raiseDeviceMarks((series) => this.#source.watermarkMs(series));
  }

  /** Devices of a group by the hour of their newest reading at the end of the last tick. */
  newestHours({ members }: MemberGroup, calendar: Calendar): ReadonlyMap<number, NewestHour> {
    const byHour = new Map<number, NewestHour>();
    for (const member of members) {
      let newestMs = Number.NEGATIVE_INFINITY;
      for (const { series } of member.series) newestMs = Math.max(newestMs, this.#newestMs[series.id]!);
      if (newestMs === Number.NEGATIVE_INFINITY) continue;
      const hourMs = calendar.hourStart(newestMs);
      const hour = byHour.getOrInsertComputed(hourMs, () => ({ members: [], zones: new Set() }));
      hour.members.push(member);
      hour.zones.add(member.zone);
    }
    return byHour;
  }

  #join(series: KpiSeries): readonly (KpiMember | undefined)[] {
    const { id, device, quantity } = series.series;
    const groups = this.groupsOf(quantity);
    const facts = this.#places.facts(device);
    // Decoded and stored, but part of no KPI: it must not hold back what is final either.
    if (facts.role === 'ignore') {
      for (const { ignored } of groups) ignored.add(device);
      return groups.map(() => undefined);
    }
    const zone = this.#places.zones.has(facts.zone) ? facts.zone : this.#places.cityId;
    this.#watermarks.join(id, quantity, zone);
    return groups.map((group) => group.join({ device, facts, zone }, series));
  }
}
