import { type Conversion, conversionBetween, QUANTITIES, Quality, type Quantity, unitCode } from '../model/index.ts';
import type { Problem, Scope } from './compiled.ts';
import { compileSource } from './conditions.ts';
import { type Names, ProfileProblem } from './names.ts';
import { compilePaths, compileTemplate, type Path, type Template, textOf } from './paths.ts';
import { channelsAgree, PM_CORRECTIONS } from './pm-correction.ts';
import { compileRegex } from './regexes.ts';
import type { ProfileQuality, ProfileTarget } from './schema.ts';
import { durationMs } from './times.ts';
import { compileInvalid, explainNumber, readNumber } from './values.ts';

/** Everything about a reading but where its value stands: quantity, unit, what is invalid, channel, period, quality. */
export interface Shape {
  readonly quantity: Quantity;
  /** Canonical value (NaN for none), or why there is none. */
  readonly value: (raw: unknown, scope: Scope) => number | Problem;
  readonly channel: Template;
  readonly quality: (scope: Scope) => Quality;
  readonly periodMs: Duration;
  /** 0 where the profile's interval holds. */
  readonly expectEveryMs: Duration;
}

type Duration = (scope: Scope) => number | Problem;
type Convert = (scope: Scope) => Conversion | Problem;

/** What the profile says for all its readings. */
export interface Defaults {
  readonly text: boolean;
  /** Spellings of units of this format, to UCUM. */
  readonly units: ReadonlyMap<string, string>;
}

const SAME: Conversion = { factor: 1, offset: 0 };
/** Unit spellings remembered for each reading; a device uses one or two, an attacker as many as it likes. */
const SPELLINGS_MAX = 64;
const PERIOD_S_MAX = 400 * 86_400;

export function compileShape(target: ProfileTarget, defaults: Defaults, names: Names, at: string): Shape {
  const quantity = QUANTITIES.get(target.quantity);
  if (quantity === undefined) {
    throw new ProfileProblem(
      `${at}.quantity`,
      `"${target.quantity}" is no quantity; known: ${[...QUANTITIES.keys()].join(', ')}`,
    );
  }
  return {
    quantity,
    value: corrected(target, quantity, compileValue(target, quantity, defaults, names, at), names, at),
    channel: compileTemplate(target.channel ?? '', names, `${at}.channel`),
    quality: compileQuality(target.quality, names, `${at}.quality`),
    periodMs: compileDuration(target.period, target.periodPath, names, `${at}.period`),
    expectEveryMs: compileDuration(target.expectEvery, target.expectEveryPath, names, `${at}.expectEvery`),
  };
}

function compileValue(
  target: ProfileTarget,
  quantity: Quantity,
  defaults: Defaults,
  names: Names,
  at: string,
): Shape['value'] {
  const asText = target.text ?? defaults.text;
  const isInvalid = compileInvalid(target.invalid);
  const map = target.map === undefined ? undefined : new Map(Object.entries(target.map));
  const convert = compileConversion(target, quantity, defaults, names, at);
  const { scale = 1, offset = 0, suffix } = target;
  const [low, high] = target.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return (sent, scope) => {
    const conversion = convert(scope);
    if ('reason' in conversion) return conversion;
    const raw =
      suffix !== undefined && typeof sent === 'string' && sent.endsWith(suffix) ? sent.slice(0, -suffix.length) : sent;
    const mapped = map?.get(textOf(raw) ?? '');
    const number = readNumber(mapped === undefined ? raw : mapped, asText);
    if (number === undefined) return { reason: 'value_not_finite', detail: explainNumber(raw, asText) };
    if (Number.isNaN(number) || isInvalid(raw, number)) return Number.NaN;
    const inUnit = number * scale + offset;
    if (inUnit < low || inUnit > high) return Number.NaN;
    // An offset of 0 turns -0 into 0.
    const value = inUnit * conversion.factor + conversion.offset;
    return value >= quantity.min && value <= quantity.max ? value : Number.NaN;
  };
}

/** What a correction makes of the value as it is sent. */
function corrected(
  { correct }: ProfileTarget,
  quantity: Quantity,
  read: Shape['value'],
  names: Names,
  at: string,
): Shape['value'] {
  if (correct === undefined) return read;
  if (quantity.id !== 'pm2_5') throw new ProfileProblem(`${at}.correct`, 'only pm2_5 is corrected');
  const correction = PM_CORRECTIONS[correct.method];
  const humidityAt = compilePaths(correct.humidity, names, `${at}.correct.humidity`);
  const secondAt =
    correct.secondLaser === undefined
      ? undefined
      : compilePaths(correct.secondLaser, names, `${at}.correct.secondLaser`);
  return (raw, scope) => {
    const first = read(raw, scope);
    const second = secondAt === undefined ? first : read(secondAt(scope) ?? null, scope);
    if (typeof first !== 'number') return first;
    if (typeof second !== 'number') return second;
    const humidity = readNumber(humidityAt(scope) ?? null, true);
    const isUsable = humidity !== undefined && humidity >= 0 && humidity <= 100 && channelsAgree(first, second);
    return isUsable ? correction({ ugm3: (first + second) / 2, humidity }) : Number.NaN;
  };
}

