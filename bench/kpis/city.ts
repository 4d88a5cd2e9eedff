import { parentPort } from 'node:worker_threads';
import { HOUR_MS, MINUTE_MS } from '../../src/base/index.ts';
import { citySchema } from '../../src/config/index.ts';
import { type DeviceFacts, KPI_DEFINITIONS, KpiEngine } from '../../src/kpis/index.ts';
import { QUANTITIES } from '../../src/model/index.ts';
import { WindowEngine } from '../../src/windows/index.ts';
import { kpiCity, kpiSource } from '../../src/workers/index.ts';
import { cpuSecondsOf } from '../cpu.ts';

/* Runs in a thread of its own, as the engine does: see kpis.ts. */

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

/** CPU-ms of the minutes that were measured, each list ascending. */
export interface KpisMeasured {
  readonly seriesCount: number;
  /** Readings of all zones. */
  readonly all: readonly number[];
  /** Of one zone only. */
  readonly oneZone: readonly number[];
}

const { windows, kpis, senders } = city();
for (let hour = 0; hour < HISTORY_HOURS; hour++) {
  const fromMs = FROM_MS + hour * HOUR_MS;
  send(windows, senders, fromMs, fromMs + HOUR_MS);
  const { changedHours } = windows.tick();
  // Values of the past are not what is measured: only what the last hour changed is looked at.
  if (hour === HISTORY_HOURS - 1) kpis.tick(changedHours);
  parentPort!.postMessage(hour + 1);
}
const beginMs = FROM_MS + HISTORY_HOURS * HOUR_MS;
const all = await measure(senders, beginMs);
const oneZone = await measure(senders.slice(0, senders.length / ZONES), beginMs + MINUTES * MINUTE_MS);
parentPort!.postMessage({ seriesCount: senders.length, all, oneZone } satisfies KpisMeasured);

async function measure(of: readonly Sender[], fromMs: number): Promise<number[]> {
  const cpuMs: number[] = [];
  for (let minute = 0; minute < MINUTES; minute++) {
    const nowMs = fromMs + minute * MINUTE_MS;
    send(windows, of, nowMs, nowMs + MINUTE_MS);
    const { changedHours } = windows.tick();
    cpuMs.push(1_000 * (await cpuSecondsOf(() => void kpis.tick(changedHours))));
  }
  return cpuMs.sort((a, b) => a - b);
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
