import { createHash, timingSafeEqual } from 'node:crypto';
import { OperatingError } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { isLoopbackAddress } from './exposure.ts';
import { filterCovers, filterMatches, levelsOf, topicProblem, VIEW_PREFIX } from './topics.ts';

/** Who a connection belongs to, and what that one may do. */
export interface Identity {
  /** Empty for an anonymous client of this machine. */
  readonly name: string;
  mayPublish(topic: string): boolean;
  maySubscribe(filter: string): boolean;
  mayReceive(topic: string): boolean;
}

/** Tells who somebody is; undefined when nobody is to be let in. */
export type Login = (
  remoteAddress: string,
  name: string | undefined,
  secret: Uint8Array | undefined,
) => Identity | undefined;

/** Why a publish is turned away. */
export interface PublishProblem {
  readonly reason: 'topic' | 'not_authorized';
  readonly cause: string;
}

/**
 * Whether a connection may publish to a topic: the one question that every way in asks before it hands a publish over.
 *
 * @param identity undefined for somebody who has not been let in
 * @returns why not, or undefined when it may
 */
export function publishProblem(
  identity: Pick<Identity, 'mayPublish'> | undefined,
  topic: string,
  topicBytesMax: number,
): PublishProblem | undefined {
  const cause = topicProblem(topic, topicBytesMax);
  if (cause !== undefined) return { reason: 'topic', cause };
  if (identity?.mayPublish(topic) === true) return undefined;
  return { reason: 'not_authorized', cause: `publishing to ${topic} is not allowed` };
}

const DECISIONS_MAX = 10_000;
const VIEW_FILTER = `${VIEW_PREFIX}/#`;

/**
 * Access as the configuration says: the users listed there by secret; without any, whoever comes from this machine.
 *
 * @throws OperatingError `authentication_required` when a user has no secret
 */
export function createLogin(config: Config['mqtt'], secrets: ReadonlyMap<string, string>): Login {
  const login = loginOfUsers(config.users, secrets);
  const isAnonymousAllowed = anonymousRule(config.anonymous, () => config.users.length > 0);
  const anonymous = identityOf('', ['#'], []);
  return (remoteAddress, name, secret) => {
    if (name === undefined && isAnonymousAllowed(remoteAddress)) return anonymous;
    return login(remoteAddress, name, secret);
  };
}

/** Whether somebody from an address is let in without a name. */
export function anonymousRule(
  rule: Config['mqtt']['anonymous'],
  hasClients: () => boolean,
): (remoteAddress: string) => boolean {
  return (remoteAddress) => {
    if (rule === 'everywhere') return true;
    if (rule === 'never' || !isLoopbackAddress(remoteAddress)) return false;
    return rule === 'loopback' || !hasClients();
  };
}

function loginOfUsers(users: Config['mqtt']['users'], secrets: ReadonlyMap<string, string>): Login {
  const known = new Map<string, { readonly digest: Buffer; readonly identity: Identity }>();
  for (const user of users) {
    const secret = secrets.get(user.name);
    if (secret === undefined || secret.length === 0) {
      throw new OperatingError('authentication_required', `cannot let in the MQTT user ${user.name}: it has no secret`);
    }
    known.set(user.name, { digest: digestOf(secret), identity: identityOf(user.name, user.publish, user.subscribe) });
  }
  const nobody = digestOf('');
  return (_remoteAddress, name, secret) => {
    const user = known.get(name ?? '');
    // Compared for an unknown name too, so that the time taken does not tell which names exist.
    const isRight = timingSafeEqual(digestOf(secret ?? ''), user?.digest ?? nobody);
    return isRight ? user?.identity : undefined;
  };
}

function digestOf(secret: string | Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest();
}

function identityOf(name: string, publish: readonly string[], subscribe: readonly string[]): Identity {
  const writable = publish.map(levelsOf);
  const readable = [VIEW_FILTER, ...subscribe].map(levelsOf);
  return {
    name,
    mayPublish: remembered((topic) => {
      const levels = levelsOf(topic);
      return levels[0] !== VIEW_PREFIX && writable.some((filter) => filterMatches(filter, levels));
    }),
    maySubscribe(filter) {
      const levels = levelsOf(filter);
      return levels[0]?.startsWith('$') !== true && readable.some((allowed) => filterCovers(allowed, levels));
    },
    mayReceive: remembered((topic) => {
      const levels = levelsOf(topic);
      return readable.some((filter) => filterMatches(filter, levels));
    }),
  };
}

/** Topics repeat with every message; the memory starts anew when it is full. */
function remembered(decide: (topic: string) => boolean): (topic: string) => boolean {
  const decisions = new Map<string, boolean>();
  return (topic) => {
    const known = decisions.get(topic);
    if (known !== undefined) return known;
    if (decisions.size >= DECISIONS_MAX) decisions.clear();
    const decision = decide(topic);
    decisions.set(topic, decision);
    return decision;
  };
}
