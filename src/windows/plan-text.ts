import { parseDuration, QUARTER_MS } from '../base/index.ts';
import { type DayPeriods, parseWindow, rollingLengthMs, type WindowShape } from './window-bounds.ts';
import { COMBINES, type Combine, type PartsNeed, type PlanStep, type WindowPlan } from './window-plan.ts';

/** Steps of a plan at most, the base not counted. */
const STEPS_MAX = 4;

/** The grammar of a plan in words, for refusals. */
export const PLAN_ALLOWED =
  'write windows from the inside out, such as hour,rolling-8h:kind:6,day:max:75%:end - each step is ' +
  `window[@hop]:${COMBINES.join('|')}|pNN[:parts or percent needed][:end|within]`;

/**
 * Reads a plan from its text: `<window>[@hop],<window>[@hop]:<combine>[:<need>][:end|within],...`. A step takes parts
 * that lie `within` it for parts of a day (`night`, `clock-02-05`), and those that `end` in it otherwise.
 *
 * @returns undefined when the text is no plan; `PLAN_ALLOWED` says what is
 */
export function parsePlan(text: string, periods?: DayPeriods): WindowPlan | undefined {
  const [baseText = '', ...stepTexts] = text.split(',');
  const base = parseShape(baseText, periods);
  const steps = stepTexts.map((step) => parseStep(step, periods));
  if (base === undefined || base.window === 'minute' || steps.length === 0 || steps.length > STEPS_MAX)
    return undefined;
  return steps.includes(undefined) ? undefined : { base, steps: steps as PlanStep[] };
}

/** Reads `<window>[@hop]`; only rolling windows have a hop, a multiple of 15 min. */
export function parseShape(text: string, periods?: DayPeriods): WindowShape | undefined {
  const [windowText = '', hopText, ...rest] = text.split('@');
  const window = parseWindow(windowText);
  if (window === undefined || rest.length > 0) return undefined;
  const shape = { window, ...(periods === undefined ? {} : { periods }) };
  if (hopText === undefined) return shape;
  const hopMs = parseHop(hopText);
  return hopMs === undefined || rollingLengthMs(window) === undefined ? undefined : { ...shape, hopMs };
}

/** Reads the hop of rolling windows, such as `15m` or `1d`: a multiple of 15 min up to a year; undefined otherwise. */
export function parseHop(text: string): number | undefined {
  const hopMs = parseDuration(text);
  return hopMs !== undefined && hopMs > 0 && hopMs % QUARTER_MS === 0 && hopMs <= 366 * 96 * QUARTER_MS
    ? hopMs
    : undefined;
}

function parseStep(text: string, periods: DayPeriods | undefined): PlanStep | undefined {
  const [shapeText = '', combineText = '', ...options] = text.split(':');
  const shape = parseShape(shapeText, periods);
  const combine = parseCombine(combineText);
  if (shape === undefined || shape.window === 'minute' || combine === undefined || options.length > 2) return undefined;
  let need: PartsNeed | undefined;
  let assigned: PlanStep['assigned'] | undefined;
  for (const option of options) {
    if (option === 'end' || option === 'within') {
      if (assigned !== undefined) return undefined;
      assigned = option;
    } else {
      need = need === undefined && assigned === undefined ? parseNeed(option) : undefined;
      if (need === undefined) return undefined;
    }
  }
  const isPartOfDay = /^(daytime|evening|night|clock-.*)$/.test(shape.window);
  assigned ??= isPartOfDay ? 'within' : 'end';
  return need === undefined ? { ...shape, combine, assigned } : { ...shape, combine, need, assigned };
}

function parseCombine(text: string): Combine | undefined {
  const percentile = /^p(\d\d)$/.exec(text)?.[1];
  return percentile === undefined ? COMBINES.find((name) => name === text) : { percentile: Number(percentile) };
}

function parseNeed(text: string): PartsNeed | undefined {
  const [, digits, sign] = /^(\d{1,4})(%?)$/.exec(text) ?? [];
  const value = Number(digits);
  if (sign === '%') return value >= 1 && value <= 100 ? { percent: value } : undefined;
  return value >= 1 ? { count: value } : undefined;
}
