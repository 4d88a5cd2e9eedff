import { OperatingError } from '../base/index.ts';
import { unitCode } from '../model/index.ts';
import type { CompiledProfile, CompiledProfiles, Format, Problem, Route, Scope, Sink } from './compiled.ts';
import { compileConditions, compileVariable } from './conditions.ts';
import { idDetail, isId } from './ids.ts';
import { type Body, compileEach } from './iterations.ts';
import type { LoadedProfile, LoadedProfiles } from './load.ts';
import { Names, ProfileProblem } from './names.ts';
import { compileTemplate, isWholeMessage, type Template } from './paths.ts';
import { compileReading } from './readings.ts';
import type { Profile, ProfileBlock, ProfileDevice, ProfileTime } from './schema.ts';
import type { Defaults } from './shapes.ts';
import { compileTime, durationMs } from './times.ts';
import { compileTopic, type TopicPattern } from './topics.ts';

const EXPECT_EVERY_MS = 60_000;

interface Ordered extends TopicPattern {
  readonly route: Route;
}

/**
 * Turns profiles into closures: nothing of a profile is looked up, parsed or resolved again while messages come in.
 *
 * @throws OperatingError `profile_invalid`, its message naming file, key path and what is allowed
 */
export function compileProfiles(loaded: LoadedProfiles): CompiledProfiles {
  const ordered = loaded.profiles.flatMap((one) => compileFile(one));
  // Array.sort is stable: among equals the earlier folder and file comes first.
  ordered.sort((a, b) => b.literalPrefix - a.literalPrefix || b.literals - a.literals);
  return { routes: ordered.map(({ route }) => route) };
}

function compileFile({ file, profile }: LoadedProfile): Ordered[] {
  try {
    return compileProfile(profile);
  } catch (error) {
    if (error instanceof ProfileProblem) {
      throw new OperatingError('profile_invalid', `cannot use the device profile ${file}: ${error.message}`, {
        cause: error,
      });
    }
    throw error;
  }
}

function compileProfile(profile: Profile): Ordered[] {
  const names = new Names();
  const topics = profile.match.map((match, index) => compileTopic(match.topic, names, `match[${index}].topic`));
  const guards = profile.match.map(({ require }, index) =>
    require === undefined ? undefined : compileConditions(require, names, `match[${index}].require`),
  );
  const read = compileRead(profile, names);
  const compiled: CompiledProfile = {
    name: profile.name,
    format: compileFormat(profile),
    dropRetained: profile.retained === 'drop',
    slotCount: names.count,
    read,
  };
  return profile.match.map((match, index) => {
    const topic = topics[index]!;
    const route: Route = {
      profile: compiled,
      pattern: match.topic,
      ignore: match.ignore === true,
      match: topic.match,
      guard: guards[index],
    };
    return { ...topic, route };
  });
}

function compileFormat(profile: Profile): Format {
  const decode = profile.decode ?? 'json';
  if (decode === 'json' || decode === 'number' || decode === 'senml' || decode === 'influx')
    return { kind: decode, key: decode };
  const { separator = ',', columns }: { separator?: string | undefined; columns?: string[] | undefined } =
    decode === 'csv' ? {} : decode;
  return { kind: 'csv', key: JSON.stringify([separator, columns ?? null]), separator, columns };
}

function compileRead(profile: Profile, names: Names): CompiledProfile['read'] {
  const blocks = blocksOf(profile);
  const variables = Object.entries(profile.vars ?? {}).map(([name, variable]) => {
    const value = compileVariable(variable, names, `vars.${name}`);
    return { slot: names.declare(name, `vars`), value };
  });
  const messageNames = new Set([
    ...Object.keys(profile.vars ?? {}),
    ...profile.match.flatMap(({ topic }) => captureNames(topic)),
  ]);
  const bodies = blocks.map(({ block, at }) => compileBlock(profile, block, names.child(), messageNames, at));
  return (scope, sink) => {
    for (const { slot, value } of variables) scope.slots[slot] = value(scope);
    for (const body of bodies) if (!body(scope, sink)) return;
  };
}

