import type { Part } from './definition.ts';

/** Windows whose parts are held: those that a stream in order keeps changing. */
const WINDOWS_MAX = 48;

/**
 * Parts of devices by window, held between ticks: most ticks change few devices of a zone, and the others' parts stay
 * what they were. A part is forgotten when an hour that its window depends on changes.
 */
export class PartCache {
  readonly #windows = new Map<number, Map<string, Part | null>>();
  /** Windows that do not give way while a tick runs. */
  readonly #pinned = new Set<number>();

  /** The parts held of a window; what the caller adds is held too. The window asked for longest ago gives way. */
  of(startMs: number): Map<string, Part | null> {
    const parts = this.#windows.get(startMs) ?? new Map<string, Part | null>();
    this.#windows.delete(startMs);
    this.#windows.set(startMs, parts);
    this.#giveWay(startMs);
    return parts;
  }

  /** Whether a part is held, a null one too. */
  has(startMs: number, device: string): boolean {
    return this.#windows.get(startMs)?.has(device) === true;
  }

  /** What is held of a window now is held until `unpin`, however many others are asked for. */
  pin(startMs: number): void {
    if (this.#windows.has(startMs)) this.#pinned.add(startMs);
  }

  unpin(): void {
    this.#pinned.clear();
  }

  forget(startMs: number, device: string): void {
    this.#windows.get(startMs)?.delete(device);
  }

  /** All parts of the windows that start at an instant or later. */
  forgetFrom(fromMs: number): void {
    for (const startMs of this.#windows.keys()) if (startMs >= fromMs) this.#windows.delete(startMs);
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
