import { writeFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  cityFor,
  type FaultShares,
  populate,
  type SimulateOptions,
  type SimulateProgress,
  simulate,
} from '../../simulators/city/index.ts';
import { formatDuration, OperatingError } from '../base/index.ts';
import { abortOnSignals, count, credentials, duration, EXIT, present, reportFailure, speed } from './publish-flags.ts';

interface Flags extends FaultShares {
  readonly url: string;
  readonly devices: number;
  readonly seed: string;
  readonly timeZone: string;
  readonly qos: '0' | '1';
  readonly speed: number | 'max';
  readonly since?: number;
  readonly for?: number;
  readonly rate?: number;
  readonly connections: number;
  readonly window: number;
  readonly giveUpAfter: number;
  readonly username?: string;
  readonly cityOut?: string;
  readonly json?: boolean;
}

const DEVICES_MAX = 100_000;

/** Adds `vitals simulate`: a simulated city that publishes in real device formats, with faults on request. */
export function simulateCommand(program: Command): void {
  program
    .command('simulate')
    .description('publish what the sensors of a simulated city would, in their own formats')
    .option('--url <url>', 'broker', 'mqtt://127.0.0.1:1883')
    .option('--devices <n>', 'number of devices', count(1, DEVICES_MAX), 100)
    .option('--seed <text>', 'the same seed gives the same city and the same faults', '1')
    .option('--time-zone <zone>', "zone of the city's clocks", timeZone, 'Europe/Berlin')
    .addOption(new Option('--qos <level>', 'quality of service').choices(['0', '1']).default('1'))
    .option('--since <duration>', 'start this long ago and catch up with the clock at --speed', duration)
    .option('--speed <n|max>', 'while catching up; devices that send no time are only right at 1', speed, 1)
    .option('--for <duration>', 'length of the simulated time; otherwise until stopped', duration)
    .option('--rate <n>', 'messages a second at most', count(1, 1_000_000))
    .option('--duplicates <percent>', 'messages sent twice', percent)
    .option('--late <percent>', 'messages that arrive up to 30 minutes late', percent)
    .option('--future-clock <percent>', 'devices whose clock is 1 to 24 hours ahead', percent)
    .option('--nan <percent>', 'messages whose sensor has no value', percent)
    .option('--stuck <percent>', 'devices that are stuck at one value', percent)
    .option('--counter-reset <percent>', 'messages of meters whose register starts again at zero', percent)
    .option('--silent <percent>', 'devices that fall silent within the first hour', percent)
    .option('--connections <n>', 'MQTT connections; a device keeps to one', count(1, 1000), 1)
    .option('--window <n>', 'unacknowledged messages per connection', count(1, 65_535), 500)
    .option('--give-up-after <duration>', 'fail when the broker stays away this long', duration, 60_000)
    .option('--username <name>', 'MQTT user; the password is read from VITALS_MQTT_PASSWORD')
    .option('--city-out <file>', 'write a city.yaml that places these devices in zones, and publish nothing')
    .option('--json', 'print the summary as JSON')
    .action(async (flags: Flags) => {
      process.exitCode = flags.cityOut === undefined ? await runSimulate(flags) : writeCity(flags, flags.cityOut);
    });
}

function writeCity(flags: Flags, file: string): number {
  const text = cityFor(populate(flags.devices, flags.seed), flags.timeZone);
  try {
    writeFileSync(file, text);
  } catch (cause) {
    const error = new OperatingError('file_unwritable', `cannot write ${file}: ${(cause as Error).message}`, { cause });
    return reportFailure(error, new AbortController().signal);
  }
  process.stdout.write(`wrote ${file}: ${flags.devices} devices\n`);
  return EXIT.ok;
}

async function runSimulate(flags: Flags): Promise<number> {
  const abort = abortOnSignals();
  try {
    const summary = await simulate(optionsOf(flags, abort.signal), progressLines());
    const text =
      `${summary.deviceCount} devices, ${summary.messagesPublished} messages, ${summary.messagesAcked} acknowledged, ` +
      `${summary.messagesResent} sent again, in ${formatDuration(Math.round(summary.durationMs / 100) * 100)}: ${summary.messagesPerS.toFixed(0)} messages/s`;
    process.stdout.write(`${flags.json === true ? JSON.stringify(summary) : text}\n`);
    // Being stopped is how an endless simulation ends.
    return summary.aborted && flags.for !== undefined ? EXIT.interrupted : EXIT.ok;
  } catch (error) {
    return reportFailure(error, abort.signal);
  } finally {
    abort.release();
  }
}

function optionsOf(flags: Flags, signal: AbortSignal): SimulateOptions {
  const { duplicates = 0, late = 0, futureClock = 0, nan = 0, stuck = 0, counterReset = 0, silent = 0 } = flags;
  return {
    url: flags.url,
    deviceCount: flags.devices,
    seed: flags.seed,
    timeZone: flags.timeZone,
    qos: flags.qos === '0' ? 0 : 1,
    speed: flags.speed,
    connections: flags.connections,
    windowCount: flags.window,
    giveUpAfterMs: flags.giveUpAfter,
    faults: { duplicates, late, futureClock, nan, stuck, counterReset, silent },
    signal,
    ...present('sinceMs', flags.since),
    ...present('forMs', flags.for),
    ...present('rateMax', flags.rate),
    ...credentials(flags.username),
  };
}

const LINE_EVERY = 5;

/** A line on stderr every five reports, which come once a second. */
function progressLines(): (progress: SimulateProgress) => void {
  let reports = 0;
  return ({ messagesPublished, messagesAcked, messagesPerS, atMs }) => {
    if (reports++ % LINE_EVERY !== 0) return;
    const at = new Date(atMs).toISOString().slice(0, 19);
    process.stderr.write(
      `${at}Z ${messagesPerS.toFixed(0)} messages/s, ${messagesAcked} of ${messagesPublished} acknowledged\n`,
    );
  };
}

/** commander parser: a percentage, as a share of 1. */
function percent(text: string): number {
  const value = Number(text.replace(/%$/, ''));
  if (!(value >= 0 && value <= 100)) throw new InvalidArgumentError('write a percentage from 0 to 100');
  return value / 100;
}

function timeZone(text: string): string {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text);
    return text;
  } catch {
    throw new InvalidArgumentError('write an IANA time zone such as Europe/Berlin');
  }
}
