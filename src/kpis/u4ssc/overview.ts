import { type CityFact, type FactsInForce, type KpiValue, qualityWith, worstQuality } from '../../model/index.ts';
import { benchmarkPoints, type Direction, percentOfTarget } from '../arithmetic/index.ts';
import type { KpiInfo } from '../kpi.ts';
import type { FactFormula, U4sscKpi, U4sscSeries } from './kpi.ts';
import { type U4sscScores, u4sscScores } from './scores.ts';
import type { KpiTarget, ReportedValue, U4sscExclusion, U4sscNumber, U4sscState } from './state.ts';

/** What the state of the KPIs is made of. */
export interface U4sscInput {
  /** Newest values of the city as a whole. */
  readonly values: readonly KpiValue[];
  readonly infos: readonly KpiInfo[];
  readonly reported: readonly ReportedValue[];
  /** By U4SSC code (`code/series` where the KPI has several numbers), or by the id of a KPI of the product. */
  readonly targets: Readonly<Record<string, number | KpiTarget>>;
  /** Facts of the city in force at an instant, ms UTC. */
  factsAt(atMs: number): FactsInForce;
  /** Event-time now, ms UTC. */
  readonly nowMs: number;
}

export interface U4sscOverview {
  readonly kpis: readonly U4sscState[];
  readonly scores: U4sscScores;
}

interface Said
  extends Omit<U4sscNumber, 'series' | 'target' | 'direction' | 'percentOfTarget' | 'points' | 'excluded'> {
  /** Of a year, as the standard asks, or a number of an instant. */
  readonly isWhole: boolean;
}

/** How the city stands to all KPIs of U4SSC: the newest number of each, its points, and the scores. */
export function u4sscOverview(catalogue: readonly U4sscKpi[], input: U4sscInput): U4sscOverview {
  const kpis = catalogue.map((kpi): U4sscState => {
    const reported = input.reported
      .filter(({ kpi: code }) => code === kpi.code)
      .sort((a, b) => (a.period < b.period ? 1 : -1));
    return { kpi, numbers: kpi.series.map((series) => numberOf(kpi, series, reported, input)), reported };
  });
  return { kpis, scores: u4sscScores(kpis) };
}

function numberOf(
  kpi: U4sscKpi,
  series: U4sscSeries,
  reported: readonly ReportedValue[],
  input: U4sscInput,
): U4sscNumber {
  const said = bestOf(
    liveOf(kpi, series, input),
    kpi.formula === null ? undefined : factsSay(kpi, kpi.formula, input.factsAt(input.nowMs)),
    reportedOf(
      kpi,
      reported.find((entry) => (entry.series ?? '') === series.name),
    ),
  );
  const key = series.name === '' ? kpi.code : `${kpi.code}/${series.name}`;
  const aim = targetOf(input.targets[key] ?? input.targets[said.kpi]);
  const direction = aim?.direction ?? (kpi.direction === 'none' ? null : kpi.direction);
  const excluded = exclusionOf(said, aim?.target ?? null, direction);
  const percent =
    excluded === null && said.value !== null && aim !== undefined && direction !== null
      ? percentOfTarget(said.value, aim.target, direction)
      : null;
  const { isWhole: _isWhole, ...shown } = said;
  return {
    ...shown,
    series: series.name,
    target: aim?.target ?? null,
    direction,
    percentOfTarget: percent,
    points: percent === null ? null : benchmarkPoints(percent),
    excluded,
  };
}

/** A valid value of a year from readings, then facts, then what was entered, then what readings said at all. */
function bestOf(live: Said | undefined, facts: Said | undefined, reported: Said | undefined): Said {
  return (live?.valid === true && live.isWhole ? live : (facts ?? reported ?? live)) ?? NOTHING;
}

const NOTHING: Said = {
  ...{ value: null, origin: null, kpi: '', unit: '', period: '', source: '', quality: null, valid: false },
  ...{ startMs: null, endMs: null, isWhole: true },
};

/** The newest value of the first KPI that has a valid one; else of the first that has any. */
function liveOf(kpi: U4sscKpi, { kpis }: U4sscSeries, input: U4sscInput): Said | undefined {
  const values = kpis.flatMap((id) => input.values.filter(({ kpi, value }) => kpi === id && value !== null));
  const value = values.find(({ valid }) => valid) ?? values[0];
  if (value === undefined) return undefined;
  const info = input.infos.find(({ id }) => id === value.kpi);
  return {
    value: value.value,
    origin: 'live',
    kpi: value.kpi,
    unit: info?.unitLabel ?? '',
    period: value.window,
    startMs: value.startMs,
    endMs: value.endMs,
    source: info?.source ?? '',
    quality: qualityWith(info?.facts ?? [], input.factsAt(value.startMs)),
    valid: value.valid,
    isWhole: kpi.isStock || isOfYear(kpi, value, input.nowMs),
  };
}

/** The standard asks for a period of 12 months (KPI.md 1.1); means and ratios of a year to date stand for the year. */
function isOfYear({ isExtensive }: U4sscKpi, { window, endMs }: KpiValue, nowMs: number): boolean {
  return window === 'rolling-365d' || (window === 'year' && (!isExtensive || endMs <= nowMs));
}

function factsSay({ unit }: U4sscKpi, formula: FactFormula, fact: FactsInForce): Said | undefined {
  const used = Object.values(formula).map((id) => fact(id));
  const known = used.filter((one): one is CityFact => one !== undefined);
  const [part, whole = 1] = known.map(({ value }) => value);
  if (part === undefined || known.length < used.length || whole === 0) return undefined;
  return {
    ...NOTHING,
    value: (100 * part) / whole,
    origin: 'facts',
    unit,
    source: [...new Set(known.map(({ source }) => source).filter((source) => source !== ''))].join('; '),
    quality: worstQuality(known.map(({ quality }) => quality)),
    valid: true,
  };
}

function reportedOf({ unit }: U4sscKpi, entry: ReportedValue | undefined): Said | undefined {
  if (entry === undefined) return undefined;
  const { value, period, source, quality } = entry;
  return { ...NOTHING, value, origin: 'reported', unit, period, source, quality, valid: true };
}

function targetOf(said: number | KpiTarget | undefined): KpiTarget | undefined {
  return typeof said === 'number' ? { target: said } : said;
}

/** Values without a benchmark, or that are no value of a year, are excluded from the scores (KPI.md 1.3). */
function exclusionOf(said: Said, target: number | null, direction: Direction | null): U4sscExclusion | null {
  if (said.value === null) return 'no value';
  if (!said.isWhole) return 'not of a year';
  if (!said.valid) return 'not valid';
  if (target === null) return 'no target';
  return direction === null ? 'no direction' : null;
}
