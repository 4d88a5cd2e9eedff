import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { answerOf, eventually, killChild, type Qos1PublisherStats } from '../harness/index.ts';
import type { PublisherRequest, PublisherSettings } from './publisher.ts';

const PROCESSES = 2;
const DRAIN_MS_MAX = 120_000;
const UNDER_WAY_MS_MAX = 60_000;

/** The publishers of a round, in two processes of their own. */
export class Publishers {
  readonly #children: readonly ChildProcess[];

  /** Starts them; they connect at once, and try again for as long as nobody listens. */
  constructor(settings: Omit<PublisherSettings, 'first' | 'count'>) {
    const program = fileURLToPath(new URL(`./publisher${import.meta.url.slice(-3)}`, import.meta.url));
    const count = settings.plan.publisherCount / PROCESSES;
    this.#children = Array.from({ length: PROCESSES }, (_, index) => {
      const own: PublisherSettings = { ...settings, first: index * count, count };
      return fork(program, [JSON.stringify(own)]);
    });
  }

  go(): void {
    for (const child of this.#children) child.send('go' satisfies PublisherRequest);
  }

  /** Waits until so many messages were acknowledged, of all together. @throws Error after a minute */
  async untilAcknowledged(count: number): Promise<void> {
    await eventually(
      () => this.stats(),
      (stats) => acknowledgedCount(stats) >= count,
      UNDER_WAY_MS_MAX,
    );
  }

  /** By publisher. */
  stats(): Promise<Qos1PublisherStats[]> {
    return this.#ask('stats');
  }

  /** Resolves when everything that was sent is acknowledged. @throws Error when that takes more than two minutes */
  async finish(): Promise<Qos1PublisherStats[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('publishers were not acknowledged within two minutes')), DRAIN_MS_MAX);
    });
    try {
      return await Promise.race([this.#ask('finish'), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.map((child) => killChild(child)));
  }

  async #ask(request: PublisherRequest): Promise<Qos1PublisherStats[]> {
    const reports = await Promise.all(
      this.#children.map((child) => {
        const answer = answerOf(child) as Promise<Qos1PublisherStats[]>;
        child.send(request);
        return answer;
      }),
    );
    return reports.flat();
  }
}

/** How many messages were acknowledged, of all publishers together. */
export function acknowledgedCount(stats: readonly Qos1PublisherStats[]): number {
  return stats.reduce((sum, each) => sum + each.acknowledgedCount, 0);
}
