import fc from 'fast-check';
import type { QuantityKind } from '../../../src/model/index.ts';
import type { Delivery } from './oracle.ts';

/** One quantity of each kind that readings are combined by. */
export const QUANTITY_OF: Readonly<Record<QuantityKind, string>> = {
  gauge: 'pm2_5',
  level: 'laeq',
  angle: 'wind_direction',
  counter: 'energy_import',
  delta: 'precipitation',
  state: 'power_outage',
};
export const KINDS = Object.keys(QUANTITY_OF) as QuantityKind[];

/** A series of a case, and how the engine is set up for it. */
export interface SeriesPlan {
  readonly kind: QuantityKind;
  readonly expectEveryMs: number;
}

/** What is done when `at` deliveries have been made. A crash goes back to the newest snapshot and replays from there. */
export interface Stop {
  readonly at: number;
  readonly what: 'tick' | 'snapshot' | 'crash';
}

/** All that a run of the engine depends on. */
export interface Case {
  readonly timeZone: string;
  readonly latenessMs: number;
  readonly horizonMs: number;
  readonly rateMaxPerHour: number;
  readonly series: readonly SeriesPlan[];
  /** In order of arrival. */
  readonly deliveries: readonly Delivery[];
  readonly stops: readonly Stop[];
  /** Readings go in one by one, or batch by batch as columns, which the WebAssembly kernel may take. */
  readonly intake: 'one by one' | 'columns' | 'kernel';
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const QUARTER_MS = 15 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Zones with the instants at which their clocks change, or a local midnight where they do not. */
const PLACES: readonly (readonly [timeZone: string, at: string])[] = [
  ['UTC', '2026-01-01T00:00:00Z'],
  ['Europe/Madrid', '2026-03-29T01:00:00Z'],
  ['Europe/Madrid', '2026-10-25T01:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['Asia/Kolkata', '2026-06-30T18:30:00Z'],
  ['Asia/Kathmandu', '2026-06-30T18:15:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00:00Z'],
  ['America/Sao_Paulo', '2018-02-18T02:00:00Z'],
  ['America/St_Johns', '2026-03-08T05:30:00Z'],
  ['America/Havana', '2026-11-01T05:00:00Z'],
  ['Pacific/Chatham', '2026-04-04T14:00:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
];

/** The clock changes, or the local day ends, that cases lie around. */
const place = fc
  .constantFrom(...PLACES)
  .map(([timeZone, at]) => ({ timeZone, atMs: Temporal.Instant.from(at).epochMilliseconds }));

/** Where the next reading of a series lies: so many intervals later, or near a border of the clock. */
type Advance = { readonly steps: number; readonly toMultipleOfMs: number; readonly shiftMs: number };

/** Beyond what the offsets of a compact block express. Once a case: two would leave the longest horizon behind. */
const FAR_MS = 50 * DAY_MS;

const advance: fc.Arbitrary<Advance> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ steps: 0, toMultipleOfMs: 0, shiftMs: FAR_MS }) },
  { weight: 2_400, arbitrary: fc.constant({ steps: 1, toMultipleOfMs: 0, shiftMs: 0 }) },
  {
    weight: 100,
    arbitrary: fc.integer({ min: 1, max: 30 }).map((steps) => ({ steps, toMultipleOfMs: 0, shiftMs: 0 })),
  },
  { weight: 200, arbitrary: fc.constant({ steps: 0, toMultipleOfMs: 0, shiftMs: 1 }) },
  {
    weight: 600,
    arbitrary: fc.record({
      steps: fc.constant(0),
      toMultipleOfMs: fc.constantFrom(QUARTER_MS, 2 * QUARTER_MS, HOUR_MS),
      shiftMs: fc.constantFrom(0, -1, 1),
    }),
  },
);

const NEXT: Advance = { steps: 1, toMultipleOfMs: 0, shiftMs: 0 };

function nextTime(fromMs: number, everyMs: number, { steps, toMultipleOfMs, shiftMs }: Advance): number {
  const borderMs = toMultipleOfMs === 0 ? fromMs : Math.ceil((fromMs + 1) / toMultipleOfMs) * toMultipleOfMs;
  return Math.max(fromMs + 1, borderMs + Math.min(steps * everyMs, 6 * HOUR_MS) + shiftMs);
}

const gauge = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -2, max: 3 }) },
  { weight: 4, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(-0, 5e-324, -1e-300, 1e12, -1e12, 0.1, 1e-9, 1e15 + 0.125) },
);

const VALUES: Readonly<Record<QuantityKind, fc.Arbitrary<number>>> = {
  gauge,
  delta: gauge,
  level: fc.oneof(fc.integer({ min: 0, max: 140 }), fc.double({ min: 0, max: 140, noNaN: true })),
  angle: fc.oneof(fc.constantFrom(0, 90, 180, 270, 360), fc.double({ min: 0, max: 360, noNaN: true })),
  counter: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ min: 0, max: 2, noNaN: true })),
  state: fc.nat({ max: 1 }),
};

const FATES = [
  'none',
  'zero',
  'high',
  'reset',
  'back a little',
  'back',
  'jump',
  'another twice',
  'another 5 times',
  'exchange',
] as const;
type Fate = (typeof FATES)[number];

/** What happens to a register at a reading, beside that it rises. */
const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 4, arbitrary: fc.constant('none' as const) },
  { weight: 1, arbitrary: fc.constantFrom(...FATES) },
);

/** Where registers of a case begin: those near the end of their digits roll over. */
const REGISTER_STARTS = [100, 0, 9_990, 65_530];

/** A cumulative register that is misread, exchanged, runs backwards or is mixed up with another one now and then. */
class Register {
  #count: number;
  readonly #modulus: number;
  #anotherLeft = 0;
  #old = Number.NaN;

