import { dirname } from 'node:path';
import { OperatingError } from '../../src/base/index.ts';
import { conversionBetween, unitCode } from '../../src/model/index.ts';
import { findRecording, loadMapping, type Mapping } from '../replay/index.ts';
import { type AggregateAnswer, Api, type KpiAnswer } from './api.ts';
import { addDifference, agrees, type ColumnResult, decimalsOf, emptyResult, type RegisterRow } from './compare.ts';
import { type ExpectedFile, readExpected, seriesFinder } from './expected.ts';
import { compareHeadlines } from './headlines.ts';
import { compareMeanFlows } from './mean-flows.ts';
import { compareNetworks, isNetworkFile } from './networks.ts';
import { RegisterExplainer } from './register-explanation.ts';
import type { ColumnRule, ExpectedRow, FileSpec, Source } from './spec-kinds.ts';
import { type RecordedSeries, type RepeatedStamp, type Survey, surveyRecording } from './survey.ts';
import { type KeyWindow, keyWindow, questionRanges } from './windows.ts';

/** A running product that has taken in the whole recording, and the recording. */
export interface VerifyOptions {
  /** Folder with the data and `expected/`. */
  readonly folder: string;
  /** `http://host:port` of the product. */
  readonly httpUrl: string;
  readonly mapping?: string;
  /** Called for each file before it is compared. */
  readonly onFile?: (name: string) => void;
}

export interface VerifyReport {
  readonly columns: readonly ColumnResult[];
  /** Columns and whole files that no window of the product speaks of: `daily_mean.csv: slots`. */
  readonly notCovered: readonly string[];
  readonly compared: number;
  readonly different: number;
  /** SHA-256 over every answer: equal for runs whose results are equal bit for bit. */
  readonly digest: string;
}

/**
 * Compares everything in `expected/` with what the product answers.
 *
 * @throws OperatingError `expected_missing`, `expected_invalid`, `api_failed`, and those of reading the recording
 */
export async function verifyRecording(options: VerifyOptions): Promise<VerifyReport> {
  const place = findRecording(options.folder);
  const { mapping } = loadMapping(place, options.mapping);
  const survey = await surveyRecording(place, mapping);
  const api = new Api(options.httpUrl);
  const files = readExpected(dirname(place.file));
  const columns: ColumnResult[] = [];
  const explainer = new RegisterExplainer(survey.registers, mapping);
  for (const file of files) {
    options.onFile?.(file.name);
    columns.push(...(await compareFile(file, survey, mapping, api, explainer)));
  }
  columns.push(...(await compareNetworks(files, survey, mapping, api)));
  columns.push(...(await compareHeadlines(mapping.recording ?? place.name, survey, mapping, api)));
  columns.push(...(await compareMeanFlows(mapping.recording ?? place.name, survey, mapping, api)));
  const notCovered = files.flatMap((file) => notCoveredOf(file, survey));
  return verifyReport(columns, notCovered, api);
}

/** What a comparison comes to, once everything has been asked. */
export function verifyReport(columns: readonly ColumnResult[], notCovered: readonly string[], api: Api): VerifyReport {
  return {
    columns,
    notCovered,
    compared: columns.reduce((sum, column) => sum + column.compared, 0),
    different: columns.reduce((sum, column) => sum + column.different, 0),
    digest: api.digest(),
  };
}

const NAMING_COLUMNS = new Set(['device', 'quantity', 'unit']);

function notCoveredOf(file: ExpectedFile, survey: Survey): string[] {
  if (isNetworkFile(file.name)) return [];
  if (file.spec === undefined) return [`${file.name}: whole file`];
  const { key, sources } = file.spec;
  const columns = file.header.filter((column) => column !== key && !NAMING_COLUMNS.has(column));
  const find = seriesFinder(file.spec, survey.series);
  const left = columns.flatMap((column) => {
    const saying = sources.filter((source) => source.columns.some((rule) => rule.column === column));
    if (saying.length === 0) return [column];
    const quantities = saying.map((source) => (source.kind === 'kpi' ? source.quantity : undefined));
    if (quantities.includes(undefined)) return [];
    const rows = file.rows.filter((row) => row[column] !== '' && !quantities.includes(find(row)?.quantity));
    return [...new Set(rows.map((row) => `${column} of ${find(row)?.recordedQuantity}`))];
  });
  return left.length === 0 ? [] : [`${file.name}: ${left.join(', ')}`];
}

