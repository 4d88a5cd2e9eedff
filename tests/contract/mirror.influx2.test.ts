import { openVictoriaMetrics, type ServerProcess, VICTORIA_METRICS } from '../../harness/index.ts';
import { DAY_MS } from '../../src/base/index.ts';
import type { MirrorPoint, PointsQuery } from '../../src/store/index.ts';
import { tagText } from '../../src/store/influx/index.ts';
import { createInflux2Mirror } from '../../src/store/influx2/index.ts';
import { mirrorContract } from './mirror.contract.ts';

mirrorContract('influx2 on VictoriaMetrics', VICTORIA_METRICS !== undefined, {
  openServer: openVictoriaMetrics,
  open: (url) =>
    createInflux2Mirror({
      ...{ url, org: 'town', bucket: 'vitals', bucketPerLevel: false, query: 'none', timeoutMs: 5_000 },
      keepMs: { raw: 30 * DAY_MS, quarter: 730 * DAY_MS, hour: 4_000 * DAY_MS, kpi: 4_000 * DAY_MS },
    }),
  read: (_mirror, server, query) => exported(server, query),
  replaces: false,
  partialAnswer: (refused) => ({ status: 400, body: `cannot parse ${refused} lines` }),
});

/** Fields are metrics of their own there, and booleans 0 or 1. */
async function exported(server: ServerProcess, query: PointsQuery): Promise<MirrorPoint[]> {
  await fetch(`${server.url}/internal/force_flush`);
  const of = async (field: string) => {
    const tags = Object.entries(query.level === 'kpi' ? query.tags : { ...query.tags, level: query.level });
    const labels = tags.map(([key, value]) => `${key}=${JSON.stringify(tagText(value))}`);
    const match = `{__name__="${query.measurement}_${field}",${labels.join(',')}}`;
    const asked = new URLSearchParams({ 'match[]': match, reduce_mem_usage: '0' });
    const text = await (await fetch(`${server.url}/api/v1/export?${asked}`)).text();
    const lines = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Exported);
    return new Map(lines.flatMap(({ timestamps, values }) => timestamps.map((at, row) => [at, values[row]!] as const)));
  };
  const [value, coverage, count, present] = await Promise.all(['value', 'coverage', 'count', 'present'].map(of));
  return [...present!.keys()]
    .sort((a, b) => a - b)
    .map((timeMs) => ({
      timeMs,
      value: present!.get(timeMs) === 1 ? (value!.get(timeMs) ?? null) : null,
      coverage: coverage!.get(timeMs) ?? null,
      count: count!.get(timeMs) ?? null,
    }));
}

interface Exported {
  readonly timestamps: readonly number[];
  readonly values: readonly number[];
}
