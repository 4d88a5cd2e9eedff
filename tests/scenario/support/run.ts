import { HOUR_MS, MINUTE_MS } from '../../../src/base/index.ts';
import { CityUnderTest } from './city-under-test.ts';
import { clockText, type ExpectedLine, type ExpectStep, instantOf, parseScript, type ReadingStep } from './script.ts';
import { WindowsUnderTest } from './windows-under-test.ts';

/** One thing that did not come out as the scenario says. */
export interface Mismatch {
  readonly line: number;
  readonly text: string;
}

/** Runs a scenario to its end. @returns what differs, in order of lines; empty when all is as expected */
export function runScenario(text: string): Mismatch[] {
  const script = parseScript(text);
  const run =
    script.city === undefined ? new WindowsRun(new WindowsUnderTest(script)) : new CityRun(new CityUnderTest(script));
  let waiting: ReadingStep[] = [];
  const deliver = (): void => {
    // Between two commands readings arrive by their time of reception; those of one time as they stand.
    for (const step of waiting.toSorted((a, b) => a.receivedMs - b.receivedMs)) run.take(step);
    waiting = [];
  };
  for (const step of script.steps) {
    if (step.kind === 'reading') {
      waiting.push(step);
      continue;
    }
    deliver();
    if (step.kind === 'now') run.passTime(step.atMs);
    else run.expect(step);
  }
  deliver();
  return run.mismatches.toSorted((a, b) => a.line - b.line);
}

/** Time passes as it does in the product, where marks come all the time. */
const MARK_MS = 10 * MINUTE_MS;

abstract class Run {
  readonly mismatches: Mismatch[] = [];
  #receivedMs = Number.NEGATIVE_INFINITY;

  abstract take(step: ReadingStep): void;
  /** Passes a time mark; a tick ends with it. */
  abstract mark(atMs: number): void;
  abstract expect(step: ExpectStep): void;

