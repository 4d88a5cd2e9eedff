import type { Part } from './definition.ts';

/** Windows whose parts are held: those that a stream in order keeps changing. */
const WINDOWS_MAX = 48;

/**
 * Parts of devices by window, held between ticks: most ticks change few devices of a zone, and the others' parts stay
 * what they were. A part is forgotten when an hour that its window depends on changes.
 */
export class PartCache {
  readonly #windows = new Map<number, Map<string, Part | null>>();

  /** The parts held of a window; what the caller adds is held too. The window asked for longest ago gives way. */
  of(startMs: number): Map<string, Part | null> {
    const parts = this.#windows.get(startMs) ?? new Map<string, Part | null>();
    this.#windows.delete(startMs);
    this.#windows.set(startMs, parts);
    if (this.#windows.size > WINDOWS_MAX) this.#windows.delete(this.#windows.keys().next().value ?? startMs);
    return parts;
  }

  forget(startMs: number, device: string): void {
    this.#windows.get(startMs)?.delete(device);
  }

  /** Everything: parts that depend on now, when a minute has passed. */
  clear(): void {
    this.#windows.clear();
  }
}
