import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS, MINUTE_MS } from '../../../src/base/index.ts';
import { interruptionsOf, OutageBook, type OutageBookState } from '../../../src/kpis/index.ts';

const LIMITS = { ageMsMax: 800 * DAY_MS, changesMax: 1000 };
const T0 = Date.UTC(2026, 0, 15, 12);

const at = (minutes: number): number => T0 + minutes * MINUTE_MS;

/** Changes as [minute, customers without supply]. */
function curve(...changes: readonly (readonly [number, number])[]) {
  return {
    timesMs: changes.map(([minute]) => at(minute)),
    customersOut: changes.map(([, customers]) => customers),
  };
}

/** Interruptions as [begin, end, customers], in minutes. */
function said(interruptions: ReturnType<typeof interruptionsOf>) {
  return interruptions.map(({ beginMs, endMs, customers }) => [
    (beginMs - T0) / MINUTE_MS,
    endMs === undefined ? 'runs' : (endMs - T0) / MINUTE_MS,
    customers,
  ]);
}

describe('interruptions behind a curve', () => {
  it('are one for each step of a restoration, with its own customers and time', () => {
    expect(said(interruptionsOf(curve([0, 500], [30, 200], [90, 0])))).toEqual([
      [0, 30, 300],
      [0, 90, 200],
    ]);
  });

  it('begin anew for customers who are interrupted again', () => {
    expect(said(interruptionsOf(curve([0, 500], [10, 0], [20, 500], [50, 0])))).toEqual([
      [0, 10, 500],
      [20, 50, 500],
    ]);
  });

  it('end in the order in which they began', () => {
    // 300 of 500 come back, 150 more are lost; of the 350 then, 250 come back: the 200 of the begin, and 50 of the later.
    expect(said(interruptionsOf(curve([0, 500], [10, 200], [20, 350], [30, 100])))).toEqual([
      [0, 10, 300],
      [0, 30, 200],
      [20, 30, 50],
      [20, 'runs', 100],
    ]);
  });

  it('are not touched by repetitions of a state', () => {
    expect(said(interruptionsOf(curve([0, 7], [5, 7], [9, 0], [11, 0])))).toEqual([[0, 9, 7]]);
  });

  it('have as many customer minutes as lie below the curve', () => {
    const changes = fc.uniqueArray(fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 9 })), {
      selector: ([minute]) => minute,
      maxLength: 12,
    });
    fc.assert(
      fc.property(changes, (some) => {
        const sorted = [...some.toSorted(([a], [b]) => a - b), [300, 0] as [number, number]];
        const area = sorted.slice(1).reduce((sum, [minute], index) => {
          const [before, customers] = sorted[index]!;
          return sum + (minute - before) * customers;
        }, 0);
        const interruptions = interruptionsOf(curve(...sorted));
        const minutes = interruptions.reduce(
          (sum, { beginMs, endMs, customers }) => sum + ((endMs! - beginMs) / MINUTE_MS) * customers,
          0,
        );
        expect(minutes).toBe(area);
        expect(interruptions.every(({ customers }) => customers > 0)).toBe(true);
      }),
    );
  });
});

