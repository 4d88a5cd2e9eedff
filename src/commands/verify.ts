import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { startProduct } from '../../harness/index.ts';
import { findOutageEvents, type OutageRun, runOutages } from '../../simulators/outages/index.ts';
import { findRecording, loadMapping, progressView, type ReplaySummary, replay } from '../../simulators/replay/index.ts';
import {
  type AccountingAnswer,
  accountingFaults,
  accountingText,
  cityForRecording,
  publishMark,
  reportText,
  surveyRecording,
  type VerifyReport,
  verifyRecording,
  waitUntilLevel,
} from '../../simulators/verify/index.ts';
import { abortOnSignals, count, EXIT, present, reportFailure } from './publish-flags.ts';

interface Flags {
  readonly mapping?: string;
  readonly shuffle?: string;
  readonly duplicate?: boolean;
  readonly batch: number;
  readonly connections: number;
  readonly keep?: boolean;
  readonly json?: boolean;
}

/**
 * Adds `vitals verify <recording>`: starts the product, replays the recording into it and compares every result with
 * those that were computed independently. Exit code 1 on any difference.
 */
export function verifyCommand(program: Command): void {
  program
    .command('verify')
    .description('replay a recording into a fresh product and compare its answers with independently computed results')
    .argument('<recording>', 'folder with data.csv.gz, or events.csv of outages, and expected/')
    .option(
      '--mapping <file>',
      'mapping file (default: mapping.yaml beside the data, or the one that comes with the product)',
    )
    .option('--shuffle <seed>', 'deliver in random order; results must not change')
    .option('--duplicate', 'deliver every message twice; results must not change')
    .option('--batch <n>', 'readings per message, 1 to 250', count(1, 250), 20)
    .option('--connections <n>', 'MQTT connections', count(1, 100), 1)
    .option('--keep', 'keep the data folder and print where it is')
    .option('--json', 'print the report as JSON')
    .action(async (recording: string, flags: Flags) => {
      process.exitCode = await runVerify(recording, flags);
    });
}

async function runVerify(recording: string, flags: Flags): Promise<number> {
  const abort = abortOnSignals();
  const folder = mkdtempSync(join(tmpdir(), 'vitals-verify-'));
  try {
    const outcome = await verifyAny(folder, recording, flags, abort.signal);
    print(outcome, flags.json === true);
    return outcome.report.different === 0 && outcome.faults.length === 0 ? EXIT.ok : EXIT.failed;
  } catch (error) {
    return reportFailure(error, abort.signal);
  } finally {
    abort.release();
    if (flags.keep === true) process.stderr.write(`kept: ${folder}\n`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

interface Outcome {
  readonly report: VerifyReport;
  readonly summary: ReplaySummary | OutageRun['summary'];
  readonly accounting: AccountingAnswer;
  readonly faults: readonly string[];
}

async function verifyAny(folder: string, path: string, flags: Flags, signal: AbortSignal): Promise<Outcome> {
  const recording = findOutageEvents(path);
  if (recording === undefined) return verifyIn(folder, path, flags, signal);
  const { duplicate = false } = flags;
  return runOutages({ recording, workFolder: folder, duplicate, signal, ...present('shuffle', flags.shuffle) });
}

async function verifyIn(folder: string, recording: string, flags: Flags, signal: AbortSignal): Promise<Outcome> {
  const place = findRecording(recording);
  const { mapping } = loadMapping(place, flags.mapping);
  const survey = await surveyRecording(place, mapping);
  const configFile = join(folder, 'city.yaml');
  writeFileSync(configFile, cityForRecording(mapping.recording ?? place.name, mapping, survey));
  const product = await startProduct({ configFile, dataFolder: join(folder, 'data'), signal });
  try {
    const view = progressView(process.stderr);
    const summary = await replay(
      {
        recording: place.file,
        url: product.mqttUrl,
        qos: 1,
        speed: 'max',
        batchCount: flags.batch,
        connections: flags.connections,
        duplicate: flags.duplicate === true,
        signal,
        ...present('mapping', flags.mapping),
        ...present('shuffle', flags.shuffle),
      },
      (progress) => view.update(progress),
    ).finally(() => view.stop());
    signal.throwIfAborted();
    const marks = await publishMark(product.mqttUrl, mapping.recording ?? place.name, survey.newestMs);
    const messagesSent = summary.messagesAcked + marks;
    const accounting = await waitUntilLevel(product.httpUrl, { messagesMin: messagesSent, signal });
    const report = await verifyRecording({
      folder: place.folder,
      httpUrl: product.httpUrl,
      ...present('mapping', flags.mapping),
    });
    return { report, summary, accounting, faults: accountingFaults(accounting, messagesSent) };
  } finally {
    await product.stop();
  }
}

function print({ report, summary, accounting, faults }: Outcome, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...report, replay: summary, accounting, faults })}\n`);
    return;
  }
  const lines = [
    reportText(report),
    accountingText(accounting),
    ...faults.map((fault) => `FAULT: ${fault}`),
    `replayed ${summary.readingsPublished} readings in ${summary.messagesPublished} messages, ${summary.messagesPerS.toFixed(0)} messages/s`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
