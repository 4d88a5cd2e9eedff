import { randomUUID } from 'node:crypto';
import { type Clock, OperatingError } from '../../base/index.ts';
import type { Message } from '../../model/index.ts';
import {
  addressOf,
  connectForStreams,
  letGo,
  type RedisClient,
  refreshNodes,
  waitBefore,
  within,
} from '../../redis/index.ts';
import type { SeriesHours } from '../journal.ts';
import { ReceptionTime } from '../reception-time.ts';
import { hoursBody, messageBody, type RecordBody } from '../record.ts';
import type { StreamWriter } from '../streams.ts';
import { partitionKeys } from './keys.ts';
import { addWait, groupsByNode, type LinkOptions, lackOf, silenceMs } from './link.ts';
import { type Done, type PackedBatch, RawBatch } from './raw-batch.ts';
import { APPEND_RAW } from './scripts.ts';

/** Between two tries to send a batch. */
const RETRY_FIRST_MS = 50;
const RETRY_LONGEST_MS = 2_000;

/** Batches kept for the next ones, so that a steady stream makes no garbage. */
const SPARE_BATCHES_MAX = 16;

export interface WriterOptions extends LinkOptions {
  readonly name: string;
  /** Name of the city's streams. */
  readonly streams: string;
  readonly slots: readonly number[];
  readonly clock: Clock;
  readonly onClosed: () => void;
}

/** The batch of a partition that is on its way. */
interface Sending {
  readonly batch: RawBatch;
  readonly packed: PackedBatch;
  readonly number: number;
  readonly sinceMs: number;
  failures: number;
}

/** What waits for one partition: one batch on its way at a time, so that order is kept and a number says which one it is. */
interface Lane {
  readonly partition: number;
  readonly keys: readonly string[];
  readonly closed: RawBatch[];
  open: RawBatch;
  sending: Sending | undefined;
  /** It is sent, or waits for its next try. */
  isBusy: boolean;
  batchNumber: number;
  readonly times: ReceptionTime;
  /** Why its batch was not taken the last time. */
  problem: string | null;
}