/** A profile without `blocks` is one block itself. */
function blocksOf(profile: Profile): { readonly block: ProfileBlock; readonly at: string }[] {
  const { blocks, readings, each, when } = profile;
  if (blocks !== undefined) {
    if (readings !== undefined || each !== undefined || when !== undefined) {
      throw new ProfileProblem('blocks', 'readings, each and when stand either in blocks or beside it, not both');
    }
    return blocks.map((block, index) => ({ block, at: `blocks[${index}].` }));
  }
  if (readings !== undefined) return [{ block: { readings, each, when }, at: '' }];
  if (profile.match.every(({ ignore }) => ignore === true)) return [];
  throw new ProfileProblem('readings', 'readings or blocks are needed, unless every match says "ignore: true"');
}

function compileBlock(
  profile: Profile,
  block: ProfileBlock,
  names: Names,
  messageNames: ReadonlySet<string>,
  at: string,
): Body {
  const device = block.device ?? profile.device;
  if (device === undefined)
    throw new ProfileProblem(`${at}device`, 'the id of the device is needed, here or for the whole profile');
  const applies = compileConditions(block.when, names, `${at}when`);
  const defaults: Defaults = { text: profile.text ?? profile.decode === 'number', units: unitsOf(profile) };
  const expectEveryMs = durationMs(device.expectEvery ?? profile.expectEvery, `${at}expectEvery`) || EXPECT_EVERY_MS;
  const iteration = compileEach(block.each, names, `${at}each`, (inner) => {
    const id = compileTemplate(device.id, inner, `${at}device.id`);
    const time = block.time ?? profile.time;
    const target = targetReader(id, device, time, inner, messageNames, expectEveryMs, at);
    const readers = block.readings.map((reading, index) =>
      compileReading(reading, defaults, inner, `${at}readings[${index}]`),
    );
    return (scope, sink) => {
      const found = target(scope, sink);
      return typeof found === 'boolean' ? found : readers.every((read) => read(scope, found, sink));
    };
  });
  return (scope, sink) => !applies(scope) || iteration(scope, sink);
}

type TargetReader = (
  scope: Scope,
  sink: Sink,
) => boolean | { device: string; timeMs: number; timeSource: 'device' | 'received'; expectEveryMs: number };

/** Device and time of an element. A fault of what the whole message shares refuses the message; else only the element. */
function targetReader(
  id: Template,
  device: ProfileDevice,
  time: ProfileTime | undefined,
  names: Names,
  messageNames: ReadonlySet<string>,
  expectEveryMs: number,
  at: string,
): TargetReader {
  const sharesDevice = isWholeMessage(device.id, messageNames);
  const sharesTime = time === undefined || isWholeMessage(time.path, messageNames);
  const via = device.via === undefined ? undefined : compileTemplate(device.via, names, `${at}device.via`);
  const readTime = compileTime(time, names, `${at}time`);
  return (scope, sink) => {
    const refuse = (problem: Problem, shared: boolean, of: string) =>
      shared ? sink.fail(problem, of) : sink.reject(problem, of);
    const found = id(scope);
    if (found === undefined)
      return refuse(
        { reason: 'missing_field', detail: `no device id: ${device.id} has an absent name` },
        sharesDevice,
        '',
      );
    if (!isId(found)) return refuse({ reason: 'id_not_allowed', detail: idDetail(found) }, sharesDevice, '');
    const gateway = via?.(scope);
    if (gateway !== undefined && isId(gateway)) sink.gateway(gateway);
    const stamped = readTime(scope, found);
    if (typeof stamped === 'object') return refuse(stamped, sharesTime, found);
    const timeMs = stamped ?? scope.around.receivedAtMs;
    const problem = scope.around.judgeTime(timeMs);
    if (problem !== undefined) return refuse(problem, sharesTime, found);
    return { device: found, timeMs, timeSource: stamped === undefined ? 'received' : 'device', expectEveryMs };
  };
}

function captureNames(topic: string): string[] {
  return [...topic.matchAll(/\{([A-Za-z_]\w*)#?\}/g)].map((found) => found[1] ?? '');
}

function unitsOf(profile: Profile): ReadonlyMap<string, string> {
  const units = new Map(Object.entries(profile.units ?? {}));
  for (const [spelling, code] of units) {
    if (unitCode(code) !== code)
      throw new ProfileProblem(`units.${spelling}`, `"${code}" is no UCUM code that is known here`);
  }
  return units;
}