function compileConversion(
  target: ProfileTarget,
  quantity: Quantity,
  defaults: Defaults,
  names: Names,
  at: string,
): Convert {
  const fallback = target.unit === undefined || target.unit === 'canonical' ? quantity.unit : target.unit;
  const fixed = conversionFrom(fallback, quantity, defaults);
  if ('reason' in fixed) throw new ProfileProblem(`${at}.unit`, fixed.detail);
  if (target.unitPath === undefined) return () => fixed;
  const source = compilePaths(target.unitPath, names, `${at}.unitPath`);
  const known = new Map<string, Conversion>([[quantity.unit, SAME]]);
  const missing: Problem = {
    reason: 'unknown_unit',
    detail: `the unit is missing; ${quantity.id} is measured in ${quantity.unit}`,
  };
  return (scope) => {
    const spelling = textOf(source(scope));
    if (spelling === undefined) return target.unit === undefined ? missing : fixed;
    const found = known.get(spelling);
    if (found !== undefined) return found;
    const conversion = conversionFrom(spelling, quantity, defaults);
    if (!('reason' in conversion) && known.size < SPELLINGS_MAX) known.set(spelling, conversion);
    return conversion;
  };
}

function conversionFrom(spelling: string, quantity: Quantity, defaults: Defaults): Conversion | Problem {
  const code = defaults.units.get(spelling.trim()) ?? unitCode(spelling);
  const conversion = code === undefined ? undefined : conversionBetween(code, quantity.unit, quantity.id);
  if (conversion !== undefined) return conversion;
  const shown = JSON.stringify(spelling.slice(0, 40));
  return {
    reason: 'unknown_unit',
    detail: `the unit ${shown} cannot be turned into ${quantity.unit}, the unit of ${quantity.id}`,
  };
}

function compileDuration(
  fixed: string | undefined,
  path: string | readonly string[] | undefined,
  names: Names,
  at: string,
): Duration {
  const fixedMs = durationMs(fixed, at);
  if (path === undefined) return () => fixedMs;
  const source: Path = compilePaths(path, names, `${at}Path`);
  return (scope) => {
    const seconds = source(scope);
    if (seconds === undefined || seconds === null) return fixedMs;
    if (typeof seconds === 'number' && seconds > 0 && seconds <= PERIOD_S_MAX) return seconds * 1000;
    return { reason: 'malformed', detail: `${path} is no number of seconds between 0 and ${PERIOD_S_MAX}` };
  };
}

const QUALITIES = {
  good: Quality.good,
  suspect: Quality.suspect,
  'likely bad': Quality.likelyBad,
  bad: Quality.bad,
} as const;

/** The worst answer of all rules; good where none speaks. */
function compileQuality(
  rules: readonly ProfileQuality[] | undefined,
  names: Names,
  at: string,
): (scope: Scope) => Quality {
  if (rules === undefined || rules.length === 0) return () => Quality.good;
  const all = rules.map((rule, index) => compileQualityRule(rule, names, `${at}[${index}]`));
  return (scope) => {
    let worst: Quality = Quality.good;
    for (const rule of all) {
      const quality = rule(scope);
      if (quality < worst) worst = quality;
    }
    return worst;
  };
}

function compileQualityRule(rule: ProfileQuality, names: Names, at: string): (scope: Scope) => Quality {
  if (rule.map === undefined && rule.good === undefined) throw new ProfileProblem(at, 'map or good is needed');
  const source = compileSource(rule, names, at);
  const map = new Map(Object.entries(rule.map ?? {}).map(([text, name]) => [text, QUALITIES[name]]));
  const isGood = rule.good === undefined ? undefined : compileRegex(rule.good, `${at}.good`);
  const other = rule.else === undefined ? Quality.good : QUALITIES[rule.else];
  return (scope) => {
    const value = source(scope);
    if (value === undefined || value === null) return Quality.good;
    const text = textOf(value) ?? '';
    return map.get(text) ?? (isGood?.(text) === undefined ? other : Quality.good);
  };
}
