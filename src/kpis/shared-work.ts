import type { KpiDevice } from './definition.ts';

/** What is held for the KPIs of one tick: the days of two cities of meters. */
const REMEMBERED_MAX = 400_000;

/** What several KPIs make of the same subject and window, made once a tick. */
export class SharedWork {
  readonly #made = new Map<string, Map<number, Map<string, unknown>>>();
  #count = 0;

  /**
   * @param what names the work; all who use one name, start and subject must compute the same
   * @param subject name of a device or a zone
   */
  of<T>(what: string, startMs: number, subject: string, compute: () => T): T {
    const made = this.#madeOf(what, startMs);
    const known = made.get(subject);
    if (known !== undefined || made.has(subject)) return known as T;
    const fresh = compute();
    if (this.#count >= REMEMBERED_MAX) {
      this.#made.clear();
      this.#count = 0;
    }
    this.#count++;
    this.#madeOf(what, startMs).set(subject, fresh);
    return fresh;
  }

  #madeOf(what: string, startMs: number): Map<string, unknown> {
    const windows = this.#made.getOrInsertComputed(what, () => new Map<number, Map<string, unknown>>());
    return windows.getOrInsertComputed(startMs, () => new Map<string, unknown>());
  }
}

/**
 * What several KPIs make of the same device and window is made once a tick: the hours of a meter's day cost far more to
 * look at than the KPIs that are made of them.
 *
 * @param what names the work; all who use one name and start of a window must compute the same
 */
export function remembered<T>(
  what: string,
  device: KpiDevice,
  { memo, startMs }: { readonly memo?: SharedWork | undefined; readonly startMs: number },
  compute: () => T,
): T {
  return memo === undefined ? compute() : memo.of(what, startMs, device.device, compute);
}