/** A row with the series and window that it speaks of. */
interface Placed {
  readonly row: ExpectedRow;
  readonly series: RecordedSeries;
  readonly window: KeyWindow;
  /** Columns that cannot be compared in this row. */
  readonly skipped: ReadonlySet<string>;
}

const NOTHING_SKIPPED: ReadonlySet<string> = new Set();
const CONTRADICTED: ReadonlySet<string> = new Set(['mean', 'min', 'max']);

/**
 * What a row of a file that counts repeated stamps would say without them. Where a repetition contradicts the first
 * value, only the count is certain.
 */
function withoutRepeats(
  row: ExpectedRow,
  window: KeyWindow,
  repeats: readonly RepeatedStamp[],
): Pick<Placed, 'row' | 'skipped'> {
  const inside = repeats.filter(({ timeMs }) => timeMs >= window.startMs && timeMs < window.endMs);
  if (inside.length === 0) return { row, skipped: NOTHING_SKIPPED };
  const count = Number(row.n) - inside.length;
  const sum = Number(row.n) * Number(row.mean) - inside.reduce((total, { value }) => total + value, 0);
  return {
    row: { ...row, n: String(count), mean: (sum / count).toFixed(6) },
    skipped: inside.every(({ isSame }) => isSame) ? NOTHING_SKIPPED : CONTRADICTED,
  };
}

/** What a source answered for one series: by start of the window. */
export interface SeriesAnswers {
  /** UCUM code of `value`, `min`, `max`, `first`, `last`. */
  readonly unit: string;
  readonly rows: ReadonlyMap<number, AggregateAnswer | KpiAnswer>;
}

async function compareFile(
  file: ExpectedFile,
  survey: Survey,
  mapping: Mapping,
  api: Api,
  explainer: RegisterExplainer,
): Promise<ColumnResult[]> {
  const { spec } = file;
  if (spec === undefined) return [];
  const results: ColumnResult[] = [];
  for (const source of spec.sources) {
    const zone = source.kind === 'aggregate' && source.tz === 'UTC' ? 'UTC' : mapping.calendar;
    const placed = placeRows(file, spec, source, zone, survey);
    if (placed.length === 0) continue;
    const answers = new Map<RecordedSeries, SeriesAnswers>();
    for (const [one, rows] of Map.groupBy(placed, (row) => row.series)) {
      answers.set(
        one,
        await ask(
          api,
          source,
          one,
          zone,
          rows.map((row) => row.window),
        ),
      );
    }
    results.push(...compareSource(file, spec, source, placed, answers, explainer));
  }
  return results;
}

function placeRows(file: ExpectedFile, spec: FileSpec, source: Source, zone: string, survey: Survey): Placed[] {
  const find = seriesFinder(spec, survey.series);
  const quantity = source.kind === 'kpi' ? source.quantity : undefined;
  return file.rows.flatMap((row, index) => {
    const one = find(row);
    if (one !== undefined && quantity !== undefined && one.quantity !== quantity) return [];
    const window = keyWindow(row[spec.key] ?? '', source.window, zone);
    if (one !== undefined && window !== undefined) {
      const repeats = spec.countsRepeats === true ? (survey.repeats.get(one) ?? []) : [];
      return [{ ...withoutRepeats(row, window, repeats), series: one, window }];
    }
    const what =
      one === undefined ? 'names no series of the recording' : `has an unreadable ${spec.key} "${row[spec.key]}"`;
    throw new OperatingError('expected_invalid', `cannot verify expected/${file.name}: row ${index + 2} ${what}`);
  });
}

