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
  /** The readings of a message are mostly of one device. */
  #last: { readonly device: string; readonly tracked: Tracked } | undefined;

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
    const tracked =
      this.#last?.device === reading.device ? this.#last.tracked : this.#track(reading, from, receivedAtMs);
    // History that comes in now says nothing of how the device speaks today.
    if (reading.timeMs >= tracked.lastEventMs) {
      tracked.profile = from.profile;
      if (from.gateway !== '') tracked.gateway = from.gateway;
    }
    tracked.lastEventMs = Math.max(tracked.lastEventMs, reading.timeMs);
    tracked.lastReceivedMs = receivedAtMs;
    if (isNew) tracked.readingCount++;
  }

  /** Notes that a device changed since the last tick. */
  #track({ device, timeMs }: Reading, from: { profile: string; gateway: string }, receivedAtMs: number): Tracked {
    let tracked = this.#devices.get(device);
    if (tracked === undefined) {
      tracked = {
        ...from,
        zone: this.#placementOf(device).zone,
        firstSeenMs: receivedAtMs,
        lastEventMs: timeMs,
        lastReceivedMs: receivedAtMs,
        readingCount: 0,
        silent: false,
        silentAfterMs: Number.POSITIVE_INFINITY,
      };
      this.#devices.set(device, tracked);
    }
    this.#changed.add(device);
    this.#last = { device, tracked };
    return tracked;
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
    this.#last = undefined;
    return rows;
  }

  state(): DeviceTrackerState {
    return [...this.#devices].map(([device, tracked]) => [device, { ...tracked }]);
  }

  /** @param nowMs of the tick behind which the state was taken: silence is looked at in the same ticks as without a restart */
  restore(state: DeviceTrackerState, nowMs: number): void {
    this.#minute = Math.floor(nowMs / MINUTE_MS);
    this.#last = undefined;
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
