import { type Config, citySchema } from '../../../../src/config/index.ts';
import type { KpiInfo } from '../../../../src/kpis/index.ts';
import type { KpiValue } from '../../../../src/model/index.ts';
import { collectReport, type Report, type ReportSources } from '../../../../src/views/index.ts';
import { factsOfZones } from '../../../../src/workers/kpi-city.ts';

export const HOUR = 3_600_000;

const NO2_BANDS = [
  { name: 'Low', upTo: 40, color: '#2f9e6e' },
  { name: 'High', upTo: Number.POSITIVE_INFINITY, color: '#b3263c' },
];

const base = {
  ...{ code: '', domain: 'air', unit: 'ug/m3', unitLabel: 'µg/m³', direction: 'lower', decimals: 1 },
  ...{
    bands: [],
    scopes: ['zone', 'city'],
    method: 'Mean',
    completeness: 'at least 75 %',
    spatial: 'mean',
    source: 'EU',
  },
} as const satisfies Partial<KpiInfo>;

export const HOURLY: KpiInfo = { ...base, id: 'no2-hour', title: 'NO₂ of the hour', window: 'hour', bands: NO2_BANDS };
export const DAILY: KpiInfo = { ...base, id: 'no2-day', title: 'NO₂ of the day', window: 'day', code: 'EN: 1' };
export const STANDARD_DAY: KpiInfo = { ...base, id: 'us-aqi', title: 'US AQI', window: 'day-standard', decimals: 0 };
export const ROLLING: KpiInfo = { ...base, id: 'o3-8h', title: 'Ozone, 8 hours', window: 'rolling-8h' };
export const YEARLY: KpiInfo = { ...base, id: 'no2-year', title: 'NO₂ of the year', window: 'year' };

/** A city in Madrid's time with a zone `west`. */
export function cityOf(file: object = {}): Config {
  const city = citySchema.parse({
    city: { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' },
    zones: [{ id: 'west', name: 'West', population: 1200, areaKm2: 3.25 }],
    ...file,
  });
  return { ...city, dataFolder: '/nowhere', secrets: new Map() } as unknown as Config;
}

/** A final, valid value that begins at an instant. */
export function kpiValue(info: KpiInfo, startMs: number, value: number | null, more: Partial<KpiValue> = {}): KpiValue {
  const endMs =
    more.endMs ?? startMs + (info.window === 'hour' ? HOUR : info.window === 'rolling-8h' ? 8 * HOUR : 24 * HOUR);
  return {
    ...{ kpi: info.id, zone: 'west', window: info.window, startMs, endMs, value, band: null },
    ...{ validCount: 12, expectedCount: 12, coverage: 1, valid: true, deviceCount: 1, coveredPopulation: 0 },
    ...{ revision: 0, final: true, watermarkMs: endMs, method: 'Mean', note: '' },
    ...more,
  };
}

export interface FakeCity {
  readonly config?: Config;
  readonly kpis: readonly KpiInfo[];
  readonly values: readonly KpiValue[];
  /** Event-time now; long after everything when absent. */
  readonly nowMs?: number;
}

/** Sources with a store that answers as its contract says: by start, newest revision. */
export function sourcesOf({ config = cityOf(), kpis, values, nowMs = Date.UTC(2100, 0) }: FakeCity): ReportSources {
  return {
    ...{ config, version: '1.2.3', kpis, facts: factsOfZones(config) },
    engineStanding: () => ({ nowMs }) as ReturnType<ReportSources['engineStanding']>,
    store: {
      kpis: async ({ kpi, zone, window, fromMs, toMs }) =>
        values
          .filter((value) => value.kpi === kpi && value.zone === zone && value.window === window)
          .filter(({ startMs }) => startMs >= fromMs && startMs < toMs)
          .sort((a, b) => a.startMs - b.startMs),
    },
  };
}

export const MADE_AT_MS = Date.UTC(2026, 5, 1, 10, 30);

/** The report of a zone's period. */
export function reportOf(city: FakeCity, period: string, zone = 'west'): Promise<Report> {
  const work = { nowMs: MADE_AT_MS, signal: new AbortController().signal, progress: async () => undefined };
  return collectReport(sourcesOf(city), { zone, period }, work);
}

/** Cells of a CSV text by RFC 4180, as objects by the names of the first line. */
export function readCsv(text: string): Record<string, string>[] {
  const rows: string[][] = [[]];
  // A cell: quoted with doubled quotes, or bare; then what ends it.
  for (const [, quoted, bare = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)!.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  const [header = [], ...lines] = rows.slice(0, -1);
  return lines.map((line) => Object.fromEntries(header.map((name, index) => [name, line[index] ?? ''])));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
};

/** What a reader sees of a piece of HTML. */
export function textOf(markup: string): string {
  return markup
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity]!)
    .replace(/\s+/g, ' ')
    .trim();
}

/** Cells of every table of a document, row by row. */
export function tablesOf(document: string): string[][][] {
  return [...document.matchAll(/<table>(.*?)<\/table>/gs)].map(([, table = '']) =>
    [...table.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
      [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => textOf(cell)),
    ),
  );
}
