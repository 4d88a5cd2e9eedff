import * as z from 'zod';
import { localDay } from '../base/index.ts';
import {
  CITY_FACTS,
  type CityFact,
  type CityFactId,
  type CityFactInfo,
  DATA_QUALITIES,
  type DataQuality,
  type FactHistories,
  factAt,
  PARTS_OF_FACTS,
} from '../model/index.ts';

/** A value of a fact as city.yaml says it. */
export interface FactLine {
  /** Local date from which on it is in force; absent when it always was. */
  readonly from?: string;
  readonly value: number;
  readonly source?: string;
  readonly quality?: DataQuality;
}

/** What city.yaml says of one fact: a number, or its values by date. */
export type FactEntry = number | readonly FactLine[];

export type FactEntries = Readonly<Partial<Record<CityFactId, FactEntry>>>;

/** A number whose origin nobody told cannot be traced (U4SSC Verification Manual 2022, p. 163). */
const UNTOLD: DataQuality = 'Unknown methodology, not traceable';

const LINE_KEYS = ['from', 'value', 'source', 'quality'];

/** `facts` of the city or a zone: only known ids, values in their range, dates that ascend. */
export const factsSchema = z
  .custom<FactEntries>(isMap, {
    error: (issue) => `facts is ${JSON.stringify(issue.input)}; write a map of fact: value`,
  })
  .transform((raw, context): FactEntries => {
    const entries: Partial<Record<CityFactId, FactEntry>> = {};
    for (const [id, said] of Object.entries(raw)) {
      const info = CITY_FACTS.get(id as CityFactId);
      const problems = info === undefined || id === 'population' ? [unknownFact(id)] : problemsOf(info, said);
      for (const message of problems) context.addIssue({ code: 'custom', message, path: [id] });
      entries[id as CityFactId] = said as FactEntry;
    }
    return entries;
  })
  .prefault({});

/** People: a whole number, or such numbers by date. */
export const populationSchema = z
  .custom<FactEntry>(() => true)
  .transform((said, context): FactEntry => {
    const problems = problemsOf(CITY_FACTS.get('population')!, said);
    for (const message of problems) context.addIssue({ code: 'custom', message });
    return said;
  });

function unknownFact(id: string): string {
  if (id === 'population') return 'population is no entry of facts; write it as a key of the city or zone itself';
  return `"${id}" is no city fact; allowed are ${[...CITY_FACTS.keys()].filter((known) => known !== 'population').join(', ')}`;
}

function problemsOf(info: CityFactInfo, said: unknown): string[] {
  if (typeof said === 'number') return valueProblems(info, said);
  if (!Array.isArray(said) || said.length === 0) {
    return [
      `${info.id} is ${JSON.stringify(said)}; write a number, or a list of {from: 2025-01-01, value: …, source: …, quality: …}`,
    ];
  }
  const problems = said.flatMap((line: unknown) => lineProblems(info, line));
  return problems.length > 0 ? problems : orderProblems(info, said as readonly FactLine[]);
}

function lineProblems(info: CityFactInfo, line: unknown): string[] {
  if (!isMap(line)) {
    return [
      `${info.id} has the entry ${JSON.stringify(line)}; write {from: 2025-01-01, value: …, source: …, quality: …}`,
    ];
  }
  const { from, value, source, quality } = line;
  const problems = Object.keys(line)
    .filter((key) => !LINE_KEYS.includes(key))
    .map((key) => `${info.id} has the unknown key "${key}"; allowed are ${LINE_KEYS.join(', ')}`);
  problems.push(...valueProblems(info, value));
  if (from !== undefined && !isDate(from)) {
    problems.push(`${info.id} has from ${JSON.stringify(from)}; write a date such as 2025-01-01`);
  }
  if (source !== undefined && (typeof source !== 'string' || source.length > 500)) {
    problems.push(`${info.id} has source ${JSON.stringify(source)}; write a text of at most 500 characters`);
  }
  if (quality !== undefined && !DATA_QUALITIES.includes(quality as DataQuality)) {
    problems.push(`${info.id} has quality ${JSON.stringify(quality)}; allowed are ${quoted(DATA_QUALITIES)}`);
  }
  return problems;
}

