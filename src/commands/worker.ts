import type { Command } from 'commander';
import { OperatingError, systemClock } from '../base/index.ts';
import { createLogger } from '../telemetry/index.ts';
import { startBatchProcess } from '../workers/index.ts';
import { collect, endSoon, readConfig, SERVE_EXIT, stopSignal } from './serve.ts';
import { VERSION } from './version.ts';

interface Flags {
  readonly config: string;
  readonly set: readonly string[];
  readonly concurrency: string;
  readonly announce?: boolean;
}

const CONCURRENCY_MAX = 64;
const REPORT_EVERY_MS = 60_000;

/** Adds `vitals worker`: does batches of readings for a city whose jobs lie in Redis. */
export function workerCommand(program: Command): void {
  program
    .command('worker')
    .description('do batches of readings of a city whose jobs lie in Redis; as many processes as you like')
    .option('--config <file>', 'configuration of the city, the same as where it is served', 'cities/minimal/city.yaml')
    .option('--set <key=value>', 'override a key, such as jobs.redis.url=redis://host:6379 (repeatable)', collect, [])
    .option('--concurrency <batches>', 'batches fetched ahead; one is worked on at a time', '2')
    .option('--announce', 'print one JSON line on stdout when ready')
    .addHelpText(
      'after',
      '\nThe configuration needs jobs: {backend: bullmq, redis: {url: redis://host:6379}}.\nIt reads and writes nothing but Redis, so it needs no data folder and no other port.\n\nExit codes: 0 stopped by a signal, 1 the surroundings refused, 2 the configuration is wrong.',
    )
    .action(async (flags: Flags) => {
      process.exitCode = await work(flags);
      endSoon();
    });
}

async function work(flags: Flags): Promise<number> {
  const concurrency = Number(flags.concurrency);
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > CONCURRENCY_MAX) {
    process.stderr.write(`cannot use --concurrency ${flags.concurrency}: write 1 to ${CONCURRENCY_MAX}\n`);
    return SERVE_EXIT.configuration;
  }
  const config = readConfig({ ...flags, data: '.' });
  if (typeof config === 'number') return config;
  const log = createLogger({ level: config.log.level, pretty: process.stdout.isTTY === true });
  const stopped = stopSignal();
  const done = { batches: 0, bytes: 0 };
  let worker: { close(): Promise<void> };
  try {
    const onDone = (_kind: string, inputBytes: number): void => {
      done.batches++;
      done.bytes += inputBytes;
    };
    worker = startBatchProcess({ config, clock: systemClock, log, version: VERSION, concurrency, onDone });
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return SERVE_EXIT.configuration;
  }
  log.info({ redis: config.jobs.redis?.url, concurrency }, 'the worker takes batches');
  if (flags.announce === true) process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
  const report = setInterval(() => log.info(done, 'batches done since the start'), REPORT_EVERY_MS);
  await stopped;
  clearInterval(report);
  log.info(done, 'stopping');
  await worker.close();
  return SERVE_EXIT.ok;
}
