import { assert, DAY_MS, HOUR_MS, MINUTE_MS } from '../base/index.ts';
import { QUANTITIES, type QuantityKind, type Series } from '../model/index.ts';
import { type PaneRule, paneRuleOf } from './pane-rule.ts';
import type { WindowSettings } from './window-settings.ts';

/** What names a series, and how often it is expected to report, ms. */
export type SeriesKey = Pick<Series, 'device' | 'quantity' | 'channel' | 'expectEveryMs'>;

/** Series that report at least this often leave records of their panes; the readings of slower ones are kept instead. */
export const SLOW_MS = 10 * MINUTE_MS;

/** A KPI's window reaches this far behind the hour that changes it: a local day of 25 hours. */
export const WINDOW_REACH_MS = 25 * HOUR_MS;

/**
 * Running means of 8 hours look at hours outside of their day: those of its first hours 7 back, those of its last ones 7
 * ahead, and the US AQI does both; one more for the hour that is cut by the instant from which readings are kept.
 */
const MEANS_REACH_MS = 15 * HOUR_MS;

/** The last look at a window of a zone waits for its slowest station; an hourly one is released within so long. */
export const LAST_LOOK_MS = 4 * HOUR_MS;

/** And looks this much further back, for what was expected in it. */
export const EXPECTED_BEFORE_MS = DAY_MS;

/** Series of a device that are searched one by one; of more the keys are kept. */
const LISTED_MAX = 16;

/** Numbers of a device's series, or those by `keyOf`. */
type DeviceSeries = number[] | Map<string, number>;

/** Names, rules and times of all series, by dense number. */
export class SeriesTable {
  readonly list: Series[] = [];
  readonly rules: PaneRule[] = [];
  /** Number among those with records; -1 for a slow series. */
  readonly recordOf: number[] = [];
  /** Likewise among those whose quarter-hours are remembered, which are few where most series are of the air. */
  readonly quarterRecordOf: number[] = [];
  silentAfterMs = new Float64Array(64);
  /** Start of the oldest hour that is not closed; Infinity before the first. */
  openFromMs = new Float64Array(64);
  /** Newest late-filed reading that found no place among those kept; most series have none. */
  readonly lateHeardMs = new Map<number, number>();
  readonly #ofDevice = new Map<string, DeviceSeries>();
  readonly #rules = new Map<string, PaneRule>();
  readonly #settings: WindowSettings;
  #recordCount = 0;
  /** Not told of yet. */
  #new: Series[] = [];
  /** Those whose numbers were given before their first reading; they are told as new with it. */
  readonly #unheard = new Set<number>();
  #quarterRecordCount = 0;

  constructor(settings: WindowSettings) {
    this.#settings = settings;
  }

  find(device: string, quantity: string, channel: string): number | undefined {
    const known = this.#ofDevice.get(device);
    if (known === undefined) return undefined;
    // Most devices have a few series: comparing their words costs less than making and hashing a key of them.
    if (known instanceof Map) return known.get(keyOf({ quantity, channel }));
    for (const id of known) {
      const series = this.list[id]!;
      if (series.quantity === quantity && series.channel === channel) return id;
    }
    return undefined;
  }

