import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { builtInProfiles, type LoadedProfiles, loadProfiles } from '../../../src/profiles/index.ts';
import { profileEras } from '../../../src/workers/profile-history.ts';

const ALL = loadProfiles([builtInProfiles()]);
const FEWER: LoadedProfiles = { profiles: ALL.profiles.slice(1) };

const folder = mkdtempSync(join(tmpdir(), 'vitals-eras-'));
afterEach(() => rmSync(join(folder, 'profiles.bin'), { force: true }));

const eras = (loaded: LoadedProfiles, position: number, first = 1) =>
  profileEras(folder, loaded, position, first).map(({ fromSequence, loaded: { profiles } }) => [
    fromSequence,
    profiles.length,
  ]);

describe('profiles of earlier records', () => {
  it('hold up to what the store includes, once there are others', () => {
    const count = ALL.profiles.length;
    expect(eras(ALL, 0)).toEqual([[0, count]]);
    expect(eras(ALL, 50)).toEqual([[0, count]]);
    expect(eras(FEWER, 100)).toEqual([
      [0, count],
      [101, count - 1],
    ]);
    expect(eras(FEWER, 180)).toEqual(eras(FEWER, 100));
    expect(eras(ALL, 200)).toEqual([
      [0, count],
      [101, count - 1],
      [201, count],
    ]);
  });

  it('take the place of those that no stored record was decided by', () => {
    eras(ALL, 0);
    eras(FEWER, 100);
    expect(eras(ALL, 100)).toEqual([
      [0, ALL.profiles.length],
      [101, ALL.profiles.length],
    ]);
  });

  it('are forgotten with the journal, and are the present ones for all where the file cannot be read', () => {
    eras(ALL, 0);
    expect(eras(FEWER, 100, 150)).toEqual([[101, ALL.profiles.length - 1]]);
    writeFileSync(join(folder, 'profiles.bin'), 'no profiles');
    expect(eras(ALL, 300)).toEqual([[0, ALL.profiles.length]]);
  });
});
