import { useMemo, useState } from 'preact/hooks';
import { api } from '../data/api.ts';
import { PERIODS, periodOf, usualPeriod, windowLabel } from '../data/periods.ts';
import { link, type Route, replaceRoute } from '../data/route.ts';
import { type State, toMs, valueKey } from '../data/state.ts';
import { hasTarget } from '../data/targets.ts';
import { loadNewestValues, type NewestValues } from '../data/value-pages.ts';
import { flatZones, zoneName } from '../data/zones.ts';
import { DOMAIN_TITLES, formatNumber, formatPercent, formatTime } from '../format.ts';
import { Chart, type ChartPoint } from '../parts/chart.tsx';
import { Choice } from '../parts/choice.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Band, Coverage, Figure, isSoFar, MissedRule, Standing, Swatch, Target } from '../parts/values.tsx';
import { Why, WhyDialog } from '../parts/why.tsx';
import { ZoneChoice, zoneLink, zoneOf } from '../parts/zone-nav.tsx';
import type { KpiInfo, KpiValue } from '../types.ts';
import { useLoaded } from './use-loaded.ts';

const ROWS_SHOWN_MAX = 500;

/** One KPI in one zone: the value, its history, and the rules it follows. */
export function KpiView({ route, state }: { route: Route; state: State }) {
  const id = route.names[0] ?? '';
  const zone = zoneOf(route, 1, state.zones?.city.id ?? '');
  const kpi = state.kpis.find((candidate) => candidate.id === id);
  if (kpi === undefined) {
    return (
      <div class="empty">
        <h1>No such KPI</h1>
        <p>
          There is no KPI “{id}”. <a href={link('overview')}>Show all KPIs</a>
        </p>
      </div>
    );
  }
  const value = state.latest.get(valueKey(kpi.id, zone, kpi.window));
  return (
    <>
      <nav class="crumbs" aria-label="Where you are">
        <a href={link('overview', [zone])}>{zoneName(zone)}</a> <span aria-hidden="true">/</span>{' '}
        {DOMAIN_TITLES[kpi.domain]}
      </nav>
      <div class="heading">
        <h1>
          {kpi.title} <small>{zoneName(zone)}</small>
        </h1>
        <ZoneChoice selected={zone} addressOf={zoneLink('kpi', [kpi.id])} />
      </div>
      <div class="detail">
        <Present kpi={kpi} zone={zone} value={value} />
        <History
          key={`${kpi.id}/${zone}`}
          kpi={kpi}
          zone={zone}
          value={value}
          period={route.options.get('period') ?? usualPeriod(kpi.window)}
        />
      </div>
      <Asked key={`${kpi.id}/${zone}`} kpi={kpi} zone={zone} route={route} />
      <div class="columns">
        <Rules kpi={kpi} />
        <Elsewhere kpi={kpi} zone={zone} state={state} />
      </div>
    </>
  );
}

/** The panel of a window that a link asks about, such as one of a report; closing it leaves the link. */
function Asked({ kpi, zone, route }: { kpi: KpiInfo; zone: string; route: Route }) {
  const at = route.options.get('why');
  if (at === null) return null;
  const { why: _left, ...options } = Object.fromEntries(route.options);
  const leave = () => replaceRoute(link('kpi', [kpi.id, zone], options));
  return <WhyDialog key={at} kpi={kpi} zone={zone} at={at} onClose={leave} />;
}

function Present({ kpi, zone, value }: { kpi: KpiInfo; zone: string; value: KpiValue | undefined }) {
  if (value === undefined) {
    return (
      <section class="panel present" aria-label="Present value">
        <Figure kpi={kpi} value={undefined} />
        <p>No value was computed for this zone yet.</p>
      </section>
    );
  }
  return (
    <section
      class={value.valid || isSoFar(value) ? 'panel present' : 'panel present invalid'}
      aria-label="Present value"
    >
      <Figure kpi={kpi} value={value} />
      <p class="present-band">
        <Band kpi={kpi} value={value} />
        {value.note === '' ? null : <span class="note">{value.note}</span>}
        <Why kpi={kpi} zone={zone} value={value} />
      </p>
      <MissedRule kpi={kpi} value={value} />
      <dl class="facts-list">
        <Fact title="Coverage">
          <Coverage value={value} />
        </Fact>
        <Fact title="Standing">
          <Standing value={value} />
        </Fact>
        <Fact title="Window">
          {formatTime(value.start)} – {formatTime(value.end)}
        </Fact>
        <Fact title="Complete up to">{formatTime(value.watermark)}</Fact>
        <Fact title="Devices">{formatNumber(value.deviceCount)}</Fact>
        {value.coveredPopulation === 0 ? null : (
          <Fact title="People covered">{formatNumber(value.coveredPopulation)}</Fact>
        )}
        {kpi.target === null ? null : (
          <Fact title="Target">
            <Target kpi={kpi} value={value} isBare />
          </Fact>
        )}
      </dl>
    </section>
  );
}

