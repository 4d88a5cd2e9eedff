import { describe, expect, test } from 'vitest';
import { beyondShare, isSame, largestShare, type NodeHolding, shareOf } from '../../../src/jobs/fair-share.ts';
import { Random } from '../journal/support/random.ts';

const nodesOf = (...held: number[]): NodeHolding[] => held.map((count, at) => ({ id: `node-${at}`, held: count }));
const sharesOf = (nodes: readonly NodeHolding[], names: number) => nodes.map(({ id }) => shareOf(id, nodes, names));

describe('the share of a node', () => {
  test('is everything for one that is alone, and nothing for one that nobody knows', () => {
    expect(sharesOf(nodesOf(0), 17)).toEqual([17]);
    expect(shareOf('stranger', nodesOf(3, 4), 17)).toBe(0);
  });

  test('is one more for those who hold most already, where it does not come out even', () => {
    expect(sharesOf(nodesOf(3, 4, 4), 11)).toEqual([3, 4, 4]);
    expect(sharesOf(nodesOf(4, 4, 3, 0), 11)).toEqual([3, 3, 3, 2]);
    expect(sharesOf(nodesOf(5, 5, 5), 10)).toEqual([4, 3, 3]);
  });

  test('leaves one that joins its part, also where all others hold no more than the rounded-up share', () => {
    expect(sharesOf(nodesOf(...Array(10).fill(2), 0), 20)).toEqual([...Array(9).fill(2), 1, 1]);
  });

  test('is none for some where there are more nodes than names', () => {
    expect(sharesOf(nodesOf(0, 0, 1, 0), 2)).toEqual([1, 0, 1, 0]);
  });

  test('adds up to all names and differs by one at most, in whatever order the nodes come', () => {
    const random = new Random(5);
    for (let round = 0; round < 500; round++) {
      const nodes = nodesOf(...Array.from({ length: 1 + random.integer(60) }, () => random.integer(30)));
      const names = random.integer(1_100);
      const shares = sharesOf(nodes, names);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(names);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      expect(sharesOf(nodes.toReversed(), names).toReversed()).toEqual(shares);
    }
  });

  test('is what everybody holds already when it is fair', () => {
    expect(sharesOf(nodesOf(20, 21, 20, 21, 20), 102)).toEqual([20, 21, 20, 21, 20]);
  });
});

describe('what is given up', () => {
  const held = [{ number: 7 }, { number: 3 }, { number: 9 }];

  test('is nothing up to the share', () => {
    expect(beyondShare(held, 3)).toEqual([]);
    expect(beyondShare(held, 5)).toEqual([]);
  });

  test('is what was taken last', () => {
    expect(beyondShare(held, 1)).toEqual([{ number: 7 }, { number: 9 }]);
    expect(beyondShare(held, 0)).toHaveLength(3);
  });
});

test('the largest share is rounded up', () => {
  expect([largestShare(4, 11), largestShare(4, 12), largestShare(4, 0)]).toEqual([3, 3, 0]);
});

test('a look at nodes is the same while none of them came, left or holds another number', () => {
  expect(isSame(nodesOf(1, 2), nodesOf(1, 2))).toBe(true);
  for (const other of [nodesOf(1), nodesOf(1, 2, 0), nodesOf(2, 2), [...nodesOf(1), { id: 'node-7', held: 2 }]]) {
    expect(isSame(nodesOf(1, 2), other)).toBe(false);
  }
});
