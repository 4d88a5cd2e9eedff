import { useMemo } from 'preact/hooks';
import { trendOf } from '../data/history.ts';
import { windowLabel, windowShort } from '../data/periods.ts';
import { link, type Route } from '../data/route.ts';
import { type State, valueKey } from '../data/state.ts';
import { hasTarget, meetsTarget } from '../data/targets.ts';
import { deviceCounts, findZone, zoneName } from '../data/zones.ts';
import { DOMAIN_TITLES, formatNear, formatNumber } from '../format.ts';
import { Sparkline } from '../parts/sparkline.tsx';
import { Band, Coverage, Figure, isSoFar, MissedRule, Standing, Target } from '../parts/values.tsx';
import { Why } from '../parts/why.tsx';
import { ZoneNav, zoneLink, zoneOf } from '../parts/zone-nav.tsx';
import type { KpiInfo, KpiValue } from '../types.ts';

const DOMAINS = ['air', 'noise', 'water', 'energy', 'weather', 'device', 'network'] as const;

interface Row {
  readonly kpi: KpiInfo;
  readonly value: KpiValue | undefined;
}

/** All KPIs of a zone, by domain. */
export function OverviewView({ route, state }: { route: Route; state: State }) {
  const cityId = state.zones?.city.id ?? '';
  const zone = zoneOf(route, 0, cityId);
  const domain = route.options.get('domain') ?? '';
  const node = findZone(zone);
  if (node === undefined) return <UnknownZone zone={zone} />;
  const rows = rowsOf(state, zone, zone === cityId ? 'city' : 'zone');
  const domains = DOMAINS.filter((name) => rows.some(({ kpi }) => kpi.domain === name));
  return (
    <div class="with-side">
      <ZoneNav selected={zone} addressOf={zoneLink('overview', [], { domain })} />
      <div>
        <div class="heading">
          <h1>{node.name}</h1>
          <p class="facts">
            {node.population === null ? null : <span>{formatNumber(node.population)} inhabitants</span>}
            {node.areaKm2 === null ? null : <span>{formatNumber(node.areaKm2, 1)} km²</span>}
            <a href={link('devices', [], { zone })}>Devices here</a>
          </p>
        </div>
        <Summary rows={rows} zone={zone} />
        <nav class="domains" aria-label="Domains">
          {['', ...domains].map((name) => (
            <a
              key={name}
              href={link('overview', [zone], { domain: name })}
              aria-current={name === domain ? 'true' : undefined}
            >
              {name === '' ? 'All' : DOMAIN_TITLES[name]}
            </a>
          ))}
        </nav>
        {domains
          .filter((name) => domain === '' || name === domain)
          .map((name) => (
            <Section key={name} domain={name} zone={zone} rows={rows.filter(({ kpi }) => kpi.domain === name)} />
          ))}
        {rows.length === 0 ? <p class="empty">No KPI is computed for this zone yet.</p> : null}
      </div>
    </div>
  );
}

/** The KPIs that are computed for this scope; those without a value yet stand there too, without a number. */
function rowsOf(state: State, zone: string, scope: 'city' | 'zone'): Row[] {
  return state.kpis
    .filter((kpi) => kpi.scopes.includes(scope))
    .map((kpi) => ({ kpi, value: state.latest.get(valueKey(kpi.id, zone, kpi.window)) }));
}

