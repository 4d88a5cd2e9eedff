import type { CityConfig, Config } from '../config/index.ts';

/** What threads may know of the configuration: no secrets. */
export function cityOf({ dataFolder: _folder, file: _file, secrets: _secrets, ...city }: Config): CityConfig {
  return city;
}
