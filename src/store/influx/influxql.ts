import { OperatingError } from '../../base/index.ts';
import type { MirrorPoint, PointsQuery } from '../mirror.ts';
import { tagText } from './tags.ts';

/** `"name"` as InfluxQL writes identifiers. */
export function identifier(name: string): string {
  return `"${name.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

/** `'text'` as InfluxQL writes strings. */
export function literal(text: string): string {
  return `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/\n/g, '\\n')}'`;
}

/** The question for points, of a retention policy where one is named. */
export function pointsQuery({ measurement, tags, fromMs, toMs }: PointsQuery, policy: string | undefined): string {
  const from = policy === undefined ? identifier(measurement) : `${identifier(policy)}.${identifier(measurement)}`;
  const where = Object.entries(tags).map(([key, value]) => `${identifier(key)} = ${literal(tagText(value))}`);
  if (Number.isFinite(fromMs)) where.push(`time >= ${Math.ceil(fromMs)}ms`);
  if (Number.isFinite(toMs)) where.push(`time < ${Math.ceil(toMs)}ms`);
  const filter = where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`;
  return `SELECT "value", "coverage", "count", "present" FROM ${from}${filter} ORDER BY time`;
}

/** What a server says to InfluxQL over `/query`. */
export interface InfluxqlAnswer {
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly columns: readonly string[];
      readonly values: readonly (readonly unknown[])[];
    }[];
  }[];
  readonly error?: string;
}

/** An answer without an error in it. @throws OperatingError `store_query_failed` */
export function answered(answer: unknown): InfluxqlAnswer {
  const said = answer as InfluxqlAnswer;
  const failure = said.error ?? said.results?.find((result) => result.error !== undefined)?.error;
  if (failure !== undefined) throw new OperatingError('store_query_failed', `the store does not answer: ${failure}`);
  return said;
}

/** Reads the answer to `pointsQuery` with times in ms. @throws OperatingError `store_query_failed` */
export function pointsOf(answer: unknown): MirrorPoint[] {
  const { results = [] } = answered(answer);
  return results.flatMap(({ series = [] }) =>
    series.flatMap(({ columns, values }) => {
      const at = (name: string) => columns.indexOf(name);
      const [time, value, coverage, count, present] = ['time', 'value', 'coverage', 'count', 'present'].map(at);
      return values.map((row) => ({
        timeMs: Number(row[time!]),
        value: row[present!] === false ? null : numberOf(row[value!]),
        coverage: numberOf(row[coverage!]),
        count: numberOf(row[count!]),
      }));
    }),
  );
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
