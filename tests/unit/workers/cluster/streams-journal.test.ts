import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../../src/base/index.ts';
import { StreamsJournal } from '../../../../src/workers/cluster/streams-journal.ts';
import { MemoryStreams } from '../support/memory-streams.ts';
import { messageAt, until } from './support.ts';

describe('StreamsJournal', () => {
  let journal: StreamsJournal | undefined;
  afterEach(() => journal?.close());

  function open(streams: MemoryStreams, clock: Clock = systemClock): StreamsJournal {
    const names = { writerName: 'w', replicaName: 'r' };
    journal = new StreamsJournal({ streams, clock, ...names, onProblem: () => {} });
    return journal;
  }

  it('spreads topics over the partitions, each always to the same one', async () => {
    const streams = new MemoryStreams(4);
    const opened = open(streams);
    for (let at = 0; at < 400; at++) {
      await new Promise<void>((resolve, reject) => {
        opened.append(messageAt(at, `in/device-${at % 100}/data`), (error) => (error ? reject(error) : resolve()));
      });
    }
    const topics = streams.raw.map((records) => {
      return new Set(records.map((record) => (record.kind === 'message' ? record.message.topic : '')));
    });
    expect(topics.reduce((sum, { size }) => sum + size, 0)).toBe(100);
    for (const { size } of topics) expect(size).toBeGreaterThan(10);
  });

  it('tells how far all is decoded, and never back', () => {
    const told: number[] = [];
    const opened = open(new MemoryStreams(1));
    opened.onDurable((position) => told.push(position));
    for (const position of [5, 3, 5, 9]) opened.advance(position);
    expect(told).toEqual([5, 9]);
    expect(opened.durableSequence()).toBe(9);
  });

  it('says what it needs of the streams, again and again', async () => {
    const streams = new MemoryStreams(1);
    open(streams).setConsumerPosition('engine', 7);
    let replicas: readonly { readonly position: number }[] = [];
    await until(() => {
      void streams.replicas().then((all) => {
        replicas = all;
      });
      return replicas.length > 0;
    });
    expect(replicas).toMatchObject([{ name: 'r', position: 7 }]);
  });

  it('tells what holds a message once the second cut after its answer is made: the next one may have passed it', async () => {
    const streams = new MemoryStreams(1);
    const opened = open(streams);
    const told: number[] = [];
    await streams.cut(1);
    void opened.heldBy().then((sequence) => told.push(sequence));
    await delay(700);
    await streams.cut(2);
    opened.advance(20, 2);
    await delay(20);
    expect(told).toEqual([]);
    opened.advance(30, 3);
    await delay(20);
    expect(told).toEqual([30]);
  });

  it('says so also after the clock on the wall was set back', async () => {
    const streams = new MemoryStreams(1);
    const clock = { wallMs: 9_000_000, nowMs: () => clock.wallMs, monotonicMs: systemClock.monotonicMs };
    const opened = open(streams, clock);
    opened.setConsumerPosition('engine', 7);
    const isAt = async (position: number) => {
      while ((await streams.replicas())[0]?.position !== position) await delay(20);
    };
    await isAt(7);
    clock.wallMs = 1_000;
    opened.setConsumerPosition('engine', 8);
    await isAt(8);
  });

  it('lets messages take less than half of what memory there may be, and a gigabyte where it has no bound', async () => {
    const streams = new MemoryStreams(1);
    const opened = open(streams);
    expect(opened.budget).toBe(2 ** 30);
    streams.memory = async () => ({ used: 100, max: 1_000 });
    await until(() => opened.stats().bytesOnDisk === 100);
    expect(opened.budget).toBe(400);
  });

  it('takes no message again', () => {
    let told: Error | undefined;
    open(new MemoryStreams(1)).appendAgain(1, messageAt(1), 1, (error) => {
      told = error;
    });
    expect(told).toMatchObject({ code: 'journal_streams' });
  });
});
