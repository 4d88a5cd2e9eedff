import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { crc32c, type Disk, readFully, writeFully } from '../base/index.ts';
import { nodeFileSystem } from '../journal/local/index.ts';
import type { LoadedProfiles } from '../profiles/index.ts';

/*
 * Which profiles decoded which records. What the store includes was decided by the profiles of its time, and the numbers
 * of series with it: a replay up to the store's position has to decode as they did, whatever was mended since.
 *
 * The file: magic (8 bytes), CRC-32C of the rest (u32), a V8 structured clone of the eras.
 */
const MAGIC = Buffer.from('CVPROF01', 'latin1');
const HEAD_BYTES = MAGIC.length + 4;

/** Profiles that hold from a record of the journal on. */
export interface ProfileEra {
  readonly fromSequence: number;
  readonly loaded: LoadedProfiles;
}

export interface ProfileEraOptions {
  /** File that keeps them; it is written beside its name, synced, renamed. */
  readonly path: string;
  /** The present profiles. */
  readonly loaded: LoadedProfiles;
  /** Records behind it are decoded by the present profiles. */
  readonly storePosition: number;
  /** What held only before it is forgotten. */
  readonly journalFirstSequence: number;
  /** Told of a file that is damaged. */
  warn(text: string): void;
}

/**
 * Reads which profiles held when, and notes the present ones where they are others.
 *
 * @returns the eras, the present one last
 * @throws what the system says of the file
 */
export async function profileEras(
  { path, loaded, storePosition, journalFirstSequence, warn }: ProfileEraOptions,
  disk: Disk = nodeFileSystem,
): Promise<readonly ProfileEra[]> {
  const known = await read(path, disk, warn);
  const newest = known.at(-1);
  const isSame = isDeepStrictEqual(newest && profilesOf(newest.loaded), profilesOf(loaded));
  if (isSame) return known;
  const fromSequence = newest === undefined ? 0 : storePosition + 1;
  const eras = [...known.filter((era) => era.fromSequence < fromSequence), { fromSequence, loaded }];
  const kept = eras.filter((_, at) => (eras[at + 1]?.fromSequence ?? Number.POSITIVE_INFINITY) > journalFirstSequence);
  await write(path, kept, disk);
  return kept;
}

function profilesOf({ profiles }: LoadedProfiles) {
  return profiles.map(({ profile }) => profile);
}

/** A file that is not there says nothing, nor does one that is damaged: then the present profiles are taken for all records. */
async function read(path: string, disk: Disk, warn: (text: string) => void): Promise<readonly ProfileEra[]> {
  let bytes: Uint8Array;
  try {
    bytes = await contentsOf(path, disk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const body = bytes.subarray(HEAD_BYTES);
  if (bytes.length > HEAD_BYTES && headOf(body).equals(bytes.subarray(0, HEAD_BYTES))) {
    return deserialize(body) as readonly ProfileEra[];
  }
  warn(`${path} is damaged: records that were decoded by earlier profiles are decoded by the present ones`);
  return [];
}

async function contentsOf(path: string, disk: Disk): Promise<Uint8Array> {
  const file = await disk.open(path, 'read');
  try {
    const bytes = new Uint8Array(await file.size());
    return bytes.subarray(0, await readFully(file, bytes, 0));
  } finally {
    await file.close();
  }
}

async function write(path: string, eras: readonly ProfileEra[], disk: Disk): Promise<void> {
  const body = serialize(eras);
  const part = `${path}.part`;
  const file = await disk.open(part, 'create');
  try {
    await writeFully(file, [headOf(body), body], 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await disk.rename(part, path);
  await disk.syncFolder(dirname(path));
}

function headOf(body: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(crc32c(body), MAGIC.length);
  return head;
}
