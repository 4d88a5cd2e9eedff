import type { RedisClient } from './connections.ts';

/** Part of a script: `nowMs` by the server's clock, ms UTC. */
export const SERVER_NOW_MS = `
  local time = redis.call('TIME')
  local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * By the server's clock: those of processes may differ. After the clock of another server took over, what was heard in its
 * future does not count. Who is there must be known when memory is full, too.
 *
 * KEYS who was heard; ARGV name, what it says, time in ms. @returns names and what each said, in turn
 */
const SAY_HERE = `#!lua flags=allow-oom
  ${SERVER_NOW_MS}
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', nowMs) .. ARGV[2])
  local all, present = redis.call('HGETALL', KEYS[1]), {}
  for at = 1, #all, 2 do
    local heardMs, said = string.match(all[at + 1], '^(%d+) (.*)$')
    if heardMs and math.abs(nowMs - heardMs) < tonumber(ARGV[3]) then
      table.insert(present, all[at])
      table.insert(present, said)
    else
      redis.call('HDEL', KEYS[1], all[at])
    end
  end
  return present
`;

/**
 * Says that somebody is there, until it is said again or `sayGone`.
 *
 * @returns what everybody said who was heard within the time, by name; the others are forgotten
 */
export async function sayHere(
  redis: RedisClient,
  key: string,
  { name, says, withinMs }: { readonly name: string; readonly says: string; readonly withinMs: number },
): Promise<ReadonlyMap<string, string>> {
  const present = (await redis.eval(SAY_HERE, 1, key, name, says, withinMs)) as string[];
  const names = present.filter((_, at) => at % 2 === 0);
  return new Map(names.map((one, at) => [one, present[2 * at + 1]!]));
}

/** The one that said it is there is so no more. */
export async function sayGone(redis: RedisClient, key: string, name: string): Promise<void> {
  await redis.hdel(key, name);
}
