import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  progressView,
  type ReplayOptions,
  replay,
  SHIFT_UNITS,
  type ShiftUnit,
  summaryText,
} from '../../simulators/replay/index.ts';
import { abortOnSignals, count, credentials, duration, EXIT, present, reportFailure, speed } from './publish-flags.ts';

interface Flags {
  readonly url: string;
  readonly mapping?: string;
  readonly speed: number | 'max';
  readonly qos: '0' | '1';
  readonly shiftToNow?: ShiftUnit | true;
  readonly asZone?: string;
  readonly live?: boolean;
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
  readonly shuffle?: string;
  readonly shuffleWithin?: number;
  readonly duplicate?: boolean;
  readonly batch: number;
  readonly loop?: boolean;
  readonly connections: number;
  readonly window: number;
  readonly giveUpAfter: number;
  readonly username?: string;
  readonly json?: boolean;
}

/** Adds `vitals replay <recording>`: publishes a recording of real sensors over MQTT. */
export function replayCommand(program: Command): void {
  program
    .command('replay')
    .description('publish a recording of real sensors over MQTT')
    .argument('<recording>', 'folder with data.csv.gz or data.csv, or such a file')
    .option('--url <url>', 'broker', 'mqtt://127.0.0.1:1883')
    .option(
      '--mapping <file>',
      'mapping file (default: mapping.yaml beside the data, or the one that comes with the product)',
    )
    .option(
      '--speed <n|max>',
      'so many times faster than it was, in order of event time; max: as fast as possible, in file order',
      speed,
      'max',
    )
    .addOption(new Option('--qos <level>', 'quality of service').choices(['0', '1']).default('1'))
    .addOption(
      new Option(
        '--shift-to-now [unit]',
        'move the recording so that it ends now; days and weeks keep the hours of day',
      )
        .choices(SHIFT_UNITS)
        .preset('days'),
    )
    .option(
      '--as-zone <zone>',
      'with --shift-to-now: turn the local hours of the recording into the same hours of this time zone',
    )
    .option(
      '--live',
      'with --shift-to-now: send the past at --speed, then the rest of the last day or week as its time comes',
    )
    .option('--from <time>', 'first event time as recorded, ISO 8601 with offset', instant)
    .option('--to <time>', 'event time before which to stop, ISO 8601 with offset', instant)
    .option('--limit <n>', 'readings at most', count(1, Number.MAX_SAFE_INTEGER))
    .option('--shuffle <seed>', 'random order of the whole recording')
    .option('--shuffle-within <duration>', 'random delay of each reading up to this, such as 2h', duration)
    .option('--duplicate', 'send every message twice')
    .option('--batch <n>', 'readings per message, 1 to 250', count(1, 250), 1)
    .option('--loop', 'again and again, each round later by the length of the recording')
    .option('--connections <n>', 'MQTT connections; a device keeps to one', count(1, 1000), 1)
    .option('--window <n>', 'unacknowledged messages per connection', count(1, 65_535), 500)
    .option('--give-up-after <duration>', 'fail when the broker stays away this long', duration, 60_000)
    .option('--username <name>', 'MQTT user; the password is read from VITALS_MQTT_PASSWORD')
    .option('--json', 'print the summary as JSON')
    .action(async (recording: string, flags: Flags) => {
      process.exitCode = await runReplay(recording, flags);
    });
}

async function runReplay(recording: string, flags: Flags): Promise<number> {
  const abort = abortOnSignals();
  const view = progressView(process.stderr);
  try {
    const summary = await replay(optionsOf(recording, flags, abort.signal), (progress) => view.update(progress));
    view.stop();
    process.stdout.write(`${flags.json === true ? JSON.stringify(summary) : summaryText(summary)}\n`);
    return summary.aborted ? EXIT.interrupted : EXIT.ok;
  } catch (error) {
    view.stop();
    return reportFailure(error, abort.signal);
  } finally {
    abort.release();
  }
}

function optionsOf(recording: string, flags: Flags, signal: AbortSignal): ReplayOptions {
  return {
    recording,
    url: flags.url,
    qos: flags.qos === '0' ? 0 : 1,
    speed: flags.speed,
    batchCount: flags.batch,
    connections: flags.connections,
    windowCount: flags.window,
    giveUpAfterMs: flags.giveUpAfter,
    signal,
    duplicate: flags.duplicate === true,
    loop: flags.loop === true,
    live: flags.live === true,
    ...(flags.shiftToNow === undefined ? {} : { shiftToNow: flags.shiftToNow === true ? 'days' : flags.shiftToNow }),
    ...present('mapping', flags.mapping),
    ...present('asZone', flags.asZone),
    ...present('fromMs', flags.from),
    ...present('toMs', flags.to),
    ...present('limitCount', flags.limit),
    ...present('shuffle', flags.shuffle),
    ...present('shuffleWithinMs', flags.shuffleWithin),
    ...credentials(flags.username),
  };
}

function instant(text: string): number {
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    throw new InvalidArgumentError('write ISO 8601 with an offset, such as 2018-01-01T00:00:00Z');
  }
}
