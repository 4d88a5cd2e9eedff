import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { builtInProfiles, type LoadedProfiles, loadProfiles } from '../../../src/profiles/index.ts';
import { profileEras } from '../../../src/workers/profile-history.ts';

const ALL = loadProfiles([builtInProfiles()]);
const FEWER: LoadedProfiles = { profiles: ALL.profiles.slice(1) };

const folder = mkdtempSync(join(tmpdir(), 'vitals-eras-'));
afterEach(() => rmSync(path, { force: true }));

const path = join(folder, 'profiles.bin');
const warnings: string[] = [];

const eras = async (loaded: LoadedProfiles, storePosition: number, journalFirstSequence = 1) => {
  const warn = (text: string) => void warnings.push(text);
  const found = await profileEras({ path, loaded, storePosition, journalFirstSequence, warn });
  return found.map(({ fromSequence, loaded: { profiles } }) => [fromSequence, profiles.length]);
};

describe('profiles of earlier records', () => {
  it('hold up to what the store includes, once there are others', async () => {
    const count = ALL.profiles.length;
    expect(await eras(ALL, 0)).toEqual([[0, count]]);
    expect(await eras(ALL, 50)).toEqual([[0, count]]);
    expect(await eras(FEWER, 100)).toEqual([
      [0, count],
      [101, count - 1],
    ]);
    expect(await eras(FEWER, 180)).toEqual(await eras(FEWER, 100));
    expect(await eras(ALL, 200)).toEqual([
      [0, count],
      [101, count - 1],
      [201, count],
    ]);
  });

  it('take the place of those that no stored record was decided by', async () => {
    await eras(ALL, 0);
    await eras(FEWER, 100);
    expect(await eras(ALL, 100)).toEqual([
      [0, ALL.profiles.length],
      [101, ALL.profiles.length],
    ]);
  });

  it('are forgotten with the journal, and are the present ones for all where the file is damaged, which is told', async () => {
    await eras(ALL, 0);
    expect(await eras(FEWER, 100, 150)).toEqual([[101, ALL.profiles.length - 1]]);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    for (const damaged of [bytes, bytes.subarray(0, 9), Buffer.from('no profiles of any kind')]) {
      writeFileSync(path, damaged);
      expect(await eras(ALL, 300)).toEqual([[0, ALL.profiles.length]]);
      expect(warnings.pop()).toMatch(/profiles\.bin is damaged/);
    }
  });
});