async function ask(
  api: Api,
  source: Source,
  series: RecordedSeries,
  zone: string,
  windows: readonly KeyWindow[],
): Promise<SeriesAnswers> {
  const rows = new Map<number, AggregateAnswer | KpiAnswer>();
  let unit = '';
  for (const range of questionRanges(windows)) {
    // One window more: the last reading before a window is needed for what crossed its boundary.
    const fromMs = range.fromMs - ((windows[0]?.endMs ?? 0) - (windows[0]?.startMs ?? 0));
    const { toMs } = range;
    const answer =
      source.kind === 'kpi'
        ? await askKpi(api, source, series, fromMs, toMs)
        : await api.aggregates({
            device: series.device,
            quantity: series.quantity,
            channel: series.channel,
            window: source.window,
            of: source.of,
            tz: zone,
            fromMs,
            toMs,
            ...(source.method === undefined ? {} : { method: source.method }),
            percentiles: source.percentiles === true,
            ...(source.stats === undefined ? {} : { stats: source.stats }),
          });
    unit = answer.unit;
    for (const row of answer.rows) rows.set(row.start, row);
  }
  return { unit, rows };
}

/** Values of a KPI, each with those of its days where the source asks for them; of a KPI of a day its days alone. */
async function askKpi(
  api: Api,
  source: Source & { readonly kind: 'kpi' },
  { device }: RecordedSeries,
  fromMs: number,
  toMs: number,
): Promise<{ readonly unit: string; readonly rows: readonly KpiAnswer[] }> {
  const zone = `device:${device}`;
  const answer = await api.kpi(source.kpi, zone, source.window, fromMs, toMs);
  if (source.days === undefined) return answer;
  const days = await api.kpi(source.days, zone, 'day', fromMs, toMs);
  const rows = answer.rows.map((row) => ({
    ...row,
    days: days.rows.filter(({ start }) => start >= row.start && start < row.end),
  }));
  return { ...answer, rows };
}

/** Pure: holds the rows of one file against the answers to one source. */
export function compareSource(
  file: ExpectedFile,
  spec: FileSpec,
  source: Source,
  placed: readonly Placed[],
  answers: ReadonlyMap<RecordedSeries, SeriesAnswers>,
  explainer: RegisterExplainer,
): ColumnResult[] {
  const name = source.kind === 'kpi' ? `kpi ${source.kpi}` : `${source.window} of ${source.of}`;
  const rules = (source.columns as readonly ColumnRule<AggregateAnswer | KpiAnswer>[]).filter((rule) =>
    file.header.includes(rule.column),
  );
  const before = new Map([...answers].map(([series, { rows }]) => [series, previousFinder(rows)]));
  return rules.map((rule) => {
    const result = emptyResult(file.name, rule.column, rule.from ?? name);
    const decimals = decimalsOf(file.rows.map((row) => row[rule.column] ?? ''));
    for (const { row, series, window, skipped } of placed) {
      if (rule.rows?.(row) === false) continue;
      if (skipped.has(rule.column)) {
        result.notCovered++;
        continue;
      }
      const found = answers.get(series);
      const answer = found?.rows.get(window.startMs);
      const previous = before.get(series)?.(window.startMs);
      compareRow({
        result,
        rule,
        spec,
        row,
        series,
        window,
        explainer,
        answer,
        previous,
        unit: found?.unit ?? '',
        decimals,
      });
    }
    return result;
  });
}

/** The newest answer before a window that was made of anything. */
function previousFinder(rows: SeriesAnswers['rows']): (startMs: number) => AggregateAnswer | KpiAnswer | undefined {
  const starts = [...rows.keys()].sort((a, b) => a - b);
  const previous = new Map<number, AggregateAnswer | KpiAnswer | undefined>();
  let last: AggregateAnswer | KpiAnswer | undefined;
  for (const startMs of starts) {
    previous.set(startMs, last);
    const row = rows.get(startMs);
    if (row !== undefined && ('count' in row ? Number(row.count) > 0 : row.value !== null)) last = row;
  }
  return (startMs) => previous.get(startMs);
}

