import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type CityConfig, type CityFile, citySchema } from '../../../../src/config/index.ts';
import { cityBasis } from '../../../../src/workers/cluster/city-basis.ts';

const CITY: CityFile = {
  city: { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' },
  zones: [{ id: 'a', name: 'A', population: 4 }],
};
const OWN_PROFILE = `
name: own-thing
title: A thing of our own
source: its manual
match: [{ topic: "in/own/{id}" }]
expectEvery: 1m
device: { id: "own:{id}" }
blocks: [{ readings: [{ quantity: temperature, path: $.t }] }]
`;
const basisOf = (change: Partial<CityFile> = {}) => cityBasis(citySchema.parse({ ...CITY, ...change }) as CityConfig);

it('is the same wherever and however a process runs', () => {
  const elsewhere = { http: { port: 1 }, log: { level: 'debug' }, snapshot: { every: '5s' } } as const;
  expect(basisOf(elsewhere)).toBe(basisOf());
});

it('is another one where numbers may be', () => {
  const changes: Partial<CityFile>[] = [
    { zones: [{ id: 'a', name: 'A', population: 5 }] },
    { windows: { lateness: '1h' } },
    { devices: [{ match: 'x', zone: 'a' }] },
  ];
  expect(new Set([basisOf(), ...changes.map(basisOf)]).size).toBe(changes.length + 1);
});

it('is another one with other device profiles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-basis-'));
  try {
    const empty = basisOf({ deviceProfiles: folder });
    expect(empty).toBe(basisOf());
    mkdirSync(join(folder, 'own/thing'), { recursive: true });
    writeFileSync(join(folder, 'own/thing/profile.yaml'), OWN_PROFILE);
    expect(basisOf({ deviceProfiles: folder })).not.toBe(empty);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
