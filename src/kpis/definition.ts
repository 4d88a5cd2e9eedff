import type { Calendar } from '../base/index.ts';
import type { FactsInForce, Interruption, Pane, Series } from '../model/index.ts';
import type { SustainedRule } from './arithmetic/index.ts';
import type { DayRecord } from './day-ledger.ts';
import type { KpiInfo } from './kpi.ts';
import type { DayLevel, ElapsedDays } from './long-windows.ts';
import type { SharedWork } from './shared-work.ts';

/** Role of a device in the city, as its configuration says. */
export type DeviceRole = 'ambient' | 'bulk' | 'customer' | 'generation' | 'grid' | 'ignore';

/** What a metered supply is used for; empty when the configuration does not say. */
export type DeviceUse = 'residential' | 'public' | 'commercial' | 'industrial' | 'street' | '';

/** What the city's configuration says of a device. */
export interface DeviceFacts {
  /** Innermost zone id; empty for a device of the city as a whole. */
  readonly zone: string;
  readonly role: DeviceRole;
  readonly peopleServed: number;
  readonly properties: number;
  readonly use: DeviceUse;
  /** Floor area of the building behind the device, m2; 0 when it is not known. */
  readonly floorAreaM2: number;
  /** Customers behind the device: 1 for a customer's meter unless the configuration says otherwise. */
  readonly customers: number;
}

/** An hour of a series with its value by the kind of the quantity, and whether 75 % of it was measured. */
export interface KpiHour {
  readonly startMs: number;
  readonly endMs: number;
  /** Mean, energetic mean, increase...; null when nothing counts. */
  readonly value: number | null;
  readonly valid: boolean;
  /** What readings made it, and how much of it they cover. */
  readonly made: HourMade;
  /** Folded where it is asked for: what stands beside it is at hand. */
  readonly pane: Pane;
}

/** What an hour is made of. */
export interface HourMade {
  /** Readings that count lie in it. */
  readonly isRead: boolean;
  /** Readings lie in it, bad ones included. */
  readonly isHeard: boolean;
  /** Every expected reading came. */
  readonly isFull: boolean;
  /** Of a register: its increase reaches across all of it. */
  readonly isCrossed: boolean;
  /** Expected readings that came; one more than expected at most (`Pane.coveredSlots`). */
  readonly coveredSlots: number;
  /** Readings that were to come: one a whole interval. */
  readonly expectedSlots: number;
}

/** Levels of one hour, dB: those exceeded 10, 50 and 90 % of the time, and the highest. */
export interface HourLevels {
  readonly l10: number;
  readonly l50: number;
  readonly l90: number;
  readonly max: number;
}

/** A series as a KPI may look at it. Hours are those of the city's calendar. */
export interface KpiSeries {
  readonly series: Series;
  /** How long after its newest reading the series counts as silent, ms. */
  readonly silentAfterMs: number;
  /** How much longer than those of others its hours are whole in memory, ms; 0 when absent. */
  keptLongerMs?(): number;
  /** Newest reading in [fromMs, toMs), bad ones included; -Infinity when there is none. */
  heardMs(fromMs: number, toMs: number): number;
  /** Hours with anything in them whose start lies in [fromMs, toMs), oldest first. */
  hours(fromMs: number, toMs: number): readonly KpiHour[];
  /** Whether there is any hour with anything in it whose start lies in [fromMs, toMs). */
  hasHours(fromMs: number, toMs: number): boolean;
  /** Quarter-hours of the horizon, likewise. */
  quarters(fromMs: number, toMs: number): readonly KpiHour[];
  /** The value of several hours taken together, all their readings alike; null when nothing counts. */
  pooled(hours: readonly KpiHour[]): number | null;
  /** Levels that the hour starting at `startMs` exceeds 10, 50 and 90 % of the time, and its highest one, dB. */
  levels(startMs: number): HourLevels | undefined;
  /**
   * Of a series that tells of outages: the interruptions that began in [fromMs, toMs), oldest first; undefined where it
   * had told nothing yet.
   */
  interruptions(fromMs: number, toMs: number): readonly Interruption[] | undefined;
}

