import type { OraclePane, Span } from './oracle.ts';

// A longer pane from the shorter ones in it, in order of time, naively. Sums are exact, and rounded once.

export function mergedOf(all: readonly OraclePane[], [startMs, endMs]: Span, expectEveryMs: number): OraclePane {
  const panes = all.filter((pane) => pane.startMs >= startMs && pane.endMs <= endMs);
  const counting = panes.filter(({ count }) => count > 0);
  const exact = (pick: (pane: OraclePane) => number) => exactlySummed(panes.map(pick));
  const total = (pick: (pane: OraclePane) => number) => panes.reduce((sum, pane) => sum + pick(pane), 0);
  const expectedSlots = Math.max(1, Math.floor((endMs - startMs) / expectEveryMs));
  return {
    startMs,
    endMs,
    count: total(({ count }) => count),
    invalidCount: total(({ invalidCount }) => invalidCount),
    coveredSlots: Math.min(
      expectedSlots,
      total(({ coveredSlots }) => coveredSlots),
    ),
    expectedSlots,
    sum: exact(({ sum }) => sum),
    sumSin: exact(({ sumSin }) => sumSin),
    min: counting.length === 0 ? Number.NaN : Math.min(...counting.map(({ min }) => min)),
    max: counting.length === 0 ? Number.NaN : Math.max(...counting.map(({ max }) => max)),
    firstMs: counting.at(0)?.firstMs ?? Number.NaN,
    first: counting.at(0)?.first ?? Number.NaN,
    lastMs: counting.at(-1)?.lastMs ?? Number.NaN,
    last: counting.at(-1)?.last ?? Number.NaN,
    increase: exact(({ increase }) => increase),
    increaseCoveredMs: total(({ increaseCoveredMs }) => increaseCoveredMs),
    increaseAtEnd: exact(({ increaseAtEnd }) => increaseAtEnd),
    deltaCount: total(({ deltaCount }) => deltaCount),
    counterEvents: total(({ counterEvents }) => counterEvents),
  };
}

/** The nearest number to the sum, ties to even: in whole numbers of the smallest number that there is, 2^-1074. */
function exactlySummed(terms: readonly number[]): number {
  if (terms.every((term) => term === 0)) return 0;
  const total = terms.reduce((sum, term) => sum + wholeOf(term), 0n);
  const size = total < 0n ? -total : total;
  const shift = Math.max(0, 4 * size.toString(16).length - 64);
  const head = size >> BigInt(shift);
  const isCut = head << BigInt(shift) !== size;
  const nearest = Number(isCut ? head | 1n : head) * 2 ** (shift - 1074);
  return total < 0n ? -nearest : nearest;
}

function wholeOf(term: number): bigint {
  const bits = new BigUint64Array(new Float64Array([term]).buffer)[0]!;
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const size = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return term < 0 ? -size : size;
}
