import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { mirrorFiles, mirrorFolder, readCursor, writeRewind } from '../workers/index.ts';
import { EXIT } from './publish-flags.ts';

const CURSOR = /^([a-z0-9-]+)\.json$/;

/** Adds `vitals store`: how far the stores beside the embedded one are, and how to tell one everything again. */
export function storeCommand(program: Command): void {
  const store = program.command('store').description('stores beside the embedded one (stores: in city.yaml)');
  store
    .command('list')
    .description('show how far each is')
    .option('--data <folder>', 'data folder', 'data')
    .action(({ data }: { readonly data: string }) => {
      const folder = mirrorFolder(data);
      const names = mirrorsIn(folder);
      if (names.length === 0) process.stderr.write(`no store beside the embedded one was found in ${data}\n`);
      for (const name of names) process.stdout.write(`${lineOf(folder, name)}\n`);
    });
  store
    .command('rewind')
    .description('tell a store again what it was told before; it is told from there on, and says the same afterwards')
    .argument('<name>', 'as in city.yaml')
    .requiredOption('--to <time>', 'an instant such as 2026-03-01T00:00:00Z, or 0 for everything', place)
    .option('--data <folder>', 'data folder', 'data')
    .addHelpText(
      'after',
      '\nA server that runs takes the order within a second or so, as soon as the store takes what it is told; another when it starts. Readings that the embedded store\n' +
        'has let go (store.readingsAge) are not told again.',
    )
    .action((name: string, { to, data }: { readonly to: number; readonly data: string }) => {
      process.exitCode = rewind(name, to, data);
    });
}

function rewind(name: string, toMs: number, data: string): number {
  const folder = mirrorFolder(data);
  if (!existsSync(mirrorFiles(folder, name).cursor)) {
    const known = mirrorsIn(folder).join(', ') || 'none';
    process.stderr.write(`cannot rewind the store ${name}: ${data} knows ${known}\n`);
    return EXIT.failed;
  }
  writeRewind(mirrorFiles(folder, name).rewind, toMs);
  const where = toMs === 0 ? 'everything again' : `again what is of ${new Date(toMs).toISOString()} or later`;
  process.stdout.write(`${name} is told ${where}\n`);
  return EXIT.ok;
}

function mirrorsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((file) => CURSOR.exec(file)?.[1] ?? [])
    .sort();
}

function lineOf(folder: string, name: string): string {
  const cursor = readCursor(join(folder, `${name}.json`));
  if (cursor === undefined) return `${name}: its cursor cannot be read; it is told everything`;
  const at = Number.isNaN(cursor.levelAtMs)
    ? 'never level yet'
    : `level at ${new Date(cursor.levelAtMs).toISOString()}`;
  return `${name}: told up to position ${cursor.mark.position}, ${at}`;
}

/** commander parser: an instant, or 0. */
function place(text: string): number {
  if (text === '0') return 0;
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    throw new InvalidArgumentError('write an instant such as 2026-03-01T00:00:00Z, or 0 for everything');
  }
}
