import type { Command } from 'commander';
import { OperatingError } from '../base/index.ts';
import { repartitionCity } from '../workers/index.ts';
import { collect, endSoon, readConfig, SERVE_EXIT } from './serve.ts';

interface Flags {
  readonly config: string;
  readonly set: readonly string[];
}

const PARTITIONS_MAX = 1_024;

const HELP = `
A city whose journal is in Redis has a fixed number of partitions. To change it:
  1. end the processes with the role intake (the broker keeps what is published), and wait until the lag at
     /api/v1/cluster is 0
  2. end the processes with the role engine; leave those with the role api running for a minute: each writes a snapshot
  3. vitals partitions 32 --config city.yaml       says what is still to be waited for, or changes the number
  4. end the processes with the role api, write journal: {partitions: 32}, and start all again

Nothing is lost or counted twice; broken off, it goes on when it is called again.

Exit codes: 0 changed, 1 not level or Redis is away (nothing was changed), 2 the configuration is wrong.`;

/** Adds `vitals partitions`: gives a city that is spread over processes another number of partitions. */
export function partitionsCommand(program: Command): void {
  program
    .command('partitions')
    .description('give a city over several processes another number of partitions')
    .argument('<count>', `how many, 1 to ${PARTITIONS_MAX}`)
    .option('--config <file>', 'configuration of the city, with the number that it has', 'cities/minimal/city.yaml')
    .option('--set <key=value>', 'override a key, such as jobs.redis.url=redis://host:6379 (repeatable)', collect, [])
    .addHelpText('after', HELP)
    .action(async (count: string, flags: Flags) => {
      process.exitCode = await change(count, flags);
      endSoon();
    });
}

async function change(text: string, flags: Flags): Promise<number> {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > PARTITIONS_MAX) {
    process.stderr.write(`cannot have ${text} partitions: write 1 to ${PARTITIONS_MAX}\n`);
    return SERVE_EXIT.configuration;
  }
  const config = readConfig({ ...flags, data: '.' });
  if (typeof config === 'number') return config;
  const onProblem = ({ message }: Error): void => void process.stderr.write(`${message}\n`);
  try {
    const { from, position } = await repartitionCity(config, count, onProblem);
    process.stdout.write(
      `${count} partitions instead of ${from}, from position ${position} on; write journal: {partitions: ${count}} and start the processes\n`,
    );
    return SERVE_EXIT.ok;
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.code === 'journal_local' ? SERVE_EXIT.configuration : SERVE_EXIT.failed;
  }
}
