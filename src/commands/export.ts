import type { Command } from 'commander';
import { isoTime } from '../base/index.ts';
import { EXPORT_KINDS } from '../store/index.ts';
import type { DaysResult } from '../workers/index.ts';
import { orderAndFollow, type PeriodFlags, periodOf, periodOptions, type Told } from './orders.ts';
import { readConfig } from './serve.ts';

interface Flags extends PeriodFlags {
  readonly what?: string;
}

/** Adds `vitals export`: rows of whole days as Parquet files. */
export function exportCommand(program: Command): void {
  const command = program
    .command('export')
    .description('write the rows of whole local days into Parquet files of the data folder, one a day and kind');
  periodOptions(command, 'first day')
    .option('--what <kinds>', `some of ${EXPORT_KINDS.join(',')} (default: all)`)
    .addHelpText(
      'after',
      '\nThe running server writes them, day by day, beside its work: it alone may open its store. Where it asks for a login,\n' +
        'VITALS_TOKEN is the token of an admin.\n\nExit codes: 0 done, 1 refused or failed, 2 the configuration is wrong.',
    )
    .action(async (flags: Flags) => {
      process.exitCode = await run(flags);
    });
}

async function run(flags: Flags): Promise<number> {
  const config = readConfig(flags);
  if (typeof config === 'number') return config;
  const { fromMs, toMs } = periodOf(flags, config);
  const query = { from: isoTime(fromMs), to: isoTime(toMs), what: flags.what };
  return orderAndFollow(flags, '/api/v1/exports', () => query, WRITTEN);
}

const WRITTEN: Told<DaysResult> = {
  text: ({ folder, files, rows, bytes }) =>
    `${files} files with ${rows} rows, ${(bytes / 1e6).toFixed(1)} MB, in ${folder}`,
};
