import type { Command } from 'commander';
import { isoTime } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { TimeRange } from '../store/index.ts';
import { forecastAgain, openHistory, type SeriesForecast } from '../workers/index.ts';
import { decodedAgain, orderAndFollow, type PeriodFlags, periodOf, periodOptions } from './orders.ts';
import { abortOnSignals, EXIT, reportFailure } from './publish-flags.ts';
import { readConfig } from './serve.ts';

interface Flags extends PeriodFlags {
  readonly topic?: string;
  readonly profile?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Adds `vitals redecode`: messages of a period are decoded again after a profile was mended. */
export function redecodeCommand(program: Command): void {
  const command = program
    .command('redecode')
    .description('decode the messages of a period again after a profile was mended, and correct the past as revisions');
  periodOptions(command, 'received from')
    .option('--topic <filter>', 'only messages of topics that match, such as tele/+/SENSOR')
    .option('--profile <name>', 'only messages of the topics of a profile')
    .option('--dry-run', 'tell what would change, by series, and write nothing; needs the data folder')
    .option('--json', 'print what --dry-run finds as JSON')
    .addHelpText(
      'after',
      '\nThe server reads profiles when it starts: start it again after a profile was mended, then order this. Where it asks\n' +
        'for a login, VITALS_TOKEN is the token of an admin.\n\nExit codes: 0 done, 1 refused or failed, 2 the configuration is wrong.',
    )
    .action(async (flags: Flags) => {
      process.exitCode = await run(flags);
    });
}

async function run(flags: Flags): Promise<number> {
  const config = readConfig(flags);
  if (typeof config === 'number') return config;
  const range = periodOf(flags, config);
  if (flags.dryRun === true) return forecastOrFail(config, flags, range);
  const { topic, profile } = flags;
  const query = { from: isoTime(range.fromMs), to: isoTime(range.toMs), topic, profile };
  return orderAndFollow(flags, '/api/v1/redecode', () => query, decodedAgain);
}

async function forecastOrFail(config: Config, flags: Flags, range: TimeRange): Promise<number> {
  const abort = abortOnSignals();
  try {
    return await forecast(config, flags, range, abort.signal);
  } catch (error) {
    return reportFailure(error, abort.signal);
  } finally {
    abort.release();
  }
}

async function forecast(
  config: Config,
  { topic, profile, json }: Flags,
  range: TimeRange,
  signal: AbortSignal,
): Promise<number> {
  const history = await openHistory(config);
  try {
    const topics = topic === undefined ? [] : [topic];
    const choice = { ...range, topics, signal, ...(profile === undefined ? {} : { profile }) };
    const found = await forecastAgain(config, history.store, choice);
    if (json === true) process.stdout.write(`${JSON.stringify(found)}\n`);
    else {
      for (const series of found.series) process.stdout.write(`${seriesText(series)}\n`);
      process.stdout.write(`${found.messages} messages, ${found.refused} of them refused; nothing was written\n`);
    }
    return EXIT.ok;
  } finally {
    await history.close();
  }
}

function seriesText({ device, quantity, channel, ...counts }: SeriesForecast): string {
  const name = [device, quantity, channel].filter((part) => part !== '').join(' ');
  const said = Object.entries(counts).map(([outcome, count]) => `${count} ${outcome}`);
  return `${JSON.stringify(name).slice(1, -1)}: ${said.join(', ')}`;
}
