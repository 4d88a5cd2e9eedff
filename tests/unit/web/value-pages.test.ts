import { describe, expect, test } from 'vitest';
import { type AskForValues, loadNewestValues } from '../../../web/src/data/value-pages.ts';
import type { KpiValue } from '../../../web/src/types.ts';

const HOUR_MS = 3_600_000;
const iso = (hour: number) => new Date(hour * HOUR_MS).toISOString();

/** A server with a number of values for each hour, that gives some at a time and whole hours. */
function serverOf(counts: readonly number[], limit: number) {
  const asked: string[] = [];
  const ask: AskForValues = async (from, to) => {
    asked.push(from);
    const hours = counts.keys().filter((hour) => iso(hour) >= from && iso(hour) < to);
    const values: KpiValue[] = [];
    for (const hour of hours) {
      if (values.length + counts[hour]! > limit) return { values, next: iso(hour) };
      for (let revision = 0; revision < counts[hour]!; revision++)
        values.push({ start: iso(hour), revision } as KpiValue);
    }
    return { values, next: null };
  };
  return { ask, asked, load: () => loadNewestValues(ask, 0, (counts.length - 1) * HOUR_MS + 1) };
}

describe('the values of a period', () => {
  test('are loaded in as many answers as it takes, each value once', async () => {
    const { asked, load } = serverOf([2, 2, 2, 2, 1], 4);
    const { values, leftOutBefore } = await load();
    expect(values.map(({ start, revision }) => `${start} ${revision}`)).toEqual([
      ...[0, 1, 2, 3].flatMap((hour) => [`${iso(hour)} 0`, `${iso(hour)} 1`]),
      `${iso(4)} 0`,
    ]);
    expect(leftOutBefore).toBeNull();
    expect(asked).toEqual([iso(0), iso(2), iso(4)]);
  });

  test('are the newest of it where they are too many, and it is said from when on', async () => {
    const { asked, load } = serverOf(Array(1_000).fill(2), 40);
    const { values, leftOutBefore } = await load();
    expect(values.at(-1)).toMatchObject({ start: iso(999), revision: 1 });
    expect(values.length).toBeGreaterThan(100);
    expect(values[0]!.start >= leftOutBefore!).toBe(true);
    expect(values.length).toBe(2 * (1_000 - Math.ceil(Date.parse(leftOutBefore!) / HOUR_MS)));
    expect(asked.length).toBeLessThan(30);
  });

  test('end with the newest window, however many values it has', async () => {
    const { load } = serverOf([...Array(500).fill(40), 3], 40);
    expect((await load()).values.slice(-3).map(({ start }) => start)).toEqual([iso(500), iso(500), iso(500)]);
  });
});
