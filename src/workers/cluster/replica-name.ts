import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

const FILE = 'replica.txt';
const NAME = /^[A-Za-z0-9._-]{1,80}$/;

/**
 * What a reader of the whole is called, by its data folder: a process that starts there again goes on where it was. A folder
 * that was copied to begin another one has to lose the file.
 */
export function replicaName(dataFolder: string): string {
  const file = join(dataFolder, FILE);
  try {
    const name = readFileSync(file, 'utf8').trim();
    if (NAME.test(name)) return name;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const name = `${hostname()
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 40)}-${randomBytes(4).toString('hex')}`;
  mkdirSync(dataFolder, { recursive: true });
  writeFileSync(file, `${name}\n`);
  return name;
}
