import type { Command } from 'commander';
import { isoTime } from '../base/index.ts';
import type { RecomputeResult } from '../workers/index.ts';
import { orderAndFollow, type PeriodFlags, periodOf, periodOptions } from './orders.ts';
import { readConfig } from './serve.ts';

interface Flags extends PeriodFlags {
  readonly device?: string;
  readonly check?: boolean;
}

/** Adds `vitals recompute`: what is stored of hours, against what their readings say. */
export function recomputeCommand(program: Command): void {
  const command = program
    .command('recompute')
    .description('make the panes of whole local days from the stored readings again; what differs becomes a revision');
  periodOptions(command, 'first day')
    .option('--device <id>', 'of one device (default: all)')
    .option('--check', 'only say what differs')
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
  const { fromMs, toMs } = periodOf(flags, config);
  const mode = flags.check === true ? 'check' : 'repair';
  const query = { from: isoTime(fromMs), to: isoTime(toMs), device: flags.device, mode };
  return orderAndFollow<RecomputeResult>(flags, '/api/v1/recomputes', () => query, {
    text: foundText,
    isWell: ({ different }) => mode === 'repair' || different === 0,
  });
}

function foundText({ days, hours, different, handedOver, first }: RecomputeResult): string {
  const lines = first.map(({ device, quantity, start }) => `  ${device} ${quantity} ${start}`);
  const more = different > first.length ? [`  and ${different - first.length} more`] : [];
  const made = handedOver > 0 ? `; ${handedOver} are made again, as revisions` : '';
  return [`${days} days, ${hours} hours of series, ${different} differ${made}`, ...lines, ...more].join('\n');
}
