import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { OperatingError } from '../base/index.ts';
import { type Config, loadConfig } from '../config/index.ts';
import { u4sscProblems } from '../kpis/index.ts';
import { createLogger } from '../telemetry/index.ts';
import { openProduct, type Product, parseRoles, ROLES } from '../workers/index.ts';
import { VERSION } from './version.ts';

/** Exit codes of the process: 1 the surroundings refused, 2 the configuration is wrong. */
export const SERVE_EXIT = { ok: 0, failed: 1, configuration: 2 } as const;

interface Flags {
  readonly config: string;
  readonly data: string;
  readonly set: readonly string[];
  readonly announce?: boolean;
  readonly roles: string;
}

/** Adds `vitals serve`: runs the product until SIGINT or SIGTERM. */
export function serveCommand(program: Command): void {
  program
    .command('serve')
    .description('take readings over MQTT, show and publish live KPI values')
    .option('--config <file>', 'configuration of the city', 'cities/minimal/city.yaml')
    .option('--data <folder>', 'data folder: journal, store, snapshots', 'data')
    .option('--set <key=value>', 'override a key, such as mqtt.port=1884 (repeatable)', collect, [])
    .option('--roles <names>', `what this process does, of ${ROLES.join(',')}`, ROLES.join(','))
    .option('--announce', 'print one JSON line on stdout when ready, with the addresses')
    .addHelpText(
      'after',
      '\nExamples:\n  vitals serve --config cities/demo/city.yaml --data /var/lib/vitals\n  VITALS_MQTT_PORT=1884 vitals serve\n  vitals serve --roles intake,engine --config city.yaml     (a city whose journal is in Redis)\n\nExit codes: 0 stopped by a signal, 1 the surroundings refused (port, folder, disk), 2 the configuration is wrong.',
    )
    .action(async (flags: Flags) => {
      process.exitCode = await serve(flags);
    });
}

const LEFT_BEHIND_MS_MAX = 2_000;

/** All is closed: timers that the client of a Redis which is away leaves behind must not hold the process up. */
export function endSoon(): void {
  setTimeout(() => process.exit(), LEFT_BEHIND_MS_MAX).unref();
}

/** commander parser: collects a repeated option. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** Where the built page lies. */
export function webFolder(): string {
  const up = import.meta.url.endsWith('.ts') ? '../../web/dist' : '../../../web/dist';
  return fileURLToPath(new URL(up, import.meta.url));
}

/** Configuration of a command, or the sentence that says what is wrong with it and the exit code. */
export function readConfig(flags: Pick<Flags, 'config' | 'data' | 'set'>): Config | number {
  try {
    const config = loadConfig({ file: flags.config, dataFolder: flags.data, environment: process.env, set: flags.set });
    checkCodes(config);
    return config;
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return SERVE_EXIT.configuration;
  }
}

/** @throws OperatingError `config_invalid` for a code or series that U4SSC does not have */
function checkCodes(config: Config): void {
  const problems = u4sscProblems(config);
  if (problems.length === 0) return;
  const lines = problems.map((line) => `\n\u2716 ${line}`).join('');
  throw new OperatingError('config_invalid', `cannot use the configuration ${config.file}:${lines}`);
}

async function serve(flags: Flags): Promise<number> {
  const config = readConfig(flags);
  if (typeof config === 'number') return config;
  const log = createLogger({ level: config.log.level, pretty: process.stdout.isTTY === true });
  // Heard from the beginning: a signal while the rooms open, or right behind the announcement, ends in order as well.
  const stopped = stopSignal();
  let product: Product;
  try {
    const roles = parseRoles(flags.roles, config.journal.backend);
    product = await openProduct({ config, version: VERSION, log, webFolder: webFolder(), roles });
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    process.stderr.write(`${error.message}\n`);
    if (config.jobs.redis !== undefined) endSoon();
    return error.code === 'config_invalid' || error.code === 'profile_invalid'
      ? SERVE_EXIT.configuration
      : SERVE_EXIT.failed;
  }
  log.info(
    { mqtt: product.mqttUrls, http: product.httpUrl, data: resolve(config.dataFolder), roles: flags.roles },
    'City Vitals is ready',
  );
  if (product.setupUrl !== undefined) {
    // On stderr alone: logs are kept and read by many.
    process.stderr.write(`There is no admin yet. Make one within an hour, here and only once: ${product.setupUrl}\n`);
  }
  if (flags.announce === true) {
    process.stdout.write(
      `${JSON.stringify({ ready: true, mqtt: product.mqttUrl, http: product.httpUrl, mqttAll: product.mqttUrls })}\n`,
    );
  }
  const failure = await Promise.race([product.failed, stopped]);
  if (failure === undefined) log.info({}, 'stopping');
  else {
    // On stderr as well: the log may be silent or read by nobody, and this is why the process ends.
    process.stderr.write(`${failure.message}\n`);
    log.error({ err: failure }, `stopping: ${failure.message}`);
  }
  await product.close();
  if (config.jobs.redis !== undefined) endSoon();
  return failure === undefined ? SERVE_EXIT.ok : SERVE_EXIT.failed;
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    let count = 0;
    const stop = (): void => {
      count++;
      if (count > 1) process.exit(SERVE_EXIT.failed);
      resolve(undefined);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
