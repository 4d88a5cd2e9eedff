import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ADAPTERS } from './adapter.ts';

/*
 * Numeric cases with their sources. `VECTORS_DIR` names another folder of the same format; the default is the copy
 * beside this file.
 */

interface Vector {
  readonly id: string;
  readonly fn: string;
  readonly inputs: unknown;
  readonly expected: unknown;
  /** Absolute; exact when absent. */
  readonly tolerance?: number;
}

const folder = process.env.VECTORS_DIR ?? join(import.meta.dirname, 'data');
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .sort();
const vectors: Vector[] = files.flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')).vectors);
const covered = vectors.filter((vector) => ADAPTERS.has(vector.fn));

describe('vectors', () => {
  for (const vector of covered) {
    test(`${vector.id} ${vector.fn}`, () => {
      const actual = ADAPTERS.get(vector.fn)!(vector.inputs);
      expect(differences(actual, vector.expected, vector.tolerance ?? 0)).toEqual([]);
    });
  }

  test('are read, known by name, and unique', () => {
    expect(covered.length).toBeGreaterThan(0);
    const repeated = vectors.filter((vector, at) => vectors.findIndex(({ id }) => id === vector.id) !== at);
    expect(repeated.map(({ id }) => id)).toEqual([]);
    console.log(summary());
  });

  test('are judged: a value beyond the tolerance, a missing key and a wrong type are differences', () => {
    expect(differences(1.01, 1, 0.001)).toHaveLength(1);
    expect(differences({ a: 1 }, { a: 1, b: 2 }, 0)).toHaveLength(1);
    expect(differences({ a: 1, b: 2 }, { a: 1 }, 0)).toHaveLength(1);
    expect(differences(null, 1, 10)).toHaveLength(1);
    expect(differences(Number.NaN, 1, 10)).toHaveLength(1);
    expect(differences([1, true], [1, false], 0)).toHaveLength(1);
  });
});

function differences(actual: unknown, expected: unknown, tolerance: number, path = 'result'): string[] {
  if (typeof expected === 'number' && typeof actual === 'number') {
    return Math.abs(actual - expected) <= tolerance ? [] : [`${path}: ${actual}, expected ${expected} ± ${tolerance}`];
  }
  if (expected === null || typeof expected !== 'object' || actual === null || typeof actual !== 'object') {
    return Object.is(actual, expected)
      ? []
      : [`${path}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`];
  }
  const [ours, theirs] = [actual as Record<string, unknown>, expected as Record<string, unknown>];
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...keys].flatMap((key) => differences(ours[key], theirs[key], tolerance, `${path}.${key}`));
}

function summary(): string {
  const names = new Map<string, number>();
  for (const { fn } of vectors) if (!ADAPTERS.has(fn)) names.set(fn, (names.get(fn) ?? 0) + 1);
  const left = [...names].map(([name, count]) => `${name} (${count})`);
  return `vectors: ${covered.length} of ${vectors.length} covered; not covered: ${left.join(', ') || 'none'}`;
}
