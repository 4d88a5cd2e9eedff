import type { Capture } from './compiled.ts';
import { type Names, ProfileProblem } from './names.ts';

type LevelMatcher = (level: string, captures: Capture[]) => boolean;

/** A topic pattern: how it fits, and what orders it among others. */
export interface TopicPattern {
  readonly match: (levels: readonly string[]) => readonly Capture[] | undefined;
  /** Characters before the first wildcard or capture. */
  readonly literalPrefix: number;
  /** Literal characters altogether; decides between patterns with the same prefix. */
  readonly literals: number;
}

const REST = /^(?:#|\{([A-Za-z_]\w*)#\})$/;

/** Compiles `tele/{dev}/SENSOR`, `+/status/em:{n}` or `zigbee2mqtt/{name#}`. Captures are never empty. */
export function compileTopic(pattern: string, names: Names, at: string): TopicPattern {
  const levels = pattern.split('/');
  const last = REST.exec(levels.at(-1) ?? '');
  const head = last === null ? levels : levels.slice(0, -1);
  const matchers = head.map((level) => compileLevel(level, names, at));
  const restSlot = last?.[1] === undefined ? undefined : names.declare(last[1], at);
  const match = (topic: readonly string[]): readonly Capture[] | undefined => {
    if (last === null ? topic.length !== matchers.length : topic.length <= matchers.length) return undefined;
    const captures: Capture[] = [];
    for (let index = 0; index < matchers.length; index++) {
      if (!matchers[index]!(topic[index] ?? '', captures)) return undefined;
    }
    if (restSlot !== undefined) captures.push({ slot: restSlot, value: topic.slice(matchers.length).join('/') });
    return captures;
  };
  const firstOpen = pattern.search(/[+#{]/);
  return {
    match,
    literalPrefix: firstOpen < 0 ? pattern.length : firstOpen,
    literals: pattern.replace(/\{[^}]*\}|[+#]/g, '').length,
  };
}

function compileLevel(level: string, names: Names, at: string): LevelMatcher {
  if (level === '+') return () => true;
  const parts = level.split(/\{([A-Za-z_]\w*)\}/);
  if (parts.length > 3 || parts.some((part, index) => index % 2 === 0 && /[+#{}]/.test(part))) {
    throw new ProfileProblem(
      at,
      `the level "${level}" cannot be read; write text, +, {name} or text{name}text, and # only at the end`,
    );
  }
  const [before = '', name, after = ''] = parts;
  if (name === undefined) return (text) => text === level;
  const slot = names.declare(name, at);
  return (text, captures) => {
    if (text.length <= before.length + after.length || !text.startsWith(before) || !text.endsWith(after)) return false;
    captures.push({ slot, value: text.slice(before.length, text.length - after.length) });
    return true;
  };
}
