import { env } from 'node:process';
import fc from 'fast-check';
import { vi } from 'vitest';

/** Cases a property: 500 in `npm test`; `npm run test:long` sets more. */
export const CASES = Number(env.PROPERTY_CASES ?? 500);

/** The same cases in each `npm test`, so that a change is judged by what the last one was; the long run draws new ones. */
export const SEED = Number(env.PROPERTY_SEED ?? 20_261_124);

/** Only a machine that is far too slow comes near it. */
vi.setConfig({ testTimeout: 60_000 + CASES * 500 });

/** Cases that run without a pause: the runner's messages need the thread now and then. */
const CHUNK = 500;
const TELL_EVERY = 5_000;

/**
 * Runs a property over CASES cases, drawn from SEED. A failure prints the seed of its chunk of cases, which as
 * PROPERTY_SEED repeats it.
 *
 * @param holds throws when the property does not hold
 */
export async function forAll<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  holds: (value: T) => void | Promise<void>,
): Promise<void> {
  const property = fc.asyncProperty(arbitrary, async (value) => holds(value));
  for (let done = 0; done < CASES; done += CHUNK) {
    await fc.assert(property, { seed: SEED + done / CHUNK, numRuns: Math.min(CHUNK, CASES - done) });
    await new Promise((resolve) => setImmediate(resolve));
    const sofar = Math.min(CASES, done + CHUNK);
    if (CASES > CHUNK && (sofar % TELL_EVERY === 0 || sofar === CASES)) {
      console.log(`${name}: ${sofar} of ${CASES} cases hold (seed ${SEED})`);
    }
  }
}
