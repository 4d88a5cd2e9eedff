import type { Command } from 'commander';
import type { BenchRow } from '../../bench/bench-row.ts';

/** A benchmark: bounded in time, on 127.0.0.1 only, with figures per CPU-second where the machine is shared. */
type Bench = () => Promise<readonly BenchRow[]>;

const BENCHES: Readonly<Record<string, () => Promise<{ run: Bench }>>> = {
  journal: () => import('../../bench/journal.ts'),
  broker: () => import('../../bench/broker.ts'),
  intake: () => import('../../bench/intake.ts'),
  windows: () => import('../../bench/windows.ts'),
  store: () => import('../../bench/store.ts'),
  pipeline: () => import('../../bench/pipeline.ts'),
};

/** Adds `vitals bench [rooms...]`: measures the hot rooms and the whole pipeline. */
export function benchCommand(program: Command): void {
  program
    .command('bench')
    .description('measure the hot rooms and the whole pipeline on this machine')
    .argument('[rooms...]', `some of: ${Object.keys(BENCHES).join(', ')} (default: all)`)
    .option('--json', 'print JSON instead of a table')
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
  const results: Record<string, readonly BenchRow[]> = {};
  for (const room of rooms.length > 0 ? rooms : Object.keys(BENCHES)) {
    const { run } = await BENCHES[room]!();
    results[room] = await run();
    if (!json) printTable(room, results[room]);
  }
  if (json) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
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
