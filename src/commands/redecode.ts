import type { Command } from 'commander';
import { isoTime, systemClock } from '../base/index.ts';
import { forecastAgain, openHistory, type SeriesForecast } from '../workers/index.ts';
import { instantOf, time } from './kpis.ts';
import { askServer, decodedAgain, follow, type OrderBody } from './orders.ts';
import { abortOnSignals, EXIT, reportFailure } from './publish-flags.ts';
import { collect, readConfig } from './serve.ts';

interface Flags {
  readonly config: string;
  readonly data: string;
  readonly set: readonly string[];
  readonly url: string;
  readonly from: string;
  readonly to?: string;
  readonly topic?: string;
  readonly profile?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Adds `vitals redecode`: messages of a period are decoded again after a profile was mended. */
export function redecodeCommand(program: Command): void {
  program
    .command('redecode')
    .description('decode the messages of a period again after a profile was mended, and correct the past as revisions')
    .requiredOption('--from <time>', 'received from: local date such as 2026-03-01, or ISO 8601 with an offset', time)
    .option('--to <time>', 'likewise, exclusive; up to now when absent', time)
    .option('--topic <filter>', 'only messages of topics that match, such as tele/+/SENSOR')
    .option('--profile <name>', 'only messages of the topics of a profile')
    .option('--dry-run', 'tell what would change, by series, and write nothing; needs the data folder')
    .option('--url <url>', 'where the server runs', 'http://127.0.0.1:8080')
    .option('--config <file>', 'configuration of the city', 'cities/minimal/city.yaml')
    .option('--data <folder>', 'data folder, for --dry-run', 'data')
    .option('--set <key=value>', 'override a key (repeatable)', collect, [])
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
  const fromMs = instantOf(flags.from, config);
  const toMs = flags.to === undefined ? systemClock.nowMs() + 1 : instantOf(flags.to, config);
  const abort = abortOnSignals();
  try {
    if (flags.dryRun === true) return await forecast(config, flags, fromMs, toMs, abort.signal);
    const { order } = await askServer<{ order: OrderBody }>(flags, 'POST', '/api/v1/redecode', {
      ...{ from: isoTime(fromMs), to: isoTime(toMs), topic: flags.topic, profile: flags.profile },
    });
    return (await follow(flags, order, abort.signal, decodedAgain)) ? EXIT.ok : EXIT.failed;
  } catch (error) {
    return reportFailure(error, abort.signal);
  } finally {
    abort.release();
  }
}

async function forecast(
  config: Exclude<ReturnType<typeof readConfig>, number>,
  { topic, profile, json }: Flags,
  fromMs: number,
  toMs: number,
  signal: AbortSignal,
): Promise<number> {
  const history = await openHistory(config);
  try {
    const topics = topic === undefined ? [] : [topic];
    const choice = { fromMs, toMs, topics, signal, ...(profile === undefined ? {} : { profile }) };
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
