import type { Capture, CompiledProfiles, Route } from '../profiles/index.ts';

/** A route that fits a topic, with what the topic gave. */
export interface Fit {
  readonly route: Route;
  readonly captures: readonly Capture[];
}

/** Topics remembered; a flood of new topics pushes out the oldest. */
export const TOPICS_MAX = 20_000;

/** Finds all routes that fit a topic, best first. The answer for a topic is the same for the whole run. */
export function createRouter(profiles: CompiledProfiles): (topic: string) => readonly Fit[] {
  const known = new Map<string, readonly Fit[]>();
  return (topic) => {
    const seen = known.get(topic);
    if (seen !== undefined) return seen;
    const levels = topic.split('/');
    const fits: Fit[] = [];
    for (const route of profiles.routes) {
      const captures = route.match(levels);
      if (captures !== undefined) fits.push({ route, captures });
    }
    if (known.size >= TOPICS_MAX) known.delete(known.keys().next().value ?? '');
    known.set(topic, fits);
    return fits;
  };
}