  /**
   * Gives the next number to a series that is not there yet.
   *
   * @param hasRecords for life: what is remembered of a series does not change its form with its interval
   */
  add({ device, quantity: id, channel, expectEveryMs }: SeriesKey, hasRecords = expectEveryMs < SLOW_MS): Series {
    const quantity = QUANTITIES.get(id);
    assert(quantity !== undefined, `intake let the unknown quantity ${id} pass`);
    const { unit, kind, domain } = quantity;
    const series: Series = { id: this.list.length, device, quantity: id, channel, unit, kind, domain, expectEveryMs };
    this.list.push(series);
    this.#new.push(series);
    this.#index(series);
    this.rules.push(this.#ruleOf(series));
    this.recordOf.push(hasRecords ? this.#recordCount++ : -1);
    this.quarterRecordOf.push(hasRecords && looksBackOnQuarters(series) ? this.#quarterRecordCount++ : -1);
    if (series.id === this.openFromMs.length) {
      this.silentAfterMs = doubled(this.silentAfterMs);
      this.openFromMs = doubled(this.openFromMs);
    }
    this.silentAfterMs[series.id] = this.silentAfter(series);
    this.openFromMs[series.id] = Number.POSITIVE_INFINITY;
    return series;
  }

  /** A reading of a series that is known came. */
  heard(id: number): void {
    if (this.#unheard.size > 0 && this.#unheard.delete(id)) this.#new.push(this.list[id]!);
  }

  /** Series that are new since they were taken last. */
  takeNew(): Series[] {
    const taken = this.#new;
    this.#new = [];
    return taken;
  }

  /** Series from a number on are new; those before it that were never heard are, once they are. */
  tellBehind(count: number, wasHeard: (id: number) => boolean): void {
    this.#new = this.list.slice(count);
    for (let id = 0; id < count; id++) if (!wasHeard(id)) this.#unheard.add(id);
  }

  /** The first number that is another series elsewhere, or none. @param others by number */
  firstOther(others: readonly Series[]): number | undefined {
    const isOther = ({ id, device, quantity, channel }: Series, at: number): boolean => {
      const known = this.list[at];
      if (id !== at) return true;
      return known !== undefined && (known.device !== device || keyOf(known) !== keyOf({ quantity, channel }));
    };
    const at = others.findIndex(isOther);
    return at < 0 ? undefined : at;
  }

  /** How long after its newest reading a series counts as silent, ms. */
  silentAfter({ expectEveryMs }: Pick<Series, 'expectEveryMs'>): number {
    return silentAfterMs({ expectEveryMs }, this.#settings);
  }

  /** How long readings are kept, ms. */
  keepMs({ id }: Series): number {
    return keepMsOf(this.list[id]!, this.recordOf[id]! >= 0, this.#settings);
  }

  /** True for series whose extremes of hours are looked back on. */
  remembersExtremes(id: number): boolean {
    return this.#settings.extremesOf?.has(this.list[id]!.quantity) === true;
  }

  #index(series: Series): void {
    const { id, device } = series;
    const known = this.#ofDevice.get(device);
    if (known instanceof Map) known.set(keyOf(series), id);
    else if (known === undefined) this.#ofDevice.set(device, [id]);
    else if (known.length < LISTED_MAX) known.push(id);
    else this.#ofDevice.set(device, new Map([...known, id].map((one) => [keyOf(this.list[one]!), one])));
  }

  /** Many series share a rule. */
  #ruleOf(series: Series): PaneRule {
    const rule = paneRuleOf(series, this.#settings);
    const key = `${rule.kind} ${rule.expectEveryMs} ${rule.register.rateMaxPerHour}`;
    const known = this.#rules.get(key);
    if (known === undefined) this.#rules.set(key, rule);
    return known ?? rule;
  }
}

/** What says how long readings are kept. */
export type Timing = Pick<WindowSettings, 'horizonMs' | 'latenessMs' | 'silentAfterIntervals' | 'silentAfterMsMin'>;

export function timingOf({ horizonMs, latenessMs, silentAfterIntervals, silentAfterMsMin }: Timing): Timing {
  return { horizonMs, latenessMs, silentAfterIntervals, silentAfterMsMin };
}

/**
 * How long readings of a series are kept, ms: as long as they can change or are not closed, and an hour more, because an
 * hour is folded as a whole; those of slow series as far as windows reach.
 */
export function keepMsOf(series: Pick<Series, 'expectEveryMs' | 'kind'>, hasRecords: boolean, timing: Timing): number {
  const silentMs = silentAfterMs(series, timing);
  return hasRecords ? closedAfterMs(silentMs, timing) + HOUR_MS : slowKeptMs(series.kind, silentMs, timing);
}

/** How long readings of every series are kept at least, ms. */
export function keepMsMinOf(timing: Timing): number {
  return closedAfterMs(timing.silentAfterMsMin, timing) + HOUR_MS;
}

/** Peaks of demand are found among quarter-hours, and so is the concentration of SO2 that the UK index is of. */
function looksBackOnQuarters({ domain, quantity }: Series): boolean {
  return domain === 'energy' || quantity === 'so2';
}

function silentAfterMs({ expectEveryMs }: Pick<Series, 'expectEveryMs'>, settings: Timing): number {
  return Math.max(settings.silentAfterMsMin, settings.silentAfterIntervals * expectEveryMs);
}

/** How old a reading is when its hour can neither change in memory nor is open any more, ms. */
function closedAfterMs(silentMs: number, { horizonMs, latenessMs }: Timing): number {
  return Math.max(horizonMs, latenessMs + silentMs + HOUR_MS);
}

function slowKeptMs(kind: QuantityKind, silentMs: number, settings: Timing): number {
  const isMetered = kind === 'counter' || kind === 'delta';
  return closedAfterMs(silentMs, settings) + WINDOW_REACH_MS + (isMetered ? 0 : MEANS_REACH_MS);
}

/** How long readings of a series are in memory at most, ms: what is older is known from the store alone. */
export function keptMsMaxOf(series: Pick<Series, 'expectEveryMs' | 'kind'>, settings: Timing): number {
  return slowKeptMs(series.kind, silentAfterMs(series, settings), settings);
}

/** Names a series among those of its device. */
function keyOf({ quantity, channel }: Pick<Series, 'quantity' | 'channel'>): string {
  return `${quantity}\n${channel}`;
}

function doubled(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
