import { MINUTE_MS } from '../base/index.ts';
import type { DevicePlacement } from '../config/index.ts';
import type { Reading, Series } from '../model/index.ts';
import type { DeviceRow } from '../store/index.ts';
import { tellsOfOutages } from './outage-tracker.ts';

interface Tracked {
  profile: string;
  gateway: string;
  readonly zone: string;
  readonly firstSeenMs: number;
  lastEventMs: number;
  lastReceivedMs: number;
  readingCount: number;
  silent: boolean;
  /** Shortest time-out of its series, ms. */
  silentAfterMs: number;
}

export type DeviceTrackerState = readonly (readonly [device: string, tracked: Tracked])[];

/** Who was heard when, and who is silent. */
export class DeviceTracker {
  readonly #devices = new Map<string, Tracked>();
  readonly #changed = new Set<string>();
  readonly #placementOf: (device: string) => DevicePlacement;
  readonly #silentAfterMs: (series: Series) => number;
  #minute = Number.NEGATIVE_INFINITY;

  constructor(placementOf: (device: string) => DevicePlacement, silentAfterMs: (series: Series) => number) {
    this.#placementOf = placementOf;
    this.#silentAfterMs = silentAfterMs;
  }

  /**
   * A device sent a reading.
   *
   * @param isNew false for a duplicate or a refused reading: a sign of life, but nothing to count
   */
  heard(reading: Reading, from: { profile: string; gateway: string }, receivedAtMs: number, isNew: boolean): void {
    let tracked = this.#devices.get(reading.device);
    if (tracked === undefined) {
      tracked = {
        ...from,
        zone: this.#placementOf(reading.device).zone,
        firstSeenMs: receivedAtMs,
        lastEventMs: reading.timeMs,
        lastReceivedMs: receivedAtMs,
        readingCount: 0,
        silent: false,
        silentAfterMs: Number.POSITIVE_INFINITY,
      };
      this.#devices.set(reading.device, tracked);
    }
    tracked.profile = from.profile;
    if (from.gateway !== '') tracked.gateway = from.gateway;
    tracked.lastEventMs = Math.max(tracked.lastEventMs, reading.timeMs);
    tracked.lastReceivedMs = receivedAtMs;
    if (isNew) tracked.readingCount++;
    this.#changed.add(reading.device);
  }

  /** Nobody is silent for having no outage to tell of. */
  learnSeries(series: Series): void {
    if (tellsOfOutages(series.quantity)) return;
    const tracked = this.#devices.get(series.device);
    if (tracked !== undefined) tracked.silentAfterMs = Math.min(tracked.silentAfterMs, this.#silentAfterMs(series));
  }

  /** Devices that changed since the last tick; silence is looked at once a minute of event time. */
  tick(nowMs: number): DeviceRow[] {
    const minute = Math.floor(nowMs / MINUTE_MS);
    const looked = minute === this.#minute ? [...this.#changed] : [...this.#devices.keys()];
    this.#minute = minute;
    for (const device of looked) {
      const tracked = this.#devices.get(device);
      if (tracked === undefined) continue;
      const silent = nowMs - tracked.lastEventMs > tracked.silentAfterMs;
      if (silent !== tracked.silent) this.#changed.add(device);
      tracked.silent = silent;
    }
    const rows = [...this.#changed].map((device) => this.#row(device));
    this.#changed.clear();
    return rows;
  }

  state(): DeviceTrackerState {
    return [...this.#devices].map(([device, tracked]) => [device, { ...tracked }]);
  }

  restore(state: DeviceTrackerState): void {
    for (const [device, tracked] of state) {
      this.#devices.set(device, { ...tracked, zone: this.#placementOf(device).zone });
    }
  }

  #row(device: string): DeviceRow {
    const { silentAfterMs: _time, ...row } = this.#devices.get(device) ?? EMPTY;
    return { device, ...row };
  }
}

const EMPTY: Tracked = {
  profile: '',
  gateway: '',
  zone: '',
  firstSeenMs: 0,
  lastEventMs: 0,
  lastReceivedMs: 0,
  readingCount: 0,
  silent: false,
  silentAfterMs: 0,
};
