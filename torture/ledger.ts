import type { JournalReader } from '../src/journal/index.ts';
import { messageOf, numberOf, type Plan, type PlannedReading } from './messages.ts';

const READ_BYTES = 1 << 20;

/** What must have become of messages, when nothing is lost and nothing counted twice. */
export interface Expected {
  readonly messages: { readonly received: number; readonly decoded: number; readonly quarantined: number };
  readonly readings: {
    readonly received: number;
    readonly counted: number;
    readonly duplicate: number;
    readonly quarantined: number;
  };
}

/**
 * The bookkeeping of a round in the plainest way: it takes what a journal holds, in order, and says what the product must
 * have made of it. It knows the messages from the plan, and shares no code with the product beyond reading the journal.
 */
export class Ledger {
  readonly #plan: Plan;
  /** Numbers that the journal holds, by publisher. */
  readonly #numbers: readonly Set<number>[];
  /** Values by series, then by event time; the first one of a time stays. */
  readonly #series = new Map<string, Map<number, number>>();
  readonly #strangers: string[] = [];
  #messages = { received: 0, decoded: 0, quarantined: 0 };
  #readings = { received: 0, counted: 0, duplicate: 0, quarantined: 0 };

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#numbers = Array.from({ length: plan.publisherCount }, () => new Set<number>());
  }

  /** Takes all records up to a sequence. */
  async read(reader: JournalReader, upToSequence: number): Promise<this> {
    for (let after = 0; after < upToSequence; ) {
      const records = await reader.read(after, upToSequence, READ_BYTES);
      if (records.length === 0)
        throw new Error(`the journal ends with record ${after}, and ${upToSequence} is durable`);
      for (const record of records) {
        if (record.sequence !== after + 1) throw new Error(`record ${record.sequence} follows record ${after}`);
        after = record.sequence;
        if (record.kind === 'message') this.take(record.message.topic, Buffer.from(record.message.payload).toString());
      }
    }
    return this;
  }

  /** One message of the journal. */
  take(topic: string, payload: string): void {
    const known = numberOf(topic, payload);
    const planned = known && messageOf(this.#plan, known.publisher, known.number);
    if (known === undefined || planned?.topic !== topic || planned.payload !== payload) {
      if (this.#strangers.length < 5) this.#strangers.push(`${topic} ${payload.slice(0, 100)}`);
      return;
    }
    this.#numbers[known.publisher]!.add(known.number);
    this.#messages.received++;
    if (planned.readings === undefined) this.#messages.quarantined++;
    else {
      this.#messages.decoded++;
      for (const reading of planned.readings) this.#count(reading);
    }
  }

  #count({ device, quantity, timeMs, value, isGood }: PlannedReading): void {
    this.#readings.received++;
    if (!isGood) {
      this.#readings.quarantined++;
      return;
    }
    const name = seriesName(device, quantity);
    const values = this.#series.get(name) ?? new Map<number, number>();
    this.#series.set(name, values);
    const first = values.get(timeMs);
    if (first === undefined) {
      values.set(timeMs, value);
      this.#readings.counted++;
    } else if (first === value) this.#readings.duplicate++;
    else this.#readings.quarantined++;
  }

  /** Messages that no publisher sent, with what they begin with. */
  get strangers(): readonly string[] {
    return this.#strangers;
  }

  /** Values by event time, for each series. */
  get series(): ReadonlyMap<string, ReadonlyMap<number, number>> {
    return this.#series;
  }

  has(publisher: number, number: number): boolean {
    return this.#numbers[publisher]!.has(number);
  }

  expected(): Expected {
    return { messages: this.#messages, readings: this.#readings };
  }
}

/** Name of a series among the values of a ledger. */
export function seriesName(device: string, quantity: string): string {
  return `${device} ${quantity}`;
}
