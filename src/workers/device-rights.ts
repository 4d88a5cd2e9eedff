import type { CityConfig } from '../config/index.ts';
import { builtInProfiles, deviceTopics, loadProfiles, type Profile } from '../profiles/index.ts';

/** Folders of device profiles: the city's own first, then the built-in ones. */
export function profileFolders(config: CityConfig): string[] {
  return config.deviceProfiles === undefined ? [builtInProfiles()] : [config.deviceProfiles, builtInProfiles()];
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
