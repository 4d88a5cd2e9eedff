import { type KpiValue, type Pane, paneAt, paneLevelAt } from '../../../src/model/index.ts';
import type { StoreBatch } from '../../../src/store/index.ts';
import { isEmptyPane } from '../../../src/windows/index.ts';

/** Applies batches as the store contract says, in memory: panes by series name (ids follow the order of arrival) and KPI values by
 * their keys. */
export class MemoryStore {
  readonly panes = new Map<string, Pane>();
  readonly #names = new Map<number, string>();
  readonly kpis = new Map<string, KpiValue>();
  position = 0;
  readingCount = 0;

  apply(batch: StoreBatch): void {
    for (const { id, device, quantity, channel } of batch.series)
      this.#names.set(id, `${device} ${quantity} ${channel}`);
    for (let row = 0; row < batch.panes.rows; row++) {
      const pane = paneAt(batch.panes, row);
      const key = `${this.#names.get(batch.panes.series[row]!)} ${paneLevelAt(batch.panes, row)} ${pane.startMs}`;
      if (isEmptyPane(pane)) this.panes.delete(key);
      else this.panes.set(key, pane);
    }
    for (const value of batch.kpis) {
      const key = `${value.kpi} ${value.zone} ${value.startMs} ${value.revision}`;
      if (value.value === null && value.expectedCount === 0) this.kpis.delete(key);
      else this.kpis.set(key, value);
    }
    for (let row = 0; row < batch.readings.count; row++) {
      if (batch.readings.sequence[row]! > this.position) this.readingCount++;
    }
    this.position = Math.max(this.position, batch.position);
  }

  /** Everything by key, in one order; without the watermark, which tells how far the inputs were when a value was said. */
  contents(): unknown {
    const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      panes: sorted(this.panes),
      kpis: sorted(this.kpis).map(([key, { watermarkMs: _said, ...value }]) => [key, value]),
      readingCount: this.readingCount,
    };
  }
}
