import { parse } from 'yaml';
import {
  createIntake,
  type Decoded,
  type Intake,
  type IntakeLimits,
  type IntakeOptions,
} from '../../../src/intake/index.ts';
import type { Message, Reading } from '../../../src/model/index.ts';
import {
  builtInProfiles,
  type CompiledProfiles,
  compileProfiles,
  loadProfiles,
  profileSchema,
} from '../../../src/profiles/index.ts';

export const LIMITS: IntakeLimits = {
  payloadBytesMax: 64 * 1024,
  nestingMax: 8,
  readingsPerMessageMax: 1_000,
  timeEarliestMs: Date.UTC(2000, 0, 1),
  backlogMsMax: 400 * 86_400_000,
  aheadMsMax: 300_000,
};

export const NOON_MS = Date.UTC(2026, 0, 15, 12);

/** Compiles profiles written in a test. */
export function profilesOf(...yamls: string[]): CompiledProfiles {
  return compileProfiles({
    profiles: yamls.map((yaml, index) => ({ file: `test-${index}.yaml`, profile: profileSchema.parse(parse(yaml)) })),
  });
}

let builtIn: CompiledProfiles | undefined;
export function builtInCompiled(): CompiledProfiles {
  builtIn ??= compileProfiles(loadProfiles([builtInProfiles()]));
  return builtIn;
}

export function intakeOf(profiles: CompiledProfiles, options: Partial<IntakeOptions> = {}): Intake {
  return createIntake({ profiles, limits: LIMITS, clockMode: 'wall', siteTimeZone: 'UTC', ...options });
}

/** A message; a payload that is neither text nor bytes is written as JSON. */
export function message(topic: string, payload: unknown, more: Partial<Message> = {}): Message {
  const bytes =
    payload instanceof Uint8Array
      ? payload
      : new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload));
  return {
    topic,
    payload: bytes,
    payloadBytes: bytes.length,
    clientId: 'test',
    receivedAtMs: NOON_MS,
    flags: 0,
    ...more,
  };
}

/** Reason of the refusal of the whole message, or of its only refused reading. */
export function reasonOf(decoded: Decoded): string {
  if (decoded.kind === 'rejected') return decoded.reject.reason;
  return decoded.rejects.map(({ reject }) => reject.reason).join(' ') || 'none';
}

export function readingsOf(decoded: Decoded): readonly Reading[] {
  if (decoded.kind === 'rejected') throw new Error(`rejected: ${decoded.reject.reason}: ${decoded.reject.detail}`);
  return decoded.readings;
}

export function valuesOf(decoded: Decoded): number[] {
  return readingsOf(decoded).map(({ value }) => value);
}