  passTime(atMs: number): void {
    if (!(atMs > this.#receivedMs)) return;
    const firstMs = Number.isFinite(this.#receivedMs) ? this.#receivedMs : atMs;
    for (let markMs = firstMs + MARK_MS; markMs < atMs; markMs += MARK_MS) this.mark(markMs);
    this.mark(atMs);
    this.#receivedMs = atMs;
  }

  protected get receivedMs(): number {
    return this.#receivedMs;
  }

  protected differ(line: number, what: string, want: string, got: string): void {
    this.mismatches.push({ line, text: `line ${line}: ${what}: expected ${want}, got ${got}` });
  }

  /** Holds the cells of a row against what there is, column by column. */
  protected compare(step: ExpectStep, row: ExpectedLine, found: ReadonlyMap<string, Found> | undefined): void {
    const name = `${step.what} of ${step.of.join(' ')} at ${row.cells[0]}`;
    if (row.cells[1] === 'no window' || found === undefined) {
      const got = found === undefined ? 'no window' : `a window with value ${textOf(found.get('value') ?? null)}`;
      if (row.cells[1] !== 'no window' || found !== undefined) {
        this.differ(row.line, name, row.cells[1] === 'no window' ? 'no window' : row.cells.slice(1).join(' '), got);
      }
      return;
    }
    for (const [at, column] of step.columns.entries()) {
      if (at === 0) continue;
      const value = found.get(column);
      if (value === undefined) this.differ(step.line, name, `a column "${column}"`, [...found.keys()].join(', '));
      else if (!fits(row.cells[at]!, value)) this.differ(row.line, `${name}, ${column}`, row.cells[at]!, textOf(value));
    }
  }

  /** Rows that must be these, in this order. */
  protected compareList(step: ExpectStep, found: readonly (readonly string[])[]): void {
    for (let at = 0; at < Math.max(step.rows.length, found.length); at++) {
      const row = step.rows[at];
      const want = row?.cells.join('  ') ?? 'nothing more';
      const got = found[at]?.join('  ') ?? 'nothing more';
      if (want !== got) this.differ(row?.line ?? step.line, step.what, want, got);
    }
  }
}

class WindowsRun extends Run {
  readonly #windows: WindowsUnderTest;

  constructor(windows: WindowsUnderTest) {
    super();
    this.#windows = windows;
  }

  take(step: ReadingStep): void {
    this.passTime(step.receivedMs);
    const outcome = this.#windows.take(step);
    if (step.outcome === undefined || step.outcome === outcome) return;
    this.differ(step.line, `reading of ${step.device} ${step.quantity}`, step.outcome, outcome);
  }

  mark(atMs: number): void {
    this.#windows.passTime(atMs);
    this.#windows.tick();
  }

  expect(step: ExpectStep): void {
    this.#windows.tick();
    if (step.what === 'events') {
      const events = this.#windows.takeEvents();
      this.compareList(
        step,
        events.map(({ kind, of, atMs, change }) => [kind, of, clockText(atMs, step.zone), change]),
      );
      return;
    }
    const starts = step.rows.map((row) => instantOf(row.cells[0]!.split(' '), step.zone, row.line));
    const rolling = step.columns[0] === 'end';
    const windows = this.#windows.windows(step, Math.min(...starts) - 1, Math.max(...starts) + 32 * 24 * HOUR_MS);
    for (const [at, row] of step.rows.entries()) {
      const found = windows.find((window) => (rolling ? window.endMs : window.startMs) === starts[at]);
      this.compare(
        step,
        row,
        found && new Map<string, Found>(Object.entries({ ...found, ...spoken(found, step.zone) })),
      );
    }
  }
}

class CityRun extends Run {
  readonly #city: CityUnderTest;

  constructor(city: CityUnderTest) {
    super();
    this.#city = city;
  }

  take(step: ReadingStep): void {
    this.passTime(step.receivedMs);
    this.#city.take(step);
  }

  mark(atMs: number): void {
    this.#city.mark(atMs);
  }

  expect(step: ExpectStep): void {
    this.#city.mark(this.receivedMs);
    if (step.what === 'quarantine') {
      const found = this.#city.quarantined().map(({ device, reason, count }) => [device, reason, String(count)]);
      this.compareList(step, found);
      return;
    }
    for (const row of step.rows) {
      const startMs = instantOf(row.cells[0]!.split(' '), step.zone, row.line);
      const found = this.#city.kpi(step.of[0], step.of[1], startMs);
      const parts = found && { ...found, parts: `${found.validCount}/${found.expectedCount}` };
      this.compare(
        step,
        row,
        found && new Map<string, Found>(Object.entries({ ...parts, ...spoken(found, step.zone) })),
      );
    }
  }
}

type Found = string | number | boolean | null;

/** What operators read otherwise than the program holds it. */
function spoken(
  found: { readonly endMs: number; readonly validParts?: number; readonly expectedParts?: number },
  zone: string,
): Record<string, string> {
  const parts = found.validParts === undefined ? {} : { parts: `${found.validParts}/${found.expectedParts}` };
  return { end: clockText(found.endMs, zone), ...parts };
}

/**
 * `nothing` is null, `yes` and `no` are flags, `50%` is a ratio. A number with three decimals or more, and a percentage
 * with a decimal, is taken as rounded there; any other number must be met.
 */
function fits(want: string, got: Found): boolean {
  if (want === 'nothing') return got === null;
  if (want === 'yes' || want === 'no') return got === (want === 'yes');
  const [, number, decimals = '', percent] = /^(-?\d+(?:\.(\d+))?)(%?)$/.exec(want) ?? [];
  if (number === undefined || typeof got !== 'number') return got === want;
  const rounded = percent === '%' ? decimals.length > 0 : decimals.length > 2;
  const tolerance = rounded ? 0.500001 * 10 ** -decimals.length : 1e-9 * Math.max(1, Math.abs(Number(number)));
  return Math.abs((percent === '%' ? 100 * got : got) - Number(number)) <= tolerance;
}

function textOf(value: Found): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value === null ? 'nothing' : String(value);
}
