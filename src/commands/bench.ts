import type { Command } from 'commander';
import type { BenchRow } from '../../bench/bench-row.ts';

/** A benchmark: bounded in time, on 127.0.0.1 only, with figures per CPU-second where the machine is shared. */
interface Bench {
  run(): Promise<readonly object[]>;
  /** The lines of the table, where results are something else than lines. */
  rows?(results: readonly object[]): readonly BenchRow[];
}

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  journal: () => import('../../bench/journal.ts'),
  broker: () => import('../../bench/broker.ts'),
  intake: () => import('../../bench/intake.ts'),
  windows: () => import('../../bench/windows.ts'),
  functions: () => import('../../bench/functions.ts'),
  engine: () => import('../../bench/engine.ts'),
  kpis: () => import('../../bench/kpis.ts'),
  store: () => import('../../bench/store.ts'),
  'store-large': () => import('../../bench/store-large.ts'),
  jobs: () => import('../../bench/jobs.ts'),
  recordings: () => import('../../bench/recordings.ts'),
  pipeline: () => import('../../bench/pipeline.ts'),
  cluster: () => import('../../bench/cluster.ts'),
};

/** Without those that fill a disk for minutes. */
const USUAL = Object.keys(BENCHES).filter((room) => room !== 'store-large');

const HELP = `
--json prints the array of one room, or an object of arrays by room when there are several (or none is named).

engine measures the window engine at 1,000, 100,000 and 1,000,000 series beside the C reference
bench/reference/engine.c, which is built when gcc is there: readings in random order, 1 % late by up to an hour,
1 % twice, rolling 1-h mean, min, max and p95 of every series each minute of event time, and proves that both
emit the same bits. It takes some minutes and up to 10 GB; progress goes to stderr.
profile-engine.ts in the folder bench says where its time goes.`;

/** Adds `vitals bench [rooms...]`: measures the hot rooms and the whole pipeline. */
export function benchCommand(program: Command): void {
  program
    .command('bench')
    .description('measure the hot rooms and the whole pipeline on this machine')
    .argument('[rooms...]', `some of: ${Object.keys(BENCHES).join(', ')} (default: all but store-large)`)
    .option('--json', 'print JSON instead of a table')
    .addHelpText('after', HELP)
    .action(async (rooms: string[], flags: { json?: boolean }) => {
      process.exitCode = await bench(rooms, flags.json === true);
    });
}

async function bench(rooms: readonly string[], json: boolean): Promise<number> {
  const unknown = rooms.find((room) => !Object.hasOwn(BENCHES, room));
  if (unknown !== undefined) {
    process.stderr.write(`cannot bench "${unknown}": allowed are ${Object.keys(BENCHES).join(', ')}\n`);
    return 2;
  }
  const results: Record<string, readonly object[]> = {};
  for (const room of rooms.length > 0 ? rooms : USUAL) {
    const bench = await BENCHES[room]!();
    results[room] = await bench.run();
    if (!json) printTable(room, bench.rows?.(results[room]) ?? (results[room] as readonly BenchRow[]));
  }
  if (json)
    process.stdout.write(`${JSON.stringify(rooms.length === 1 ? results[rooms[0]!] : results, undefined, 2)}\n`);
  return 0;
}

function printTable(room: string, rows: readonly BenchRow[]): void {
  const nameWidth = Math.max(...rows.map((row) => row.name.length));
  process.stdout.write(`${room}\n`);
  for (const { name, value, unit, note } of rows) {
    const figure = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 }).format(value).padStart(14);
    process.stdout.write(`  ${name.padEnd(nameWidth)} ${figure} ${unit}${note === undefined ? '' : `  (${note})`}\n`);
  }
}