function Fact({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface HistoryProps {
  readonly kpi: KpiInfo;
  readonly zone: string;
  readonly value: KpiValue | undefined;
  readonly period: string;
}

function History({ kpi, zone, value, period }: HistoryProps) {
  const [showsTable, setShowsTable] = useState(false);
  const [wantsRevisions, setWantsRevisions] = useState(false);
  const revisions = showsTable && wantsRevisions ? 'all' : 'newest';
  const toStart = value?.start;
  const { data, error, isLoading } = useLoaded(
    toStart === undefined ? undefined : `${kpi.id} ${zone} ${period} ${revisions} ${toStart}`,
    () => loadHistory(kpi, zone, period, revisions, toStart ?? ''),
  );
  // A tick that leaves the newest value as it is draws nothing anew
  const values = useMemo(
    () => (data === undefined ? [] : withNewest(data.values, value)),
    [data, value?.start, value?.value, value?.final, value?.revision],
  );
  const points = useMemo(() => values.map(pointOf), [values]);
  const format = (number: number) => formatNumber(number, kpi.decimals);
  return (
    <section class="panel history" aria-label="History">
      <div class="panel-head">
        <Choice
          legend="Period"
          name="period"
          options={PERIODS}
          selected={period}
          onChoose={(chosen) => replaceRoute(link('kpi', [kpi.id, zone], { period: chosen }))}
        />
        <span class="buttons">
          {showsTable ? (
            <button type="button" aria-pressed={wantsRevisions} onClick={() => setWantsRevisions(!wantsRevisions)}>
              All revisions
            </button>
          ) : null}
          <button type="button" aria-pressed={showsTable} onClick={() => setShowsTable(!showsTable)}>
            Table
          </button>
        </span>
      </div>
      {error === undefined ? null : <p class="failed">{error}</p>}
      {error === undefined && values.length === 0 ? (
        <p class="empty-rows">{isLoading ? 'Loading …' : 'No values in this period.'}</p>
      ) : null}
      {values.length === 0 ? null : showsTable ? (
        <ValueTable kpi={kpi} zone={zone} values={values} />
      ) : (
        <Chart
          label={sentence(kpi, zone, values)}
          points={points}
          unit={kpi.unitLabel}
          format={format}
          target={hasTarget(kpi) ? kpi.target : null}
          bands={kpi.bands}
        />
      )}
      {typeof data?.leftOutBefore !== 'string' ? null : (
        <p class="hint">
          There are too many values for one view: those before {formatTime(data.leftOutBefore, 'full')} are left out.
        </p>
      )}
    </section>
  );
}

function loadHistory(
  kpi: KpiInfo,
  zone: string,
  period: string,
  revisions: string,
  toStart: string,
): Promise<NewestValues> {
  const toStartMs = toMs(toStart);
  const ask = (from: string, to: string) => api.kpiHistory(kpi.id, { zone, window: kpi.window, revisions, from, to });
  return loadNewestValues(ask, toStartMs - periodOf(period).lengthMs, toStartMs + 1);
}

/** The history as the server gave it, with the live value in its place. */
function withNewest(values: readonly KpiValue[], value: KpiValue | undefined): KpiValue[] {
  if (value === undefined) return [...values];
  return [...values.filter(({ start, revision }) => start !== value.start || revision < value.revision), value];
}

function pointOf(value: KpiValue): ChartPoint {
  return { atMs: toMs(value.end), value: value.value, valid: value.valid, final: value.final };
}

function sentence(kpi: KpiInfo, zone: string, values: readonly KpiValue[]): string {
  const numbers = values.flatMap(({ value }) => (value === null ? [] : [value]));
  const text = (value: number | undefined) => `${formatNumber(value, kpi.decimals)} ${kpi.unitLabel}`.trim();
  const least = numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = numbers.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return `${kpi.title} in ${zoneName(zone)}: ${values.length} values from ${formatTime(values[0]?.end)} to ${formatTime(values.at(-1)?.end)}, lowest ${text(least)}, highest ${text(most)}, newest ${text(numbers.at(-1))}. The table has every value.`;
}

function ValueTable({ kpi, zone, values }: { kpi: KpiInfo; zone: string; values: readonly KpiValue[] }) {
  const columns: Column<KpiValue>[] = [
    { id: 'start', title: 'From', cell: (value) => formatTime(value.start) },
    { id: 'end', title: 'To', cell: (value) => formatTime(value.end) },
    {
      id: 'value',
      title: kpi.unitLabel === '' ? 'Value' : `Value, ${kpi.unitLabel}`,
      isNumber: true,
      cell: (value) => formatNumber(value.value, kpi.decimals),
    },
    { id: 'band', title: 'Band', cell: (value) => <Band kpi={kpi} value={value} /> },
    {
      id: 'coverage',
      title: 'Coverage',
      isNumber: true,
      cell: (value) => `${value.validCount}/${value.expectedCount} · ${formatPercent(value.coverage)}`,
    },
    { id: 'valid', title: 'Valid', cell: (value) => (value.valid ? 'yes' : <b class="missed">no</b>) },
    { id: 'standing', title: 'Standing', cell: (value) => <Standing value={value} /> },
    { id: 'why', title: 'Why', cell: (value) => <Why kpi={kpi} zone={zone} value={value} /> },
  ];
  const newestFirst = values.slice(-ROWS_SHOWN_MAX).reverse();
  return (
    <>
      <Table
        caption={`${kpi.title}, newest first`}
        columns={columns}
        rows={newestFirst}
        keyOf={(value) => `${value.start}/${value.revision}`}
      />
      {values.length > ROWS_SHOWN_MAX ? (
        <p class="hint">
          The newest {ROWS_SHOWN_MAX} of {formatNumber(values.length)} values.
        </p>
      ) : null}
    </>
  );
}

function Rules({ kpi }: { kpi: KpiInfo }) {
  return (
    <section class="panel" aria-labelledby="rules">
      <h2 id="rules">How it is computed</h2>
      <dl class="rules-list">
        {kpi.code === '' ? null : <Fact title="U4SSC code">{kpi.code}</Fact>}
        <Fact title="Method">{kpi.method}</Fact>
        <Fact title="Window">{windowLabel(kpi.window)}</Fact>
        <Fact title="Completeness">{kpi.completeness}</Fact>
        <Fact title="Zones and city">{kpi.spatial}</Fact>
        <Fact title="Source">{kpi.source}</Fact>
        <Fact title="Id">
          <code>{kpi.id}</code>
        </Fact>
        {kpi.bands.length === 0 ? null : (
          <Fact title="Bands">
            <ul class="bands">
              {kpi.bands.map((band, index) => (
                <li key={band.name}>
                  <Swatch color={band.color} /> {band.name}{' '}
                  <small>
                    {band.upTo === null
                      ? `above ${formatNumber(kpi.bands[index - 1]?.upTo, 0)}`
                      : `up to ${formatNumber(band.upTo, Number.isInteger(band.upTo) ? 0 : kpi.decimals)}`}
                  </small>
                </li>
              ))}
            </ul>
          </Fact>
        )}
      </dl>
    </section>
  );
}

/** The same KPI in the city and in every zone, so that one that stands out is seen. */
function Elsewhere({ kpi, zone, state }: { kpi: KpiInfo; zone: string; state: State }) {
  const rows = flatZones().flatMap(({ node, depth }) => {
    const value = state.latest.get(valueKey(kpi.id, node.id, kpi.window));
    return value === undefined ? [] : [{ node, depth, value }];
  });
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    {
      id: 'zone',
      title: 'Zone',
      cell: ({ node, depth }) => (
        <span class={`indent-${Math.min(depth, 4)}`}>
          {node.id === zone ? <b>{node.name}</b> : <a href={link('kpi', [kpi.id, node.id])}>{node.name}</a>}
        </span>
      ),
    },
    {
      id: 'value',
      title: kpi.unitLabel === '' ? 'Value' : kpi.unitLabel,
      isNumber: true,
      cell: ({ value }) => formatNumber(value.value, kpi.decimals),
    },
    { id: 'band', title: 'Band', cell: ({ value }) => <Band kpi={kpi} value={value} /> },
    { id: 'coverage', title: 'Coverage', isNumber: true, cell: ({ value }) => formatPercent(value.coverage) },
    { id: 'valid', title: 'Valid', cell: ({ value }) => (value.valid ? 'yes' : <b class="missed">no</b>) },
  ];
  return (
    <section class="panel" aria-labelledby="elsewhere">
      <h2 id="elsewhere">In the city and its zones</h2>
      <Table
        caption={`${kpi.title} by zone`}
        columns={columns}
        rows={rows}
        keyOf={({ node }) => node.id}
        empty="No zone has a value yet."
      />
    </section>
  );
}
