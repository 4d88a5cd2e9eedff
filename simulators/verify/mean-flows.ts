import { conversionBetween } from '../../src/model/index.ts';
import type { Mapping } from '../replay/index.ts';
import type { Api } from './api.ts';
import { addDifference, type ColumnResult, emptyResult } from './compare.ts';
import type { Survey } from './survey.ts';
import { keyWindow } from './windows.ts';

/** Mean flow of a meter over some years, as somebody published it. */
interface MeanFlow {
  readonly recording: string;
  readonly device: string;
  readonly years: readonly string[];
  readonly litresPerSecond: number;
}

const SOURCE = 'Battle of Water Demand Forecasting, table of district metered areas: mean hourly flow';
const YEARS = ['2021', '2022'];

/** The period of the table is not stated; these two years fit all of its ten areas. */
const MEAN_FLOWS: readonly MeanFlow[] = [
  ['DMA-1', 8.4],
  ['DMA-2', 9.6],
  ['DMA-3', 4.3],
  ['DMA-4', 32.9],
  ['DMA-5', 78.3],
].map(([device, litresPerSecond]) => ({
  ...{ recording: 'water-ferrara-dma', years: YEARS },
  ...{ device: device as string, litresPerSecond: litresPerSecond as number },
}));

/** Half of the last decimal that is printed. */
const ROUNDING = 0.05;

/** Holds published mean flows against the years of the API, each with the weight of its readings. @throws OperatingError `api_failed` */
export async function compareMeanFlows(
  recording: string,
  survey: Survey,
  mapping: Mapping,
  api: Api,
): Promise<ColumnResult[]> {
  const result = emptyResult('published', 'mean flow, l/s', 'year of readings');
  for (const flow of MEAN_FLOWS.filter((one) => one.recording === recording)) {
    const series = survey.series.find(
      ({ quantity, recordedDevice }) => quantity === 'water_flow' && recordedDevice === flow.device,
    );
    if (series === undefined) continue;
    let sum = 0;
    let count = 0;
    for (const year of flow.years) {
      const window = keyWindow(year, 'year', mapping.calendar);
      if (window === undefined) continue;
      const { device, quantity, channel } = series;
      const range = { fromMs: window.startMs, toMs: window.endMs };
      const question = { device, quantity, channel, window: 'year', of: 'readings', tz: mapping.calendar } as const;
      const { unit, rows } = await api.aggregates({ ...question, ...range });
      const conversion = conversionBetween(unit, 'L/s', quantity);
      for (const row of rows) {
        if (row.value === null || row.start !== window.startMs || conversion === undefined) continue;
        sum += (row.value * conversion.factor + conversion.offset) * row.count;
        count += row.count;
      }
    }
    // Excerpts have days of the years only.
    if (count === 0 || survey.newestMs < Date.UTC(Number(flow.years.at(-1)), 11, 31)) continue;
    const got = sum / count;
    result.compared++;
    if (Math.abs(got - flow.litresPerSecond) > ROUNDING) {
      const row = `${flow.device}, ${flow.years.join(' and ')} (${SOURCE})`;
      addDifference(result, { row, want: String(flow.litresPerSecond), got, answer: `mean of ${count} hours` });
    }
  }
  return result.compared === 0 ? [] : [result];
}
