/** Whether the filter, in levels, matches the topic [MQTT-4.7]; wildcards at the start do not match `$` topics. */
export function filterMatches(filter: readonly string[], topic: readonly string[]): boolean {
  if (topic[0]?.startsWith('$') === true && (filter[0] === '#' || filter[0] === '+')) return false;
  for (let level = 0; level < filter.length; level++) {
    const wanted = filter[level];
    if (wanted === '#') return true;
    if (level >= topic.length || (wanted !== '+' && wanted !== topic[level])) return false;
  }
  return filter.length === topic.length;
}

/** Levels of a topic or filter. */
export function levelsOf(text: string): string[] {
  return text.split('/');
}
