import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/index.ts';
import type { Tally } from './check.ts';
import type { Fault } from './faults/fault.ts';
import { FAULTS } from './faults/list.ts';
import { Round } from './round.ts';
import { hasTool } from './tools.ts';

/** What is asked of a run. */
export interface TortureOptions {
  readonly minutes: number;
  readonly seed: string;
  /** Names of faults; all when empty. */
  readonly only: readonly string[];
  readonly signal: AbortSignal;
  /** Called with a line about what happens. */
  onProgress(line: string): void;
}

/** What became of one fault. */
export interface FaultResult {
  readonly fault: string;
  readonly title: string;
  readonly rounds: number;
  readonly tally: Tally;
  /** Rounds that could not be finished, and what differs, in words. */
  readonly problems: readonly string[];
  /** Why there was no round; absent when there was one. */
  readonly left?: string;
}

export interface TortureResult {
  readonly seed: string;
  readonly tookMs: number;
  readonly faults: readonly FaultResult[];
  /** Nothing was lost, counted twice or different. */
  readonly isWhole: boolean;
}

const NOTHING: Tally = {
  received: 0,
  acknowledged: 0,
  kept: 0,
  counted: 0,
  duplicates: 0,
  quarantined: 0,
  lost: 0,
  double: 0,
  differs: 0,
};

/** What is known of a fault while the run goes on. */
interface Standing {
  readonly fault: Fault;
  usedMs: number;
  /** Of its last round. */
  roundMs: number;
  rounds: number;
  tally: Tally;
  readonly problems: string[];
}

/**
 * Disturbs the product in rounds, each with a product of its own, until the time is over; no round is begun that would
 * not fit. The fault is next that is furthest behind its share of the time.
 */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const { minutes, seed, signal } = options;
  const asked = FAULTS.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const standings = asked
    .filter(isPossible)
    .map((fault): Standing => ({ fault, usedMs: 0, roundMs: 0, rounds: 0, tally: NOTHING, problems: [] }));
  const startMs = systemClock.monotonicMs();
  const endMs = startMs + minutes * 60_000;
  while (!signal.aborted) {
    const next = nextOf(standings, endMs - systemClock.monotonicMs());
    if (next === undefined) break;
    await runRound(next, `${seed}/${next.fault.name}/${next.rounds}`, options);
  }
  const faults = asked.map((fault) => resultOf(fault, standings));
  return {
    seed,
    tookMs: systemClock.monotonicMs() - startMs,
    faults,
    isWhole: faults.every(({ problems, tally }) => problems.length + tally.lost + tally.double + tally.differs === 0),
  };
}

/** A round takes about as long as the longest so far. */
function nextOf(standings: readonly Standing[], leftMs: number): Standing | undefined {
  const known = Math.max(0, ...standings.map(({ roundMs }) => roundMs));
  const fitting = standings.filter(({ roundMs }) => leftMs > 0 && (roundMs === 0 ? known : roundMs) <= leftMs);
  const shareOf = ({ usedMs, fault }: Standing) => usedMs / fault.weight;
  return fitting.reduce<Standing | undefined>(
    (least, each) => (least === undefined || shareOf(each) < shareOf(least) ? each : least),
    undefined,
  );
}

async function runRound(standing: Standing, seed: string, options: TortureOptions): Promise<void> {
  const { fault } = standing;
  const { signal, onProgress } = options;
  const startMs = systemClock.monotonicMs();
  const folder = mkdtempSync(join(tmpdir(), 'vitals-torture-'));
  const round = await Round.open(fault.name, seed, folder);
  let problems: readonly string[];
  let told: string;
  try {
    const { tally, problems: found } = await unlessAborted(signal, fault.run(round));
    standing.tally = sumOf(standing.tally, tally);
    problems = found;
    told = tallyText(tally);
  } catch (error) {
    // Whoever ends the run ends its processes, too: that is no finding.
    if (signal.aborted) {
      await round.close();
      rmSync(folder, { recursive: true, force: true });
      return;
    }
    // A round that cannot be finished is a finding: something hangs, or ends when it must not.
    problems = [...round.problems, (error as Error).message];
    standing.tally = sumOf(standing.tally, { ...NOTHING, differs: problems.length });
    told = 'not finished';
  } finally {
    await round.close();
  }
  standing.rounds++;
  standing.roundMs = systemClock.monotonicMs() - startMs;
  standing.usedMs += standing.roundMs;
  const seconds = (standing.roundMs / 1000).toFixed(0);
  onProgress(`${fault.name}, round ${standing.rounds}, ${seconds} s: ${told}; ${round.notes.join('; ')}`);
  for (const problem of problems) onProgress(`  ${problem}`);
  standing.problems.push(...problems.map((problem) => `${seed}: ${problem}`));
  if (problems.length === 0) rmSync(folder, { recursive: true, force: true });
  else onProgress(`  the data is kept in ${folder}`);
}

/** The same result, or a rejection as soon as the run is to end. */
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const ended = new Promise<never>((_, reject) => {
    const options = { once: true, signal: done.signal };
    signal.addEventListener('abort', () => reject(new Error('the run was ended')), options);
  });
  return Promise.race([work, ended]).finally(() => done.abort());
}

function resultOf(fault: Fault, standings: readonly Standing[]): FaultResult {
  const { name, title } = fault;
  const standing = standings.find((each) => each.fault === fault);
  if (standing === undefined) {
    const missing = fault.needs.filter((tool) => !hasTool(tool)).join(', ');
    return { fault: name, title, rounds: 0, tally: NOTHING, problems: [], left: `skipped: ${missing} is missing` };
  }
  const { rounds, tally, problems } = standing;
  return {
    fault: name,
    title,
    rounds,
    tally,
    problems,
    ...(rounds === 0 ? { left: 'not run: the time was over' } : {}),
  };
}

function isPossible({ needs }: Fault): boolean {
  return needs.every(hasTool);
}

function sumOf(a: Tally, b: Tally): Tally {
  const keys = Object.keys(NOTHING) as (keyof Tally)[];
  return Object.fromEntries(keys.map((key) => [key, a[key] + b[key]])) as unknown as Tally;
}

function tallyText(tally: Tally): string {
  return Object.entries(tally)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
