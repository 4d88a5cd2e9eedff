import type { Quality, Quantity, Reading, Reject } from '../model/index.ts';
import type { Problem, Sink, Target } from '../profiles/index.ts';

/** Readings and rejects of one message, all or nothing: one refusal of the whole takes back what was found before. */
export class Collector implements Sink {
  readonly readings: Reading[] = [];
  readonly rejects: { index: number; reject: Reject }[] = [];
  gatewayId = '';
  refusal: Reject | undefined;
  readonly #countMax: number;
  readonly #expectEveryMs: (device: string) => number;

  /** @param expectEveryMs what the city says of a device, 0 for nothing */
  constructor(countMax: number, expectEveryMs: (device: string) => number) {
    this.#countMax = countMax;
    this.#expectEveryMs = expectEveryMs;
  }

  reading(
    target: Target,
    quantity: Quantity,
    channel: string,
    value: number,
    quality: Quality,
    periodMs: number,
    expectEveryMs: number,
  ): boolean {
    if (this.#isFull()) return false;
    this.readings.push({
      device: target.device,
      channel,
      quantity: quantity.id,
      value,
      timeMs: target.timeMs,
      timeSource: target.timeSource,
      quality,
      periodMs,
      expectEveryMs: this.#expectEveryMs(target.device) || expectEveryMs,
    });
    return true;
  }

  reject({ reason, detail }: Problem, device: string): boolean {
    if (this.#isFull()) return false;
    this.rejects.push({ index: this.#count, reject: { reason, detail, device } });
    return true;
  }

  fail({ reason, detail }: Problem, device: string): false {
    this.refusal ??= { reason, detail, device };
    return false;
  }

  gateway(id: string): void {
    if (this.gatewayId === '') this.gatewayId = id;
  }

  get #count(): number {
    return this.readings.length + this.rejects.length;
  }

  #isFull(): boolean {
    if (this.#count < this.#countMax) return false;
    this.fail({ reason: 'too_many_readings', detail: `more than ${this.#countMax} readings in one message` }, '');
    return true;
  }
}
