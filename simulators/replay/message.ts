import type { RecordedReading } from './row-mapper.ts';

/** One publish: the readings of one device. */
export interface RecordedMessage {
  readonly device: string;
  readonly topic: string;
  readonly payload: string;
  readonly readingCount: number;
  /** Largest event time in it, or null when no reading has one; paces a replay. */
  readonly timeMs: number | null;
}

/** Readings in one message, at most; keeps a payload far below a broker's usual limit of 64 KiB. */
export const BATCH_COUNT_MAX = 250;

/**
 * Gathers readings into messages of one device each, in the recording's own form (`recording/{recording}/{device}`).
 * Order within a device holds. At most one unfinished message per device is kept.
 */
export class MessageBuilder {
  readonly #recording: string;
  readonly #batchCount: number;
  readonly #shiftMs: number;
  readonly #open = new Map<string, RecordedReading[]>();

  /** @param shiftMs added to every event time */
  constructor(recording: string, batchCount: number, shiftMs: number) {
    this.#recording = recording;
    this.#batchCount = batchCount;
    this.#shiftMs = shiftMs;
  }

  /** The message that this reading completes, if it does. */
  add(reading: RecordedReading): RecordedMessage | undefined {
    if (this.#batchCount === 1) return this.#message(reading.device, [reading]);
    let open = this.#open.get(reading.device);
    if (open === undefined) {
      open = [];
      this.#open.set(reading.device, open);
    }
    open.push(reading);
    if (open.length < this.#batchCount) return undefined;
    this.#open.delete(reading.device);
    return this.#message(reading.device, open);
  }

  /** A message of this reading alone, whatever waits. */
  alone(reading: RecordedReading): RecordedMessage {
    return this.#message(reading.device, [reading]);
  }

  /** What is left, device by device. */
  *flush(): Iterable<RecordedMessage> {
    for (const [device, readings] of this.#open) yield this.#message(device, readings);
    this.#open.clear();
  }

  #message(device: string, readings: readonly RecordedReading[]): RecordedMessage {
    const bodies = readings.map((reading) => this.#body(reading));
    const times = readings.flatMap((reading) => (reading.timeMs === null ? [] : [reading.timeMs + this.#shiftMs]));
    return {
      device,
      topic: `recording/${this.#recording}/${device}`,
      payload: JSON.stringify(bodies.length === 1 ? bodies[0] : bodies),
      readingCount: readings.length,
      timeMs: times.length === 0 ? null : times.reduce((newest, atMs) => Math.max(newest, atMs)),
    };
  }

  #body(reading: RecordedReading): object {
    return {
      time: reading.timeMs === null ? null : new Date(reading.timeMs + this.#shiftMs).toISOString(),
      quantity: reading.quantity,
      ...(reading.channel === '' ? {} : { channel: reading.channel }),
      unit: reading.unit,
      value: reading.value,
      quality: reading.quality,
      every: reading.everyMs / 1000,
      ...(reading.periodMs === 0 ? {} : { period: reading.periodMs / 1000 }),
    };
  }
}
