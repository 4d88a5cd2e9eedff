import { formatDuration } from '../base/index.ts';
import { type Message, MessageFlag } from '../model/index.ts';
import type { CompiledProfiles, Problem, Scope, Surroundings } from '../profiles/index.ts';
import { Collector } from './collector.ts';
import { type Read, readDocument } from './documents.ts';
import type { Decoded, Intake, IntakeLimits } from './intake.ts';
import { createRouter, type Fit } from './router.ts';
import { createZones, type Zones } from './zones.ts';

/** What the city's configuration says of a device, as far as intake needs it. */
export interface IntakePlacement {
  readonly timeZone: string;
  /** 0 where the profile's interval holds. */
  readonly expectEveryMs: number;
}

export interface IntakeOptions {
  readonly profiles: CompiledProfiles;
  readonly limits: IntakeLimits;
  /** `wall`: readings older than the backlog limit are refused. `event`: only `timeEarliestMs` bounds the past. */
  readonly clockMode: 'wall' | 'event';
  /** Zone of local times where no placement is known. */
  readonly siteTimeZone: string;
  readonly placement?: (device: string) => IntakePlacement;
}

/** Devices whose placement is remembered. */
const DEVICES_MAX = 100_000;
/** Elements of one message that iterations may visit; a sensible message has a thousand at the very most. */
const ELEMENTS_MAX = 100_000;

/**
 * Makes an intake: topic to profile, bytes to document, document to readings. The checks come in this order, so that
 * nothing costly is done with what is refused anyway: size, will, topic, retained, UTF-8, nesting, syntax, guards, ids, times, values.
 * Nothing that a device sends makes it throw.
 */
export function createIntake(options: IntakeOptions): Intake {
  const { limits, clockMode } = options;
  const route = createRouter(options.profiles);
  const zones = createZones();
  const placementOf = rememberPlacements(options);
  const expectEveryMs = (device: string) => placementOf(device).expectEveryMs;
  return (message) => {
    const early = checkSize(message, limits);
    if (early !== undefined) return refused('', early);
    if ((message.flags & MessageFlag.will) !== 0) return nothing('');
    const fits = route(message.topic);
    const [best] = fits;
    if (best === undefined)
      return refused('', { reason: 'unknown_topic', detail: `no profile knows the topic ${shorten(message.topic)}` });
    if (best.route.ignore && best.route.guard === undefined) return nothing(best.route.profile.name);
    const around = surroundings(message, limits, clockMode, zones, placementOf);
    const found = choose(message, fits, limits, around);
    if ('kind' in found) return found;
    const { profile } = found.fit.route;
    const collector = new Collector(limits.readingsPerMessageMax, expectEveryMs);
    for (const problem of found.problems) collector.reject(problem, '');
    profile.read(found.scope, collector);
    if (collector.refusal !== undefined) return { kind: 'rejected', profile: profile.name, reject: collector.refusal };
    const { gatewayId: gateway, readings, rejects } = collector;
    return { kind: 'decoded', profile: profile.name, gateway, readings, rejects };
  };
}

function checkSize(message: Message, limits: IntakeLimits): Problem | undefined {
  const bytes = Math.max(message.payloadBytes, message.payload.length);
  if (message.payloadBytes <= message.payload.length && bytes <= limits.payloadBytesMax) return undefined;
  return {
    reason: 'payload_too_large',
    detail: `the payload has ${bytes} bytes; allowed are ${limits.payloadBytesMax}`,
  };
}

interface Chosen {
  readonly fit: Fit;
  readonly scope: Scope;
  /** What is wrong with parts of the document. */
  readonly problems: readonly Problem[];
}

const NO_PROBLEMS: readonly Problem[] = [];

