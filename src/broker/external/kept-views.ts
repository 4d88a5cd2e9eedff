const VIEWS_MAX = 100_000;

/** Retained views, to be published again when a broker has lost them; the topics told longest ago give way. */
export class KeptViews {
  /** Views that were not sent because nobody could take them. */
  dropped = 0;
  readonly #views = new Map<string, Uint8Array>();

  /** @param payload empty: the topic is forgotten */
  keep(topic: string, payload: Uint8Array): void {
    this.#views.delete(topic);
    if (payload.length === 0) return;
    this.#views.set(topic, payload);
    if (this.#views.size <= VIEWS_MAX) return;
    const [oldest] = this.#views.keys();
    this.#views.delete(oldest!);
  }

  all(): [topic: string, payload: Uint8Array][] {
    return [...this.#views];
  }
}