  constructor(start: number) {
    this.#count = start;
    this.#modulus = start === 9_990 ? 10_000 : 65_536;
  }

  read(rise: number, what: Fate): number {
    const old = this.#old + rise;
    this.#old = Number.NaN;
    if (!Number.isNaN(old)) return old;
    if (what === 'exchange') [this.#old, this.#count] = [this.#count, 0];
    if (what === 'reset') this.#count = 0;
    if (what === 'back a little') this.#count = Math.max(0, this.#count - 0.05);
    if (what === 'back') this.#count = Math.max(0, this.#count - 20);
    if (what === 'another twice') this.#anotherLeft = 2;
    if (what === 'another 5 times') this.#anotherLeft = 5;
    this.#count = (this.#count + rise + (what === 'jump' ? 1_000 : 0)) % this.#modulus;
    if (what === 'zero') return 0;
    if (what === 'high') return this.#count * 10;
    return this.#anotherLeft-- > 0 ? 5_000 + rise : this.#count;
  }
}

/** How many deliveries later than in order a reading comes. */
const delay = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 40 }) },
);

const copy = fc.record({ what: fc.constantFrom('same', 'bad', 'other'), delay });

function sample(kinds: readonly QuantityKind[]) {
  return fc.record({
    series: fc.nat({ max: kinds.length - 1 }),
    advance,
    values: fc.tuple(...kinds.map((kind) => VALUES[kind])),
    fate: kinds.includes('counter') ? fate : fc.constant('none' as const),
    isBad: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    delay,
    copies: fc.oneof(
      { weight: 6, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(copy, { minLength: 1, maxLength: 2 }) },
    ),
  });
}
type Sample = ReturnType<typeof sample> extends fc.Arbitrary<infer T> ? T : never;

/** The deliveries of samples, in order of arrival. */
function deliveriesOf(
  samples: readonly Sample[],
  plans: readonly SeriesPlan[],
  startMs: number,
  registerStart: number,
): Delivery[] {
  const newestMs = plans.map(() => startMs);
  const registers = plans.map(() => new Register(registerStart));
  const arrivals: { readonly at: number; readonly delivery: Delivery }[] = [];
  const far = samples.findIndex(({ advance }) => advance.shiftMs === FAR_MS);
  for (const [index, { series, advance, values, fate, isBad, delay, copies }] of samples.entries()) {
    const { kind, expectEveryMs } = plans[series]!;
    const isFarAgain = index > far && advance.shiftMs === FAR_MS;
    const timeMs = nextTime(newestMs[series]!, expectEveryMs, isFarAgain ? NEXT : advance);
    newestMs[series] = timeMs;
    const good = kind === 'counter' ? registers[series]!.read(values[series]!, fate) : values[series]!;
    const deliver = (value: number, later: number) =>
      arrivals.push({ at: index + later, delivery: { series, timeMs, value } });
    deliver(isBad ? Number.NaN : good, delay);
    for (const { what, delay } of copies) {
      deliver(what === 'bad' ? Number.NaN : what === 'other' ? good + 1 : good, delay);
    }
  }
  return arrivals.sort((a, b) => a.at - b.at).map(({ delivery }) => delivery);
}

const stop = fc.record({
  at: fc.nat({ max: 60 }),
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constant('tick' as const) },
    { weight: 1, arbitrary: fc.constant('snapshot' as const) },
    { weight: 1, arbitrary: fc.constant('crash' as const) },
  ),
});

/** What a property wants of its cases. */
export interface CaseWishes {
  readonly kinds: readonly QuantityKind[];
  /** Choices for how far back readings are counted. */
  readonly horizonsMs: readonly number[];
  readonly everyMs?: readonly number[];
  readonly samplesMax?: number;
}

const EVERY_MS = [SECOND_MS, MINUTE_MS, 5 * MINUTE_MS, QUARTER_MS, 20 * SECOND_MS, HOUR_MS, 7 * MINUTE_MS];

/** Cases around the clock changes of many zones: readings on borders, gaps, bad ones, copies, delays, ticks, crashes. */
export function cases({ kinds, horizonsMs, everyMs = EVERY_MS, samplesMax = 40 }: CaseWishes): fc.Arbitrary<Case> {
  return fc
    .record({
      place,
      everyMs: fc.tuple(...kinds.map(() => fc.constantFrom(...everyMs))),
      startsBefore: fc.integer({ min: -10, max: 30 }),
      registerStart: fc.constantFrom(...REGISTER_STARTS),
      samples: fc.array(sample(kinds), { minLength: 1, maxLength: samplesMax, size: 'max' }),
      stops: fc.array(stop, { maxLength: 8, size: 'max' }),
      horizonMs: fc.constantFrom(...horizonsMs),
      latenessMs: fc.constantFrom(60 * DAY_MS, 0, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS),
      rateMaxPerHour: fc.constantFrom(Number.POSITIVE_INFINITY, 1_000, 3),
      intake: fc.constantFrom('one by one', 'columns', 'kernel'),
    })
    .map(({ place: { timeZone, atMs }, everyMs, startsBefore, registerStart, samples, stops, ...rest }) => {
      const series = kinds.map((kind, index) => ({ kind, expectEveryMs: everyMs[index]! }));
      const startMs = atMs - startsBefore * Math.min(...everyMs, QUARTER_MS);
      const deliveries = deliveriesOf(samples, series, startMs, registerStart);
      return {
        ...rest,
        timeZone,
        latenessMs: Math.min(rest.latenessMs, rest.horizonMs),
        series,
        deliveries,
        stops: stops.map(({ at, what }) => ({ at: at % deliveries.length, what })).sort((a, b) => a.at - b.at),
      };
    });
}

export { DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS, SECOND_MS };
