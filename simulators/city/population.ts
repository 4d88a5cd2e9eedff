import { stringify } from 'yaml';
import type { CityFile } from '../../src/config/index.ts';
import { seededRandom } from '../common/index.ts';
import type { DeviceFamily, SimulatedDevice, Site } from './device.ts';
import { airGradient, airRohr, cesvaTa120, senmlStation } from './families-air.ts';
import { districtInflow, shellyEm, tasmotaMeter, wmbusWater } from './families-meters.ts';

/** Of a hundred devices, so many of each family. */
const MIX: readonly (readonly [DeviceFamily, number])[] = [
  [airRohr, 22],
  [airGradient, 18],
  [senmlStation, 14],
  [cesvaTa120, 4],
  [tasmotaMeter, 14],
  [shellyEm, 10],
  [wmbusWater, 14],
  [districtInflow, 4],
];

const ZONES: readonly (readonly [id: string, name: string, share: number, busy: number])[] = [
  ['zentrum', 'Zentrum', 0.12, 0.9],
  ['bahnhof', 'Bahnhof', 0.1, 1],
  ['nord', 'Nord', 0.24, 0.5],
  ['ost', 'Ost', 0.2, 0.4],
  ['sued', 'Süd', 0.26, 0.35],
  ['wald', 'Am Wald', 0.08, 0.1],
];

/** People for each simulated device: a network of some density. */
const PEOPLE_PER_DEVICE = 300;

/** The same devices for the same seed and count; the first devices of a larger city are those of a smaller one. */
export function populate(deviceCount: number, seed: string): readonly SimulatedDevice[] {
  const random = seededRandom(`population ${seed}`);
  const citySeed = Math.floor(random() * 1000);
  const families = MIX.flatMap(([family, count]) => Array.from({ length: count }, () => family));
  return Array.from({ length: deviceCount }, (_, index) => {
    // A stride that is coprime to the mix spreads the families over any number of devices.
    const family = families[(index * 37) % families.length]!;
    const zone = ZONES[Math.floor(random() * ZONES.length)]!;
    const site: Site = {
      index,
      zone: zone[0],
      seed: Math.floor(random() * 2 ** 31),
      citySeed,
      busy: Math.min(1, Math.max(0, zone[3] + 0.4 * (random() - 0.5))),
    };
    return family(site);
  });
}

/** A city.yaml that places these devices. */
export function cityFor(devices: readonly SimulatedDevice[], timeZone: string): string {
  const population = devices.length * PEOPLE_PER_DEVICE;
  const city: CityFile = {
    city: { id: 'simulated', name: 'Simulated city', timeZone },
    zones: ZONES.map(([id, name, share]) => ({ id, name, population: Math.round(population * share) })),
    devices: devices.map(({ facts }) => ({
      match: facts.id,
      zone: facts.zone,
      role: facts.role,
      ...(facts.peopleServed > 0 ? { peopleServed: facts.peopleServed } : {}),
    })),
  };
  return stringify(city);
}
