import { OperatingError } from '../base/index.ts';
import type { CityConfig } from '../config/index.ts';
import { builtInProfiles, deviceTopics, loadProfiles, type Profile, profileFilters } from '../profiles/index.ts';

/** Folders of device profiles: the city's own first, then the built-in ones. */
export function profileFolders(config: CityConfig): string[] {
  return config.deviceProfiles === undefined ? [builtInProfiles()] : [config.deviceProfiles, builtInProfiles()];
}

/**
 * Filters of the topics that a profile reads.
 *
 * @param topics filters that were asked for beside it: there must be none
 * @throws OperatingError `profile_unknown`, `topic_and_profile`
 */
export function filtersOfProfile(config: CityConfig, name: string, topics: readonly string[]): readonly string[] {
  if (topics.length > 0) {
    throw new OperatingError(
      'topic_and_profile',
      `cannot choose by the profile "${name}" and by a topic: give one of them`,
    );
  }
  const known = loadProfiles(profileFolders(config)).profiles.map(({ profile }) => profile);
  const profile = known.find((one) => one.name === name);
  if (profile !== undefined) return profileFilters(profile);
  throw new OperatingError('profile_unknown', `cannot choose by the profile "${name}": there is no such profile`);
}

/**
 * Topic filters by the name of a device profile. Profiles are read when the first device names one; a name that there is
 * not gives no topics, and is told once.
 */
export function profileTopics(
  config: CityConfig,
  onProblem: (error: Error) => void,
): (profile: string, device: string, gateway: string) => readonly string[] {
  let profiles: ReadonlyMap<string, Profile> | undefined;
  const unknown = new Set<string>();
  return (name, device, gateway) => {
    profiles ??= new Map(loadProfiles(profileFolders(config)).profiles.map(({ profile }) => [profile.name, profile]));
    const profile = profiles.get(name);
    if (profile !== undefined) return deviceTopics(profile, device, gateway);
    if (!unknown.has(name))
      onProblem(new Error(`the device "${device}" names the profile "${name}", which there is not`));
    unknown.add(name);
    return [];
  };
}
