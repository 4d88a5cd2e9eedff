import { LocalTimes } from './local-time.ts';
import { fitsPattern, type Mapping, type ReadingRule } from './mapping.ts';
import type { RecordedRow } from './recording-file.ts';
import { compileTimeFormat, type ReadStamp } from './time-format.ts';

export type RecordedQuality = 'good' | 'suspect' | 'bad';

/** A reading as it is published: recorded value and unit, resolved time. */
export interface RecordedReading {
  readonly device: string;
  readonly quantity: string;
  readonly channel: string;
  readonly unit: string;
  /** As recorded. */
  readonly value: string;
  readonly quality: RecordedQuality;
  /** Start of the interval or the instant, ms UTC; null where the stamp names no instant. */
  readonly timeMs: number | null;
  readonly everyMs: number;
  readonly periodMs: number;
}

/** Rows of no use to the product, and stamps without an instant (those are published with time null). */
export type RowTrouble =
  | 'quantity_not_mapped'
  | 'zone_not_mapped'
  | 'time_unreadable'
  | 'time_nonexistent'
  | 'time_ambiguous';

/** A reading, or why the row gives none; a reading without an instant says why. */
export type MappedRow =
  | { readonly reading: RecordedReading; readonly trouble?: RowTrouble }
  | { readonly reading?: undefined; readonly trouble: RowTrouble };

const RULES_CACHED_MAX = 100_000;

/** Turns rows into readings by a mapping. Rows must come in file order: `file-order` stamps depend on it. */
export class RowMapper {
  readonly #mapping: Mapping;
  readonly #formats: readonly ReadStamp[];
  readonly #times: LocalTimes;
  readonly #rules = new Map<string, ReadingRule | null>();
  readonly #qualities = new Map<string, RecordedQuality>();

  constructor(mapping: Mapping) {
    this.#mapping = mapping;
    this.#formats = mapping.time.formats.flatMap((text) => compileTimeFormat(text) ?? []);
    this.#times = new LocalTimes(mapping.time.ambiguous);
  }

  map(row: RecordedRow): MappedRow {
    const rule = this.rule(row.device, row.quantity);
    if (rule === undefined) return { trouble: 'quantity_not_mapped' };
    const time = this.#time(row, rule);
    if (time === 'zone_not_mapped') return { trouble: time };
    const reading: RecordedReading = {
      device: row.device,
      quantity: rule.quantity,
      channel: rule.channel,
      unit: rule.unit ?? row.unit,
      value: row.value,
      quality: row.value.trim() === '' ? 'bad' : this.#quality(row.flag),
      timeMs: typeof time === 'number' ? time : null,
      everyMs: rule.every,
      periodMs: rule.period ?? 0,
    };
    return typeof time === 'number' ? { reading } : { reading, trouble: time };
  }

  /** The line of the mapping that decides for a recorded device and quantity. */
  rule(device: string, quantity: string): ReadingRule | undefined {
    const key = `${device}\n${quantity}`;
    let rule = this.#rules.get(key);
    if (rule === undefined) {
      rule = this.#mapping.readings.find((line) => line.from === quantity && fitsPattern(device, line.device)) ?? null;
      if (this.#rules.size < RULES_CACHED_MAX) this.#rules.set(key, rule);
    }
    return rule ?? undefined;
  }

  #time(row: RecordedRow, rule: ReadingRule): number | RowTrouble {
    const zone = this.#mapping.time.zones[row.zone] ?? this.#mapping.time.zones['*'];
    if (zone === undefined) return 'zone_not_mapped';
    const stamp = this.#formats.reduce<ReturnType<ReadStamp>>((found, read) => found ?? read(row.time), undefined);
    if (stamp === undefined) return 'time_unreadable';
    /*
     * A stamp at the end or in the middle is moved to the start of its interval on the recorded clock, before the zone
     * applies: "H03" numbers a slot of that clock, and the end of the slot before a gap is itself no instant.
     */
    const clockMs = stamp.clockMs - shiftMs(rule.stamp ?? this.#mapping.time.stamp, rule.period ?? 0);
    if (stamp.isInstant) return clockMs;
    if (zone === 'in-text') return 'time_unreadable';
    return this.#times.resolve(zone, clockMs, `${row.device}\n${row.quantity}`);
  }

  #quality(flag: string): RecordedQuality {
    let quality = this.#qualities.get(flag);
    if (quality === undefined) {
      const line = Object.entries(this.#mapping.flags).find(([pattern]) => fitsPattern(flag, pattern));
      quality = line?.[1] ?? (flag === '' ? 'good' : 'suspect');
      if (this.#qualities.size < RULES_CACHED_MAX) this.#qualities.set(flag, quality);
    }
    return quality;
  }
}

function shiftMs(stamp: ReadingRule['stamp'], periodMs: number): number {
  if (stamp === 'end') return periodMs;
  return stamp === 'middle' ? periodMs / 2 : 0;
}
