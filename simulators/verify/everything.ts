import { createHash } from 'node:crypto';
import { getJson } from '../../harness/index.ts';
import { canonicalJson } from './api.ts';

interface SeriesAnswer {
  readonly device: string;
  readonly quantity: string;
  readonly channel: string;
}

/** What a product answers about a span of time, by request: everything that is a result, nothing that tells runs apart. */
export type Answers = ReadonlyMap<string, string>;

/** How much of it is asked; all where absent. */
export interface EverythingOptions {
  /** Readings, hours and days of so many series at most, spread evenly over all of them in order of their names. */
  readonly seriesMax?: number;
}

/**
 * Asks a product for all that it says of a span: readings, hours and days of every series, every KPI of zones, city and
 * devices, and the devices. Answers are canonical JSON at full precision.
 */
export async function everythingOf(
  httpUrl: string,
  fromMs: number,
  toMs: number,
  { seriesMax = Number.POSITIVE_INFINITY }: EverythingOptions = {},
): Promise<Answers> {
  const answers = new Map<string, string>();
  const span = `from=${iso(fromMs)}&to=${iso(toMs)}`;
  for (const name of spread(await seriesNames(httpUrl), seriesMax)) {
    await addReadings(answers, httpUrl, name, span);
    for (const window of ['hour', 'day']) {
      const path = `/api/v1/aggregates?${name}&window=${window}&${span}`;
      answers.set(path, canonicalJson(await getJson(httpUrl, path)));
    }
  }
  const { kpis } = await getJson<{ kpis: { id: string }[] }>(httpUrl, '/api/v1/kpis');
  for (const { id } of kpis) await addKpi(answers, httpUrl, id, span);
  const devices = await pagesOf<Record<string, unknown>>(httpUrl, '/api/v1/devices?limit=10000', 'devices', 'after');
  for (const { firstSeen: _first, lastReceived: _last, ...device } of devices) {
    answers.set(`device ${String(device.device)}`, canonicalJson(device));
  }
  return answers;
}

/** In order, so that products which number their series otherwise are asked for the same. */
async function seriesNames(httpUrl: string): Promise<string[]> {
  const series = await pagesOf<SeriesAnswer>(httpUrl, '/api/v1/series?limit=10000', 'series', 'after');
  return series
    .map(({ device, quantity, channel }) => new URLSearchParams({ device, quantity, channel }).toString())
    .sort();
}

function spread(names: readonly string[], most: number): readonly string[] {
  const step = names.length / most;
  return step <= 1 ? names : Array.from({ length: most }, (_, at) => names[Math.floor(at * step)]!);
}

/** All rows of a list, page by page. @param goOn the parameter that takes `next` of the page before */
async function pagesOf<Row>(httpUrl: string, path: string, list: string, goOn: 'after' | 'from'): Promise<Row[]> {
  const rows: Row[] = [];
  const url = new URL(path, httpUrl);
  for (;;) {
    const page = await getJson<Record<string, unknown>>(httpUrl, `${url.pathname}${url.search}`);
    for (const row of page[list] as Row[]) rows.push(row);
    if (page.next === null) return rows;
    url.searchParams.set(goOn, String(page.next));
  }
}

async function addReadings(answers: Map<string, string>, httpUrl: string, name: string, span: string): Promise<void> {
  const path = `/api/v1/readings?${name}&${span}&limit=10000`;
  answers.set(path, canonicalJson(await pagesOf(httpUrl, path, 'readings', 'from')));
}

async function addKpi(answers: Map<string, string>, httpUrl: string, id: string, span: string): Promise<void> {
  const path = `/api/v1/kpis/${id}?${span}&limit=50000`;
  const values = await pagesOf<KpiAnswer>(httpUrl, path, 'values', 'from');
  for (const [zone, rows] of Map.groupBy(values, (value) => value.zone)) {
    const inOrder = rows.toSorted((a, b) => (a.start < b.start ? -1 : 1));
    answers.set(`${path} zone ${zone}`, canonicalJson(inOrder));
  }
}

interface KpiAnswer {
  readonly zone: string;
  readonly start: string;
}

/** Requests whose answers differ, each with both of them around the first difference; empty when all are equal bit for bit. */
export function differencesOf(expected: Answers, got: Answers): string[] {
  const requests = new Set([...expected.keys(), ...got.keys()]);
  return [...requests].flatMap((request) => {
    const [want, have] = [expected.get(request) ?? '(nothing)', got.get(request) ?? '(nothing)'];
    if (want === have) return [];
    const at = [...want].findIndex((letter, index) => letter !== have[index]);
    const around = (text: string) => text.slice(Math.max(0, at - 150), at + 150);
    return [`${request}\n  expected …${around(want)}\n  got      …${around(have)}`];
  });
}

/** SHA-256 over all answers, to print. */
export function digestOf(answers: Answers): string {
  const hash = createHash('sha256');
  for (const [request, answer] of [...answers].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${request}\n${answer}\n`);
  return hash.digest('hex');
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