describe('the outage book', () => {
  it('says the same whatever order changes came in, and however often', () => {
    const changes = fc.uniqueArray(
      fc.record({
        series: fc.nat({ max: 2 }),
        minute: fc.integer({ min: -2000, max: 2000 }),
        customers: fc.nat({ max: 5 }),
      }),
      { selector: ({ series, minute }) => series * 10_000 + minute, maxLength: 30 },
    );
    const orders = changes.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }), fc.nat({ max: 30 })),
    );
    // The book begins within the changes, and begins later on the way.
    const limits = { ageMsMax: DAY_MS, changesMax: 1000 };
    fc.assert(
      fc.property(orders, ([list, mixed, tickAt]) => {
        const sorted = list.toSorted((a, b) => a.minute - b.minute);
        const inOrder = filled(sorted, limits, sorted.length);
        expect(contents(filled([...mixed, ...mixed], limits, tickAt))).toEqual(contents(inOrder));
      }),
    );
  });

  it('keeps the first of two states of one instant', () => {
    const book = new OutageBook(LIMITS);
    expect(book.put(0, at(0), 5)).toBe('taken');
    expect(book.put(0, at(0), 9)).toBe('repeated');
    expect(said([...book.interruptions(0, at(-1), at(1))!])).toEqual([[0, 'runs', 5]]);
  });

  it('knows nothing of the time before a series told anything', () => {
    const book = new OutageBook(LIMITS);
    book.put(0, at(0), 0);
    expect(book.interruptions(0, at(-10), at(0))).toBeUndefined();
    expect(book.interruptions(1, at(-10), at(10))).toBeUndefined();
    expect(book.interruptions(0, at(-10), at(1))).toEqual([]);
  });

  it('tells where interruptions began that are new, ended, or are none any more', () => {
    const book = new OutageBook(LIMITS);
    book.put(3, at(0), 500);
    expect(book.tick(at(1))).toEqual([{ series: 3, beginMs: at(0) }]);
    expect([...book.running()]).toEqual([{ series: 3, beginMs: at(0) }]);
    book.put(3, at(4000), 0);
    expect(book.tick(at(4000))).toEqual([{ series: 3, beginMs: at(0) }]);
    expect([...book.running()]).toEqual([]);
    // It turns out to have begun earlier.
    book.put(3, at(-60), 500);
    expect(book.tick(at(4001)).toSorted((a, b) => a.beginMs - b.beginMs)).toEqual([
      { series: 3, beginMs: at(-60) },
      { series: 3, beginMs: at(0) },
    ]);
    expect(book.tick(at(4002))).toEqual([]);
  });

  it('forgets what is too old, and knows what held when it begins', () => {
    const book = new OutageBook({ ageMsMax: 10 * DAY_MS, changesMax: 1000 });
    book.put(0, T0, 500);
    book.put(0, T0 + DAY_MS, 200);
    book.tick(T0 + 11 * DAY_MS + 1);
    expect(book.stats()).toMatchObject({ changes: 2 });
    book.tick(T0 + 12 * DAY_MS);
    expect(book.stats()).toMatchObject({ changes: 1 });
    book.put(0, T0 + 12 * DAY_MS, 0);
    // No second outage of 200 customers within the book: they had lost supply before.
    expect(book.interruptions(0, T0 + 2 * DAY_MS, T0 + 13 * DAY_MS)).toEqual([]);
    expect(book.put(0, T0 - DAY_MS, 1)).toBe('tooOld');
    expect(book.stats()).toMatchObject({ changes: 2, tooOld: 1 });
  });

  it('gives up repetitions where it is full, and then refuses and counts', () => {
    const book = new OutageBook({ ageMsMax: 800 * DAY_MS, changesMax: 6 });
    for (const day of [0, 1, 2, 3]) book.put(0, T0 + day * DAY_MS, 0);
    book.put(0, T0 + 30 * DAY_MS, 4);
    book.put(0, T0 + 31 * DAY_MS, 0);
    book.tick(T0 + 31 * DAY_MS);
    expect(book.put(1, T0 + 31 * DAY_MS, 1)).toBe('taken');
    expect(book.stats()).toEqual({ changes: 5, tooOld: 0, noPlace: 0, repeatsLeft: 2 });
    expect(book.interruptions(0, T0, T0 + 40 * DAY_MS)).toHaveLength(1);
    expect(book.put(1, T0 + 32 * DAY_MS, 0)).toBe('taken');
    expect(book.put(1, T0 + 33 * DAY_MS, 1)).toBe('noPlace');
    expect(book.stats()).toMatchObject({ changes: 6, noPlace: 1 });
  });

  it('goes on from its snapshot as if it had never stopped', () => {
    const book = new OutageBook(LIMITS);
    book.put(7, at(0), 500);
    book.put(2, at(3), 1);
    book.put(7, at(30), 200);
    book.tick(at(31));
    const restored = new OutageBook(LIMITS);
    restored.restore(structuredClone(book.state()));
    for (const one of [book, restored]) {
      one.put(7, at(40), 0);
      one.put(2, at(1), 1);
    }
    expect([...restored.running()]).toEqual([...book.running()]);
    expect(restored.tick(at(41))).toEqual(book.tick(at(41)));
    expect(restored.state()).toEqual(book.state());
  });
});

interface Change {
  readonly series: number;
  readonly minute: number;
  readonly customers: number;
}

function filled(changes: readonly Change[], limits: ConstructorParameters<typeof OutageBook>[0], tickAt: number) {
  const book = new OutageBook(limits);
  for (const [index, { series, minute, customers }] of changes.entries()) {
    if (index === tickAt) book.tick(at(1000));
    book.put(series, at(minute), customers);
  }
  book.tick(at(2000));
  return book;
}

/** Without the counts of what was too old, which tell of the order. */
function contents(book: OutageBook): Omit<OutageBookState, 'stats'> {
  const { stats: _stats, ...rest } = book.state();
  return rest;
}
