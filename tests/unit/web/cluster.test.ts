import { describe, expect, test } from 'vitest';
import {
  ageMsOf,
  enginesOf,
  fairShare,
  findingsOf,
  inOrder,
  isBehind,
  type Look,
  memoryRatio,
  memoryTone,
  nextLook,
  rangesOf,
  rateOf,
} from '../../../web/src/data/cluster.ts';
import type { Cluster } from '../../../web/src/types.ts';

const AT_MS = Date.UTC(2026, 5, 18, 14, 25);
const at = (ms: number) => new Date(AT_MS + ms).toISOString();

function partition(number: number, change: Partial<Cluster['partitions'][number]> = {}): Cluster['partitions'][number] {
  return {
    ...{ partition: number, messages: 1_000, lag: 0, owner: number % 2 === 0 ? 'a' : 'b' },
    ...{ ownedSince: at(-60_000), handovers: 1, ...change },
  };
}

function cluster(change: Partial<Cluster> = {}): Cluster {
  return {
    ...{ node: 'api', roles: ['api'], at: at(0), problem: null, cutter: 'a', kpiTopics: null },
    engines: ['a', 'b'],
    members: ['a', 'b', 'c', 'api'].map((name) => ({ name, roles: ['engine'], basis: 'same' })),
    cut: { number: 7, at: at(-1_000), position: 4_007 },
    partitions: [0, 1, 2, 3].map((number) => partition(number)),
    replicas: [{ name: 'reader', position: 3_900, behind: 107, heard: at(-2_000) }],
    memory: { usedBytes: 100, maxBytes: 1_000 },
    ...change,
  };
}

/** Partitions of two looks, two seconds apart, in which each got so many messages more. */
function looked(more: readonly number[], change: Partial<Cluster> = {}): Look {
  const partitions = (change.partitions ?? cluster().partitions).map((one) => ({
    ...one,
    messages: one.messages + more[one.partition]!,
  }));
  return nextLook(nextLook(undefined, cluster()), cluster({ at: at(2_000), ...change, partitions }));
}

const rates = ({ partitions }: Look) => partitions.map(({ rate }) => rate);
const texts = (change: Partial<Cluster>) => findingsOf(nextLook(undefined, cluster(change))).map(({ text }) => text);

describe('messages per second', () => {
  test('are unknown at first, and then what came between two looks', () => {
    expect(rates(nextLook(undefined, cluster()))).toEqual([null, null, null, null]);
    const look = looked([10, 0, 300, 1]);
    expect(rates(look)).toEqual([5, 0, 150, 0.5]);
    expect(rateOf(look.partitions)).toBe(155.5);
  });

  test('stay what they were while the server has not looked again, and are counted from where they were', () => {
    const look = looked([10, 0, 300, 1]);
    const same = nextLook(look, { ...look.cluster, problem: 'away' });
    expect(rates(same)).toEqual([5, 0, 150, 0.5]);
    expect(same.cluster.problem).toBe('away');
    const partitions = look.cluster.partitions.map((one) => ({ ...one, messages: one.messages + 6 }));
    const soon = nextLook(look, cluster({ at: at(2_900), partitions }));
    expect(rates(soon)).toEqual([5, 0, 150, 0.5]);
    expect(rates(nextLook(soon, cluster({ at: at(5_000), partitions })))).toEqual([2, 2, 2, 2]);
  });

  test('are unknown where a partition has fewer than before, and when the clock went back', () => {
    expect(rates(looked([-1, 2, 0, 0]))).toEqual([null, 1, 0, 0]);
    const back = nextLook(looked([2, 2, 2, 2]), cluster({ at: at(-5_000) }));
    expect(rates(back)).toEqual([null, null, null, null]);
    expect(rateOf(back.partitions)).toBeNull();
  });

  test('are unknown of a partition that was not there', () => {
    const partitions = [0, 1, 2, 3, 4].map((number) => partition(number));
    expect(rates(nextLook(looked([0, 0, 0, 0]), cluster({ at: at(4_000), partitions })))).toEqual([0, 0, 0, 0, null]);
  });
});

describe('a partition is behind', () => {
  const one = (lag: number, rate: number | null, owner: string | null = 'a') => ({
    ...partition(0, { lag, owner }),
    rate,
  });

  test('with more than ten seconds of messages, and more than a thousand', () => {
    expect([isBehind(one(1_000, 0)), isBehind(one(1_001, 0))]).toEqual([false, true]);
    expect([isBehind(one(50_000, 5_000)), isBehind(one(50_001, 5_000))]).toEqual([false, true]);
  });

  test('but not while its rate is unknown, nor without an owner, which is said otherwise', () => {
    expect([isBehind(one(9_999, null)), isBehind(one(9_999, 1, null))]).toEqual([false, false]);
  });
});

describe('engines', () => {
  test('stand by name with what each owns, also one that owns nothing and one that is not listed', () => {
    const partitions = [partition(0), partition(1, { lag: 5 }), partition(2), partition(3, { owner: 'c', lag: 2 })];
    const look = looked([2, 4, 6, 8], { engines: ['b', 'a', 'idle'], partitions });
    expect(enginesOf(look)).toEqual([
      { name: 'a', isCutter: true, partitions: [0, 2], lag: 0, rate: 4 },
      { name: 'b', isCutter: false, partitions: [1], lag: 5, rate: 2 },
      { name: 'c', isCutter: false, partitions: [3], lag: 2, rate: 4 },
      { name: 'idle', isCutter: false, partitions: [], lag: 0, rate: 0 },
    ]);
  });

  test('share fairly', () => {
    expect([fairShare(16, 4), fairShare(16, 3), fairShare(2, 3)]).toEqual(['4', '5 or 6', '0 or 1']);
  });
});

