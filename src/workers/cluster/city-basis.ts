import { createHash } from 'node:crypto';
import type { CityConfig } from '../../config/index.ts';
import { loadProfiles } from '../../profiles/index.ts';
import { profileFolders } from '../device-rights.ts';

/**
 * What the numbers of a city depend on beside its messages, in short: the configuration, without what only says where and
 * how it runs, and the device profiles. Processes that differ in it say different numbers.
 *
 * @throws OperatingError `profile_invalid`
 */
export function cityBasis(config: CityConfig): string {
  const { city, zones, devices, noise, water, outages, targets, reported, kpis, windows, store } = config;
  const profiles = loadProfiles(profileFolders(config)).profiles.map(({ profile }) => profile);
  const basis = [
    city,
    zones,
    devices,
    noise,
    water,
    outages,
    targets,
    reported,
    kpis,
    windows,
    store.readingsAge,
    profiles,
  ];
  return createHash('sha256').update(JSON.stringify(basis)).digest('hex').slice(0, 16);
}
