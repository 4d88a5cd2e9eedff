import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import type { LoadedProfiles } from '../profiles/index.ts';

/*
 * Which profiles decoded which records. What the store includes was decided by the profiles of its time, and the numbers
 * of series with it: a replay up to the store's position has to decode as they did, whatever was mended since.
 */

/** Profiles that hold from a record of the journal on. */
export interface ProfileEra {
  readonly fromSequence: number;
  readonly loaded: LoadedProfiles;
}

const FILE = 'profiles.bin';

/**
 * Reads which profiles held when, and notes the present ones where they are others.
 *
 * @param folder where it is kept, beside the snapshots
 * @param storePosition records behind it are decoded by the present profiles
 * @param journalFirstSequence what held only before it is forgotten
 * @returns the eras, the present one last
 */
export function profileEras(
  folder: string,
  loaded: LoadedProfiles,
  storePosition: number,
  journalFirstSequence: number,
): readonly ProfileEra[] {
  const file = join(folder, FILE);
  const known = read(file);
  const newest = known.at(-1);
  const isSame = isDeepStrictEqual(newest && profilesOf(newest.loaded), profilesOf(loaded));
  if (isSame) return known;
  const fromSequence = newest === undefined ? 0 : storePosition + 1;
  const eras = [...known.filter((era) => era.fromSequence < fromSequence), { fromSequence, loaded }];
  const kept = eras.filter((_, at) => (eras[at + 1]?.fromSequence ?? Number.POSITIVE_INFINITY) > journalFirstSequence);
  write(file, kept);
  return kept;
}

function profilesOf({ profiles }: LoadedProfiles) {
  return profiles.map(({ profile }) => profile);
}

/** A file that is not there, or cannot be read, says nothing: then the present profiles are taken for all records. */
function read(file: string): readonly ProfileEra[] {
  try {
    return deserialize(readFileSync(file)) as readonly ProfileEra[];
  } catch {
    return [];
  }
}

function write(file: string, eras: readonly ProfileEra[]): void {
  const part = `${file}.part`;
  const handle = openSync(part, 'w', 0o640);
  try {
    writeSync(handle, serialize(eras));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(part, file);
}