function Summary({ rows, zone }: { rows: readonly Row[]; zone: string }) {
  const values = rows.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const valid = values.filter((value) => value.valid).length;
  const invalid = values.filter((value) => !value.valid && !isSoFar(value)).length;
  const missed = rows.filter(({ kpi, value }) => value !== undefined && meetsTarget(kpi, value) === false).length;
  const withTarget = rows.filter(({ kpi }) => hasTarget(kpi)).length;
  const counts = deviceCounts().get(zone) ?? { total: 0, silent: 0 };
  return (
    <dl class="summary">
      <div>
        <dt>Valid KPIs</dt>
        <dd>
          {valid}
          <small> of {rows.length}</small>
        </dd>
      </div>
      <div class={invalid === 0 ? undefined : 'alarm'}>
        <dt>Not valid</dt>
        <dd>{invalid}</dd>
      </div>
      <div class={missed === 0 ? undefined : 'alarm'}>
        <dt>Targets missed</dt>
        <dd>
          {missed}
          <small> of {withTarget}</small>
        </dd>
      </div>
      <div>
        <dt>Provisional</dt>
        <dd>{values.filter((value) => !value.final).length}</dd>
      </div>
      <div>
        <dt>Devices reporting</dt>
        <dd>
          {formatNumber(counts.total - counts.silent)}
          <small> of {formatNumber(counts.total)}</small>
        </dd>
      </div>
      <div class={counts.silent === 0 ? undefined : 'alarm'}>
        <dt>Silent</dt>
        <dd>{formatNumber(counts.silent)}</dd>
      </div>
    </dl>
  );
}

function Section({ domain, zone, rows }: { domain: string; zone: string; rows: readonly Row[] }) {
  return (
    <section aria-labelledby={`domain-${domain}`}>
      <h2 id={`domain-${domain}`}>{DOMAIN_TITLES[domain] ?? domain}</h2>
      <div class="tiles">
        {rows.map(({ kpi, value }) => (
          <Tile key={kpi.id} kpi={kpi} zone={zone} value={value} />
        ))}
      </div>
    </section>
  );
}

function Tile({ kpi, zone, value: newest }: { kpi: KpiInfo; zone: string; value: KpiValue | undefined }) {
  const value = newest === undefined ? undefined : shownOf(newest, trendOf(kpi, zone));
  const isInvalid = value !== undefined && !value.valid && !isSoFar(value);
  return (
    <article class={isInvalid ? 'tile invalid' : 'tile'} data-kpi={kpi.id}>
      <div class="tile-head">
        <h3>
          <a href={link('kpi', [kpi.id, zone])}>{kpi.title}</a>
        </h3>
        {kpi.code === '' ? null : <span class="code">{kpi.code}</span>}
      </div>
      <div class="tile-value">
        <Figure kpi={kpi} value={value} />
        {value === undefined ? null : <Band kpi={kpi} value={value} />}
        {value === undefined || value.note === '' ? null : <span class="note">{value.note}</span>}
        {value === undefined ? null : <Why kpi={kpi} zone={zone} value={value} />}
      </div>
      {value === undefined ? <p class="no-value">No value yet</p> : <TileFoot kpi={kpi} zone={zone} value={value} />}
    </article>
  );
}

/**
 * A window that has just begun can have no value yet (no evening before the evening): the last one that has stands in,
 * and the tile names the window that it is of.
 */
function shownOf(newest: KpiValue, trend: readonly KpiValue[]): KpiValue {
  if (newest.value !== null || !isSoFar(newest)) return newest;
  return trend.findLast((value) => value.value !== null) ?? newest;
}

function TileFoot({ kpi, zone, value }: { kpi: KpiInfo; zone: string; value: KpiValue }) {
  const trend = trendOf(kpi, zone);
  // The line is drawn again when its last value changes, not with every tick of the page.
  // The array is changed in place
  const line = useMemo(() => <Sparkline values={trend} />, [trend, trend.length, trend.at(-1)]);
  return (
    <>
      {line}
      <MissedRule kpi={kpi} value={value} />
      <div class="tile-foot">
        <Coverage value={value} />
        <span class="tags">
          <Standing value={value} />
        </span>
      </div>
      <div class="tile-foot">
        <span class="span" title={`Window: ${windowLabel(kpi.window)}`}>
          {windowShort(kpi.window)} to {formatNear(value.end)}
        </span>
        <Target kpi={kpi} value={value} />
      </div>
    </>
  );
}

function UnknownZone({ zone }: { zone: string }) {
  return (
    <div class="empty">
      <h1>No such zone</h1>
      <p>
        The city has no zone “{zoneName(zone)}”. <a href={link('overview')}>Show the city</a>
      </p>
    </div>
  );
}
