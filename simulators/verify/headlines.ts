import type { Mapping } from '../replay/index.ts';
import type { Api } from './api.ts';
import { addDifference, agrees, type ColumnResult, emptyResult } from './compare.ts';
import type { RecordedSeries, Survey } from './survey.ts';
import { keyWindow } from './windows.ts';

/** A number that somebody published about a recording's place and year, and the KPI that has to come to it. */
interface Headline {
  readonly recording: string;
  readonly text: string;
  readonly source: string;
  readonly published: number;
  readonly year: string;
  readonly quantity: string;
  readonly kpi: string;
  /** Stations that it speaks of; all of the recording when absent. */
  readonly device?: string;
  readonly of: (values: readonly number[]) => number;
}

const HEADLINES: readonly Headline[] = [
  {
    recording: 'air-madrid',
    text: 'hours of NO2 above 200 at Plaza El\u00edptica, 2018',
    source: 'eldistrito.es 2019, after the report of the ministry for 2018',
    published: 33,
    year: '2018',
    quantity: 'no2',
    kpi: 'air-no2-hours-above-200-year',
    device: 'MAD-28079056',
    of: ([hours = Number.NaN]) => hours,
  },
  {
    recording: 'air-madrid',
    text: 'highest annual mean of NO2 of a station, rounded, 2018',
    source: 'eldistrito.es 2019, after the report of the ministry for 2018',
    published: 55,
    year: '2018',
    quantity: 'no2',
    kpi: 'air-no2-year',
    of: (means) => Math.round(Math.max(...means)),
  },
];

/** Holds what was published of a place against the KPIs of its stations. @throws OperatingError `api_failed` */
export async function compareHeadlines(
  recording: string,
  survey: Survey,
  mapping: Mapping,
  api: Api,
): Promise<ColumnResult[]> {
  const results: ColumnResult[] = [];
  for (const headline of HEADLINES.filter((one) => one.recording === recording)) {
    const stations = survey.series.filter(
      ({ quantity, recordedDevice }) =>
        quantity === headline.quantity && (headline.device ?? recordedDevice) === recordedDevice,
    );
    const result = await compareHeadline(headline, stations, mapping, api);
    if (result !== undefined) results.push(result);
  }
  return results;
}

/** @returns undefined when the recording has not the stations, or not the whole year */
async function compareHeadline(
  headline: Headline,
  stations: readonly RecordedSeries[],
  mapping: Mapping,
  api: Api,
): Promise<ColumnResult | undefined> {
  const { year, kpi, published, of, text, source } = headline;
  const window = keyWindow(year, 'year', mapping.calendar);
  if (stations.length === 0 || window === undefined) return undefined;
  const answers = [];
  for (const { device } of stations) {
    const { rows } = await api.kpi(kpi, `device:${device}`, 'year', window.startMs, window.endMs);
    answers.push(...rows.filter((row) => row.start === window.startMs));
  }
  const valid = answers.flatMap(({ value, valid: isValid }) => (isValid && value !== null ? [value] : []));
  if (valid.length === 0) return undefined;
  const result = emptyResult('published', text, `kpi ${kpi}`);
  const got = of(valid);
  result.compared++;
  if (!agrees(String(published), got, 'count', 0)) {
    addDifference(result, { row: source, want: String(published), got, answer: JSON.stringify(answers) });
  }
  return result;
}
