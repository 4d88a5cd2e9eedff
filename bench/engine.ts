import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from './bench-row.ts';
import type { EngineCase } from './engine/engine-case.ts';
import type { MetersCase } from './engine/meters-case.ts';
import { ENGINE_PLANS, METERS_CASE } from './engine/plans.ts';
import { compileReference } from './engine/reference.ts';
import type { SnapshotCase } from './engine/snapshot-case.ts';

type AnyCase = EngineCase | SnapshotCase | MetersCase;

/**
 * The window engine at 1,000, 100,000 and 1,000,000 series beside the C reference: readings in random order, 1 % late by
 * up to an hour, 1 % twice, rolling 1-h mean, min, max and p95 of every series each minute of event time. Then snapshots,
 * and the memory of meters. Each case in a process of its own. A few minutes; up to 10 GB at a million series.
 */
export async function run(): Promise<AnyCase[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-bench-reference-'));
  try {
    const reference = compileReference(folder);
    const program = 'program' in reference ? reference.program : undefined;
    if ('reason' in reference) process.stderr.write(`no C figures: ${reference.reason}\n`);
    const results: AnyCase[] = [];
    for (const name of [...ENGINE_PLANS.map((plan) => plan.case), METERS_CASE.case]) {
      const cases = await inProcessOfItsOwn(name, program);
      for (const result of cases) process.stderr.write(`${JSON.stringify(result)}\n`);
      results.push(...cases);
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function inProcessOfItsOwn(name: string, program: string | undefined): Promise<AnyCase[]> {
  const child = fileURLToPath(
    new URL(`./engine/child${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
  );
  const words = ['--expose-gc', child, name, ...(program === undefined ? [] : [program])];
  const running = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  running.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const code = await new Promise((resolve, reject) => running.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`cannot measure ${name}: its process ended with ${code}`);
  return JSON.parse(text) as AnyCase[];
}

/** The cases as lines of the table. */
export function rows(cases: readonly object[]): BenchRow[] {
  return (cases as readonly AnyCase[]).flatMap((result) => {
    if ('emitNsPerSeriesWindow' in result) return engineRows(result);
    return 'snapshotBytes' in result ? snapshotRows(result) : metersRows(result);
  });
}

function engineRows(result: EngineCase): BenchRow[] {
  const name = result.case;
  const rate = 'readings/CPU-s';
  const beside = (c: number | null, ratio: number | null) =>
    c === null || ratio === null ? 'no C beside it' : `C ${round(c)}, ratio ${round(ratio)}`;
  return [
    {
      name: `${name}, ingest`,
      unit: rate,
      value: result.readingsPerCpuSecond,
      note: beside(result.cReadingsPerCpuSecond, result.ratioToC),
    },
    {
      name: `${name}, ingest and emission`,
      unit: rate,
      value: result.withEmissionReadingsPerCpuSecond,
      note: beside(result.cWithEmissionReadingsPerCpuSecond, result.withEmissionRatioToC),
    },
    {
      name: `${name}, emission`,
      unit: 'ns/series and window',
      value: result.emitNsPerSeriesWindow,
      note: beside(result.cEmitNsPerSeriesWindow, result.emitRatioToC),
    },
    {
      name: `${name}, panes each minute`,
      unit: 'ns/series',
      value: result.paneTickNsPerSeries,
      note: `with them ${round(result.withPanesReadingsPerCpuSecond)} ${rate}`,
    },
    {
      name: `${name}, memory`,
      unit: 'B/series',
      value: result.bytesPerSeries,
      note: `after ${round(result.eventHours)} h; the process took ${round(result.residentBytesPerSeries)}`,
    },
    { name: `${name}, bits equal to C`, unit: '', value: Number(result.checksumsEqual), note: equalityOf(result) },
  ];
}

function equalityOf({ checksumsEqual, readings, windows }: EngineCase): string {
  const verdict = checksumsEqual === null ? 'not compared' : checksumsEqual ? 'all equal' : 'DIFFERENT';
  return `${verdict}: ${round(readings)} outcomes, ${round(windows)} windows`;
}

function snapshotRows(result: SnapshotCase): BenchRow[] {
  return [
    {
      name: result.case,
      unit: 'ms',
      value: result.snapshotMs,
      note: `${round(result.snapshotBytesPerSeries)} B/series, longest piece ${round(result.snapshotLongestPieceMs)} ms`,
    },
    {
      name: `${result.case}, recovery`,
      unit: 'ms',
      value: result.recoveryMs,
      note: result.recoveredEqual ? 'emits the same bits' : 'EMITS OTHER BITS',
    },
  ];
}

function metersRows(result: MetersCase): BenchRow[] {
  const note = `engine's own count, after ${result.eventHours} h; process ${round(result.residentBytesPerSeries)}`;
  return [
    { name: `${result.case}, ingest only`, unit: 'readings/CPU-s', value: result.readingsPerCpuSecond },
    { name: `${result.case}, panes each quarter`, unit: 'ns/series', value: result.paneTickNsPerSeries },
    { name: `${result.case}, memory`, unit: 'B/series', value: result.bytesPerSeries, note },
  ];
}

function round(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value);
}
