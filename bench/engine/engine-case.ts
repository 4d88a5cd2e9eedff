import { EngineRun, type EngineTally } from './engine-run.ts';
import { median, residentBytes } from './figures.ts';
import type { EnginePlan } from './plans.ts';
import { ReferenceRun, type ReferenceTally } from './reference.ts';
import { measureSnapshot, type SnapshotCase } from './snapshot-case.ts';
import { sameResults } from './tally.ts';

const SEED = 20_260_115;

/** One case. CPU seconds are user and system, all threads of a process of its own; of C, its only thread. */
export interface EngineCase {
  readonly case: string;
  readonly series: number;
  /** Readings taken in: horizon, identity, order, watermark, what changed. Emission is the next figure. */
  readonly readingsPerCpuSecond: number;
  readonly cReadingsPerCpuSecond: number | null;
  /** Of `readingsPerCpuSecond`: median of the repeats, each against the runs of C right before and after it. */
  readonly ratioToC: number | null;
  /** Readings and records of panes that the engine holds; names of series not included. */
  readonly bytesPerSeries: number;
  readonly emitNsPerSeriesWindow: number;
  readonly cEmitNsPerSeriesWindow: number | null;
  readonly emitRatioToC: number | null;
  /** One reading and one emitted window of its series together: what a reading a minute costs. */
  readonly withEmissionReadingsPerCpuSecond: number;
  readonly cWithEmissionReadingsPerCpuSecond: number | null;
  readonly withEmissionRatioToC: number | null;
  /** The quarter-hour and hour panes to be stored made each minute as well; C does nothing of the kind. */
  readonly withPanesReadingsPerCpuSecond: number;
  readonly paneTickNsPerSeries: number;
  readonly panesPerTick: number;
  /** What the process took more than before: with names, the columns of a tick of all series, and what is not given back. */
  readonly residentBytesPerSeries: number;
  readonly cBytesPerSeries: number | null;
  /** Every outcome, count, mean, minimum, maximum and percentile of the repeats is that of C, bit for bit. */
  readonly checksumsEqual: boolean | null;
  readonly readings: number;
  readonly windows: number;
  readonly cpuSeconds: number;
  readonly repeats: number;
  readonly eventHours: number;
  /** Counted, invalid, duplicate, conflict, filed late. */
  readonly outcomes: readonly number[];
  readonly note: string;
}

type Progress = (text: string) => void;

/** Runs the case, and what a snapshot of it costs. @param program the C reference, if there is one */
export async function measureEngine(
  plan: EnginePlan,
  program: string | undefined,
  progress: Progress,
): Promise<[EngineCase, SnapshotCase]> {
  const reference = program === undefined ? undefined : startReference(program, plan);
  try {
    const before = residentBytes();
    const run = new EngineRun(plan.series, SEED);
    run.warmUp(plan.warmMinutes, (minute) => progress(`${plan.case}: filled ${minute} of ${plan.warmMinutes} min`));
    await reference?.ready();
    const ours: EngineTally[] = [];
    const theirs: ReferenceTally[] = reference === undefined ? [] : [await reference.segment()];
    for (let repeat = 0; repeat < plan.repeats; repeat++) {
      progress(`${plan.case}: measures, ${repeat + 1} of ${plan.repeats}`);
      ours.push(run.segment(plan.segmentMinutes));
      if (reference !== undefined) theirs.push(await reference.segment());
    }
    reference?.close();
    const resident = (residentBytes() - before - generatorBytes(plan.series)) / plan.series;
    const result = caseOf(plan, run, ours, theirs, resident);
    progress(`${plan.case}: snapshot`);
    return [result, measureSnapshot(plan.case.replace('engine', 'snapshot'), plan.series, run)];
  } finally {
    reference?.close();
  }
}

function startReference(program: string, plan: EnginePlan): ReferenceRun {
  const { series, warmMinutes, segmentMinutes, repeats } = plan;
  return new ReferenceRun(program, { series, seed: SEED, odd: 0, warmMinutes, segmentMinutes, segments: repeats + 1 });
}

