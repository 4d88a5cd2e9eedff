import { rememberTexts } from '../base/index.ts';
import type { Scope } from './compiled.ts';
import { type Names, ProfileProblem } from './names.ts';
import { compilePath, compilePaths, compileTemplate, type Path, textOf } from './paths.ts';
import { compileRegex } from './regexes.ts';
import type { ProfileCondition, ProfileConditions, ProfileVariable } from './schema.ts';

/** Texts remembered of an expression: names of quantities and channels, which come again with every message. */
const TEXTS_MAX = 4_096;

export type Condition = (scope: Scope) => boolean;

/** Compiles conditions of which all must hold; none at all always hold. */
export function compileConditions(conditions: ProfileConditions | undefined, names: Names, at: string): Condition {
  if (conditions === undefined) return () => true;
  if (!Array.isArray(conditions)) return compileCondition(conditions, names, at);
  const all = conditions.map((one, index) => compileCondition(one, names, `${at}[${index}]`));
  return (scope) => all.every((holds) => holds(scope));
}

/** Compiles `path` or `var` of a rule. */
export function compileSource(
  rule: { readonly path?: string | readonly string[] | undefined; readonly var?: string | undefined },
  names: Names,
  at: string,
): Path {
  if ((rule.path === undefined) === (rule.var === undefined))
    throw new ProfileProblem(at, 'exactly one of path and var is needed');
  return rule.path === undefined
    ? compilePath(`#.${rule.var}`, names, `${at}.var`)
    : compilePaths(rule.path, names, `${at}.path`);
}

/** Compiles a variable: a path or template, then group 1 of a regular expression, then a map. */
export function compileVariable(variable: ProfileVariable, names: Names, at: string): Path {
  if (typeof variable === 'string') return compilePath(variable, names, at);
  if ((variable.path === undefined) === (variable.template === undefined)) {
    throw new ProfileProblem(at, 'exactly one of path and template is needed');
  }
  const source: Path =
    variable.path === undefined
      ? compileTemplate(variable.template ?? '', names, `${at}.template`)
      : compilePaths(variable.path, names, `${at}.path`);
  const cut = variable.regex === undefined ? source : firstGroup(source, variable.regex, `${at}.regex`);
  if (variable.map === undefined) return cut;
  const map = new Map(Object.entries(variable.map));
  return (scope) => {
    const text = textOf(cut(scope));
    return text === undefined ? undefined : map.get(text);
  };
}

function firstGroup(source: Path, regex: string, at: string): Path {
  const match = compileRegex(regex, at);
  const groupOf = rememberTexts((text) => {
    const found = match(text);
    return found === undefined ? undefined : (found[1] ?? found[0]);
  }, TEXTS_MAX);
  return (scope) => {
    const text = textOf(source(scope));
    return text === undefined ? undefined : groupOf(text);
  };
}

function compileCondition(condition: ProfileCondition | string, names: Names, at: string): Condition {
  const rule: ProfileCondition = typeof condition === 'string' ? { path: condition } : condition;
  const source = compileSource(rule, names, at);
  const tests = compileTests(rule, at);
  const wanted = rule.not !== true;
  return (scope) => {
    const value = source(scope);
    return tests.every((test) => test(value)) === wanted;
  };
}

function compileTests(rule: ProfileCondition, at: string): ((value: unknown) => boolean)[] {
  const { exists, equals, regex, lt, gt } = rule;
  const tests: ((value: unknown) => boolean)[] = [];
  if (exists !== undefined) tests.push((value) => (value !== undefined) === exists);
  if (equals !== undefined) tests.push((value) => value === equals);
  if (rule.in !== undefined) {
    const allowed = new Set<unknown>(rule.in);
    tests.push((value) => allowed.has(value));
  }
  if (regex !== undefined) {
    const match = compileRegex(regex, `${at}.regex`);
    tests.push((value) => {
      const text = textOf(value);
      return text !== undefined && match(text) !== undefined;
    });
  }
  if (lt !== undefined) tests.push((value) => typeof value === 'number' && value < lt);
  if (gt !== undefined) tests.push((value) => typeof value === 'number' && value > gt);
  return tests.length > 0 ? tests : [(value) => value !== undefined];
}