/** Sends what is appended in batches: what comes while one is on its way makes the next one. */
export class RedisStreamWriter implements StreamWriter {
  readonly #options: WriterOptions;
  readonly #redis: RedisClient;
  /** No earlier process used it: its numbers begin at 1. */
  readonly #name: string;
  readonly #lanes: readonly Lane[];
  readonly #spare: RawBatch[] = [];
  /** Goes on with lanes that wait for the connection, and with those that wait for time. */
  readonly #held = new Map<() => void, { readonly timer: NodeJS.Timeout; readonly isAway: boolean }>();
  #isWoken = false;
  #isEnded = false;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  #waitingRecords = 0;
  #waitingBytes = 0;
  #batchCount = 0;
  #recordCount = 0;
  #answerMsMax = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#name = `${options.name}:${randomUUID()}`;
    this.#lanes = options.slots.map((_, partition) => laneOf(options.streams, partition));
    this.#redis = connectForStreams(options.server, options.onProblem, silenceMs(options));
    this.#redis.on('ready', () => {
      for (const [goOn, { isAway }] of this.#held) if (isAway) goOn();
    });
  }

  append(partition: number, message: Message, done: Done): void {
    this.#add(partition, messageBody('message', message, message.payload), message.receivedAtMs, done);
  }

  appendHours(hours: SeriesHours, atMs: number, done: Done): void {
    this.#add(0, hoursBody(hours), atMs, done);
  }

  stats(): ReturnType<StreamWriter['stats']> {
    return {
      waitingRecords: this.#waitingRecords,
      waitingBytes: this.#waitingBytes,
      batchCount: this.#batchCount,
      recordCount: this.#recordCount,
      answerMsMax: this.#answerMsMax,
      blocked: this.#lanes.find(({ problem }) => problem !== null)?.problem ?? null,
    };
  }

  close(limitMs: number): Promise<void> {
    this.#closing ??= this.#close(limitMs);
    return this.#closing;
  }

  #add(partition: number, body: RecordBody, atMs: number, done: Done): void {
    if (this.#closing !== undefined) {
      queueMicrotask(() => done(this.#closedError()));
      return;
    }
    const lane = this.#lanes[partition]!;
    const { open } = lane;
    const before = open.bytes;
    open.add(body, lane.times.at(atMs), done);
    this.#waitingBytes += open.bytes - before;
    this.#waitingRecords++;
    if (open.isFull()) {
      lane.closed.push(open);
      lane.open = this.#spare.pop() ?? new RawBatch();
    }
    if (!lane.isBusy) this.#wake();
  }

  /** The first append of a turn only wakes it, so that the whole turn's appends share a batch. */
  #wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    setImmediate(() => {
      this.#isWoken = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#isEnded) return;
    const ready = this.#lanes.filter((lane) => !lane.isBusy && this.#hasBatch(lane));
    if (ready.length === 0) return;
    for (const lane of ready) lane.isBusy = true;
    const { status } = this.#redis;
    if (status !== 'ready') {
      this.#hold(ready, `cannot reach Redis at ${addressOf(this.#options.server)}: the connection is ${status}`, true);
      return;
    }
    const partitions = ready.map(({ partition }) => partition);
    for (const group of groupsByNode(this.#redis, this.#options.slots, partitions)) {
      void this.#sendTogether(group.map((partition) => this.#lanes[partition]!));
    }
  }

  #hasBatch(lane: Lane): boolean {
    if (lane.sending !== undefined) return true;
    const batch = lane.closed.shift() ?? lane.open;
    if (batch.dones.length === 0) return false;
    if (batch === lane.open) lane.open = this.#spare.pop() ?? new RawBatch();
    const sinceMs = this.#options.clock.monotonicMs();
    lane.sending = { batch, packed: batch.packed(), number: ++lane.batchNumber, sinceMs, failures: 0 };
    return true;
  }

  async #sendTogether(lanes: readonly Lane[]): Promise<void> {
    const { durability } = this.#options;
    const pipeline = this.#redis.pipeline();
    for (const { keys, sending } of lanes) {
      const { batch, packed, number } = sending!;
      pipeline.eval(
        APPEND_RAW,
        keys.length,
        ...keys,
        this.#name,
        number,
        batch.dones.length,
        packed.field,
        packed.bytes,
      );
    }
    addWait(pipeline, durability);
    const answers = (await pipeline.exec().catch((error: Error) => lanes.map(() => [error] as const))) ?? [];
    if (this.#isEnded) return;
    const [waitError, waitAnswer] = answers[lanes.length] ?? [];
    const lack = waitError?.message ?? lackOf(durability, waitAnswer);
    const refused: Lane[] = [];
    let why = '';
    for (const [at, lane] of lanes.entries()) {
      const problem = answers[at]?.[0]?.message ?? lack;
      if (problem === undefined) this.#acknowledge(lane);
      else {
        refused.push(lane);
        why = problem;
      }
    }
    if (refused.length > 0) this.#hold(refused, why, this.#redis.status !== 'ready');
  }

  #acknowledge(lane: Lane): void {
    const { batch, sinceMs } = lane.sending!;
    lane.sending = undefined;
    lane.isBusy = false;
    lane.problem = null;
    this.#answerMsMax = Math.max(this.#answerMsMax, this.#options.clock.monotonicMs() - sinceMs);
    this.#batchCount++;
    this.#recordCount += batch.dones.length;
    const dones = this.#forget(batch);
    if (this.#spare.length < SPARE_BATCHES_MAX) this.#spare.push(batch);
    for (const done of dones) done();
    this.#wake();
    if (this.#waitingRecords === 0) this.#onIdle?.();
  }

  #forget(batch: RawBatch): readonly Done[] {
    this.#waitingRecords -= batch.dones.length;
    this.#waitingBytes -= batch.bytes;
    const dones = [...batch.dones];
    batch.clear();
    return dones;
  }

  /** Tries again after a while, or when the connection is there. */
  #hold(lanes: readonly Lane[], why: string, isAway: boolean): void {
    if (this.#isEnded) return;
    for (const lane of lanes) {
      lane.problem = why;
      lane.sending!.failures++;
    }
    void refreshNodes(this.#redis);
    const goOn = (): void => {
      clearTimeout(this.#held.get(goOn)?.timer);
      this.#held.delete(goOn);
      for (const lane of lanes) lane.isBusy = false;
      this.#wake();
    };
    const failures = Math.max(...lanes.map(({ sending }) => sending!.failures));
    const timer = setTimeout(goOn, waitBefore(failures, RETRY_FIRST_MS, RETRY_LONGEST_MS));
    this.#held.set(goOn, { timer, isAway });
  }

  async #close(limitMs: number): Promise<void> {
    const { promise: isIdle, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    if (this.#waitingRecords === 0) resolve();
    await within(limitMs, isIdle);
    for (const { timer } of this.#held.values()) clearTimeout(timer);
    this.#held.clear();
    this.#isEnded = true;
    letGo(this.#redis);
    const left = this.#lanes.flatMap(({ sending, closed, open }) => [sending?.batch, ...closed, open]);
    const error = this.#closedError();
    for (const batch of left) if (batch !== undefined) for (const done of this.#forget(batch)) done(error);
    this.#options.onClosed();
  }

  #closedError(): OperatingError {
    return new OperatingError(
      'streams_closed',
      `cannot append to the streams ${this.#options.streams}: they were closed`,
    );
  }
}

function laneOf(streams: string, partition: number): Lane {
  const { state, raw, writers } = partitionKeys(streams, partition);
  return {
    ...{ partition, keys: [state, raw, writers], closed: [], open: new RawBatch(), sending: undefined },
    ...{ isBusy: false, batchNumber: 0, times: new ReceptionTime(Number.NEGATIVE_INFINITY), problem: null },
  };
}
