import { parseDuration } from '../../../src/base/index.ts';

/** A scenario that cannot be read, with its line. */
export class ScriptError extends Error {
  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
  }
}

export interface ReadingStep {
  readonly kind: 'reading';
  readonly line: number;
  readonly device: string;
  readonly quantity: string;
  readonly everyMs: number;
  readonly timeMs: number;
  readonly receivedMs: number;
  /** NaN: delivered without a value. */
  readonly value: number;
  /** What is to become of it; undefined where the scenario does not say. */
  readonly outcome: string | undefined;
}

/** One table of expectations. */
export interface ExpectStep {
  readonly kind: 'expect';
  readonly line: number;
  /** `hour`, `day`, `rolling-8h`, ...; `kpi`, `events`, `quarantine`. */
  readonly what: string;
  /** Device and quantity; KPI and zone. */
  readonly of: readonly [string, string];
  readonly parts: 'readings' | 'hours' | 'days';
  readonly method: 'interpolated' | 'end';
  readonly zone: string;
  readonly columns: readonly string[];
  readonly rows: readonly ExpectedLine[];
}

export interface ExpectedLine {
  readonly line: number;
  /** Texts by column. */
  readonly cells: readonly string[];
}

export type Step = ReadingStep | ExpectStep | { readonly kind: 'now'; readonly line: number; readonly atMs: number };

export interface Script {
  readonly zone: string;
  /** `clock`, `lateness`, `horizon`, `rate`. */
  readonly settings: ReadonlyMap<string, string>;
  /** YAML of a city.yaml; undefined where windows alone are looked at. */
  readonly city: string | undefined;
  readonly steps: readonly Step[];
}

interface Line {
  readonly number: number;
  readonly text: string;
}

interface Block extends Line {
  readonly rows: readonly Line[];
}

/** Reads a scenario; the form is described in tests/scenario/README.md. @throws ScriptError */
export function parseScript(text: string): Script {
  const settings = new Map<string, string>();
  const steps: Step[] = [];
  let zone = 'UTC';
  let city: string | undefined;
  for (const block of blocksOf(text)) {
    const [word = '', ...rest] = block.text.split(/\s+/);
    if (word === 'zone') zone = rest[0] ?? 'UTC';
    else if (word === 'city') city = block.rows.map((row) => row.text).join('\n');
    else if (['clock', 'lateness', 'horizon', 'rate'].includes(word)) settings.set(word, rest.join(' '));
    else if (word === 'now') steps.push({ kind: 'now', line: block.number, atMs: instantOf(rest, zone, block.number) });
    else if (word === 'readings') steps.push(...readingsOf(block, zone));
    else if (word === 'expect') steps.push(expectationOf(block, zone));
    else throw new ScriptError(block.number, `"${word}" is no command`);
  }
  return { zone, settings, city, steps };
}

function blocksOf(text: string): Block[] {
  const blocks: { number: number; text: string; rows: Line[] }[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/(^|\s)#.*$/, '').trimEnd();
    if (line === '') continue;
    const last = blocks.at(-1);
    if (!/^\s/.test(line)) blocks.push({ number: index + 1, text: line, rows: [] });
    else if (last === undefined) throw new ScriptError(index + 1, 'a row without a command above it');
    else last.rows.push({ number: index + 1, text: last.text === 'city' ? line : line.trim() });
  }
  return blocks;
}

/** `readings of <device> <quantity> every <duration>[, clock <duration> fast][, received <date> <time>]` */
function readingsOf(block: Block, zone: string): ReadingStep[] {
  const form =
    /^readings of (\S+) (\S+) every (\w+)(?:, clock (\w+) fast)?(?:, received (\S+ \S+))?$/.exec(block.text) ??
    undefined;
  const everyMs = parseDuration(form?.[3] ?? '');
  if (form === undefined || everyMs === undefined) {
    throw new ScriptError(block.number, '"readings of DEVICE QUANTITY every DURATION" is expected');
  }
  const fastMs = parseDuration(form[4] ?? '0s') ?? 0;
  const receivedMs = form[5] === undefined ? undefined : instantOf(form[5].split(' '), zone, block.number);
  const series = { device: form[1]!, quantity: form[2]!, everyMs };
  return block.rows.flatMap((row) => {
    const [text, outcome] = row.text.split('->').map((part) => part.trim());
    const [date = '', time = '', ...values] = text!.split(/\s+/);
    const startMs = instantOf([date, time], zone, row.number);
    return valuesOf(values, row.number).flatMap((value, index) => {
      if (value === undefined) return [];
      const timeMs = startMs + index * everyMs;
      const step = { kind: 'reading', line: row.number, ...series, timeMs, value, outcome } as const;
      return [{ ...step, receivedMs: receivedMs ?? timeMs - fastMs }];
    });
  });
}

