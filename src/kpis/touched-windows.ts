import type { Calendar } from '../base/index.ts';
import type { MemberGroup } from './kpi-members.ts';
import type { Todo, Tracked } from './kpi-tracked.ts';
import { type Bounds, hasBegun, isOfWholeHours, touchedWindows } from './kpi-windows.ts';
import type { HeldParts } from './part-cache.ts';

/** A window that an hour of a series changes. */
export interface Touched {
  readonly tracked: Tracked;
  readonly bounds: Bounds;
  readonly held: HeldParts | undefined;
  /** Takes an hour in when it ends. */
  readonly isOfWholeHours: boolean;
  /** Once it is on the list. */
  todo?: Todo;
}

/** Windows that an hour of a series changes, of the KPIs of one group. */
export interface TouchedOfGroup {
  /** Where the group stands among those of the quantity. */
  readonly place: number;
  readonly windows: readonly Touched[];
}

/** What a tick looks at. */
export interface TickTime {
  readonly calendar: Calendar;
  readonly nowMs: number;
  /** Levels of hours are known from here on, ms UTC. */
  readonly levelsFromMs: number;
}

/** Windows that the hours of one tick change: the same for all series of a quantity, and there are few hours. */
export class TouchedWindows {
  readonly #byQuantity: ReadonlyMap<string, readonly Tracked[]>;
  readonly #time: TickTime;
  readonly #known = new Map<number, Map<string, readonly TouchedOfGroup[]>>();

  /** @param byQuantity KPIs that are made of hours */
  constructor(byQuantity: ReadonlyMap<string, readonly Tracked[]>, time: TickTime) {
    this.#byQuantity = byQuantity;
    this.#time = time;
  }

  /** Windows that have begun; without those that take the hour in when it ends, as long as it runs. */
  of(quantity: string, hourStartMs: number, groups: readonly MemberGroup[]): readonly TouchedOfGroup[] {
    const byQuantity = this.#known.getOrInsertComputed(hourStartMs, () => new Map());
    return byQuantity.getOrInsertComputed(quantity, () => {
      const all = this.#byQuantity.get(quantity) ?? [];
      const ofGroup = (group: MemberGroup): Touched[] =>
        all.filter((one) => one.group === group).flatMap((one) => this.#of(one, hourStartMs));
      return groups
        .map((group, place) => ({ place, windows: ofGroup(group) }))
        .filter(({ windows }) => windows.length > 0);
    });
  }

  #of(tracked: Tracked, hourStartMs: number): Touched[] {
    const { calendar, nowMs, levelsFromMs } = this.#time;
    const { kpi, parts } = tracked;
    const fromMs = kpi.looksAt?.includes('levels') === true ? levelsFromMs : Number.NEGATIVE_INFINITY;
    const ofWholeHours = isOfWholeHours(kpi);
    if (ofWholeHours && calendar.hourEnd(hourStartMs) > nowMs) return [];
    return touchedWindows(kpi, calendar, hourStartMs)
      .filter((bounds) => bounds.startMs >= fromMs && hasBegun(kpi, bounds, nowMs))
      .map((bounds) => ({ tracked, bounds, held: parts.held(bounds.startMs), isOfWholeHours: ofWholeHours }));
  }
}
