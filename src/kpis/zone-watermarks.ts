/**
 * How far the devices of zones are believed complete, by quantity: looked at once a tick, however many KPIs read the
 * quantity.
 */
export class ZoneWatermarks {
  /** Series by quantity and zone. */
  readonly #series = new Map<string, Map<string, number[]>>();
  /** By quantity and zone, as far as the tick that runs has looked. */
  readonly #known = new Map<string, Map<string, number>>();
  readonly #watermarkMs: (series: number) => number;

  /** @param watermarkMs event time up to which a series is believed complete, ms UTC */
  constructor(watermarkMs: (series: number) => number) {
    this.#watermarkMs = watermarkMs;
  }

  join(series: number, quantity: string, zone: string): void {
    const zones = this.#series.getOrInsertComputed(quantity, () => new Map<string, number[]>());
    zones.getOrInsertComputed(zone, () => []).push(series);
  }

  /** Time has passed, or readings have come. */
  forget(): void {
    for (const zones of this.#known.values()) zones.clear();
  }

  /** The smallest watermark of the series of a zone itself, without those of the zones in it; Infinity without any. */
  of(quantities: readonly string[], zone: string): number {
    let leastMs = Number.POSITIVE_INFINITY;
    for (const quantity of quantities) {
      const series = this.#series.get(quantity)?.get(zone);
      if (series !== undefined) leastMs = Math.min(leastMs, this.#ofQuantity(quantity, zone, series));
    }
    return leastMs;
  }

  #ofQuantity(quantity: string, zone: string, ofZone: readonly number[]): number {
    const zones = this.#known.getOrInsertComputed(quantity, () => new Map<string, number>());
    const known = zones.get(zone);
    if (known !== undefined) return known;
    let leastMs = Number.POSITIVE_INFINITY;
    for (const series of ofZone) leastMs = Math.min(leastMs, this.#watermarkMs(series));
    zones.set(zone, leastMs);
    return leastMs;
  }
}
