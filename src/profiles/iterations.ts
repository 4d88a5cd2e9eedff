import type { Scope, Sink } from './compiled.ts';
import { type Condition, compileConditions, compileVariable } from './conditions.ts';
import { type Names, ProfileProblem } from './names.ts';
import { compilePath, type Path, splitWildcard } from './paths.ts';
import { compileRegex, groupNames } from './regexes.ts';
import type { ProfileStep, ProfileSteps } from './schema.ts';

/** What is done at one place of the document; false when the sink has had enough. */
export type Body = (scope: Scope, sink: Sink) => boolean;

type Visit = (key: string | number, element: unknown, scope: Scope, sink: Sink) => boolean;

/**
 * Wraps the steps of `each` around a body. `compileBody` is called when all names of the steps are declared.
 * Steps nest: the second runs for every element of the first.
 */
export function compileEach(
  steps: ProfileSteps | undefined,
  names: Names,
  at: string,
  compileBody: (names: Names) => Body,
): Body {
  const list = (Array.isArray(steps) ? steps : steps === undefined ? [] : [steps]).map((step) =>
    typeof step === 'string' ? { path: step } : step,
  );
  return compileStep(list, 0, names, at, compileBody);
}

function compileStep(
  steps: readonly ProfileStep[],
  index: number,
  names: Names,
  at: string,
  compileBody: (names: Names) => Body,
): Body {
  const step = steps[index];
  if (step === undefined) return compileBody(names);
  const where = `${at}[${index}]`;
  const { path, wildcard } = splitWildcard(step.path);
  const source = compilePath(path, names, `${where}.path`);
  const keySlot = step.as === undefined ? undefined : names.declare(step.as, `${where}.as`);
  const accepts = compileKeys(step, names, where);
  const lets = Object.entries(step.let ?? {}).map(([name, variable]) => {
    const value = compileVariable(variable, names, `${where}.let.${name}`);
    return { slot: names.declare(name, `${where}.let`), value };
  });
  const holds = compileConditions(step.where, names, `${where}.where`);
  const body = compileStep(steps, index + 1, names, at, compileBody);
  const visit = visitor(keySlot, accepts, lets, holds, body);
  return walker(step, wildcard, source, visit, where);
}

function visitor(
  keySlot: number | undefined,
  accepts: ((key: string, scope: Scope) => boolean) | undefined,
  lets: readonly { readonly slot: number; readonly value: Path }[],
  holds: Condition,
  body: Body,
): Visit {
  return (key, element, scope, sink) => {
    if (accepts !== undefined && !accepts(String(key), scope)) return true;
    if (--scope.elementsLeft < 0) {
      return sink.fail(
        { reason: 'too_many_readings', detail: 'the payload has more elements than any message of measurements' },
        '',
      );
    }
    const { at: outerAt, index: outerIndex } = scope;
    scope.at = element;
    if (typeof key === 'number') scope.index = key;
    if (keySlot !== undefined) scope.slots[keySlot] = String(key);
    for (const { slot, value } of lets) scope.slots[slot] = value(scope);
    const goesOn = !holds(scope) || body(scope, sink);
    scope.at = outerAt;
    scope.index = outerIndex;
    return goesOn;
  };
}

function walker(
  step: ProfileStep,
  wildcard: 'array' | 'object' | 'none',
  source: Path,
  visit: Visit,
  at: string,
): Body {
  const { split, then: parts, single } = step;
  if (split !== undefined) return splitWalker(source, split, parts, visit);
  if (wildcard === 'none' && single !== true)
    throw new ProfileProblem(`${at}.path`, `"${step.path}" ends in neither [*] nor .*`);
  if (wildcard === 'object') {
    return (scope, sink) => {
      const value = source(scope);
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return true;
      return Object.entries(value).every(([key, element]) => visit(key, element, scope, sink));
    };
  }
  return (scope, sink) => {
    const value = source(scope);
    if (Array.isArray(value)) return value.every((element, index) => visit(index, element, scope, sink));
    return single === true && value !== undefined ? visit(0, value, scope, sink) : true;
  };
}

function splitWalker(source: Path, split: string, parts: string | undefined, visit: Visit): Body {
  return (scope, sink) => {
    const text = source(scope);
    if (typeof text !== 'string') return true;
    return text
      .split(split)
      .every((piece, index) => visit(index, parts === undefined ? piece : piece.split(parts), scope, sink));
  };
}

function compileKeys(
  step: ProfileStep,
  names: Names,
  at: string,
): ((key: string, scope: Scope) => boolean) | undefined {
  if (step.keyRegex === undefined) return undefined;
  const match = compileRegex(step.keyRegex, `${at}.keyRegex`);
  const groups = groupNames(step.keyRegex).map((name) => ({ name, slot: names.declare(name, `${at}.keyRegex`) }));
  return (key, scope) => {
    const found = match(key);
    if (found === undefined) return false;
    for (const { name, slot } of groups) scope.slots[slot] = found.groups?.[name];
    return true;
  };
}
