import type { ViewPublisher } from '../../broker/external/index.ts';
import type { Lease, LeaseHolder, Leases } from '../../jobs/index.ts';
import type { KpiValue } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import {
  isZoneValue,
  type KpiTopicSources,
  type KpiTopicsStanding,
  kpiKey,
  publishKpiTopics,
  supersedes,
} from '../../views/index.ts';

/** The one name that processes with the role api share: who has it publishes. */
const PUBLISHER = 'publisher';

export interface KpiTopicsOptions {
  readonly leases: Leases;
  readonly sources: KpiTopicSources;
  readonly publisher: ViewPublisher;
  readonly log: Logger;
}

/**
 * Keeps the KPI topics of a city that is spread over processes: each process with the role api has all values, and one of
 * them publishes. Whoever takes over first publishes all that it has, so that nothing of the moment in between is missing;
 * and only once it is level with the journal, so that nothing older takes the place of what others published.
 */
export class KpiTopics implements LeaseHolder {
  readonly #options: KpiTopicsOptions;
  /** Said since the start: what is newer than the store, and more. */
  readonly #newest = new Map<string, KpiValue>();
  readonly #forgetUpdates: () => void;
  #hasJoined = false;
  #held: Lease | undefined;
  #stop: (() => void) | undefined;

  constructor(options: KpiTopicsOptions) {
    this.#options = options;
    this.#forgetUpdates = options.sources.onUpdate(({ kpis }) => {
      for (const value of kpis) this.#note(value);
    });
  }

  /** Everything in the journal is in the values of this process now; to be called each time that is so. */
  level(): void {
    if (!this.#hasJoined) {
      this.#hasJoined = true;
      this.#options.leases.run([PUBLISHER], this);
    }
    if (this.#held === undefined || this.#stop !== undefined) return;
    const { sources, publisher } = this.#options;
    // A store that cannot be read is a problem that readiness reports; what was said since the start is there all the same.
    const stored = () => sources.store.latestKpis().catch(() => []);
    const store = { latestKpis: async () => [...(await stored()), ...this.#newest.values()] };
    this.#stop = publishKpiTopics({ ...sources, store }, (...view) => publisher.publish(...view));
  }

  take(lease: Lease): void {
    const { log, publisher } = this.#options;
    this.#held = lease;
    publisher.open();
    log.info({}, 'is to publish the KPI topics of the city');
    lease.lost.addEventListener('abort', () => {
      if (this.#held === lease) log.info({}, 'publishes no KPI topics any more: lease lost');
      void this.#end(lease);
    });
  }

  drain(lease: Lease): Promise<void> {
    return this.#end(lease);
  }

  standing(): KpiTopicsStanding {
    return { isPublisher: this.#held !== undefined, ...this.#options.publisher.stats() };
  }

  /** Lets another process go on. */
  async close(): Promise<void> {
    this.#forgetUpdates();
    await this.#options.leases.close();
    if (this.#held !== undefined) await this.#end(this.#held);
  }

  #note(value: KpiValue): void {
    const key = kpiKey(value);
    if (isZoneValue(value) && supersedes(value, this.#newest.get(key))) this.#newest.set(key, value);
  }

  async #end(lease: Lease): Promise<void> {
    if (this.#held !== lease) return;
    this.#held = undefined;
    this.#stop?.();
    this.#stop = undefined;
    await this.#options.publisher.close();
  }
}
