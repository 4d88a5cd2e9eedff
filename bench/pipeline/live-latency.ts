import { get, type IncomingMessage } from 'node:http';
import { systemClock } from '../../src/base/index.ts';
import { weightedPercentile } from './publishers.ts';

/** Listens to the live stream: when the KPI values that include so many messages came out of it. */
export class LiveLatency {
  /** Messages that an update includes, and when it came, wall clock. */
  readonly #updates: [received: number, atMs: number][] = [];
  readonly #answer: IncomingMessage;
  #kpiEvents = 0;

  private constructor(answer: IncomingMessage) {
    this.#answer = answer;
    let text = '';
    answer.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) this.#take(event);
    });
  }

  static open(httpUrl: string): Promise<LiveLatency> {
    return new Promise((resolve, reject) => {
      const request = get(`${httpUrl}/api/v1/stream?topics=kpis,accounting`, (answer) =>
        resolve(new LiveLatency(answer)),
      );
      request.on('error', reject);
    });
  }

  get hasKpis(): boolean {
    return this.#kpiEvents > 0;
  }

  /**
   * From publishing to the update with the KPI values, ms.
   *
   * @param before messages received before the first of `sentAt`
   */
  percentiles(
    sentAt: readonly (readonly [atMs: number, sent: number])[],
    before: number,
  ): { p50: number; p99: number } {
    const latencies: [number, number][] = [];
    let update = 0;
    let known = 0;
    for (const [atMs, sent] of sentAt) {
      while (update < this.#updates.length && this.#updates[update]![0] < before + sent) update++;
      const reached = this.#updates[update];
      if (reached !== undefined && sent > known) latencies.push([reached[1] - atMs, sent - known]);
      known = sent;
    }
    return { p50: weightedPercentile(latencies, 0.5), p99: weightedPercentile(latencies, 0.99) };
  }

  close(): void {
    this.#answer.destroy();
  }

  #take(event: string): void {
    if (event.includes('event: kpis')) this.#kpiEvents++;
    if (!event.includes('event: accounting')) return;
    const data = event.split('\n').find((line) => line.startsWith('data:'));
    const { messages } = JSON.parse(data!.slice(5)) as { messages: { received: number } };
    this.#updates.push([messages.received, systemClock.nowMs()]);
  }
}
