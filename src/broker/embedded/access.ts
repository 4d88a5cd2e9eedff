import type { DeviceRecord, ProvenDevice } from '../../identity/index.ts';
import { filterMatches, levelsOf } from '../../model/index.ts';
import { clientIdProblem, filterCovers, topicProblem, VIEW_PREFIX } from './topics.ts';

/** Who a connection belongs to, and what that one may do. */
export interface Identity {
  /** Empty for an anonymous client. */
  readonly name: string;
  /** How a device of the registry has proved who it is; undefined for users and anonymous clients. */
  readonly device?: ProvenDevice | undefined;
  mayPublish(topic: string): boolean;
  /** Whether what is left as a will may be published there. */
  mayLeaveWill(topic: string): boolean;
  maySubscribe(filter: string): boolean;
  mayReceive(topic: string): boolean;
}

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

/** A will as the CONNECT says it. */
export interface Will {
  readonly topic: string;
  readonly payloadBytes: number;
}

/** Why a will may not be left, or undefined when it may. It is asked when somebody connects: later nobody could be told. */
export function willProblem(
  identity: Pick<Identity, 'mayLeaveWill'>,
  will: Will,
  limits: { readonly topicBytesMax: number; readonly willBytesMax: number },
): string | undefined {
  const problem = topicProblem(will.topic, limits.topicBytesMax);
  if (problem !== undefined) return `the will: ${problem}`;
  if (will.payloadBytes > limits.willBytesMax)
    return `the will has ${will.payloadBytes} bytes; at most ${limits.willBytesMax} are allowed`;
  return identity.mayLeaveWill(will.topic) ? undefined : `a will on ${will.topic} is not allowed`;
}

/**
 * Why somebody may not use a client id, or undefined when it may. A device is its client id; others may use what no
 * device has, and nobody the id of another who is connected.
 */
export function clientIdRefusal(
  identity: Pick<Identity, 'name' | 'device'>,
  clientId: string,
  known: { readonly isDevice: (id: string) => boolean; readonly holder: string | undefined },
): string | undefined {
  if (identity.device !== undefined)
    return clientId === identity.device.record.id ? undefined : 'the client id of a device must be its own id';
  const problem = clientIdProblem(clientId);
  if (problem !== undefined) return problem;
  if (known.isDevice(clientId)) return 'the client id belongs to a device';
  const isTaken = known.holder !== undefined && known.holder !== identity.name;
  return isTaken ? 'the client id belongs to another user' : undefined;
}

/** What devices may do by their id alone, as filters with `{id}` and, for those behind a gateway, `{gateway}`. */
export interface DeviceRules {
  readonly deviceTopics: readonly string[];
  readonly gatewayTopics: readonly string[];
  readonly statusTopics: readonly string[];
}

/** Filters of a profile's topics, for a device and the gateway that it is behind (itself where there is none). */
export type ProfileTopics = (profile: string, device: string, gateway: string) => readonly string[];

/** What a device of the registry may do. */
export function identityOfDevice(device: ProvenDevice, rules: DeviceRules, topicsOf: ProfileTopics): Identity {
  const { id } = device.record;
  const status = rules.statusTopics.map((filter) => levelsOf(filled(filter, id, id)));
  const identity = identityOf(id, publishFilters(device.record, rules, topicsOf), [], [`cmd/${id}/#`]);
  return {
    ...identity,
    device,
    mayLeaveWill: (topic) =>
      identity.mayPublish(topic) && status.some((filter) => filterMatches(filter, levelsOf(topic))),
  };
}

/** Topic filters that a device may publish to: its own, those of its profile, and those of the devices behind it. */
export function publishFilters(record: DeviceRecord, rules: DeviceRules, topicsOf: ProfileTopics): readonly string[] {
  const { id, profile, topics, devices } = record;
  const filters = [...rules.deviceTopics.map((filter) => filled(filter, id, id)), ...topics];
  const status = rules.statusTopics.map((filter) => filled(filter, id, id));
  if (profile !== undefined) filters.push(...topicsOf(profile, id, id));
  for (const device of devices) {
    filters.push(...rules.gatewayTopics.map((filter) => filled(filter, device, id)));
    if (profile !== undefined) filters.push(...topicsOf(profile, device, id));
  }
  return [...new Set([...filters, ...status])];
}

function filled(filter: string, id: string, gateway: string): string {
  return filter.replaceAll('{id}', id).replaceAll('{gateway}', gateway);
}

const DECISIONS_MAX = 10_000;
const VIEW_FILTER = `${VIEW_PREFIX}/#`;

/**
 * Somebody with topic filters to publish and subscribe to.
 *
 * @param always what it may subscribe to besides; views unless said otherwise
 */
export function identityOf(
  name: string,
  publish: readonly string[],
  subscribe: readonly string[],
  always: readonly string[] = [VIEW_FILTER],
): Identity {
  const mayWrite = matcherOf(publish);
  const readable = [...always, ...subscribe].map(levelsOf);
  const mayPublish = remembered((topic) => !isView(topic) && mayWrite(topic));
  return {
    name,
    mayPublish,
    mayLeaveWill: mayPublish,
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

function isView(topic: string): boolean {
  return topic === VIEW_PREFIX || topic.startsWith(`${VIEW_PREFIX}/`);
}

/** A gateway has a filter for each of ten thousand devices: those are found by their first three levels. */
const INDEXED_LEVELS = 3;

function matcherOf(filters: readonly string[]): (topic: string) => boolean {
  const open: (readonly string[])[] = [];
  const byHead = new Map<string, (readonly string[])[]>();
  for (const filter of filters) {
    const levels = levelsOf(filter);
    const head = levels.slice(0, INDEXED_LEVELS);
    if (head.length < INDEXED_LEVELS || head.some((level) => level === '+' || level === '#')) open.push(levels);
    else {
      const key = head.join('/');
      byHead.set(key, [...(byHead.get(key) ?? []), levels]);
    }
  }
  return (topic) => {
    const levels = levelsOf(topic);
    const near = byHead.get(levels.slice(0, INDEXED_LEVELS).join('/')) ?? [];
    return [...near, ...open].some((filter) => filterMatches(filter, levels));
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
