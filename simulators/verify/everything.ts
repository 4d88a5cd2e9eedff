import { createHash } from 'node:crypto';
import { getJson } from '../../harness/index.ts';
import { canonicalJson } from './api.ts';

interface SeriesAnswer {
  readonly id: number;
  readonly device: string;
  readonly quantity: string;
  readonly channel: string;
}

/** What a product answers about a span of time, by request: everything that is a result, nothing that tells runs apart. */
export type Answers = ReadonlyMap<string, string>;

/**
 * Asks a product for all that it says of a span: readings, hours and days of every series, every KPI of zones, city and
 * devices, and the devices. Answers are canonical JSON at full precision.
 */
export async function everythingOf(httpUrl: string, fromMs: number, toMs: number): Promise<Answers> {
  const answers = new Map<string, string>();
  const span = `from=${iso(fromMs)}&to=${iso(toMs)}`;
  const { series } = await getJson<{ series: SeriesAnswer[] }>(httpUrl, '/api/v1/series?limit=10000');
  for (const { device, quantity, channel } of series) {
    const name = new URLSearchParams({ device, quantity, channel }).toString();
    await addReadings(answers, httpUrl, name, span);
    for (const window of ['hour', 'day']) {
      const path = `/api/v1/aggregates?${name}&window=${window}&${span}`;
      answers.set(path, canonicalJson(await getJson(httpUrl, path)));
    }
  }
  const { kpis } = await getJson<{ kpis: { id: string }[] }>(httpUrl, '/api/v1/kpis');
  for (const { id } of kpis) await addKpi(answers, httpUrl, id, span);
  const { devices } = await getJson<{ devices: Record<string, unknown>[] }>(httpUrl, '/api/v1/devices?limit=10000');
  for (const { firstSeen: _first, lastReceived: _last, ...device } of devices) {
    answers.set(`device ${String(device.device)}`, canonicalJson(device));
  }
  return answers;
}

async function addReadings(answers: Map<string, string>, httpUrl: string, name: string, span: string): Promise<void> {
  const path = `/api/v1/readings?${name}&${span}&limit=10000`;
  const { readings, next } = await getJson<{ readings: unknown[]; next: string | null }>(httpUrl, path);
  if (next !== null) throw new Error(`${path} has more than one page`);
  answers.set(path, canonicalJson(readings));
}

async function addKpi(answers: Map<string, string>, httpUrl: string, id: string, span: string): Promise<void> {
  const path = `/api/v1/kpis/${id}?${span}&limit=50000`;
  const { values, next } = await getJson<{ values: KpiAnswer[]; next: string | null }>(httpUrl, path);
  if (next !== null) throw new Error(`${path} has more than one page`);
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
