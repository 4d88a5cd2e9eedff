import { parseDuration } from '../base/index.ts';
import type { CityConfig, DeviceConfig } from './schema.ts';

/** What the city's configuration says of a device. */
export interface DevicePlacement {
  /** Innermost zone id; empty when the device belongs to the city as a whole. */
  readonly zone: string;
  readonly role: DeviceConfig['role'];
  readonly name: string;
  /** WGS 84, degrees; undefined when the configuration does not say. */
  readonly location: { readonly latitude: number; readonly longitude: number } | undefined;
  readonly peopleServed: number;
  readonly properties: number;
  /** What the metered supply is used for; empty when the configuration does not say. */
  readonly use: NonNullable<DeviceConfig['use']> | '';
  /** 0 when it is not known. */
  readonly floorAreaM2: number;
  /** Customers behind the device: 1 for a customer's meter unless the configuration says otherwise. */
  readonly customers: number;
  /** 0 when the profile's interval holds. */
  readonly expectEveryMs: number;
  /** Largest believable increase of a register an hour, in the quantity's unit; 0 when the role's own holds. */
  readonly registerRateMaxPerHour: number;
  readonly timeZone: string;
  /** A line of the configuration fits the device. */
  readonly listed: boolean;
}

/** Finds the device line of an id: a line with the very id, or else the first pattern that fits. */
export function devicePlacements(config: CityConfig): (device: string) => DevicePlacement {
  const exact = new Map<string, DevicePlacement>();
  const patterns: { readonly parts: readonly string[]; readonly placement: DevicePlacement }[] = [];
  for (const line of config.devices) {
    const placement = placementOf(line, config);
    if (!line.match.includes('*')) {
      if (!exact.has(line.match)) exact.set(line.match, placement);
    } else patterns.push({ parts: line.match.split('*'), placement });
  }
  const unlisted: DevicePlacement = {
    zone: '',
    role: 'ambient',
    name: '',
    location: undefined,
    peopleServed: 0,
    properties: 0,
    use: '',
    floorAreaM2: 0,
    customers: 0,
    expectEveryMs: 0,
    registerRateMaxPerHour: 0,
    timeZone: config.city.timeZone,
    listed: false,
  };
  return (device) => exact.get(device) ?? patterns.find(({ parts }) => fits(device, parts))?.placement ?? unlisted;
}

function placementOf(line: DeviceConfig, config: CityConfig): DevicePlacement {
  return {
    zone: line.zone ?? '',
    role: line.role,
    name: line.name ?? '',
    location: line.location === undefined ? undefined : { latitude: line.location[0], longitude: line.location[1] },
    peopleServed: line.peopleServed ?? 0,
    properties: line.properties ?? 0,
    use: line.use ?? '',
    floorAreaM2: line.floorAreaM2 ?? 0,
    customers: line.customers ?? (line.role === 'customer' ? 1 : 0),
    expectEveryMs: line.expectEvery === undefined ? 0 : (parseDuration(line.expectEvery) ?? 0),
    registerRateMaxPerHour: line.registerRateMaxPerHour ?? 0,
    timeZone: line.timeZone ?? config.city.timeZone,
    listed: true,
  };
}

/** Glob with `*` only, in linear time: the parts between the stars are looked for from left to right. */
function fits(text: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.endsWith(last) && text.length - last.length >= at;
}
