import type { KpiValue, RevisedValue } from '../model/index.ts';
import type { DeviceRow } from '../store/index.ts';
import { kpiKey, supersedes } from './newest.ts';
import type { LiveUpdate, ViewSources } from './views.ts';

/** The newest KPI values and devices: what the store holds, overlaid by what the engine said since and the store may not have yet. */
export interface LatestState {
  kpis(): Promise<KpiValue[]>;
  devices(): Promise<DeviceRow[]>;
  /**
   * Takes an update in; to be called before anybody is told of it.
   * @returns the update, its revisions with the value before where that is still held
   */
  apply(update: LiveUpdate): LiveUpdate;
}

/** Creates the state; it holds one row a device and one value a (KPI, zone, window), which the engine bounds. */
export function createLatestState(store: Pick<ViewSources['store'], 'latestKpis' | 'devices'>): LatestState {
  const kpis = new Map<string, KpiValue>();
  const devices = new Map<string, DeviceRow>();
  const said = createSaid();
  return {
    apply(update) {
      for (const value of update.kpis) if (supersedes(value, kpis.get(kpiKey(value)))) kpis.set(kpiKey(value), value);
      for (const row of update.devices) devices.set(row.device, row);
      return { ...update, kpis: update.kpis.map(said.withBefore) };
    },
    async kpis() {
      const merged = new Map((await store.latestKpis()).map((value) => [kpiKey(value), value]));
      for (const [key, value] of kpis) if (supersedes(value, merged.get(key))) merged.set(key, value);
      return [...merged.values()].sort(byKey);
    },
    async devices() {
      const merged = new Map((await store.devices()).map((row) => [row.device, row]));
      for (const [device, row] of devices) merged.set(device, row);
      return [...merged.values()].sort((a, b) => compare(a.device, b.device));
    },
  };
}

/** Windows whose last value is held, newest said last: some hours of a city of 200 zones. */
const SAID_MAX = 50_000;

/** What was said of recent windows, so that a revision can say what it takes the place of. */
function createSaid() {
  const values = new Map<string, Pick<RevisedValue, 'value' | 'revision'>>();
  return {
    withBefore(value: RevisedValue): RevisedValue {
      const key = `${kpiKey(value)}\n${value.startMs}`;
      const held = values.get(key);
      values.delete(key);
      values.set(key, { value: value.value, revision: value.revision });
      if (values.size > SAID_MAX) values.delete(values.keys().next().value ?? '');
      if (value.before !== undefined || held === undefined || held.revision >= value.revision) return value;
      return { ...value, before: held.value };
    },
  };
}

function byKey(a: KpiValue, b: KpiValue): number {
  return compare(a.kpi, b.kpi) || compare(a.zone, b.zone) || compare(a.window, b.window);
}

/** By code unit, so that the order is the same in every locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
