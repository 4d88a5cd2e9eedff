import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import type * as z from 'zod';
import { OperatingError } from '../base/index.ts';
import { type Profile, profileSchema } from './schema.ts';

export interface LoadedProfile {
  readonly file: string;
  readonly profile: Profile;
}

/** Profiles in the order in which they are tried where topics tie: folder by folder, files by name. */
export interface LoadedProfiles {
  readonly profiles: readonly LoadedProfile[];
}

/**
 * Reads every `*.yaml` below the folders and checks its form; `compileProfiles` checks its sense.
 *
 * @param folders earlier folders win over later ones, so a city's own come before the built-in ones
 * @throws OperatingError `profile_invalid`, its message naming file, key path and what is allowed
 */
export function loadProfiles(folders: readonly string[]): LoadedProfiles {
  const profiles = folders.flatMap((folder) =>
    filesBelow(folder).map((file) => ({ file, profile: readProfile(file) })),
  );
  const files = new Map<string, string>();
  for (const { file, profile } of profiles) {
    const other = files.get(profile.name);
    if (other !== undefined) throw invalid(file, `name: "${profile.name}" is already the name of ${other}`);
    files.set(profile.name, file);
  }
  return { profiles };
}

/** The folder of the profiles that come with the product, seen from the sources and from a build. */
export function builtInProfiles(): string {
  const candidates = ['../../device-profiles', '../../../device-profiles'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return candidates.find((folder) => existsSync(folder)) ?? candidates[0] ?? '';
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch (cause) {
    throw new OperatingError(
      'profile_invalid',
      `cannot read the folder of device profiles ${folder}: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function readProfile(file: string): Profile {
  const document = parseDocument(readFileSync(file, 'utf8'));
  const problem = document.errors[0];
  if (problem !== undefined) throw invalid(file, problem.message);
  let tree: unknown;
  try {
    tree = document.toJS();
  } catch (cause) {
    throw invalid(file, (cause as Error).message);
  }
  const parsed = profileSchema.safeParse(tree);
  if (parsed.success) return parsed.data;
  throw invalid(file, parsed.error.issues.map((issue) => describe(issue, [])).join('; '));
}

type Issue = z.core.$ZodIssue;

/** One line for an issue. Of a union the branch that the value came closest to speaks; zod itself says only "invalid input". */
function describe(issue: Issue, above: readonly PropertyKey[]): string {
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_union') {
    const closest = issue.errors.toSorted((a, b) => depthOf(b) - depthOf(a))[0];
    if (closest !== undefined && closest.length > 0) return closest.map((inner) => describe(inner, path)).join('; ');
  }
  return `${pathText(path)}: ${issue.message}`;
}

function depthOf(issues: readonly Issue[]): number {
  return Math.max(
    0,
    ...issues.map((issue) => (issue.code === 'invalid_type' && issue.path.length === 0 ? 0 : 1 + issue.path.length)),
  );
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return text === '' ? '(file)' : text.replace(/^\./, '');
}

function invalid(file: string, text: string): OperatingError {
  return new OperatingError('profile_invalid', `cannot use the device profile ${file}: ${text}`);
}
