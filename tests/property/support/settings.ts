import { env } from 'node:process';
import fc from 'fast-check';
import { vi } from 'vitest';

/** Cases a property: 500 in `npm test`; `npm run test:long` sets more. */
export const CASES = Number(env.PROPERTY_CASES ?? 500);

/** How many cases a property gets, and after how many it pauses and tells. */
interface Cases {
  readonly cases: number;
  readonly chunk: number;
  readonly tellEvery: number;
}

/** The same cases in each `npm test`, so that a change is judged by what the last one was; the long run draws new ones. */
export const SEED = Number(env.PROPERTY_SEED ?? 20_261_124);

/** Only a machine that is far too slow comes near it. */
vi.setConfig({ testTimeout: 60_000 + CASES * 500 });

/** Cases that run without a pause: the runner's messages need the thread now and then. */
const CHUNK = 500;
const SLOW_CHUNK = 5;
const TELL_EVERY = 5_000;

/** For properties whose cases take a tenth of a second, a pipeline with all KPIs: one for ten of the others. */
export const PIPELINES: Cases = {
  cases: Math.max(Math.min(CASES, 500), Math.ceil(CASES / 10)),
  chunk: CHUNK,
  tellEvery: 500,
};

/** For properties whose cases take seconds each, a city of some days: one for 250 of the others, and not under ten. */
export const SLOW: Cases = { cases: Math.max(10, Math.ceil(CASES / 250)), chunk: SLOW_CHUNK, tellEvery: 50 };

/**
 * Runs a property over its cases, drawn from SEED. A failure prints the seed of its chunk of cases, which as
 * PROPERTY_SEED repeats it.
 *
 * @param holds throws when the property does not hold
 */
export async function forAll<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  holds: (value: T) => void | Promise<void>,
  { cases, chunk, tellEvery }: Cases = { cases: CASES, chunk: CHUNK, tellEvery: TELL_EVERY },
): Promise<void> {
  const property = fc.asyncProperty(arbitrary, async (value) => holds(value));
  for (let done = 0; done < cases; done += chunk) {
    const numRuns = Math.min(chunk, cases - done);
    // Smaller cases of a slow property would take longer to find than they spare.
    await fc.assert(property, { seed: SEED + done / chunk, numRuns, endOnFailure: chunk < CHUNK });
    await new Promise((resolve) => setImmediate(resolve));
    const sofar = Math.min(cases, done + chunk);
    if (CASES > CHUNK && (sofar % tellEvery === 0 || sofar === cases)) {
      console.log(`${name}: ${sofar} of ${cases} cases hold (seed ${SEED})`);
    }
  }
}