/** `5`, `bad`, `-` (none); `5*12`: twelve times 5; `100+2*12`: twelve from 100, each 2 more. */
function valuesOf(words: readonly string[], line: number): (number | undefined)[] {
  return words.flatMap((word) => {
    const form = /^(-|bad|-?\d+(?:\.\d+)?)(?:\+(\d+(?:\.\d+)?))?(?:\*(\d+))?$/.exec(word);
    if (form === null) throw new ScriptError(line, `"${word}" is no value`);
    const [, first = '', step = '0', times = '1'] = form;
    return Array.from({ length: Number(times) }, (_, index) => {
      if (first === '-') return undefined;
      return first === 'bad' ? Number.NaN : tidy(Number(first) + index * Number(step));
    });
  });
}

/** Keeps 100.1 + 2 * 0.1 from being 100.30000000000001: a scenario means its decimals. */
function tidy(value: number): number {
  return Number(value.toFixed(9));
}

/** `expect <window> of <device> <quantity>[ from hours|days][ by end][ in <zone>]`, a line of columns, and rows. */
function expectationOf(block: Block, zone: string): ExpectStep {
  const form =
    /^expect (\S+)(?: of (\S+) (\S+))?(?: from (hours|days))?(?: by (end))?(?: in (\S+))?$/.exec(block.text) ??
    undefined;
  const [header, ...rows] = block.rows;
  if (form === undefined || header === undefined) {
    throw new ScriptError(block.number, '"expect WINDOW of DEVICE QUANTITY" with a line of columns is expected');
  }
  const columns = header.text.split(/\s{2,}/);
  return {
    kind: 'expect',
    line: block.number,
    what: form[1]!,
    of: [form[2] ?? '', form[3] ?? ''],
    parts: (form[4] ?? 'readings') as ExpectStep['parts'],
    method: (form[5] ?? 'interpolated') as ExpectStep['method'],
    zone: form[6] ?? zone,
    columns,
    rows: rows.map((row) => lineOf(row, columns)),
  };
}

function lineOf(row: Line, columns: readonly string[]): ExpectedLine {
  const cells = row.text.split(/\s{2,}/);
  if (cells.length === columns.length || cells[1] === 'no window') return { line: row.number, cells };
  throw new ScriptError(
    row.number,
    `${cells.length} cells stand under ${columns.length} columns; two spaces part them`,
  );
}

/** `2026-10-25 02:30`, or `2026-10-25 02:30+01:00` where the clock shows it twice. */
export function instantOf(words: readonly string[], zone: string, line: number): number {
  const [, date, time, offset] =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?)([+-]\d\d:\d\d)?$/.exec(words.join(' ')) ?? [];
  if (date === undefined) throw new ScriptError(line, `"${words.join(' ')}" is no date and time`);
  try {
    const local = Temporal.PlainDateTime.from(`${date}T${time}`);
    if (offset !== undefined) return local.toZonedDateTime(offset).epochMilliseconds;
    return local.toZonedDateTime(zone, { disambiguation: 'reject' }).epochMilliseconds;
  } catch {
    throw new ScriptError(
      line,
      `${date} ${time} is not one instant in ${zone}: skipped, or shown twice (write +hh:mm)`,
    );
  }
}

/** An instant as the clock of the zone shows it, with its offset where the clock shows it twice. */
export function clockText(timeMs: number, zone: string): string {
  const zoned = Temporal.Instant.fromEpochMilliseconds(timeMs).toZonedDateTimeISO(zone);
  const text = zoned.toPlainDateTime().toString({ smallestUnit: zoned.second === 0 ? 'minute' : 'second' });
  const isTwice =
    zoned.toPlainDateTime().toZonedDateTime(zone, { disambiguation: 'earlier' }).epochMilliseconds !==
    zoned.toPlainDateTime().toZonedDateTime(zone, { disambiguation: 'later' }).epochMilliseconds;
  return text.replace('T', ' ') + (isTwice ? zoned.offset : '');
}
