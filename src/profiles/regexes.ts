import { ProfileProblem } from './names.ts';

/** Longer texts match no pattern: the bound that keeps the worst allowed expression in microseconds. */
export const REGEX_INPUT_MAX = 256;
const UNBOUNDED_MAX = 3;

/** Runs a compiled pattern; undefined for no match and for texts that are too long. */
export type Matcher = (text: string) => RegExpExecArray | undefined;

/**
 * Compiles a regular expression of a profile. Refused is what can take exponential time: backreferences, lookbehind,
 * a repeated group that repeats or branches inside, and more than three unbounded repetitions.
 */
export function compileRegex(source: string, at: string): Matcher {
  const complaint = complaintOf(source);
  if (complaint !== undefined) throw new ProfileProblem(at, `the regular expression ${source} ${complaint}`);
  let compiled: RegExp;
  try {
    compiled = new RegExp(source, 'u');
  } catch (error) {
    throw new ProfileProblem(at, `the regular expression ${source} cannot be read: ${(error as Error).message}`);
  }
  return (text) => (text.length > REGEX_INPUT_MAX ? undefined : (compiled.exec(text) ?? undefined));
}

/** Names of the groups of an expression. */
export function groupNames(source: string): string[] {
  return [...source.matchAll(/\(\?<([A-Za-z_][A-Za-z0-9_]*)>/g)].map((found) => found[1] ?? '');
}

function complaintOf(source: string): string | undefined {
  if (/\\[1-9]|\\k</.test(source)) return 'uses a backreference';
  if (/\(\?<[=!]/.test(source)) return 'looks behind';
  // Escapes and character classes cannot repeat; one letter stands for each, so that only structure is left.
  const bare = source.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x');
  if ((bare.match(/[*+]|\{\d*,\}/g) ?? []).length > UNBOUNDED_MAX)
    return `repeats without bound more than ${UNBOUNDED_MAX} times`;
  return repeatsInside(bare) ? 'repeats a group that repeats or branches inside' : undefined;
}

function repeatsInside(bare: string): boolean {
  const open: boolean[] = [];
  for (let at = 0; at < bare.length; at++) {
    const char = bare[at] ?? '';
    if (char === '(') open.push(false);
    else if (char === ')') {
      const risky = open.pop() ?? false;
      if (risky && /[*+{]/.test(bare[at + 1] ?? '')) return true;
      if (risky && open.length > 0) open[open.length - 1] = true;
    } else if (/[*+{|]/.test(char) && open.length > 0) open[open.length - 1] = true;
  }
  return false;
}
