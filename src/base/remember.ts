const TEXT_CHARS_MAX = 64;

/**
 * A pure function of texts that repeat, with a memory for its answers. Bounded: it starts anew when it holds `countMax`
 * texts, and long ones are not remembered.
 */
export function rememberTexts<T>(compute: (text: string) => T, countMax: number): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    if (text.length > TEXT_CHARS_MAX) return compute(text);
    const seen = known.get(text);
    if (seen !== undefined || known.has(text)) return seen as T;
    if (known.size >= countMax) known.clear();
    const answer = compute(text);
    known.set(text, answer);
    return answer;
  };
}
