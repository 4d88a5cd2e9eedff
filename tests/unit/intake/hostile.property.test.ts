import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Decoded } from '../../../src/intake/index.ts';
import { QUANTITIES, REJECT_REASONS } from '../../../src/model/index.ts';
import { builtInProfiles, loadProfiles } from '../../../src/profiles/index.ts';
import { builtInCompiled, intakeOf, LIMITS, message, NOON_MS } from './support.ts';

const messages = loadProfiles([builtInProfiles()]).profiles.flatMap(
  ({ file }) =>
    (
      JSON.parse(readFileSync(join(dirname(file), 'cases.json'), 'utf8')) as {
        messages: { topic: string; payload: string }[];
      }
    ).messages,
);
const intake = intakeOf(builtInCompiled(), { siteTimeZone: 'Europe/Madrid' });
const reasons = new Set<string>(REJECT_REASONS);

/** What holds of every answer, whatever was sent. */
function expectSound(decoded: Decoded): void {
  if (decoded.kind === 'rejected') {
    expect(reasons.has(decoded.reject.reason)).toBe(true);
    return;
  }
  expect(decoded.readings.length + decoded.rejects.length).toBeLessThanOrEqual(LIMITS.readingsPerMessageMax);
  for (const { reject } of decoded.rejects) expect(reasons.has(reject.reason)).toBe(true);
  for (const { device, channel, quantity, value, timeMs, quality, periodMs, expectEveryMs } of decoded.readings) {
    const known = QUANTITIES.get(quantity);
    const isValueFit = Number.isNaN(value)
      ? quality === 1
      : quality > 1 && value >= known!.min && value <= known!.max && !Object.is(value, -0);
    const isTimeFit = timeMs >= LIMITS.timeEarliestMs && timeMs <= NOON_MS + LIMITS.aheadMsMax;
    const isIdFit = /^[\w.:@/-]{1,128}$/.test(device) && /^[\w.:@/-]{0,128}$/.test(channel);
    expect([isValueFit, isTimeFit, isIdFit, periodMs >= 0, expectEveryMs > 0]).toEqual([true, true, true, true, true]);
  }
}

const anyJson = fc.jsonValue({ maxDepth: 4 });
const oddScalar = fc.constantFrom<unknown>(
  null,
  true,
  '',
  'NaN',
  '1e309',
  -0,
  1e308,
  -1,
  2 ** 53 + 2,
  '__proto__',
  'constructor',
  [],
  {},
  '2026-02-30T00:00:00Z',
  1e21,
  '\ud800',
  'a b',
);

/** Puts odd values at places of a document, chosen by a seed. */
function mutate(value: unknown, picks: readonly number[], odd: readonly unknown[]): unknown {
  let at = 0;
  const walk = (node: unknown): unknown => {
    const pick = picks[at % picks.length] ?? 1;
    const replacement = odd[at++ % odd.length];
    if (pick === 0) return replacement;
    if (Array.isArray(node)) return pick === 1 ? [...node.map(walk), replacement] : node.map(walk);
    if (node === null || typeof node !== 'object') return node;
    return Object.fromEntries(Object.entries(node).map(([key, inner]) => [pick === 2 ? `${key}x` : key, walk(inner)]));
  };
  return walk(value);
}

test('mutated documents of all cases are answered, never thrown at', () => {
  const picks = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 3, maxLength: 30 });
  const odd = fc.array(fc.oneof(oddScalar, anyJson), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...messages), picks, odd, ({ topic, payload }, pattern, values) => {
      let document: unknown = payload;
      try {
        document = JSON.parse(payload);
      } catch {
        // A bare text: mutated as such.
      }
      const text = JSON.stringify(mutate(document, pattern, values)) ?? '';
      expectSound(intake(message(topic, text.replace('"1e309"', '1e309'))));
    }),
    { numRuns: 2_000 },
  );
});

test('bytes changed, cut, doubled and put in are answered, never thrown at', () => {
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.constantFrom('set', 'cut', 'put', 'double')), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(fc.constantFrom(...messages), edits, ({ topic, payload }, changes) => {
      let bytes: number[] = [...new TextEncoder().encode(payload)];
      for (const [where, byte, kind] of changes) {
        const at = where % (bytes.length + 1);
        if (kind === 'set') bytes[at] = byte;
        if (kind === 'cut') bytes = bytes.slice(0, at);
        if (kind === 'put') bytes.splice(at, 0, byte);
        if (kind === 'double') bytes = [...bytes, ...bytes.slice(at)];
      }
      expectSound(intake(message(topic, Uint8Array.from(bytes))));
    }),
    { numRuns: 2_000 },
  );
});

test('any document and any topic are answered, never thrown at', () => {
  const level = fc.oneof(
    fc.constantFrom('in', 'tele', 'shellies', 'status', 'recording', 'data', 'SENSOR', '', '+', '#'),
    fc.string({ unit: 'binary', maxLength: 12 }),
  );
  const topic = fc.oneof(
    fc.constantFrom(...messages.map((one) => one.topic)),
    fc.array(level, { maxLength: 6 }).map((levels) => levels.join('/')),
  );
  fc.assert(
    fc.property(topic, anyJson, fc.nat({ max: 31 }), (where, document, flags) => {
      expectSound(intake(message(where, document, { flags })));
    }),
    { numRuns: 2_000 },
  );
});

test('the same message gives the same answer, whatever came between', () => {
  fc.assert(
    fc.property(fc.constantFrom(...messages), fc.constantFrom(...messages), (one, other) => {
      const first = intake(message(one.topic, one.payload));
      intake(message(other.topic, other.payload));
      expect(intake(message(one.topic, one.payload))).toEqual(first);
    }),
    { numRuns: 200 },
  );
});
