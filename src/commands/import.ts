import type { Command } from 'commander';
import type { ImportResult } from '../workers/index.ts';
import { askServer, follow, type OrderBody, type Told } from './orders.ts';
import { abortOnSignals, EXIT, reportFailure } from './publish-flags.ts';
import { collect } from './serve.ts';

interface Flags {
  readonly url: string;
  readonly column: readonly string[];
}

/** Adds `vitals import`: files of readings become messages of a running server. */
export function importCommand(program: Command): void {
  program
    .command('import')
    .description('take in CSV or Parquet files of readings, as if they came in live')
    .argument('<file...>', 'files below "imports" of the data folder of the server: .csv, .csv.gz, .parquet')
    .option('--column <field=column>', 'where a field, or a quantity, has another name (repeatable)', collect, [])
    .option('--url <url>', 'where the server runs', 'http://127.0.0.1:8080')
    .addHelpText(
      'after',
      '\nA file has a reading a row (device, time, quantity, value; channel, unit, quality, every where there are such) or a\n' +
        'column a quantity (device, time, pm2_5, no2...). Times are ISO 8601 with an offset, or ms since 1970. What\n' +
        '`vitals export` writes as readings can be taken in as it is. Nothing is sent from here: put the files there first.\n' +
        'Where the server asks for a login, VITALS_TOKEN is the token of an admin.\n\n' +
        'Example:\n  vitals import history.csv --column device=sensor --column pm2_5=PM25\n\n' +
        'Exit codes: 0 all rows were taken in, 1 refused or failed, or some rows could not be read.',
    )
    .action(async (files: readonly string[], flags: Flags) => {
      process.exitCode = await run(files, flags);
    });
}

async function run(files: readonly string[], flags: Flags): Promise<number> {
  const abort = abortOnSignals();
  const columns = flags.column.length === 0 ? undefined : flags.column.join(',');
  let isWhole = true;
  try {
    const orders: OrderBody[] = [];
    for (const file of files) {
      const { order } = await askServer<{ order: OrderBody }>(flags, 'POST', '/api/v1/imports', { file, columns });
      orders.push(order);
    }
    for (const order of orders) {
      const isTaken = await follow(flags, order, abort.signal, TAKEN);
      isWhole &&= isTaken;
    }
    return isWhole ? EXIT.ok : EXIT.failed;
  } catch (error) {
    return reportFailure(error, abort.signal);
  } finally {
    abort.release();
  }
}

const TAKEN: Told<ImportResult> = { text: takenText, isWell: (result) => refusedOf(result) === 0 };

function refusedOf({ refused }: ImportResult): number {
  return Object.values(refused).reduce((sum, count) => sum + count, 0);
}

function takenText(result: ImportResult): string {
  const { file, rows, readings, messages, tooOld, refused, refusedFirst, columnsIgnored } = result;
  const lines = [`${rows} rows: ${readings} readings in ${messages} messages were handed over, of ${file}`];
  if (columnsIgnored.length > 0) lines.push(`columns that were not read: ${columnsIgnored.join(', ')}`);
  if (tooOld > 0) {
    lines.push(
      `${tooOld} of the readings are older than store.readingsAge less two days: they are in no pane and no KPI`,
    );
  }
  const count = refusedOf(result);
  if (count > 0) {
    const reasons = Object.entries(refused).map(([reason, number]) => `${number} ${reason}`);
    lines.push(`${count} were refused (${reasons.join(', ')}):`, ...refusedFirst.map((line) => `  ${line}`));
    if (count > refusedFirst.length) lines.push(`  and ${count - refusedFirst.length} more`);
  }
  // Names and values are those of the file.
  return lines.map((line) => line.replaceAll(/\p{Cc}/gu, '?')).join('\n');
}
