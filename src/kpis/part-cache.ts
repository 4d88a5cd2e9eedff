import type { Part } from './definition.ts';

/** Windows whose parts are held: those that a stream in order keeps changing. */
const WINDOWS_MAX = 48;

/** What a scope says, with the people and devices behind it. */
export interface ScopePart {
  readonly part: Part;
  readonly deviceCount: number;
  readonly coveredPopulation: number;
}

/** What is held of a window. */
export interface HeldParts {
  /** By device; null for one without a part. */
  readonly devices: Map<string, Part | null>;
  /** Of zones' own devices together, by zone. */
  readonly zones: Map<string, ScopePart | null>;
}

/**
 * Parts of devices and of zones by window, held between ticks: most ticks change few devices of few zones, and the
 * others' parts stay what they were. A part is forgotten when an hour that its window depends on changes.
 */
export class PartCache {
  readonly #windows = new Map<number, HeldParts>();
  /** Windows that do not give way while a tick runs. */
  readonly #pinned = new Set<number>();

  /** What is held of a window; what the caller adds is held too. The window asked for longest ago gives way. */
  of(startMs: number): HeldParts {
    const parts = this.#windows.get(startMs) ?? { devices: new Map(), zones: new Map() };
    this.#windows.delete(startMs);
    this.#windows.set(startMs, parts);
    this.#giveWay(startMs);
    return parts;
  }

  /** Whether the part of a device is held, a null one too. */
  has(startMs: number, device: string): boolean {
    return this.#windows.get(startMs)?.devices.has(device) === true;
  }

  /** What is held of a window now is held until `unpin`, however many others are asked for. */
  pin(startMs: number): void {
    if (this.#windows.has(startMs)) this.#pinned.add(startMs);
  }

  unpin(): void {
    this.#pinned.clear();
  }

  /** @param zone that the device is in */
  forget(startMs: number, device: string, zone: string): void {
    const held = this.#windows.get(startMs);
    if (held === undefined) return;
    held.devices.delete(device);
    held.zones.delete(zone);
  }

  /** Parts that depend on now, once it has come to where they end (`Part.untilMs`; at once where there is none). */
  expire(nowMs: number, zoneOf: (device: string) => string): void {
    for (const { devices, zones } of this.#windows.values()) {
      for (const [device, part] of devices) {
        if (part === null || (part.untilMs ?? Number.NEGATIVE_INFINITY) > nowMs) continue;
        devices.delete(device);
        zones.delete(zoneOf(device));
      }
    }
  }

  #giveWay(askedMs: number): void {
    if (this.#windows.size <= WINDOWS_MAX + this.#pinned.size) return;
    for (const startMs of this.#windows.keys()) {
      if (startMs === askedMs || this.#pinned.has(startMs)) continue;
      this.#windows.delete(startMs);
      return;
    }
  }
}
