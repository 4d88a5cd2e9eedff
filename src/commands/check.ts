import type { Command } from 'commander';
import { stringify } from 'yaml';
import { OperatingError } from '../base/index.ts';
import { compileProfiles, loadProfiles } from '../profiles/index.ts';
import { profileFolders } from '../workers/index.ts';
import { collect, readConfig, SERVE_EXIT } from './serve.ts';

interface Flags {
  readonly config: string;
  readonly set: readonly string[];
  readonly print?: boolean;
}

/** Adds `vitals check`: reads configuration and device profiles as `serve` would, and says what is wrong. */
export function checkCommand(program: Command): void {
  program
    .command('check')
    .description('check the configuration and the device profiles without starting anything')
    .option('--config <file>', 'configuration of the city', 'cities/minimal/city.yaml')
    .option('--set <key=value>', 'override a key (repeatable)', collect, [])
    .option('--print', 'print the effective configuration; secrets are not part of it')
    .action((flags: Flags) => {
      process.exitCode = check(flags);
    });
}

function check(flags: Flags): number {
  const config = readConfig({ ...flags, data: 'data' });
  if (typeof config === 'number') return config;
  try {
    const { profiles } = loadProfiles(profileFolders(config));
    compileProfiles({ profiles });
    const { secrets: _secrets, ...printable } = config;
    if (flags.print === true) process.stdout.write(stringify(printable));
    process.stderr.write(
      `configuration ${config.file}: ${config.zones.length} zones, ${config.devices.length} device lines; ${profiles.length} device profiles: all good\n`,
    );
    return SERVE_EXIT.ok;
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return SERVE_EXIT.configuration;
  }
}
