import type { Scope } from './compiled.ts';
import { type Names, ProfileProblem } from './names.ts';

/** Reads a value out of the document; undefined where it is absent. */
export type Path = (scope: Scope) => unknown;
/** Fills a template; undefined when a name that it needs is absent. */
export type Template = (scope: Scope) => string | undefined;
type Step = (value: unknown, scope: Scope) => unknown;

/** How a path of `each` ends. */
export type Wildcard = 'array' | 'object' | 'none';

/**
 * Compiles `$.a.b`, `@['any key'][0]` or `#.name.x`: a root and steps, each a closure. Keys that every object inherits
 * (`constructor`) count only where the document has them itself; arrays have numbers only.
 */
export function compilePath(text: string, names: Names, at: string): Path {
  const { root, rest } = compileRoot(text, names, at);
  const steps = compileSteps(rest, text, names, at);
  const [only] = steps;
  if (only === undefined) return root;
  if (steps.length === 1) return (scope) => only(root(scope), scope);
  return (scope) => {
    let value = root(scope);
    for (const step of steps) {
      if (value === undefined || value === null) return undefined;
      value = step(value, scope);
    }
    return value;
  };
}

/** Compiles one path, or several of which the first present one counts. */
export function compilePaths(text: string | readonly string[], names: Names, at: string): Path {
  if (typeof text === 'string') return compilePath(text, names, at);
  const paths = text.map((line, index) => compilePath(line, names, `${at}[${index}]`));
  return (scope) => {
    for (const path of paths) {
      const value = path(scope);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

/** Splits the wildcard off a path of `each`. */
export function splitWildcard(text: string): { readonly path: string; readonly wildcard: Wildcard } {
  if (text.endsWith('[*]')) return { path: text.slice(0, -3), wildcard: 'array' };
  if (text.endsWith('.*')) return { path: text.slice(0, -2), wildcard: 'object' };
  return { path: text, wildcard: 'none' };
}

/** True when a path or template can only give one answer in a message: it sees neither elements nor names of iterations. */
export function isWholeMessage(text: string | readonly string[], messageNames: ReadonlySet<string>): boolean {
  if (typeof text !== 'string') return text.every((line) => isWholeMessage(line, messageNames));
  if (text.startsWith('@')) return false;
  const used = [...text.matchAll(/\{([A-Za-z_]\w*)\??\}|^#\.([A-Za-z_]\w*)/g)].map(
    (found) => found[1] ?? found[2] ?? '',
  );
  return used.every((name) => messageNames.has(name));
}

/** Compiles text with `{names}`; `{name?}` becomes empty where the name is absent. */
export function compileTemplate(text: string, names: Names, at: string): Template {
  const parts = text.split(/\{([A-Za-z_][A-Za-z0-9_]*\??)\}/);
  if (parts.some((part, index) => index % 2 === 0 && /[{}]/.test(part))) {
    throw new ProfileProblem(at, `"${text}" has a brace without a name; write {name}`);
  }
  if (parts.length === 1) return () => text;
  const readers = parts.map((part, index) => (index % 2 === 0 ? constant(part) : compileName(part, names, at)));
  return parts.length === 5 ? rememberPairs(readers) : (scope) => fill(readers, scope);
}

function fill(readers: readonly Template[], scope: Scope): string | undefined {
  let filled = '';
  for (const reader of readers) {
    const piece = reader(scope);
    if (piece === undefined) return undefined;
    filled += piece;
  }
  return filled;
}

/** Pairs remembered; devices of a gateway are such pairs, and come again with every message. */
const PAIRS_MAX = 20_000;

/** A template of two names gives the same text object for the same two, whose hash is known where it is looked up. */
function rememberPairs(readers: readonly Template[]): Template {
  const known = new Map<string, Map<string, string>>();
  let count = 0;
  return (scope) => {
    const first = readers[1]?.(scope);
    const second = readers[3]?.(scope);
    if (first === undefined || second === undefined) return undefined;
    const seen = known.get(first)?.get(second);
    if (seen !== undefined) return seen;
    const filled = fill(readers, scope);
    if (filled === undefined) return undefined;
    if (++count > PAIRS_MAX) {
      known.clear();
      count = 1;
    }
    const seconds = known.get(first) ?? new Map<string, string>();
    known.set(first, seconds.set(second, filled));
    return filled;
  };
}

/** The text of a scalar; undefined for absent values, null, objects and arrays. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function constant(text: string): Template {
  return () => text;
}

function compileName(part: string, names: Names, at: string): Template {
  const optional = part.endsWith('?');
  const slot = names.find(optional ? part.slice(0, -1) : part, at);
  return (scope) => textOf(scope.slots[slot]) ?? (optional ? '' : undefined);
}

function compileRoot(text: string, names: Names, at: string): { root: Path; rest: string } {
  if (text.startsWith('$')) return { root: (scope) => scope.root, rest: text.slice(1) };
  if (text.startsWith('@')) return { root: (scope) => scope.at, rest: text.slice(1) };
  const name = /^#\.([A-Za-z_][A-Za-z0-9_]*)/.exec(text);
  if (name === null) throw new ProfileProblem(at, `"${text}" is no path; it starts with $, @ or #.name`);
  const slot = names.find(name[1] ?? '', at);
  return { root: (scope) => scope.slots[slot], rest: text.slice(name[0].length) };
}

const STEP = /^(?:\.([^.[\]'"*]+)|\['([^']*)'\]|\[(\d+)\])/;

function compileSteps(rest: string, text: string, names: Names, at: string): Step[] {
  const steps: Step[] = [];
  for (let left = rest; left !== ''; ) {
    const found = STEP.exec(left);
    if (found === null)
      throw new ProfileProblem(at, `"${text}" cannot be read from "${left}" on; write .key, ['any key'] or [0]`);
    const [whole, key, quoted, number] = found;
    if (number !== undefined) steps.push(elementStep(Number(number)));
    else if (quoted?.includes('{')) steps.push(templateStep(compileTemplate(quoted, names, at)));
    else steps.push(keyStep(key ?? quoted ?? ''));
    left = left.slice(whole.length);
  }
  return steps;
}

function keyStep(key: string): Step {
  if (key in Object.prototype)
    return (value) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined);
  return (value) => (isObject(value) ? value[key] : undefined);
}

function templateStep(template: Template): Step {
  return (value, scope) => {
    const key = template(scope);
    return key !== undefined && isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  };
}

function elementStep(index: number): Step {
  return (value) => (Array.isArray(value) ? value[index] : undefined);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
