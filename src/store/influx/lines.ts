import {
  type Domain,
  type KpiValue,
  PANE_LEVELS,
  type Pane,
  type PaneColumns,
  paneAt,
  type QuantityKind,
  type Series,
} from '../../model/index.ts';
import type { MirrorLevel, StoreChanges } from '../mirror.ts';
import type { ReadingColumns } from '../store.ts';
import { tagSet } from './tags.ts';

/** Lines of one level, as they are sent. */
export interface LineBatch {
  readonly level: MirrorLevel;
  readonly text: string;
  readonly lines: number;
}

/** What rows are called, and what a pane says. */
export interface LineNames {
  series(id: number): Series;
  /** Zone of a device; empty where it has none. */
  zone(device: string): string;
  /** The mean, increase or sum of a pane, by the quantity's kind; null for none. */
  paneValue(kind: QuantityKind, pane: Pane): number | null;
}

/** What the value of a pane is, by the quantity's kind. */
const STAT_OF_KIND: Readonly<Record<QuantityKind, string>> = {
  gauge: 'mean',
  level: 'leq',
  counter: 'increase',
  delta: 'sum',
  state: 'last',
  angle: 'mean',
};
/** What a domain of quantities is called among measurements. */
export function measurementOf(domain: Domain): string {
  return domain === 'air' ? 'air_quality' : domain;
}

/** Kinds whose panes also say their extremes. */
const HAS_EXTREMES: ReadonlySet<QuantityKind> = new Set(['gauge', 'level']);

/** Tags of a series with each of its stats, escaped once. */
interface Prefixes {
  readonly raw: string;
  readonly panes: readonly { readonly main: string; readonly min: string; readonly max: string }[];
}

/**
 * Writes rows as line protocol: measurement by domain, or `kpi`; tags device, zone, quantity, channel, level and stat;
 * fields value, coverage, count. Every point says in `present` whether its value holds: line protocol cannot take a field
 * back, and a corrected point keeps what it is not told anew. Times are ms.
 */
export class Lines {
  readonly #names: LineNames;
  readonly #linesMax: number;
  /** By series number; zones do not change while the program runs. */
  readonly #prefixes: (Prefixes | undefined)[] = [];
  /** By KPI, zone and window. */
  readonly #kpiPrefixes = new Map<string, string>();
  readonly #open = new Map<MirrorLevel, { text: string; lines: number }>();
  #full: LineBatch[] = [];

  /** @param linesMax lines of a batch */
  constructor(names: LineNames, linesMax: number) {
    this.#names = names;
    this.#linesMax = linesMax;
  }

  /** All rows, in batches. */
  batches({ readings, panes, kpis }: StoreChanges): LineBatch[] {
    this.#readings(readings);
    this.#panes(panes);
    for (const value of kpis) this.#kpi(value);
    for (const [level, { text, lines }] of this.#open) this.#full.push({ level, text, lines });
    this.#open.clear();
    const all = this.#full;
    this.#full = [];
    return all;
  }

  #readings({ count, series, timeMs, value }: ReadingColumns): void {
    for (let row = 0; row < count; row++) {
      const prefix = (this.#prefixes[series[row]!] ?? this.#prefixesOf(series[row]!)).raw;
      const number = value[row]!;
      const fields = Number.isFinite(number) ? ` value=${number},count=1i,present=true ` : ' count=0i,present=false ';
      this.#add('raw', prefix + fields + timeMs[row]!);
    }
  }

  #panes(panes: PaneColumns): void {
    for (let row = 0; row < panes.rows; row++) {
      const id = panes.series[row]!;
      const level = PANE_LEVELS[panes.level[row]!]!;
      const { main, min, max } = (this.#prefixes[id] ?? this.#prefixesOf(id)).panes[panes.level[row]!]!;
      const { kind } = this.#names.series(id);
      const pane = paneAt(panes, row);
      const value = this.#names.paneValue(kind, pane);
      const isPresent = value !== null && Number.isFinite(value);
      const covered = pane.expectedSlots > 0 ? Math.min(1, pane.coveredSlots / pane.expectedSlots) : 0;
      const about = `coverage=${covered},count=${pane.count}i,revision=${pane.revision}i,final=${pane.final},present=${isPresent} ${pane.startMs}`;
      this.#add(level, `${main} ${isPresent ? `value=${value},` : ''}${about}`);
      if (!HAS_EXTREMES.has(kind)) continue;
      this.#add(level, `${min} ${isPresent ? `value=${pane.min},` : ''}${about}`);
      this.#add(level, `${max} ${isPresent ? `value=${pane.max},` : ''}${about}`);
    }
  }

  #kpi(kpi: KpiValue): void {
    const { value, band, coverage, validCount, expectedCount, valid, deviceCount, revision, final, startMs } = kpi;
    const key = `${kpi.kpi}\n${kpi.zone}\n${kpi.window}`;
    let prefix = this.#kpiPrefixes.get(key);
    if (prefix === undefined) {
      prefix = `kpi${tagSet({ kpi: kpi.kpi, window: kpi.window, ...placeOf(kpi.zone) })}`;
      if (this.#kpiPrefixes.size >= KPI_PREFIXES_MAX) this.#kpiPrefixes.clear();
      this.#kpiPrefixes.set(key, prefix);
    }
    const isPresent = value !== null && Number.isFinite(value);
    const said = `${isPresent ? `value=${value},` : ''}${band === null ? '' : `band=${band},`}`;
    this.#add(
      'kpi',
      `${prefix} ${said}coverage=${coverage},count=${validCount},expected=${expectedCount},valid=${valid},devices=${deviceCount}i,revision=${revision}i,final=${final},present=${isPresent} ${startMs}`,
    );
  }

  #prefixesOf(id: number): Prefixes {
    const { device, quantity, channel, domain, kind } = this.#names.series(id);
    const tags = { device, quantity, channel, zone: this.#names.zone(device) };
    const named = (level: MirrorLevel, stat: string) => `${measurementOf(domain)}${tagSet({ ...tags, level, stat })}`;
    const prefixes = {
      raw: named('raw', 'reading'),
      panes: PANE_LEVELS.map((level) => ({
        main: named(level, STAT_OF_KIND[kind]),
        min: named(level, 'min'),
        max: named(level, 'max'),
      })),
    };
    this.#prefixes[id] = prefixes;
    return prefixes;
  }

  #add(level: MirrorLevel, line: string): void {
    let open = this.#open.get(level);
    if (open === undefined) {
      open = { text: '', lines: 0 };
      this.#open.set(level, open);
    }
    open.text += open.lines === 0 ? line : `\n${line}`;
    if (++open.lines < this.#linesMax) return;
    this.#full.push({ level, text: open.text, lines: open.lines });
    this.#open.delete(level);
  }
}

const KPI_PREFIXES_MAX = 500_000;

/** A value is of a zone, or of a device. */
function placeOf(zone: string): Readonly<Record<string, string>> {
  return zone.startsWith('device:') ? { device: zone.slice('device:'.length) } : { zone };
}