/** The first route whose format the payload has and whose guards hold; otherwise why the best one did not do. */
function choose(message: Message, fits: readonly Fit[], limits: IntakeLimits, around: Surroundings): Chosen | Decoded {
  // Most topics fit one route, and need no memory of what was read for another.
  const reads = fits.length > 1 ? new Map<string, Read>() : undefined;
  let first: Decoded | undefined;
  for (const fit of fits) {
    const { profile, ignore, guard, pattern } = fit.route;
    // A general "ignore" must not hide that the payload of a better route was refused.
    if (ignore && guard === undefined) return first ?? nothing(profile.name);
    if (profile.dropRetained && (message.flags & MessageFlag.retain) !== 0) {
      return refused(profile.name, {
        reason: 'retained_replay',
        detail: 'a retained message; this format does not count them',
      });
    }
    const read =
      reads?.get(profile.format.key) ??
      readDocument(message.payload, profile.format, limits.nestingMax, message.receivedAtMs);
    reads?.set(profile.format.key, read);
    if ('reason' in read) {
      first ??= refused(profile.name, read);
      continue;
    }
    const scope = openScope(read.document, fit, around);
    if (guard?.(scope) !== false) {
      return ignore ? nothing(profile.name) : { fit, scope, problems: read.problems ?? NO_PROBLEMS };
    }
    first ??= refused(profile.name, {
      reason: 'missing_field',
      detail: `the topic fits ${pattern}, but the payload lacks what ${profile.name} requires`,
    });
  }
  return first ?? nothing('');
}

function openScope(root: unknown, fit: Fit, around: Surroundings): Scope {
  const slots: unknown[] = new Array(fit.route.profile.slotCount).fill(undefined);
  for (const { slot, value } of fit.captures) slots[slot] = value;
  return { root, at: root, index: 0, slots, around, elementsLeft: ELEMENTS_MAX };
}

function surroundings(
  message: Message,
  limits: IntakeLimits,
  clockMode: 'wall' | 'event',
  zones: Zones,
  placementOf: (device: string) => IntakePlacement,
): Surroundings {
  const { receivedAtMs } = message;
  const wallEarliestMs = clockMode === 'wall' ? receivedAtMs - limits.backlogMsMax : Number.NEGATIVE_INFINITY;
  const earliestMs = Math.max(limits.timeEarliestMs, wallEarliestMs);
  const latestMs = receivedAtMs + limits.aheadMsMax;
  return {
    receivedAtMs,
    zoneOf: (device) => placementOf(device).timeZone,
    localToUtcMs: zones.toUtcMs,
    judgeTime: (timeMs) => {
      if (timeMs < earliestMs)
        return { reason: 'time_too_old', detail: `the time ${instant(timeMs)} is before ${instant(earliestMs)}` };
      if (timeMs <= latestMs) return undefined;
      const detail = `the time ${instant(timeMs)} is more than ${formatDuration(limits.aheadMsMax)} ahead of the reception at ${instant(receivedAtMs)}`;
      return { reason: 'time_in_future', detail };
    },
  };
}

function instant(timeMs: number): string {
  return Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : String(timeMs);
}

function rememberPlacements(options: IntakeOptions): (device: string) => IntakePlacement {
  const { placement } = options;
  const site: IntakePlacement = { timeZone: options.siteTimeZone, expectEveryMs: 0 };
  if (placement === undefined) return () => site;
  const known = new Map<string, IntakePlacement>();
  // The readings of a message are mostly of one device.
  let last: { readonly device: string; readonly placement: IntakePlacement } | undefined;
  return (device) => {
    if (last?.device === device) return last.placement;
    const seen = known.get(device);
    if (seen !== undefined) {
      last = { device, placement: seen };
      return seen;
    }
    const found = placement(device);
    if (known.size >= DEVICES_MAX) known.delete(known.keys().next().value ?? '');
    known.set(device, found);
    return found;
  };
}

/** A known topic, or a will: no readings. */
function nothing(profile: string): Decoded {
  return { kind: 'decoded', profile, gateway: '', readings: [], rejects: [] };
}

function refused(profile: string, { reason, detail }: Problem): Decoded {
  return { kind: 'rejected', profile, reject: { reason, detail, device: '' } };
}

function shorten(topic: string): string {
  return JSON.stringify(topic.length > 100 ? `${topic.slice(0, 100)}…` : topic);
}
