import { QUANTITIES, Quality } from '../model/index.ts';
import type { Problem, Scope, Sink, Target } from './compiled.ts';
import { compileConditions, compileSource } from './conditions.ts';
import { idDetail, isId } from './ids.ts';
import { type Names, ProfileProblem } from './names.ts';
import { compilePaths, textOf } from './paths.ts';
import { compileRegex } from './regexes.ts';
import type { ProfileQuantityFrom, ProfileReading, ProfileTarget } from './schema.ts';
import { compileShape, type Defaults, type Shape } from './shapes.ts';

/** Reads one line of `readings` into the sink; false when the sink has had enough. */
export type ReadingReader = (scope: Scope, target: Target, sink: Sink) => boolean;

/** A shape, nothing to be read, or why the quantity is not known. */
type Choice = Shape | 'ignore' | Problem;

/** Keys remembered for `quantityFrom`; formats have tens of them, an attacker as many as it likes. */
const KEYS_MAX = 512;

export function compileReading(reading: ProfileReading, defaults: Defaults, names: Names, at: string): ReadingReader {
  const applies = compileConditions(reading.when, names, `${at}.when`);
  const source = compilePaths(reading.path, names, `${at}.path`);
  const choose = compileChoice(reading, defaults, names, at);
  const channels = reading.array?.channels;
  return (scope, target, sink) => {
    if (!applies(scope)) return true;
    const raw = source(scope);
    if (raw === undefined && reading.required !== true) return true;
    const shape = choose(scope);
    if (shape === 'ignore') return true;
    if ('reason' in shape) return sink.reject(shape, target.device);
    if (raw === undefined)
      return sink.reject({ reason: 'missing_field', detail: `no value at ${reading.path}` }, target.device);
    if (channels === undefined || !Array.isArray(raw))
      return emit(shape, raw, shape.channel(scope) ?? '', scope, target, sink);
    return raw.every((one, index) => emit(shape, one, channels[index] ?? String(index + 1), scope, target, sink));
  };
}

function emit(shape: Shape, raw: unknown, channel: string, scope: Scope, target: Target, sink: Sink): boolean {
  if (channel !== '' && !isId(channel))
    return sink.reject({ reason: 'id_not_allowed', detail: idDetail(channel) }, target.device);
  const value = shape.value(raw, scope);
  if (typeof value !== 'number') return sink.reject(value, target.device);
  const periodMs = shape.periodMs(scope);
  if (typeof periodMs !== 'number') return sink.reject(periodMs, target.device);
  const expectEveryMs = shape.expectEveryMs(scope);
  if (typeof expectEveryMs !== 'number') return sink.reject(expectEveryMs, target.device);
  const quality = Number.isNaN(value) ? Quality.bad : shape.quality(scope);
  const kept = quality === Quality.bad ? Number.NaN : value;
  return sink.reading(target, shape.quantity, channel, kept, quality, periodMs, expectEveryMs || target.expectEveryMs);
}

function compileChoice(
  reading: ProfileReading,
  defaults: Defaults,
  names: Names,
  at: string,
): (scope: Scope) => Choice {
  const { quantity, quantityFrom } = reading;
  if ((quantity === undefined) === (quantityFrom === undefined)) {
    throw new ProfileProblem(at, 'exactly one of quantity and quantityFrom is needed');
  }
  if (quantity !== undefined) {
    const shape = compileShape({ ...shared(reading), quantity }, defaults, names, at);
    return () => shape;
  }
  return compileQuantityFrom(quantityFrom ?? {}, shared(reading), defaults, names, `${at}.quantityFrom`);
}

function compileQuantityFrom(
  from: ProfileQuantityFrom,
  base: Omit<ProfileTarget, 'quantity'>,
  defaults: Defaults,
  names: Names,
  at: string,
): (scope: Scope) => Choice {
  const source = compileSource(from, names, at);
  const compile = (target: string | ProfileTarget, where: string): Choice => {
    const full = typeof target === 'string' ? { ...base, quantity: target } : { ...base, ...target };
    return full.quantity === 'ignore' ? 'ignore' : compileShape(full, defaults, names, where);
  };
  const known = new Map<string, Choice>();
  if (from.ids === true) for (const id of QUANTITIES.keys()) known.set(id, compile(id, at));
  for (const [key, target] of Object.entries(from.map ?? {})) known.set(key, compile(target, `${at}.map.${key}`));
  const patterns = (from.patterns ?? []).map(({ regex, ...target }, index) => ({
    match: compileRegex(regex, `${at}.patterns[${index}].regex`),
    choice: compile(target, `${at}.patterns[${index}]`),
  }));
  const find = (key: string): Choice => {
    const found = patterns.find(({ match }) => match(key) !== undefined)?.choice;
    if (found !== undefined) return found;
    if (from.unmatched === 'ignore') return 'ignore';
    return { reason: 'unknown_quantity', detail: `"${key.slice(0, 40)}" is no quantity that this format has` };
  };
  return (scope) => {
    const key = textOf(source(scope));
    if (key === undefined) return { reason: 'missing_field', detail: `no quantity at ${from.path ?? from.var}` };
    const seen = known.get(key);
    if (seen !== undefined) return seen;
    const choice = find(key);
    if (known.size < KEYS_MAX) known.set(key, choice);
    return choice;
  };
}

/** What a reading says for whatever quantity it turns out to be. */
function shared(reading: ProfileReading): Omit<ProfileTarget, 'quantity'> {
  const { quantity, quantityFrom, path, required, when, array, ...rest } = reading;
  return rest;
}
