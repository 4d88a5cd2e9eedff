import type { Command } from 'commander';
import { isoTime, systemClock } from '../base/index.ts';
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
  readonly device?: string;
  readonly check?: boolean;
}

/** Adds `vitals recompute`: what is stored of hours, against what their readings say. */
export function recomputeCommand(program: Command): void {
  program
    .command('recompute')
    .description('make the panes of whole local days from the stored readings again; what differs becomes a revision')
    .requiredOption('--from <time>', 'first day: a local date such as 2026-03-01, or ISO 8601 with an offset', time)
    .option('--to <time>', 'likewise, exclusive; up to now when absent', time)
    .option('--device <id>', 'of one device (default: all)')
    .option('--check', 'only say what differs')
    .option('--url <url>', 'where the server runs', 'http://127.0.0.1:8080')
    .option('--config <file>', 'configuration of the city, for its time zone', 'cities/minimal/city.yaml')
    .option('--data <folder>', 'data folder', 'data')
    .option('--set <key=value>', 'override a key (repeatable)', collect, [])
    .addHelpText(
      'after',
      '\nThe running server does it beside its work, or has it done by its workers. Where it asks for a login, VITALS_TOKEN\n' +
        'is the token of an admin.\n\nExit codes: 0 done, 1 refused, failed, or with --check something differs, 2 the configuration is wrong.',
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
    const { order } = await askServer<{ order: OrderBody }>(flags, 'POST', '/api/v1/recomputes', {
      ...{ from: isoTime(fromMs), to: isoTime(toMs), device: flags.device },
      mode: flags.check === true ? 'check' : 'repair',
    });
    let isSound = flags.check !== true;
    const isDone = await follow(flags, order, abort.signal, (result) => {
      isSound ||= (result as Found).different === 0;
      return foundText(result as Found);
    });
    return isDone && isSound ? EXIT.ok : EXIT.failed;
  } catch (error) {
    return reportFailure(error, abort.signal);
  } finally {
    abort.release();
  }
}

interface Found {
  readonly days: number;
  readonly hours: number;
  readonly different: number;
  readonly handedOver: number;
  readonly first: readonly { readonly device: string; readonly quantity: string; readonly start: string }[];
}

function foundText({ days, hours, different, handedOver, first }: Found): string {
  const lines = first.map(({ device, quantity, start }) => `  ${device} ${quantity} ${start}`);
  const more = different > first.length ? [`  and ${different - first.length} more`] : [];
  const made = handedOver > 0 ? `; ${handedOver} are made again, as revisions` : '';
  return [`${days} days, ${hours} hours of series, ${different} differ${made}`, ...lines, ...more].join('\n');
}
