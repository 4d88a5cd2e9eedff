import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { answerOf } from '../../harness/index.ts';
import type { Load } from './cases.ts';
import type { PublisherReport, PublisherRequest, PublisherSettings } from './publisher.ts';

/** What all publishers of a load did together. */
export interface Published {
  readonly sent: number;
  readonly tookMs: number;
  readonly ackMsP50: number;
  readonly ackMsP99: number;
  /** When how many had been sent, wall clock, ascending. */
  readonly sentAt: readonly (readonly [atMs: number, sent: number])[];
}

/** The publishers of one load, in processes of their own. */
export class Publishers {
  readonly #children: readonly ChildProcess[];

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
  }

  /** Resolves when every connection has been let in. */
  static async open(port: number, load: Load): Promise<Publishers> {
    const count = load.connections / load.processes;
    const program = fileURLToPath(new URL(`./publisher${import.meta.url.slice(-3)}`, import.meta.url));
    const children = Array.from({ length: load.processes }, (_, index) => {
      const settings: PublisherSettings = { port, load, first: index * count, count };
      return fork(program, [JSON.stringify(settings)]);
    });
    const publishers = new Publishers(children);
    try {
      await Promise.all(children.map((child) => answerOf(child)));
    } catch (error) {
      publishers.close();
      throw error;
    }
    return publishers;
  }

  /** Keeps every window full until so many messages were sent, or the time is over. */
  flood(messages: number, forMsMax: number): Promise<Published> {
    return this.#ask({ kind: 'flood', messages: Math.ceil(messages / this.#children.length), forMsMax });
  }

  /** Publishes at a steady rate. */
  pace(perSecond: number, forMs: number): Promise<Published> {
    return this.#ask({ kind: 'pace', perSecond: perSecond / this.#children.length, forMs });
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }

  async #ask(request: PublisherRequest): Promise<Published> {
    const reports = await Promise.all(
      this.#children.map((child) => {
        const answer = answerOf(child) as Promise<PublisherReport>;
        child.send(request);
        return answer;
      }),
    );
    const tenths = reports.flatMap(({ ackTenths }) => ackTenths);
    return {
      sent: reports.reduce((sum, { sent }) => sum + sent, 0),
      tookMs: Math.max(...reports.map(({ tookMs }) => tookMs)),
      ackMsP50: weightedPercentile(tenths, 0.5) / 10,
      ackMsP99: weightedPercentile(tenths, 0.99) / 10,
      sentAt: mergedSums(reports.map(({ sentAt }) => sentAt)),
    };
  }
}

/** The least value that a share of the weights does not exceed; NaN without any. */
export function weightedPercentile(values: readonly (readonly [value: number, weight: number])[], p: number): number {
  const sorted = [...values].sort((a, b) => a[0] - b[0]);
  const total = sorted.reduce((sum, [, weight]) => sum + weight, 0);
  let passed = 0;
  for (const [value, weight] of sorted) {
    passed += weight;
    if (passed >= p * total) return value;
  }
  return Number.NaN;
}

/** Adds up what several have counted, each at its own moments. */
function mergedSums(lists: readonly (readonly (readonly [number, number])[])[]): [number, number][] {
  const events = lists.flatMap((list) =>
    list.map(([atMs, sent], index) => [atMs, sent - (list[index - 1]?.[1] ?? 0)] as const),
  );
  events.sort((a, b) => a[0] - b[0]);
  let sum = 0;
  return events.map(([atMs, added]) => {
    sum += added;
    return [atMs, sum];
  });
}
