import { DAY_MS } from '../../src/base/index.ts';
import type { Mapping } from '../replay/index.ts';
import type { AggregateAnswer, Api } from './api.ts';
import { addDifference, agrees, type ColumnResult, decimalsOf, emptyResult } from './compare.ts';
import type { ExpectedFile } from './expected.ts';
import type { ExpectedRow } from './spec-kinds.ts';
import type { RecordedSeries, Survey } from './survey.ts';
import { type KeyWindow, keyWindow } from './windows.ts';

/*
 * Files of a whole network of stations (`network_pm25_month.csv`, `network_pm25_seasonal_year.csv`): means of all hours of
 * all its sites, and of the means of its sites. A seasonal year runs from March to February.
 */

const FILE_NAME = /^network_pm25_(month|seasonal_year)\.csv$/;
const YEAR_KEY = 'seasonal_year_Mar_Feb';
const QUANTITY = 'pm2_5';

export function isNetworkFile(name: string): boolean {
  return FILE_NAME.test(name);
}

/** Hours of a site in some months taken together. */
interface SiteMean {
  readonly hours: number;
  readonly sum: number;
}

/** Compares the files of a network, if there are any. @throws OperatingError `api_failed` */
export async function compareNetworks(
  files: readonly ExpectedFile[],
  survey: Survey,
  mapping: Mapping,
  api: Api,
): Promise<ColumnResult[]> {
  const networks = files.filter(({ name }) => isNetworkFile(name));
  if (networks.length === 0) return [];
  const left = leftOut(networks);
  const sites = survey.series.filter(
    ({ quantity, recordedDevice }) => quantity === QUANTITY && !left.some((site) => recordedDevice.endsWith(site)),
  );
  const months = new Map<RecordedSeries, readonly AggregateAnswer[]>();
  for (const site of sites) months.set(site, await monthsOf(site, survey, mapping, api));
  const results = networks.flatMap((file) => compareNetwork(file, [...months.values()], mapping));
  for (const file of networks) results.push(...(await compareRolling(file, sites, mapping, api)));
  return results;
}

/** Sites that the network is without: `11 (all but A, B)`. */
function leftOut(files: readonly ExpectedFile[]): readonly string[] {
  const texts = files.flatMap(({ rows }) => rows.map((row) => /\(all but ([^)]+)\)/.exec(row.sites ?? '')?.[1] ?? ''));
  return [...new Set(texts.flatMap((text) => text.split(/,\s*/)).filter((site) => site !== ''))];
}

async function monthsOf(
  { device, quantity, channel }: RecordedSeries,
  survey: Survey,
  { calendar }: Mapping,
  api: Api,
): Promise<readonly AggregateAnswer[]> {
  const range = { fromMs: survey.oldestMs - 31 * DAY_MS, toMs: survey.newestMs + 31 * DAY_MS };
  const question = { device, quantity, channel, window: 'month', of: 'hours', tz: calendar, ...range } as const;
  return (await api.aggregates(question)).rows;
}

function spanOf(row: ExpectedRow, zone: string): KeyWindow | undefined {
  const year = Number(row[YEAR_KEY]);
  if (row.month !== undefined) return keyWindow(row.month, 'month', zone);
  const from = keyWindow(`${year}-03`, 'month', zone);
  const to = keyWindow(`${year + 1}-02`, 'month', zone);
  return from === undefined || to === undefined ? undefined : { startMs: from.startMs, endMs: to.endMs };
}

/** Pure: means of months of sites put together as the file has them. */
function compareNetwork(
  file: ExpectedFile,
  sites: readonly (readonly AggregateAnswer[])[],
  { calendar }: Mapping,
): ColumnResult[] {
  const columns: readonly [column: string, pick: (means: readonly SiteMean[]) => number][] = [
    ['n', (means) => total(means.map(({ hours }) => hours))],
    ['pooled_mean', (means) => total(means.map(({ sum }) => sum)) / total(means.map(({ hours }) => hours))],
    ['mean_of_site_means', (means) => total(means.map(({ sum, hours }) => sum / hours)) / means.length],
  ];
  return columns.flatMap(([column, pick]) => {
    if (!file.header.includes(column)) return [];
    const result = emptyResult(file.name, column, 'month of hours, of all sites');
    for (const row of file.rows) {
      const span = spanOf(row, calendar);
      const means = span === undefined ? [] : sites.flatMap((months) => siteMean(months, span));
      hold(result, file, row, pick(means));
    }
    return [result];
  });
}

/** The seasonal years against the KPI of the last 365 days, where all sites have it for that year. */
async function compareRolling(
  file: ExpectedFile,
  sites: readonly RecordedSeries[],
  { calendar }: Mapping,
  api: Api,
): Promise<ColumnResult[]> {
  if (!file.header.includes('mean_of_site_means')) return [];
  const result = emptyResult(file.name, 'mean_of_site_means', 'kpi air-pm2-5-365d');
  for (const row of file.rows) {
    const span = spanOf(row, calendar);
    const values: number[] = [];
    for (const { device } of span === undefined ? [] : sites) {
      const { startMs, endMs } = span!;
      const { rows } = await api.kpi('air-pm2-5-365d', `device:${device}`, 'rolling-365d', startMs, startMs + DAY_MS);
      const found = rows.find(({ start, end }) => start === startMs && end === endMs)?.value ?? null;
      if (found !== null) values.push(found);
    }
    if (values.length < sites.length) result.notCovered++;
    else hold(result, file, row, total(values) / values.length);
  }
  return [result];
}

function siteMean(months: readonly AggregateAnswer[], { startMs, endMs }: KeyWindow): SiteMean[] {
  const inside = months.filter(({ start, value }) => start >= startMs && start < endMs && value !== null);
  const hours = total(inside.map(({ validParts }) => validParts));
  return hours === 0 ? [] : [{ hours, sum: total(inside.map(({ value, validParts }) => (value ?? 0) * validParts)) }];
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function hold(result: ColumnResult, file: ExpectedFile, row: ExpectedRow, got: number): void {
  const want = row[result.column] ?? '';
  const decimals = decimalsOf(file.rows.map((one) => one[result.column] ?? ''));
  result.compared++;
  if (agrees(want, got, result.column === 'n' ? 'count' : 'rounded', decimals)) return;
  addDifference(result, { row: `network ${row.month ?? row[YEAR_KEY] ?? ''}`, want, got, answer: '' });
}
