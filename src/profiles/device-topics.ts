import type { Profile } from './schema.ts';

const CAPTURE = /\{([A-Za-z_]\w*)#?\}/g;

/**
 * Topic filters that a profile reads a device under: its patterns, with the id in the place where the profile takes the
 * device's id from the topic, and the gateway's where it takes that. Patterns without such a place are left out: they say
 * nothing of who may publish there.
 *
 * @param gateway the device itself where it speaks for itself
 */
export function deviceTopics(profile: Profile, device: string, gateway: string = device): string[] {
  const devices = [profile.device, ...(profile.blocks ?? []).map((block) => block.device)];
  const vias = namesIn(devices.flatMap((one) => (one?.via === undefined ? [] : [one.via])));
  const all = namesIn(devices.flatMap((one) => (one === undefined ? [] : [one.id])));
  const ids = all.filter((name) => !vias.includes(name));
  const places = ids.length > 0 ? ids : all;
  const filters = profile.match.flatMap(({ topic }) => filterOf(topic, places, vias, device, gateway));
  return [...new Set(filters)];
}

/** Filters of all topics that a profile reads; a level that holds a capture matches any text. */
export function profileFilters({ match }: Profile): string[] {
  const filters = match.map(({ topic }) =>
    topic
      .split('/')
      .map((level) => (/^\{[A-Za-z_]\w*#\}$/.test(level) ? '#' : level.includes('{') ? '+' : level))
      .join('/'),
  );
  return [...new Set(filters)];
}

function namesIn(templates: readonly string[]): string[] {
  return templates.flatMap((template) => [...template.matchAll(CAPTURE)].map((found) => found[1]!));
}

function filterOf(
  topic: string,
  places: readonly string[],
  vias: readonly string[],
  device: string,
  gateway: string,
): string[] {
  const place = [...topic.matchAll(CAPTURE)].map((found) => found[1]!).find((name) => places.includes(name));
  if (place === undefined) return [];
  const levels = topic.split('/').map((level) => {
    const capture = /\{([A-Za-z_]\w*)(#?)\}/.exec(level);
    if (capture === null) return level;
    const [text, name = '', rest] = capture;
    if (name === place) return level.replace(text, device);
    if (vias.includes(name)) return level.replace(text, gateway);
    return rest === '#' ? '#' : '+';
  });
  return [levels.join('/')];
}
