import type { Lane } from './lane.ts';

/**
 * Brings together what one commit of the journal answers: each connection writes its acknowledgements once, when all
 * answers of the commit are there.
 */
export class LaneAcks {
  #lanes = new Set<Lane>();

  add(lane: Lane): void {
    if (this.#lanes.size === 0) queueMicrotask(() => this.#write());
    this.#lanes.add(lane);
  }

  #write(): void {
    const lanes = this.#lanes;
    this.#lanes = new Set();
    for (const lane of lanes) lane.writeAcks();
  }
}