/** Staging, batch, order and rows, which are the bench's own: 20 B, 21 B, 4 B and 40 B a series, and some slack. */
function generatorBytes(series: number): number {
  return 95 * series;
}

function caseOf(
  plan: EnginePlan,
  run: EngineRun,
  ours: readonly EngineTally[],
  theirs: readonly ReferenceTally[],
  resident: number,
): EngineCase {
  const medianOf = (figure: (tally: EngineTally) => number) => median(ours.map(figure));
  const cMedianOf = (figure: (tally: ReferenceTally) => number) =>
    theirs.length > 0 ? median(theirs.map(figure)) : null;
  const ratioOf = (figure: (tally: Cost) => number) =>
    theirs.length > 0
      ? median(ours.map((tally, at) => pairedRatio(figure, tally, theirs[at]!, theirs[at + 1]!)))
      : null;
  const { readings, records } = run.engine.bytes;
  const counted = (readings + records) / plan.series;
  return {
    case: plan.case,
    series: plan.series,
    readingsPerCpuSecond: medianOf((tally) => 1 / ingestS(tally)),
    cReadingsPerCpuSecond: cMedianOf((tally) => 1 / ingestS(tally)),
    ratioToC: ratioOf(ingestS),
    bytesPerSeries: counted,
    emitNsPerSeriesWindow: medianOf(emitS) * 1e9,
    cEmitNsPerSeriesWindow: cMedianOf((tally) => emitS(tally) * 1e9),
    emitRatioToC: ratioOf(emitS),
    withEmissionReadingsPerCpuSecond: medianOf((tally) => 1 / wholeS(tally)),
    cWithEmissionReadingsPerCpuSecond: cMedianOf((tally) => 1 / wholeS(tally)),
    withEmissionRatioToC: ratioOf(wholeS),
    withPanesReadingsPerCpuSecond: medianOf((tally) => 1 / (wholeS(tally) + tally.tickCpuS / tally.readings)),
    paneTickNsPerSeries: medianOf((tally) => (tally.tickCpuS / tally.ticks / plan.series) * 1e9),
    panesPerTick: medianOf((tally) => tally.panes / tally.ticks),
    residentBytesPerSeries: resident,
    cBytesPerSeries: theirs[0]?.bytesPerSeries ?? null,
    // The run of C before the first repeat covers the same minutes as it.
    checksumsEqual: theirs.length > 0 ? ours.every((tally, at) => sameResults(tally, theirs[at]!)) : null,
    readings: sum(ours.map((tally) => tally.readings)),
    windows: sum(ours.map((tally) => tally.windows)),
    cpuSeconds: sum(ours.map((tally) => tally.ingestCpuS + tally.emitCpuS)),
    repeats: plan.repeats,
    eventHours: run.minute / 60,
    outcomes: ours[0]!.outcomes.map((_, outcome) => sum(ours.map((tally) => tally.outcomes[outcome]!))),
    note:
      theirs.length > 0
        ? 'C: gcc -O3 -march=native, one thread, run before and after each repeat'
        : 'no C figures: gcc did not build bench/reference/engine.c',
  };
}

type Cost = Pick<EngineTally, 'readings' | 'windows' | 'ingestCpuS' | 'emitCpuS'>;

/** CPU seconds a reading. */
const wholeS = (tally: Cost) => (tally.ingestCpuS + tally.emitCpuS) / tally.readings;
const ingestS = (tally: Cost) => tally.ingestCpuS / tally.readings;
/** CPU seconds a series and window. */
const emitS = (tally: Cost) => tally.emitCpuS / tally.windows;

/** 1 is as fast as C; half is twice the CPU time. */
function pairedRatio(figure: (tally: Cost) => number, ours: Cost, before: Cost, after: Cost): number {
  return (figure(before) + figure(after)) / 2 / figure(ours);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