test('partitions without an owner stand first, the others by number', () => {
  const partitions = [partition(0), partition(1), partition(2, { owner: null }), partition(3, { owner: null })];
  expect(inOrder(nextLook(undefined, cluster({ partitions })).partitions).map((one) => one.partition)).toEqual([
    2, 3, 0, 1,
  ]);
});

test('numbers are put together to ranges, the first of many', () => {
  expect([rangesOf([]), rangesOf([4]), rangesOf([5, 4]), rangesOf([9, 0, 2, 3, 4, 5])]).toEqual([
    ...['', '4', '4, 5', '0, 2 to 5, 9'],
  ]);
  const odd = Array.from({ length: 20 }, (_, index) => 2 * index + 1);
  expect(rangesOf(odd)).toBe('1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, and 8 more');
});

test('memory is short from 30 % on and full from 40 % on; without a bound it is neither', () => {
  const toneOf = (usedBytes: number, maxBytes: number | null) =>
    memoryTone(cluster({ memory: { usedBytes, maxBytes } }));
  expect([toneOf(299, 1_000), toneOf(300, 1_000), toneOf(400, 1_000), toneOf(9e12, null)]).toEqual([
    ...['good', 'warn', 'bad', 'good'],
  ]);
  expect(memoryRatio(cluster({ memory: { usedBytes: 1, maxBytes: null } }))).toBeNull();
});

test('ages are those of the look, never below zero, and none of what never was', () => {
  expect([ageMsOf(cluster(), at(-1_500)), ageMsOf(cluster(), at(500)), ageMsOf(cluster(), null)]).toEqual([
    1500,
    0,
    null,
  ]);
});

describe('what is not well', () => {
  test('is nothing when all is, and before anything was seen', () => {
    expect(findingsOf(looked([9, 9, 9, 9]))).toEqual([]);
    expect(texts({ partitions: [], engines: [], replicas: [], cutter: null })).toEqual([]);
  });

  test('is that no engine runs, once and not its consequences', () => {
    const partitions = [0, 1].map((number) => partition(number, { owner: null }));
    const cut = { number: 7, at: at(-90_000), position: 9 };
    expect(texts({ partitions, engines: [], cutter: null, cut })).toEqual([
      'No process with the role engine runs: no partition has an owner. Messages are kept and wait.',
    ]);
  });

  test('is which partitions have no owner', () => {
    const without = (numbers: readonly number[]) =>
      [0, 1, 2, 3].map((number) => partition(number, numbers.includes(number) ? { owner: null } : {}));
    expect(texts({ partitions: without([3]) })).toEqual([
      'Partition 3 is without an owner: what comes there is kept and waits.',
    ]);
    expect(texts({ partitions: without([0, 1, 2]) })).toEqual([
      'Partitions 0 to 2 are without an owner: what comes there is kept and waits.',
    ]);
  });

  test('is that no cuts are made, by nobody or for too long', () => {
    expect(texts({ cutter: null })).toEqual(['No process makes cuts: messages are kept and wait.']);
    const cutAgo = (ageMs: number) => texts({ cut: { number: 7, at: at(-ageMs), position: 9 } });
    expect(cutAgo(30_000)).toEqual([]);
    expect(cutAgo(30_001)).toEqual(['No cut for more than 30 s: messages are kept and wait.']);
    expect(texts({ cut: { number: 0, at: null, position: 0 } })).toHaveLength(1);
  });

  test('is which partitions are behind', () => {
    const partitions = [partition(0, { lag: 5_000 }), partition(1), partition(2, { lag: 1_200 }), partition(3)];
    expect(findingsOf(looked([2, 2, 2, 2], { partitions }))).toEqual([
      { tone: 'warn', text: 'Partitions 0, 2 are more than 10 s behind: values of the city are late.' },
    ]);
  });

  test('is which reader has not been heard, and that there is none', () => {
    const replicas = [{ name: 'gone', position: 1, behind: 9, heard: at(-120_001) }];
    expect(texts({ replicas })).toEqual([
      'The reader gone has not been heard for 2 minutes: Redis keeps what it may still need.',
    ]);
    expect(texts({ replicas: [] })).toEqual(['No reader of the whole has said how far it is: Redis keeps everything.']);
  });

  test('is which processes have another configuration; those that make no numbers have none', () => {
    const member = (name: string, basis: string | null) => ({ name, roles: [], basis });
    const two = [member('a', 'old'), member('b', 'new'), member('c', 'new'), member('intake', null)];
    const text =
      'another configuration or other device profiles than the other processes: numbers may differ until all are started with the same.';
    expect(texts({ members: two })).toEqual([`a has ${text}`]);
    expect(texts({ members: [...two, member('d', 'third'), member('e', 'new')] })).toEqual([`a, d have ${text}`]);
  });

  test('stands worst first', () => {
    const partitions = [partition(0), partition(1, { owner: null })];
    const found = findingsOf(nextLook(undefined, cluster({ partitions, memory: { usedBytes: 8, maxBytes: 10 } })));
    expect(found.map(({ tone }) => tone)).toEqual(['bad', 'warn']);
    expect(found[0]!.text).toContain('memory of Redis is short');
  });

  test('is only that nothing can be seen while nothing can', () => {
    const problem = 'cannot reach Redis: connection refused';
    expect(texts({ problem, cutter: null })).toEqual([
      `The journal in Redis cannot be looked at, and what stands below is older: ${problem}`,
    ]);
    expect(texts({ problem, partitions: [] })).toEqual([`The journal in Redis could not be looked at yet: ${problem}`]);
  });
});
