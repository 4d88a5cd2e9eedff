import cliProgress from 'cli-progress';
import { type Command, InvalidArgumentError } from 'commander';
import { isoTime, localDay, OperatingError } from '../base/index.ts';
import { type Config, isDate } from '../config/index.ts';
import type { KpiDefinition } from '../kpis/index.ts';
import {
  openHistory,
  ownDefinitions,
  type TrialRequest,
  type TrialResult,
  trialScopes,
  trialSummary,
  tryKpi,
} from '../workers/index.ts';
import { abortOnSignals, count, EXIT, reportFailure } from './publish-flags.ts';
import { collect, readConfig, SERVE_EXIT } from './serve.ts';
import { summaryLines, trialTable } from './trial-text.ts';

interface Flags {
  readonly config: string;
  readonly data: string;
  readonly set: readonly string[];
  readonly from: string;
  readonly to?: string;
  readonly zone: readonly string[];
  readonly rows: number;
  readonly json?: boolean;
}

/** Adds `vitals kpis try <id>`: computes a KPI of the city's own over stored history, whether it is switched on or not. */
export function kpisCommand(program: Command): void {
  const kpis = program.command('kpis').description("KPIs of the city's own, from its configuration");
  kpis
    .command('try')
    .description("compute a KPI of the city's own over stored history, whether it is switched on or not")
    .argument('<id>', 'id in `kpis` of the configuration, or that of its years (<id>-365d, <id>-year)')
    .requiredOption('--from <time>', 'local date such as 2026-03-01, or ISO 8601 with an offset', time)
    .option('--to <time>', 'likewise, exclusive; up to the newest reading when absent', time)
    .option('--zone <id>', 'zone, city or device:<id> (repeatable; the city when absent)', collect, [])
    .option('--config <file>', 'configuration of the city', 'cities/minimal/city.yaml')
    .option('--data <folder>', 'data folder: journal, store, snapshots', 'data')
    .option('--set <key=value>', 'override a key (repeatable)', collect, [])
    .option('--rows <n>', 'rows of the table: the newest ones', count(1, 100_000), 100)
    .option('--json', 'print everything as JSON')
    .addHelpText(
      'after',
      '\nWhile the product runs it holds the store: then a copy is made in TMPDIR, looked at and deleted.\n\n' +
        'Exit codes: 0 tried, 1 the store cannot be used or the time is too long, 2 the configuration is wrong or has no such KPI.',
    )
    .action(async (id: string, flags: Flags) => {
      process.exitCode = await run(id, flags);
    });
}

async function run(id: string, flags: Flags): Promise<number> {
  const config = readConfig(flags);
  if (typeof config === 'number') return config;
  const abort = abortOnSignals();
  try {
    const known = config.kpis.flatMap(ownDefinitions);
    const kpi = known.find((one) => one.id === id);
    if (kpi === undefined) {
      const ids = known.map((one) => one.id).join(', ') || 'none';
      return refuse(`cannot try "${id}": kpis of ${config.file} has no such id; known are ${ids}`);
    }
    const result = await tried(config, requestOf(config, kpi, flags), abort.signal);
    process.stdout.write(flags.json === true ? jsonOf(kpi, result) : textOf(config, kpi, result, flags.rows));
    return EXIT.ok;
  } catch (error) {
    if (error instanceof OperatingError && REFUSED.has(error.code)) return refuse(error.message);
    return reportFailure(error, abort.signal);
  } finally {
    abort.release();
  }
}

function refuse(problem: string): number {
  process.stderr.write(`${problem}\n`);
  return SERVE_EXIT.configuration;
}

/** @throws OperatingError `time_invalid`; `scope_unknown` with what is allowed */
function requestOf(config: Config, kpi: KpiDefinition, { zone, from, to }: Flags): TrialRequest {
  const scopes = trialScopes(config, kpi, zone);
  const fromMs = instantOf(from, config);
  const toMs = to === undefined ? Number.POSITIVE_INFINITY : instantOf(to, config);
  if (toMs > fromMs) return { kpi, fromMs, toMs, scopes };
  throw new OperatingError('range_empty', `cannot try ${kpi.id}: --to ${to} is not behind --from ${from}`);
}

const REFUSED: ReadonlySet<string> = new Set(['scope_unknown', 'range_empty']);

async function tried(config: Config, request: TrialRequest, signal: AbortSignal): Promise<TrialResult> {
  const history = await openHistory(config);
  const progress = progressBar();
  try {
    if (history.isCopy) process.stderr.write('the product runs: a copy of its store is looked at\n');
    return await tryKpi(config, history.store, { ...request, onProgress: progress.update, signal });
  } finally {
    progress.stop();
    await history.close();
  }
}

function progressBar(): { update(done: number, count: number): void; stop(): void } {
  if (process.stderr.isTTY !== true) return { update: () => undefined, stop: () => undefined };
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    format: '[{bar}] {percentage} % | {value} of {total} windows',
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(1, 0);
  return {
    update: (done, all) => {
      bar.setTotal(all);
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}

function textOf(config: Config, kpi: KpiDefinition, result: TrialResult, rowsMax: number): string {
  const { values, windowCount, seriesCount } = result;
  const summary = summaryLines(kpi, trialSummary(values, windowCount));
  if (values.length > 0) return `${trialTable(kpi, values, config.city.timeZone, rowsMax)}\n\n${summary}\n`;
  const why =
    seriesCount === 0
      ? `the store has no series of ${kpi.quantities.join(', ')}`
      : `none of its ${seriesCount} series of ${kpi.quantities.join(', ')} has a part in that time`;
  return `${summary}\nnothing to show: ${why}\n`;
}

function jsonOf(kpi: KpiDefinition, { values, windowCount, seriesCount }: TrialResult): string {
  const { id, title, unit, window, method, completeness } = kpi;
  const rows = values.map(
    ({ kpi: _kpi, window: _window, startMs, endMs, watermarkMs: _mark, method: _method, ...said }) => ({
      start: isoTime(startMs),
      end: isoTime(endMs),
      ...said,
    }),
  );
  const document = {
    kpi: { id, title, unit, window, method, completeness },
    summary: { ...trialSummary(values, windowCount), series: seriesCount },
    values: rows,
  };
  return `${JSON.stringify(document)}\n`;
}

/** What a flag of `time` means, ms UTC. */
export function instantOf(text: string, { city: { timeZone } }: Config): number {
  if (!isDate(text)) return Temporal.Instant.from(text).epochMilliseconds;
  try {
    return localDay(timeZone, text).startMs;
  } catch (cause) {
    throw new OperatingError('time_invalid', `cannot use the date ${text}: ${(cause as Error).message}`, { cause });
  }
}

/** commander parser: a date or an instant, told as it was written. */
export function time(text: string): string {
  try {
    if (!isDate(text)) Temporal.Instant.from(text);
    return text;
  } catch {
    throw new InvalidArgumentError('write a date such as 2026-03-01, or ISO 8601 with an offset: 2026-03-01T00:00:00Z');
  }
}
