import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import cliProgress from 'cli-progress';
import type { Command } from 'commander';
import { type ReplayProgress, replay } from '../../simulators/replay/index.ts';
import { OperatingError } from '../base/index.ts';
import { createLogger } from '../telemetry/index.ts';
import { openProduct, type Product } from '../workers/index.ts';
import { collect, readConfig, SERVE_EXIT, stopSignal, webFolder } from './serve.ts';
import { VERSION } from './version.ts';

interface Flags {
  readonly data?: string;
  readonly set: readonly string[];
  readonly for?: string;
}

const LINE_EVERY_MS = 1_000;
const PROGRESS_STEPS = 1_000;

/** Adds `vitals demo`: the product with an invented city, fed with real recordings that are moved to now. */
export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('run an invented city on real recordings, moved in time so that they go on now')
    .option('--data <folder>', 'keep the data there (default: a temporary folder, removed at the end)')
    .option(
      '--set <key=value>',
      'override a key of cities/demo/city.yaml, such as http.port=8081 (repeatable)',
      collect,
      [],
    )
    .option('--for <seconds>', 'stop after so many seconds (default: at Ctrl-C)')
    .action(async (flags: Flags) => {
      process.exitCode = await demo(flags);
    });
}

async function demo(flags: Flags): Promise<number> {
  const root = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../..' : '../../..', import.meta.url));
  const folder = flags.data ?? mkdtempSync(join(tmpdir(), 'city-vitals-demo-'));
  try {
    const config = readConfig({
      config: join(root, 'cities/demo/city.yaml'),
      data: folder,
      set: ['log.level=warn', ...flags.set],
    });
    if (typeof config === 'number') return config;
    const log = createLogger({ level: config.log.level, pretty: process.stdout.isTTY === true });
    const product = await openProduct({ config, version: VERSION, log, webFolder: webFolder() });
    try {
      return await play(product, join(root, 'simulators/recordings'), config.city.timeZone, flags.for);
    } finally {
      await product.close();
    }
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    process.stderr.write(`${error.message}\n`);
    if (error.code === 'address_in_use')
      process.stderr.write('Give another one: npm run demo -- --set http.port=8081 --set mqtt.port=1884\n');
    return SERVE_EXIT.failed;
  } finally {
    if (flags.data === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Publishes all recordings, shows how far they are, then the rates, until a signal comes. */
async function play(
  product: Product,
  recordings: string,
  timeZone: string,
  seconds: string | undefined,
): Promise<number> {
  const names = readdirSync(recordings, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  process.stdout.write(
    `\n  City Vitals demo\n  page    ${product.httpUrl}\n  API     ${product.httpUrl}/api/docs\n  MQTT    ${product.mqttUrl}   (try: mosquitto_sub -t 'kpi/#' -v)\n\n` +
      `  ${names.length} recordings of real sensors are being published: the past at full speed, then as it goes on.\n`,
  );
  const stop = new AbortController();
  const screen = showProgress(product, names);
  const playing = names.map(async (name) => {
    await replay(
      {
        recording: join(recordings, name),
        url: product.mqttUrl,
        shiftToNow: 'days',
        asZone: timeZone,
        live: true,
        batchCount: 20,
        signal: stop.signal,
      },
      (progress) => screen.update(name, progress),
    );
  });
  const ended = Promise.race([product.failed, stopSignal(), timeOut(seconds)]);
  try {
    const reason = await Promise.race([ended, Promise.all(playing).then(() => ended)]);
    if (reason === undefined) return SERVE_EXIT.ok;
    process.stderr.write(`${reason.message}\n`);
    return SERVE_EXIT.failed;
  } finally {
    stop.abort();
    screen.stop();
    await Promise.allSettled(playing);
  }
}

function timeOut(seconds: string | undefined): Promise<undefined> {
  if (seconds === undefined) return new Promise(() => {});
  return new Promise((resolve) => setTimeout(() => resolve(undefined), Number(seconds) * 1_000));
}

/** A bar until the past is published, and below it one line of rates; plain lines where nobody watches. */
function showProgress(product: Product, names: readonly string[]) {
  const fractions = new Map(names.map((name) => [name, 0]));
  const isTerminal = process.stdout.isTTY === true;
  const bar = new cliProgress.SingleBar(
    { format: '  [{bar}] {percentage} %  {line}', hideCursor: true, clearOnComplete: false, noTTYOutput: false },
    cliProgress.Presets.rect,
  );
  if (isTerminal) bar.start(PROGRESS_STEPS, 0, { line: '' });
  const done = (): number => [...fractions.values()].reduce((sum, fraction) => sum + fraction, 0) / names.length;
  const timer = setInterval(() => {
    const line = rateLine(product);
    if (isTerminal) bar.update(Math.round(done() * PROGRESS_STEPS), { line });
    else process.stdout.write(`  ${Math.round(done() * 100)} %  ${line}\n`);
  }, LINE_EVERY_MS);
  return {
    update: (name: string, progress: ReplayProgress): void => {
      fractions.set(name, progress.fraction);
    },
    stop: (): void => {
      clearInterval(timer);
      if (isTerminal) bar.stop();
      process.stdout.write('\n');
    },
  };
}

function rateLine(product: Product): string {
  const { messages, readings } = product.sources.accounting();
  const { messagesPerS, readingsPerS } = product.sources.rates();
  const number = new Intl.NumberFormat('en');
  const refused = messages.quarantined + readings.quarantined;
  return `${number.format(Math.round(messagesPerS))} messages/s, ${number.format(Math.round(readingsPerS))} readings/s; ${number.format(readings.counted)} counted, ${number.format(readings.duplicate)} duplicate, ${number.format(readings.invalid)} invalid, ${number.format(refused)} refused`;
}
