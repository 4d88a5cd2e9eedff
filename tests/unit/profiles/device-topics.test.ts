import { expect, it } from 'vitest';
import { builtInProfiles, deviceTopics, loadProfiles } from '../../../src/profiles/index.ts';

const profiles = new Map(loadProfiles([builtInProfiles()]).profiles.map(({ profile }) => [profile.name, profile]));

const topicsOf = (name: string, device: string, gateway?: string) => deviceTopics(profiles.get(name)!, device, gateway);

it('puts a device where the profile takes its id from the topic', () => {
  const tasmota = [...profiles.keys()].find((name) => name.includes('tasmota'))!;
  expect(topicsOf(tasmota, 'plug-1')).toEqual(expect.arrayContaining(['tele/plug-1/SENSOR', 'tele/plug-1/LWT']));
  expect(topicsOf(tasmota, 'plug-1').filter((filter) => !filter.includes('plug-1'))).toEqual([]);
});

it('puts a gateway where the profile takes that, the device itself where it has none', () => {
  const senml = [...profiles.keys()].find((name) => name.includes('senml'))!;
  expect(topicsOf(senml, 'm1', 'gw')).toContain('in/gw/m1/data');
  expect(topicsOf(senml, 'm1')).toContain('in/m1/m1/data');
});

it('gives no filter that fits every device, for any profile', () => {
  for (const [name, profile] of profiles) {
    for (const filter of deviceTopics(profile, 'THE-DEVICE', 'THE-GATEWAY')) {
      expect(filter.split('/').join(' '), `${name}: ${filter}`).toMatch(/THE-DEVICE/);
    }
  }
});