/** A device with its series of the KPI's quantities, by quantity and channel. */
export interface KpiDevice {
  readonly device: string;
  readonly facts: DeviceFacts;
  readonly series: readonly KpiSeries[];
}

/** Settings of the city that rules depend on. */
export interface KpiSettings {
  readonly noise: {
    readonly dayStartHour: number;
    readonly eveningStartHour: number;
    readonly nightStartHour: number;
    /** Lden and Lnight above which people count as exposed to excessive noise, dB(A). */
    readonly ldenThresholdDb: number;
    readonly lnightThresholdDb: number;
  };
  readonly water: {
    readonly nightFromHour: number;
    readonly nightToHour: number;
    /** A customer whose flow never falls to it within a day has a leak, L/h. */
    readonly leakAboveLitresPerHour: number;
    /** Inclusive limits of water quality by quantity id; null where there is none. */
    readonly limits: Readonly<Record<string, readonly [min: number | null, max: number | null]>>;
  };
  readonly outages: { readonly sustained: SustainedRule };
}

/** The window that a value is for. */
export interface KpiWindow {
  /** Inclusive start and exclusive end, ms UTC. */
  readonly startMs: number;
  readonly endMs: number;
  readonly calendar: Calendar;
  /**
   * Event-time now, cut to the minute, ms UTC; before `endMs` while the window is open. Only KPIs that
   * are looked at again as time goes may look: `live` ones, and those of outages that run.
   */
  readonly nowMs: number;
  readonly settings: KpiSettings;
  /** Work that KPIs share in one tick, such as the day of a meter that many are made of; see `remembered`. */
  readonly memo?: SharedWork;
  /** Facts of the city as a whole that are in force when the window starts. */
  readonly cityFacts: FactsInForce;
}

/** Minutes without supply, times customers, of interruptions that began on a local day. */
export interface DailyMinutes {
  /** Start of the day, ms UTC. */
  readonly dayMs: number;
  readonly minutes: number;
  /** Before the window that a KPI is for. */
  readonly isBefore: boolean;
}

/** Amounts by name, each in the unit that the name's definition says. */
export type Amounts = Readonly<Record<string, number>>;

/** What a device, or a zone, says to a KPI in one window. */
export interface Part {
  /** Null when nothing can be said. */
  readonly value: number | null;
  /** Valid parts (the definition says which) and expected ones. */
  readonly validCount: number;
  readonly expectedCount: number;
  readonly valid: boolean;
  /** Valid parts that it needs, where a count decides whether it is valid. */
  readonly neededCount?: number;
  /** Short word on what decided the value, or empty. */
  readonly note: string;
  /** Amounts behind the value by name, such as `import` in kWh; rules of space add them up, each on its own. */
  readonly amounts?: Amounts;
  /** For ratios: value = numerator / denominator. */
  readonly numerator?: number;
  readonly denominator?: number;
  /** For coincident peaks and minima: value of each interval by its start, ms UTC; null where it is missing. */
  readonly curve?: ReadonlyMap<number, number | null>;
  /** Made of bulk meters, which see all that their district takes, or of a feed of all its outages. */
  readonly bulk?: boolean;
  /** Customer minutes without supply by local day, where major event days are told from them. */
  readonly dailyMinutes?: readonly DailyMinutes[];
  /** Of a `live` KPI: stays what it is until now has come so far, ms UTC, or a reading comes. */
  readonly untilMs?: number;
  /** Of a `live` KPI: newer readings of a series that was heard since then, ms UTC, only make it hold longer. */
  readonly prolongedSinceMs?: number;
  /** Something that the value is made of is not over, however late it is: the value is not final. */
  readonly provisional?: boolean;
}

