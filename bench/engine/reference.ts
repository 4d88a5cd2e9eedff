import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Tally } from './tally.ts';

/** What the C program is asked to do. */
export interface ReferencePlan {
  readonly series: number;
  readonly seed: number;
  readonly odd: number;
  readonly warmMinutes: number;
  readonly segmentMinutes: number;
  readonly segments: number;
}

/** A line of the C program. */
export type ReferenceTally = Tally & { readonly bytesPerSeries: number };

/**
 * Builds `bench/reference/engine.c` into a folder.
 *
 * @returns the program, or the reason why there is none
 */
export function compileReference(folder: string): { readonly program: string } | { readonly reason: string } {
  const source = sourceFile();
  if (source === undefined) return { reason: 'bench/reference/engine.c is not there' };
  const program = join(folder, 'engine-reference');
  // Without contraction: a fused multiply-add rounds once where the engine rounds twice.
  const flags = ['-O3', '-march=native', '-ffp-contract=off', '-o', program, source, '-lm'];
  try {
    execFileSync('gcc', flags, { stdio: ['ignore', 'ignore', 'pipe'] });
    return { program };
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { reason: `gcc does not build the reference: ${message}` };
  }
}

/** Beside the sources, or two folders up when this file was built into `dist`. */
function sourceFile(): string | undefined {
  const candidates = ['../reference/engine.c', '../../../bench/reference/engine.c'];
  return candidates.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) => existsSync(path));
}

/** The C program at work: it warms up beside its caller, then runs a segment whenever it is told to. */
export class ReferenceRun {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #reader: Interface;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string, plan: ReferencePlan) {
    const options = [
      `series=${plan.series}`,
      `seed=${plan.seed}`,
      `odd=${plan.odd}`,
      `warm=${plan.warmMinutes}`,
      `minutes=${plan.segmentMinutes}`,
      `segments=${plan.segments}`,
      'wait=1',
    ];
    this.#child = spawn(program, options, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** Ends when the warm-up is over. */
  async ready(): Promise<void> {
    await this.#line();
  }

  async segment(): Promise<ReferenceTally> {
    this.#child.stdin.write('\n');
    return JSON.parse(await this.#line()) as ReferenceTally;
  }

  close(): void {
    this.#reader.close();
    this.#child.kill();
  }

  async #line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error('cannot measure beside the C reference: it ended before it was asked to');
    return value;
  }
}