function valueProblems({ id, min, max, unit }: CityFactInfo, value: unknown): string[] {
  const isWhole = id !== 'population' || Number.isInteger(value);
  if (typeof value === 'number' && isWhole && value >= min && value <= max) return [];
  const kind = id === 'population' ? 'a whole number' : 'a number';
  return [`${id} has the value ${JSON.stringify(value)}; allowed is ${kind} from ${min} to ${max} (${unit})`];
}

/** Only the first value may be without a date, and no date may come twice or before an earlier line's. */
function orderProblems({ id }: CityFactInfo, lines: readonly FactLine[]): string[] {
  return lines.flatMap((line, index) => {
    const before = lines[index - 1];
    if (before === undefined || (line.from !== undefined && line.from > (before.from ?? ''))) return [];
    return [
      `${id} has from ${line.from ?? 'nothing'} after ${before.from ?? 'nothing'}; dates must ascend, and only the first line may have none`,
    ];
  });
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Whether a text is a date of the calendar, such as 2025-01-31. */
export function isDate(text: unknown): boolean {
  if (typeof text !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  try {
    Temporal.PlainDate.from(text, { overflow: 'reject' });
    return true;
  } catch {
    return false;
  }
}

/** The values of a fact with the instants from which on they are in force: the starts of local days. */
export function factHistory(entry: FactEntry, timeZone: string): readonly CityFact[] {
  const lines: readonly FactLine[] = typeof entry === 'number' ? [{ value: entry }] : entry;
  return lines.map(({ from, value, source, quality }) => ({
    value,
    fromMs: from === undefined ? Number.NEGATIVE_INFINITY : localDay(timeZone, from).startMs,
    source: source ?? '',
    quality: quality ?? UNTOLD,
  }));
}

/** The number of a fact that is in force at an instant, ms UTC; null before the first one. */
export function factValueAt(entry: FactEntry, timeZone: string, atMs: number): number | null {
  return factAt(factHistory(entry, timeZone), atMs)?.value ?? null;
}

/** An area with the facts that it was told. */
interface Told {
  readonly population?: FactEntry | undefined;
  readonly areaKm2?: number | undefined;
  readonly facts: FactEntries;
}

/** Everything that the city, or a zone, was told, its people and its area included. */
export function factHistories(told: Told, timeZone: string): FactHistories {
  const { population, areaKm2, facts } = told;
  const entries = {
    ...(population === undefined ? {} : { population }),
    ...(areaKm2 === undefined ? {} : { areaKm2 }),
    ...facts,
  };
  return new Map(
    Object.entries(entries).map(([id, entry]) => [id as CityFactId, factHistory(entry as FactEntry, timeZone)]),
  );
}

/** Relations between the facts of one area; each problem names both facts and both values. */
export function checkFacts(area: string, told: Told, timeZone: string): string[] {
  if (told.areaKm2 !== undefined && told.facts.areaKm2 !== undefined) {
    return [`${area}: areaKm2 stands twice (${told.areaKm2}, and in facts); write it once`];
  }
  let histories: FactHistories;
  try {
    histories = factHistories(told, timeZone);
  } catch (error) {
    // A date that the zone skipped (Samoa had no 2011-12-30).
    return [`${area}: ${(error as Error).message}; write another date`];
  }
  const instantsMs = [...histories.values()].flatMap((history) => history.map(({ fromMs }) => fromMs));
  return PARTS_OF_FACTS.flatMap(([part, whole]) => {
    const wrong = instantsMs
      .map((atMs) => [factAt(histories.get(part), atMs)?.value, factAt(histories.get(whole), atMs)?.value] as const)
      .find(([some, all]) => some !== undefined && all !== undefined && some > all);
    return wrong === undefined ? [] : [`${area}: ${part} (${wrong[0]}) must not exceed ${whole} (${wrong[1]})`];
  });
}

/** Texts as a message names what is allowed. */
export function quoted(texts: readonly string[]): string {
  return texts.map((text) => `"${text}"`).join(', ');
}