/** A part with the people that it speaks for. */
export interface WeightedPart {
  readonly part: Part;
  readonly population: number;
  /** Of the zone's own devices, beside its children; `population` is then that outside of the children. */
  readonly own?: boolean;
}

/** What a rule of space made of parts. */
export interface CombinedPart extends Part {
  /** The parts, of those given, that the value speaks of: their people and devices are the covered ones. */
  readonly used: readonly Part[];
}

/** What a zone, or the city, knows of itself in a window: what is in force when the window starts. */
export interface ZoneFacts {
  readonly id: string;
  readonly population: number;
  /** A fact of the zone with its source and quality; undefined when it is not known. */
  readonly fact: FactsInForce;
  /** Customers behind the electricity meters that were heard in the zone. */
  readonly customersCounted?: number;
}

/** How devices make a zone, and zones their parent (KPI.md 6.5). */
export interface SpatialRule {
  /** In words, for the API and the page. */
  readonly text: string;
  zone(parts: readonly { readonly part: Part; readonly facts: DeviceFacts }[], zone: ZoneFacts): CombinedPart;
  parent(parts: readonly WeightedPart[]): CombinedPart;
  /** The shares that used parts have in a value that is averaged, adding up to 1; none where amounts add up. */
  readonly shares?: {
    zone(used: readonly Part[]): readonly number[];
    parent(used: readonly WeightedPart[]): readonly number[];
  };
  /**
   * What is published of a zone whose own part and children make `part`, such as a sum over a fact of the zone. Zones
   * above are made of `part` itself, so that each divides by its own facts.
   */
  whole?(part: Part, zone: ZoneFacts): Part;
}

/**
 * What of `KpiSeries` a KPI asks for: its hours, its quarter-hours, when it was heard, or the levels of its hours. Levels
 * are known as far as the engine remembers hours, about a day: what comes later does not change KPIs of them.
 */
export type KpiLook = 'hours' | 'quarters' | 'heard' | 'levels';

/** A window of many days and how much of it has passed. */
export interface FoldSpan extends ElapsedDays {
  readonly window: KpiWindow;
  /** Where the fold asks for `yearsBefore`: days of these years that said something, oldest first. */
  readonly before?: readonly DayRecord[];
}

/** How a window of many days is made of what a KPI of a day said. */
export interface DayFold {
  readonly of: KpiDefinition;
  /** Whose days: those of each device, or those of all of a zone's own devices together. */
  readonly level: DayLevel;
  /** How many years before the window it looks at, too; they are kept for it. */
  readonly yearsBefore?: number;
  /** @param days of the window that have ended and said something, oldest first, at least one */
  fold(days: readonly DayRecord[], span: FoldSpan): Part;
}

/** A KPI: one pure function from a device's windows to its part, and a rule of space. */
export interface KpiDefinition extends Omit<KpiInfo, 'spatial'> {
  /** Quantities that it reads; any reading of them makes it look again. */
  readonly quantities: readonly string[];
  readonly spatial: SpatialRule;
  /**
   * Hours after a changed hour whose windows still depend on it: 0 for windows of the hour itself, 23 for a rolling
   * day. For days: hours that the following day's window looks back into the day before.
   */
  readonly reachHours: number;
  /** For days: hours behind the end of the day that it looks at too. The day is final when they are. */
  readonly aheadHours?: number;
  /** What it looks at of the series of its quantities; hours when absent. */
  readonly looksAt?: readonly KpiLook[];
  /**
   * Made of whole hours: a running hour enters when it ends, one that has ended at once. By default so for windows longer
   * than an hour that look at hours.
   */
  readonly wholeHours?: boolean;
  /** Depends on now: looked at again every minute while the window is open, and once when it ends. */
  readonly live?: boolean;
  /** For windows of many days; `quantities` and `scopes` are then those of the KPI of the day, and `device` is not asked. */
  readonly days?: DayFold;
  /** The device's part, or null when it has no part in the KPI (wrong role, no such series). */
  device(device: KpiDevice, window: KpiWindow): Part | null;
}
