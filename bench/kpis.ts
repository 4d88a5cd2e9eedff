import { HOUR_MS, MINUTE_MS } from '../src/base/index.ts';
import { citySchema } from '../src/config/index.ts';
import { type DeviceFacts, KPI_DEFINITIONS, KpiEngine } from '../src/kpis/index.ts';
import { QUANTITIES } from '../src/model/index.ts';
import { WindowEngine } from '../src/windows/index.ts';
import { kpiCity, kpiSource } from '../src/workers/index.ts';
import type { BenchRow } from './bench-row.ts';
import { cpuSecondsOf } from './cpu.ts';

const ZONES = 200;
/** Kinds of devices of a zone: how many, what they send, how often. 500 a zone. */
const FLEET = [
  { name: 'air', count: 2, role: 'ambient', everyMinutes: 1, quantities: ['pm2_5', 'pm10', 'no2', 'o3', 'so2'] },
  { name: 'noise', count: 2, role: 'ambient', everyMinutes: 1, quantities: ['laeq'] },
  { name: 'bulk', count: 2, role: 'bulk', everyMinutes: 1, quantities: ['water_flow'] },
  { name: 'water', count: 247, role: 'customer', everyMinutes: 15, quantities: ['water_volume'] },
  { name: 'energy', count: 247, role: 'customer', everyMinutes: 15, quantities: ['energy_import'] },
] as const;

const FROM_MS = Date.UTC(2026, 5, 14, 22);
/** A day and a half of history: what windows of days and of 24 hours look at. */
const HISTORY_HOURS = 36;
/** An hour, so that the minutes in which meters complete the hour before have their share. */
const MINUTES = 60;

interface Sender {
  readonly series: number;
  readonly everyMinutes: number;
  readonly offsetMinutes: number;
  readonly isRegister: boolean;
}

/**
 * What it costs to recompute the KPIs of a city of 200 zones and 100,000 devices after a minute of readings: sensors
 * report each minute, meters each quarter of an hour. Then the same after readings of one zone only. About 90 s.
 */
export async function run(): Promise<BenchRow[]> {
  const { windows, kpis, senders } = city();
  const perHour = Array.from({ length: HISTORY_HOURS }, (_, hour) => FROM_MS + hour * HOUR_MS);
  for (const fromMs of perHour) {
    send(windows, senders, fromMs, fromMs + HOUR_MS);
    const { changedHours } = windows.tick();
    // Values of the past are not what is measured: only what the last hour changed is looked at.
    if (fromMs === perHour.at(-1)) kpis.tick(changedHours);
  }
  let nowMs = FROM_MS + HISTORY_HOURS * HOUR_MS;
  const measure = async (of: readonly Sender[]): Promise<number[]> => {
    const cpuMs: number[] = [];
    for (let minute = 0; minute < MINUTES; minute++, nowMs += MINUTE_MS) {
      send(windows, of, nowMs, nowMs + MINUTE_MS);
      const { changedHours } = windows.tick();
      cpuMs.push(1_000 * (await cpuSecondsOf(() => void kpis.tick(changedHours))));
    }
    return cpuMs.sort((a, b) => a - b);
  };
  const all = await measure(senders);
  const oneZone = await measure(senders.slice(0, senders.length / ZONES));
  const row = (name: string, cpuMs: readonly number[], note: string): BenchRow & { readonly cpuMs: number } => {
    const median = cpuMs[cpuMs.length >> 1]!;
    const mean = cpuMs.reduce((sum, ms) => sum + ms, 0) / cpuMs.length;
    const spread = `mean ${mean.toFixed(0)}, highest ${cpuMs.at(-1)!.toFixed(0)}`;
    return { name, unit: 'CPU-ms', value: median, cpuMs: median, note: `${note}; ${spread}` };
  };
  return [
    row('kpis-city', all, `median of ${MINUTES} minutes, ${senders.length} series, ${KPI_DEFINITIONS.length} KPIs`),
    row('kpis-one-zone', oneZone, `readings of one of ${ZONES} zones only`),
  ];
}

function city() {
  const zones = Array.from({ length: ZONES }, (_, zone) => ({
    id: `z${zone}`,
    name: `Zone ${zone}`,
    population: 1_000 + zone,
  }));
  const config = citySchema.parse({ city: { id: 'city', name: 'City', timeZone: 'Europe/Madrid' }, zones });
  const windows = new WindowEngine({
    clock: 'event',
    latenessMs: 15 * MINUTE_MS,
    horizonMs: 2 * HOUR_MS,
    counterGapMsMax: 3 * HOUR_MS,
    seriesMax: 200_000,
    silentAfterIntervals: 3,
    silentAfterMsMin: 5 * MINUTE_MS,
    timeZone: config.city.timeZone,
    registerRateMaxPerHour: () => 20,
  });
  const placed = new Map<string, DeviceFacts>();
  const senders: Sender[] = [];
  for (let zone = 0; zone < ZONES; zone++) {
    for (const { name, count, role, everyMinutes, quantities } of FLEET) {
      for (let index = 0; index < count; index++) {
        const device = `${name}-${zone}-${index}`;
        const people = role === 'customer' ? 2 : 0;
        const facts = {
          zone: `z${zone}`,
          role,
          use: '',
          peopleServed: people,
          properties: 0,
          floorAreaM2: 0,
          customers: 1,
        };
        placed.set(device, facts as DeviceFacts);
        for (const quantity of quantities) {
          const series = windows.intern({ device, quantity, channel: '', expectEveryMs: everyMinutes * MINUTE_MS });
          const isRegister = QUANTITIES.get(quantity)!.kind === 'counter';
          senders.push({ series, everyMinutes, offsetMinutes: (zone + index) % everyMinutes, isRegister });
        }
      }
    }
  }
  const none = { customersIn: () => 0, interruptions: () => [] };
  const kpis = new KpiEngine(
    KPI_DEFINITIONS,
    kpiCity(config, (device) => placed.get(device)!),
    kpiSource(windows, () => undefined, none),
  );
  return { windows, kpis, senders };
}

/** Readings of [fromMs, toMs), each sender at its minutes. */
function send(windows: WindowEngine, senders: readonly Sender[], fromMs: number, toMs: number): void {
  const rows: [series: number, timeMs: number, value: number][] = [];
  for (let timeMs = fromMs; timeMs < toMs; timeMs += MINUTE_MS) {
    const minute = Math.round((timeMs - FROM_MS) / MINUTE_MS);
    for (const { series, everyMinutes, offsetMinutes, isRegister } of senders) {
      if (minute % everyMinutes !== offsetMinutes) continue;
      rows.push([series, timeMs, isRegister ? minute * 0.001 + series : 20 + ((series * 31 + minute * 7) % 50)]);
    }
  }
  const count = rows.length;
  windows.acceptColumns({
    count,
    series: Uint32Array.from(rows, ([series]) => series),
    timeMs: Float64Array.from(rows, ([, timeMs]) => timeMs),
    value: Float64Array.from(rows, ([, , value]) => value),
    outcome: new Uint8Array(count),
  });
}
