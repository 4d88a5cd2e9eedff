import type { BenchRow } from './bench-row.ts';
import { type StoreCase, UNITS } from './store/cases.ts';
import { measureAppend, measureEmbedded } from './store/embedded.ts';
import { measureLines } from './store/lines.ts';
import { measureMirrors } from './store/mirrors.ts';

/** The embedded store, line protocol, and mirrors on real servers where these are installed. About three minutes. */
export async function run(): Promise<StoreCase[]> {
  const cases: StoreCase[] = [];
  for (const measure of [measureAppend, measureLines, measureEmbedded, measureMirrors]) {
    const measured = [await measure()].flat();
    for (const one of measured) process.stderr.write(`${JSON.stringify(one)}\n`);
    cases.push(...measured);
  }
  return cases;
}

/** A line for each figure of each case. */
export function rows(results: readonly object[]): BenchRow[] {
  return (results as readonly StoreCase[]).flatMap(({ case: name, note, ...figures }) =>
    Object.entries(figures).map(([figure, value]) => ({
      ...{ name, unit: UNITS[figure as keyof typeof UNITS], value: value as number },
      ...(note === undefined ? {} : { note }),
    })),
  );
}