interface RowComparison {
  readonly result: ColumnResult;
  readonly rule: ColumnRule<AggregateAnswer | KpiAnswer>;
  readonly spec: FileSpec;
  readonly row: ExpectedRow;
  readonly series: RecordedSeries;
  readonly window: KeyWindow;
  readonly explainer: RegisterExplainer;
  readonly answer: AggregateAnswer | KpiAnswer | undefined;
  readonly previous: AggregateAnswer | KpiAnswer | undefined;
  readonly unit: string;
  readonly decimals: number;
}

function compareRow(comparison: RowComparison): void {
  const { result, rule, spec, row, series, answer, previous, unit, decimals } = comparison;
  const want = rule.want?.(row) ?? row[rule.column] ?? '';
  if (answer !== undefined && rule.when !== undefined && !rule.when(row, answer)) {
    result.notCovered++;
    return;
  }
  result.compared++;
  const got = answer === undefined ? undefined : toRecordedUnit(rule.pick(answer, previous), rule.unit, unit, series);
  // Where nothing valid was recorded the product need not know the window: no row, no value, count 0 and invalid are one.
  const isNothing =
    answer === undefined && Number(row[spec.count] ?? Number.NaN) === 0 && (want === '' || Number(want) === 0);
  if (isNothing || agrees(want, got, rule.comparison, decimals)) return;
  if (answer === undefined && rule.absent !== undefined && agrees(want, rule.absent, rule.comparison, decimals)) return;
  const reason = answer === undefined || typeof got !== 'number' ? undefined : rule.byRule?.(answer, Number(want), got);
  if (reason !== undefined) {
    result.ruled.push({ row: nameOf(comparison), ours: Number(got), want, reason });
    return;
  }
  const explained = rule.isNaiveSum === true && typeof got === 'number' ? explainRow(comparison, got) : undefined;
  if (explained !== undefined) {
    result.explained.push(explained);
    return;
  }
  const said = answer === undefined ? 'no answer' : JSON.stringify({ ...answer, days: undefined });
  addDifference(result, { row: nameOf(comparison), want, got, answer: said });
}

function nameOf({ series, row, spec }: RowComparison): string {
  return `${series.recordedDevice} ${series.recordedQuantity} ${row[spec.key]}`;
}

/** @returns undefined when the rules for registers do not lead from the naive sums to the product's number */
function explainRow(comparison: RowComparison, got: number): RegisterRow | undefined {
  const { explainer, series, window, row, rule, spec, decimals } = comparison;
  const explanation = explainer.explain(series, window);
  if (explanation === undefined || explanation.reason === '') return undefined;
  const { increase, sumOfDifferences, sumOfRises, reason } = explanation;
  const [sumDelta, sumPos] = [row.sum_delta ?? '', row.sum_pos ?? ''];
  const isSum = agrees(
    rule.column === 'sum_pos' ? sumPos : sumDelta,
    rule.column === 'sum_pos' ? sumOfRises : sumOfDifferences,
    'rounded',
    decimals,
  );
  if (!isSum || !agrees(String(increase), got, 'rounded', decimals)) return undefined;
  return { device: series.recordedDevice, key: row[spec.key] ?? '', ours: got, sumDelta, sumPos, reason };
}

function toRecordedUnit(
  value: number | boolean | null | undefined,
  wanted: ColumnRule<never>['unit'],
  unit: string,
  series: RecordedSeries,
): number | boolean | null | undefined {
  if (typeof value !== 'number' || wanted === undefined || wanted === 'none') return value;
  const target = unitCode(wanted === 'recorded' ? series.unit : wanted.ucum);
  const conversion = target === undefined ? undefined : conversionBetween(target, unit, series.quantity);
  if (conversion === undefined) {
    throw new OperatingError(
      'api_failed',
      `cannot compare ${series.device} ${series.quantity}: the answer is in "${unit}", the recording in "${series.unit}"`,
    );
  }
  return (value - conversion.offset) / conversion.factor;
}
