import { HOUR_MS } from '../../src/base/index.ts';
import { type Random, seededRandom } from '../common/index.ts';
import { localMoments } from './curves.ts';
import type { DeviceMessage, SimulatedDevice, Turn } from './device.ts';
import { type Ailments, type FaultShares, LATE_MS_MAX } from './faults.ts';

export interface EventOptions {
  readonly devices: readonly SimulatedDevice[];
  readonly seed: string;
  readonly timeZone: string;
  /** First and last instant of the simulated time, ms UTC. */
  readonly startMs: number;
  readonly endMs: number;
  readonly faults?: FaultShares;
}

/** A message that leaves a device, or reaches the network late. */
export interface CityEvent extends DeviceMessage {
  readonly atMs: number;
  readonly device: string;
}

/**
 * Everything that the city publishes, in order of the simulated time. Pure: the same options give the same messages,
 * byte for byte, however fast they are taken. Devices keep their registers, so a list of devices serves one run.
 */
export function* cityEvents(options: EventOptions): Generator<CityEvent> {
  const { devices, startMs, endMs, faults = {} } = options;
  const random = seededRandom(`events ${options.seed}`);
  const momentOf = localMoments(options.timeZone);
  const ailments = devices.map(() => ailmentsOf(faults, random, startMs));
  const queue = new EventQueue();
  for (const [at, device] of devices.entries())
    queue.push({ atMs: startMs + device.phaseMs, device: at, late: undefined });
  for (let event = queue.pop(); event !== undefined && event.atMs < endMs; event = queue.pop()) {
    const device = devices[event.device]!;
    const { atMs } = event;
    if (event.late !== undefined) {
      yield { ...event.late, atMs, device: device.facts.id };
      continue;
    }
    const ailment = ailments[event.device]!;
    if (atMs >= ailment.silentFromMs) continue;
    queue.push({ atMs: atMs + device.facts.everyMs, device: event.device, late: undefined });
    const stampMs = atMs + ailment.clockAheadMs;
    const turn: Turn = {
      moment: momentOf(ailment.isStuck ? startMs : atMs),
      stampMs,
      localStampMs: stampMs + momentOf(stampMs).offsetMs,
      elapsedMs: ailment.isStuck ? 0 : device.facts.everyMs,
      noValue: happens(faults.nan, random),
      resetRegister: device.facts.hasRegister && happens(faults.counterReset, random),
    };
    for (const message of device.turn(turn)) {
      if (happens(faults.late, random)) {
        queue.push({ atMs: atMs + random() * LATE_MS_MAX, device: event.device, late: message });
        continue;
      }
      yield { ...message, atMs, device: device.facts.id };
      if (happens(faults.duplicates, random)) yield { ...message, atMs, device: device.facts.id };
    }
  }
}

/** A share of 0 takes no random number, so that switching one fault on does not move the others. */
function happens(share: number | undefined, random: Random): boolean {
  return share !== undefined && share > 0 && random() < share;
}

function ailmentsOf(faults: FaultShares, random: Random, startMs: number): Ailments {
  return {
    clockAheadMs: happens(faults.futureClock, random) ? Math.round((1 + 23 * random()) * HOUR_MS) : 0,
    isStuck: happens(faults.stuck, random),
    silentFromMs: happens(faults.silent, random) ? startMs + random() * HOUR_MS : Number.POSITIVE_INFINITY,
  };
}

interface Queued {
  readonly atMs: number;
  readonly device: number;
  /** A message that was held back; otherwise it is the device's turn. */
  readonly late: DeviceMessage | undefined;
}

/** A binary heap by time, equal times in order of arrival. */
class EventQueue {
  readonly #heap: { readonly event: Queued; readonly order: number }[] = [];
  #pushed = 0;

  push(event: Queued): void {
    const heap = this.#heap;
    const entry = { event, order: this.#pushed++ };
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  pop(): Queued | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined) return undefined;
    if (heap.length === 0) return top.event;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top.event;
  }
}

function isBefore(
  a: { readonly event: Queued; readonly order: number },
  b: { readonly event: Queued; readonly order: number },
): boolean {
  return a.event.atMs < b.event.atMs || (a.event.atMs === b.event.atMs && a.order < b.order);
}
