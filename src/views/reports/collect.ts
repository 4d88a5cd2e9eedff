import { OperatingError } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { KpiInfo } from '../../kpis/index.ts';
import { qualityWith } from '../../model/index.ts';
import { kpiInfoBody } from '../bodies.ts';
import type { KpiInfoBody } from '../http/schemas.ts';
import type { ViewSources } from '../views.ts';
import { isIn, isLongerThan, type ReportPeriod, reportPeriod, startsIn } from './period.ts';
import { KpiCollector, type KpiReport, REPORT_ROWS_MAX, type Report, type ReportZone } from './report.ts';

/** What reports are made from. */
export interface ReportSources extends Pick<ViewSources, 'config' | 'version' | 'kpis' | 'facts' | 'engineStanding'> {
  readonly store: Pick<ViewSources['store'], 'kpis'>;
}

/** Which report. */
export interface ReportOrder {
  /** Id of a zone, or of the city. */
  readonly zone: string;
  /** Local day, month or year: `2026-03-01`, `2026-03` or `2026`. */
  readonly period: string;
}

export interface ReportWork {
  /** Wall clock, ms UTC. */
  readonly nowMs: number;
  /** Looked at before each question to the store. */
  readonly signal: AbortSignal;
  /** 0 to 1. */
  progress(ratio: number): Promise<void>;
}

/**
 * Checks an order.
 *
 * @throws OperatingError `zone_unknown`, `period_invalid`
 */
export function checkReport({ city, zones }: Config, { zone, period }: ReportOrder): ReportPeriod {
  const known = [city.id, ...zones.map(({ id }) => id)];
  if (!known.includes(zone)) {
    const some = known.slice(0, NAMED_MAX).join(', ') + (known.length > NAMED_MAX ? ' ...' : '');
    const message = `cannot report on the zone ${JSON.stringify(zone.slice(0, ZONE_CHARACTERS_MAX))}: known are ${some}`;
    throw new OperatingError('zone_unknown', message);
  }
  return reportPeriod(period, city.timeZone);
}

/** What a message tells of the known zones and of an unknown one. */
const NAMED_MAX = 20;
const ZONE_CHARACTERS_MAX = 100;

/**
 * Reads the newest revision of every value of the period, KPI by KPI; each question to the store is a small one, so that
 * nothing else waits long.
 *
 * @throws OperatingError as `checkReport`, and what the store says; the reason of `signal`
 */
export async function collectReport(sources: ReportSources, order: ReportOrder, work: ReportWork): Promise<Report> {
  const { config, version } = sources;
  const period = checkReport(config, order);
  const isCity = order.zone === config.city.id;
  const infos = sources.kpis.filter(({ scopes }) => scopes.includes(isCity ? 'city' : 'zone'));
  const kpis: KpiReport[] = [];
  const silent: KpiInfoBody[] = [];
  const longer: KpiInfoBody[] = [];
  let rowsLeft = REPORT_ROWS_MAX;
  for (const [index, info] of infos.entries()) {
    const body = bodyOf(sources, info, order.zone, period);
    if (isLongerThan(period, info.window)) longer.push(body);
    else {
      const kpi = await collectKpi(sources, new KpiCollector(body, period, rowsLeft), { ...order, info, period, work });
      rowsLeft -= kpi?.values.length ?? 0;
      if (kpi === undefined) silent.push(body);
      else kpis.push(kpi);
    }
    await work.progress((index + 1) / infos.length);
  }
  const isOver = sources.engineStanding().nowMs >= period.endMs;
  const head = { cityName: config.city.name, zone: zoneOf(sources, order.zone, period), period, version };
  return { ...head, madeAtMs: work.nowMs, isOver, kpis, silent, longer };
}

interface Question {
  readonly zone: string;
  readonly info: KpiInfo;
  readonly period: ReportPeriod;
  readonly work: ReportWork;
}

async function collectKpi(
  { store, facts }: ReportSources,
  collector: KpiCollector,
  { zone, info, period, work }: Question,
): Promise<KpiReport | undefined> {
  for (const starts of startsIn(period, info.window)) {
    work.signal.throwIfAborted();
    const values = await store.kpis({ ...starts, kpi: info.id, zone, window: info.window });
    for (const value of values) {
      if (!isIn(period, value)) continue;
      collector.add({ ...value, quality: qualityWith(info.facts ?? [], facts(zone, value.startMs)) });
    }
  }
  return collector.report();
}

/** What is said of the KPI when the period starts. */
function bodyOf({ config, facts }: ReportSources, info: KpiInfo, zone: string, { startMs }: ReportPeriod): KpiInfoBody {
  return kpiInfoBody(info, config.targets[info.id], qualityWith(info.facts ?? [], facts(zone, startMs)));
}

function zoneOf({ config, facts }: ReportSources, id: string, { startMs }: ReportPeriod): ReportZone {
  const name = config.zones.find((zone) => zone.id === id)?.name ?? config.city.name;
  const fact = facts(id, startMs);
  return { id, name, population: fact('population')?.value ?? null, areaKm2: fact('areaKm2')?.value ?? null };
}
