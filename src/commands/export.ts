import type { Command } from 'commander';
import { isoTime, systemClock } from '../base/index.ts';
import { EXPORT_KINDS } from '../store/index.ts';
import { instantOf, time } from './kpis.ts';
import { askServer, follow, type OrderBody } from './orders.ts';
import { abortOnSignals, EXIT, reportFailure } from './publish-flags.ts';
import { collect, readConfig } from './serve.ts';

interface Flags {
  readonly config: string;
  readonly data: string;
  readonly set: readonly string[];
  readonly url: string;
  readonly from: string;
  readonly to?: string;
  readonly what?: string;
}

/** Adds `vitals export`: rows of whole days as Parquet files. */
export function exportCommand(program: Command): void {
  program
    .command('export')
    .description('write the rows of whole local days into Parquet files of the data folder, one a day and kind')
    .requiredOption('--from <time>', 'first day: a local date such as 2026-03-01, or ISO 8601 with an offset', time)
    .option('--to <time>', 'likewise, exclusive; up to now when absent', time)
    .option('--what <kinds>', `some of ${EXPORT_KINDS.join(',')} (default: all)`)
    .option('--url <url>', 'where the server runs', 'http://127.0.0.1:8080')
    .option('--config <file>', 'configuration of the city, for its time zone', 'cities/minimal/city.yaml')
    .option('--data <folder>', 'data folder', 'data')
    .option('--set <key=value>', 'override a key (repeatable)', collect, [])
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
  const fromMs = instantOf(flags.from, config);
  const toMs = flags.to === undefined ? systemClock.nowMs() : instantOf(flags.to, config);
  const abort = abortOnSignals();
  try {
    const { order } = await askServer<{ order: OrderBody }>(flags, 'POST', '/api/v1/exports', {
      ...{ from: isoTime(fromMs), to: isoTime(toMs), what: flags.what },
    });
    return (await follow(flags, order, abort.signal, writtenText)) ? EXIT.ok : EXIT.failed;
  } catch (error) {
    return reportFailure(error, abort.signal);
  } finally {
    abort.release();
  }
}

function writtenText(result: unknown): string {
  const { folder, files, rows, bytes } = result as { folder: string; files: number; rows: number; bytes: number };
  return `${files} files with ${rows} rows, ${(bytes / 1e6).toFixed(1)} MB, in ${folder}`;
}
