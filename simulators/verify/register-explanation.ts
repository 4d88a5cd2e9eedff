import { HOUR_MS } from '../../src/base/index.ts';
import { conversionBetween, QUANTITIES, unitCode } from '../../src/model/index.ts';
import type { Mapping } from '../replay/index.ts';
import { type RegisterPoint, type RegisterReview, reviewRegister } from './register-rules.ts';
import type { RecordedSeries } from './survey.ts';
import type { KeyWindow } from './windows.ts';

/** What the rules for registers make of a window, in the recorded unit. */
export interface RegisterExplanation {
  /** Sum of the deltas whose later reading lies in the window. */
  readonly increase: number;
  /** Sum of plain differences, and of those that are not negative: what other programs print. */
  readonly sumOfDifferences: number;
  readonly sumOfRises: number;
  /** By which rules the first differs from the others; empty when there is none. */
  readonly reason: string;
}

/** Largest believable increase an hour by the product's unit, for customers and for all others (docs/kpis.md). */
const RATE_MAX_PER_HOUR: Readonly<Record<string, { readonly customer: number; readonly other: number }>> = {
  m3: { customer: 20, other: 10_000 },
  'kW.h': { customer: 250, other: 1e6 },
};
const BACKFLOW_TOLERANCE = 0.1;
const GAP_MS_MAX = 3 * HOUR_MS;

interface ReviewedRegister {
  /** In the product's unit. */
  readonly review: RegisterReview;
  /** In the recorded unit. */
  readonly sorted: readonly RegisterPoint[];
  /** From the recorded unit to the product's. */
  readonly factor: number;
}

/** Explains windows of registers from the recorded readings; each series is reviewed once. */
export class RegisterExplainer {
  readonly #registers: ReadonlyMap<RecordedSeries, readonly RegisterPoint[]>;
  readonly #mapping: Mapping;
  readonly #reviews = new Map<RecordedSeries, ReviewedRegister>();

  /** @param registers readings in the recorded unit, each time once */
  constructor(registers: ReadonlyMap<RecordedSeries, readonly RegisterPoint[]>, mapping: Mapping) {
    this.#registers = registers;
    this.#mapping = mapping;
  }

  /** @returns undefined when the series is no register or its unit is unknown */
  explain(series: RecordedSeries, { startMs, endMs }: KeyWindow): RegisterExplanation | undefined {
    const reviewed = this.#reviewOf(series);
    if (reviewed === undefined) return undefined;
    const { review, sorted, factor } = reviewed;
    const isInside = (timeMs: number): boolean => timeMs >= startMs && timeMs < endMs;
    const steps = review.steps.filter(({ toMs }) => isInside(toMs));
    const differences = sorted
      .map(({ value }, at) => (at === 0 ? 0 : value - sorted[at - 1]!.value))
      .filter((_, at) => isInside(sorted[at]!.timeMs));
    const passedOver = review.passedOver.filter(({ timeMs }) => isInside(timeMs));
    return {
      increase: sum(steps.map(({ delta }) => delta ?? 0)) / factor,
      sumOfDifferences: sum(differences),
      sumOfRises: sum(differences.filter((difference) => difference > 0)),
      reason: reasonOf(steps, passedOver, factor),
    };
  }

  #reviewOf(series: RecordedSeries): ReviewedRegister | undefined {
    const known = this.#reviews.get(series);
    if (known !== undefined) return known;
    const points = this.#registers.get(series);
    const unit = QUANTITIES.get(series.quantity)?.unit ?? '';
    const recorded = unitCode(series.unit);
    const conversion = recorded === undefined ? undefined : conversionBetween(recorded, unit, series.quantity);
    if (points === undefined || conversion === undefined) return undefined;
    const { factor } = conversion;
    const sorted = points.toSorted((a, b) => a.timeMs - b.timeMs);
    const review = reviewRegister(
      sorted.map(({ timeMs, value }) => ({ timeMs, value: value * factor })),
      {
        rateMaxPerHour: this.#rateMaxPerHour(unit),
        backflowTolerance: BACKFLOW_TOLERANCE,
        gapMsMax: GAP_MS_MAX,
      },
    );
    const reviewed = { review, sorted, factor };
    this.#reviews.set(series, reviewed);
    return reviewed;
  }

  #rateMaxPerHour(unit: string): number {
    const rates = RATE_MAX_PER_HOUR[unit];
    if (rates === undefined) return Number.POSITIVE_INFINITY;
    return this.#mapping.role === 'customer' ? rates.customer : rates.other;
  }
}

function reasonOf(steps: RegisterReview['steps'], passedOver: RegisterReview['passedOver'], factor: number): string {
  const reasons: string[] = [];
  if (passedOver.length > 0) {
    reasons.push(`passed over ${passedOver.map(({ value }) => round(value / factor)).join(' ')}`);
  }
  const withEvent = Map.groupBy(
    steps.filter(({ event }) => event !== null),
    ({ event }) => event,
  );
  for (const [event, list] of withEvent) {
    const amounts = list.map(({ delta }) => (delta === null ? 'not counted' : round(delta / factor)));
    reasons.push(`${event} ${amounts.join(' ')}`);
  }
  return reasons.join('; ');
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
