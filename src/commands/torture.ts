import { type Command, InvalidArgumentError } from 'commander';
import type { FaultResult, TortureResult } from '../../torture/run.ts';
import { systemClock } from '../base/index.ts';
import { abortOnSignals, EXIT } from './publish-flags.ts';

interface Flags {
  readonly minutes: number;
  readonly seed?: string;
  readonly only: readonly string[];
  readonly json?: boolean;
}

const MINUTES_MAX = 10_000;
const COLUMNS = [
  'received',
  'acknowledged',
  'kept',
  'counted',
  'duplicates',
  'quarantined',
  'lost',
  'double',
  'differs',
] as const;

const HELP = `
Faults: kill, sync-error, torn, disk-full, proxy, clock, mosquitto, pause, sync-slow; docs/testing.md tells of each.

Everything is a process of its own on 127.0.0.1: the product, eight publishers at QoS 1 with many messages under way,
and what disturbs them. Each round has its own product and data, and ends when all that was sent is acknowledged. Then
the journal is held against what was acknowledged, the accounting and every stored reading against a plain
bookkeeping of the journal, and all answers, KPI values included, against those of a product that is given a copy of
the journal and left in peace.

Some faults need strace, libfaketime, mosquitto, or root for the mount of a tmpfs; what is missing is named, and the
fault skipped. The exit code is 1 when anything is lost, counted twice or different; the data of such a round is kept.
The seed decides what is sent and what is done when; the moment itself is the machine's.`;

/** Adds `vitals torture`: kills, stops, starves and cuts a real product, and counts afterwards. */
export function tortureCommand(program: Command): void {
  program
    .command('torture')
    .description('disturb a real product in every way it must survive, and count what it kept')
    .option('--minutes <n>', 'how long, shared among the faults', minutes, 5)
    .option('--seed <text>', 'the same seed does the same; by chance when absent')
    .option('--only <fault>', 'only this fault; may be given several times', collected, [])
    .option('--json', 'print JSON instead of a table')
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      process.exitCode = await runTorture(flags);
    });
}

async function runTorture(flags: Flags): Promise<number> {
  const [{ torture }, { FAULTS }] = await Promise.all([
    import('../../torture/run.ts'),
    import('../../torture/faults/list.ts'),
  ]);
  const names = FAULTS.map(({ name }) => name);
  const unknown = flags.only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`cannot torture by "${unknown}": allowed are ${names.join(', ')}\n`);
    return 2;
  }
  const seed = flags.seed ?? Math.floor(systemClock.nowMs()).toString(36);
  process.stderr.write(`seed ${seed}\n`);
  const { signal, release } = abortOnSignals();
  const onProgress = (line: string) => void process.stderr.write(`${line}\n`);
  const result = await torture({ minutes: flags.minutes, seed, only: flags.only, signal, onProgress }).finally(release);
  process.stdout.write(flags.json === true ? `${JSON.stringify(result, undefined, 2)}\n` : tableOf(result));
  // What waits for the processes of the last round waits for nothing any more.
  if (signal.aborted) process.exit(EXIT.interrupted);
  return result.isWhole ? EXIT.ok : EXIT.failed;
}

/** The table by fault, what was left out, and what differs. */
function tableOf({ seed, tookMs, faults, isWhole }: TortureResult): string {
  const run = faults.filter(({ left }) => left === undefined);
  const rows = [
    ['fault', 'rounds', ...COLUMNS],
    ...run.map(({ fault, rounds, tally }) => [fault, String(rounds), ...COLUMNS.map((name) => String(tally[name]))]),
    [
      'all',
      String(sum(run, ({ rounds }) => rounds)),
      ...COLUMNS.map((name) => String(sum(run, ({ tally }) => tally[name]))),
    ],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '),
  );
  const left = faults.filter((each) => each.left !== undefined).map((each) => `${each.fault} ${each.left}`);
  const problems = faults.flatMap((each) => each.problems);
  const differs = isWhole ? 'what differs: nothing' : `what differs:\n  ${problems.join('\n  ')}`;
  return `${[...lines, ...left, differs, `seed ${seed}, ${(tookMs / 60_000).toFixed(1)} minutes`].join('\n')}\n`;
}

function sum(results: readonly FaultResult[], of: (result: FaultResult) => number): number {
  return results.reduce((total, result) => total + of(result), 0);
}

function minutes(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= MINUTES_MAX))
    throw new InvalidArgumentError(`write a number above 0 and up to ${MINUTES_MAX}`);
  return value;
}

function collected(name: string, before: readonly string[]): string[] {
  return [...before, name];
}
