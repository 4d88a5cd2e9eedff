import { readFileSync } from 'node:fs';
import type { Command } from 'commander';

const packageFile = new URL(
  import.meta.url.endsWith('.ts') ? '../../package.json' : '../../../package.json',
  import.meta.url,
);

/** Version of the product, from its package.json. */
export const VERSION: string = (JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }).version;

/** Adds `vitals version`. */
export function versionCommand(program: Command): void {
  program
    .command('version')
    .description('print the version of City Vitals and of the Node that runs it')
    .action(() => {
      process.stdout.write(
        `city-vitals ${VERSION} (Node ${process.versions.node}, ICU time zones ${process.versions.tz})\n`,
      );
    });
}
