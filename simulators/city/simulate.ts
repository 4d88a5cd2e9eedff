import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '../../src/base/index.ts';
import { openPublisher, type Publisher, type PublisherOptions } from '../common/index.ts';
import { type CityEvent, cityEvents } from './events.ts';
import type { FaultShares } from './faults.ts';
import { populate } from './population.ts';

/** A simulated city; only `url` and `deviceCount` are needed. */
export interface SimulateOptions extends Omit<PublisherOptions, 'qos' | 'clock'> {
  /** 1 to 100,000. */
  readonly deviceCount: number;
  readonly seed?: string;
  /** Zone of the city's clocks. Default Europe/Berlin. */
  readonly timeZone?: string;
  readonly qos?: 0 | 1;
  /** How far back the simulated time starts, ms; it catches up at `speed` and then goes with the clock. Default 0. */
  readonly sinceMs?: number;
  /** Default 1. The simulated time never gets ahead of the clock. */
  readonly speed?: number | 'max';
  /** Length of the simulated time, ms; without it until aborted. */
  readonly forMs?: number;
  /** Messages a second at most. */
  readonly rateMax?: number;
  readonly faults?: FaultShares;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

export interface SimulateProgress {
  readonly messagesPublished: number;
  readonly messagesAcked: number;
  readonly messagesPerS: number;
  /** Simulated time, ms UTC. */
  readonly atMs: number;
}

export interface SimulateSummary {
  readonly deviceCount: number;
  readonly messagesPublished: number;
  readonly messagesAcked: number;
  readonly messagesResent: number;
  readonly reconnects: number;
  readonly durationMs: number;
  readonly messagesPerS: number;
  readonly aborted: boolean;
}

const PROGRESS_EVERY_MS = 1_000;
const SLEEP_MS_MAX = 60_000;
/** Waiting less than this is not worth a timer. */
const WAIT_MS_MIN = 2;

/** Publishes a simulated city until its time is over. @throws OperatingError `broker_unreachable`, `broker_refused` */
export async function simulate(
  options: SimulateOptions,
  onProgress?: (progress: SimulateProgress) => void,
): Promise<SimulateSummary> {
  const clock = options.clock ?? systemClock;
  const timeZone = options.timeZone ?? 'Europe/Berlin';
  const seed = options.seed ?? '1';
  const devices = populate(options.deviceCount, seed);
  const publisher = await openPublisher({ clientIdPrefix: 'city', ...options, qos: options.qos ?? 1, clock });
  const stop = () => void publisher.close();
  options.signal?.addEventListener('abort', stop);
  const beganMs = clock.monotonicMs();
  const startMs = clock.nowMs() - (options.sinceMs ?? 0);
  const endMs = options.forMs === undefined ? Number.POSITIVE_INFINITY : startMs + options.forMs;
  const faults = options.faults === undefined ? {} : { faults: options.faults };
  const events = cityEvents({ devices, seed, timeZone, startMs, endMs, ...faults });
  let aborted = false;
  try {
    await publishAll(events, publisher, new Pace(options, clock, startMs), new Rate(clock, onProgress), options.signal);
  } catch (error) {
    if (!options.signal?.aborted) throw error;
    aborted = true;
  } finally {
    options.signal?.removeEventListener('abort', stop);
    await publisher.close();
  }
  const stats = publisher.stats();
  const durationMs = clock.monotonicMs() - beganMs;
  return {
    deviceCount: devices.length,
    messagesPublished: stats.published,
    messagesAcked: stats.acked,
    messagesResent: stats.resent,
    reconnects: stats.reconnects,
    durationMs,
    messagesPerS: durationMs > 0 ? (stats.acked / durationMs) * 1000 : 0,
    aborted,
  };
}

async function publishAll(
  events: Iterable<CityEvent>,
  publisher: Publisher,
  pace: Pace,
  rate: Rate,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const event of events) {
    signal?.throwIfAborted();
    const waitMs = pace.waitMs(event.atMs);
    if (waitMs >= WAIT_MS_MIN) await wait(waitMs, signal);
    const room = publisher.publish(event.device, event.topic, event.payload);
    if (room !== undefined) await room;
    rate.report(publisher, event.atMs);
  }
  await publisher.drain();
}

async function wait(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  for (let leftMs = waitMs; leftMs > 0; leftMs -= SLEEP_MS_MAX) {
    await sleep(Math.min(leftMs, SLEEP_MS_MAX), undefined, signal === undefined ? {} : { signal });
  }
}

/** When a message may go: at its speed, not before the clock, not faster than the rate. */
class Pace {
  readonly #speed: number;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #beganMs: number;
  readonly #betweenMs: number;
  #slotMs = Number.NEGATIVE_INFINITY;

  constructor(options: SimulateOptions, clock: Clock, startMs: number) {
    const { speed = 1, rateMax } = options;
    this.#speed = speed === 'max' ? Number.POSITIVE_INFINITY : speed;
    this.#clock = clock;
    this.#startMs = startMs;
    this.#beganMs = clock.monotonicMs();
    this.#betweenMs = rateMax === undefined ? 0 : 1000 / rateMax;
  }

  waitMs(atMs: number): number {
    const nowMs = this.#clock.monotonicMs();
    const dueMs = this.#beganMs + (atMs - this.#startMs) / this.#speed - nowMs;
    // The slot is taken whatever the wait: a rate holds over the long run, whoever is late.
    this.#slotMs = Math.max(this.#slotMs + this.#betweenMs, nowMs);
    return Math.max(dueMs, atMs - this.#clock.nowMs(), this.#slotMs - nowMs);
  }
}

/** Reports messages a second, about once a second. */
class Rate {
  readonly #clock: Clock;
  readonly #onProgress: ((progress: SimulateProgress) => void) | undefined;
  #atMs: number;
  #acked = 0;

  constructor(clock: Clock, onProgress: ((progress: SimulateProgress) => void) | undefined) {
    this.#clock = clock;
    this.#onProgress = onProgress;
    this.#atMs = clock.monotonicMs();
  }

  report(publisher: Publisher, atMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#onProgress === undefined || nowMs - this.#atMs < PROGRESS_EVERY_MS) return;
    const { published, acked } = publisher.stats();
    const messagesPerS = ((acked - this.#acked) / (nowMs - this.#atMs)) * 1000;
    this.#atMs = nowMs;
    this.#acked = acked;
    this.#onProgress({ messagesPublished: published, messagesAcked: acked, messagesPerS, atMs });
  }
}
