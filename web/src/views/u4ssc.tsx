import { api } from '../data/api.ts';
import { windowLabel } from '../data/periods.ts';
import { link, type Route, replaceRoute } from '../data/route.ts';
import type { State } from '../data/state.ts';
import { formatMeasured, formatNumber } from '../format.ts';
import { type Column, Table } from '../parts/table.tsx';
import type { KpiInfo, U4ssc, U4sscKpi } from '../types.ts';
import { useLoaded } from './use-loaded.ts';

const STANDINGS = {
  live: 'live',
  facts: 'with city facts',
  part: 'in part',
  reported: 'reported',
} as const;

type U4sscNumber = U4sscKpi['numbers'][number];
type Score = U4ssc['scores'][number]['subDimensions'][number]['categories'][number];

/** A number of a KPI with the KPI; most have one. */
interface Row {
  readonly kpi: U4sscKpi;
  readonly number: U4sscNumber;
  /** The KPI of the product that the number is of. */
  readonly info: KpiInfo | undefined;
}

/** How the city stands to the KPIs of U4SSC, by dimension. */
export function U4sscView({ route, state }: { route: Route; state: State }) {
  // The values of a year move slowly: once a day's windows end, and when somebody comes to look.
  const { data, error, isLoading } = useLoaded('u4ssc', () => api.u4ssc());
  const standing = route.options.get('standing') ?? '';
  return (
    <>
      <div class="heading">
        <h1>
          U4SSC <small>{state.zones?.city.name}</small>
        </h1>
        {data === undefined ? null : <Counts u4ssc={data} />}
      </div>
      {error === undefined ? null : <p class="failed">{error}</p>}
      {data === undefined ? (
        <p class="muted">{isLoading ? 'Loading …' : ''}</p>
      ) : (
        <>
          <StandingChoice standing={standing} />
          {data.scores.map((score) => (
            <Dimension key={score.name} score={score} rows={rowsOf(data, score.name, standing, state)} />
          ))}
        </>
      )}
    </>
  );
}

function Counts({ u4ssc: { kpis } }: { u4ssc: U4ssc }) {
  const said = kpis.filter(({ numbers }) => numbers.some(({ value }) => value !== null));
  const scored = kpis.filter(({ numbers }) => numbers.some(({ points }) => points !== null));
  return (
    <p class="facts">
      <span>
        {said.length} of {kpis.length} KPIs have a value
      </span>
      <span>{scored.length} have points</span>
    </p>
  );
}

function StandingChoice({ standing }: { standing: string }) {
  return (
    <div class="filters">
      <label>
        <span>Standing</span>
        <select
          value={standing}
          onChange={(event) => replaceRoute(link('u4ssc', [], { standing: event.currentTarget.value }))}
        >
          <option value="">All</option>
          {Object.entries(STANDINGS).map(([id, label]) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function rowsOf({ kpis }: U4ssc, dimension: string, standing: string, state: State): Row[] {
  return kpis
    .filter((kpi) => kpi.dimension === dimension && (standing === '' || kpi.standing === standing))
    .flatMap((kpi) =>
      kpi.numbers.map((number) => ({ kpi, number, info: state.kpis.find(({ id }) => id === number.kpi) })),
    );
}

function Dimension({ score, rows }: { score: U4ssc['scores'][number]; rows: readonly Row[] }) {
  const categories = score.subDimensions.flatMap((subDimension) =>
    [subDimension, ...subDimension.categories].filter(({ percent }) => percent !== null),
  );
  return (
    <section class="dimension" aria-label={score.name}>
      <div class="panel-head">
        <h2>{score.name}</h2>
        <p class="facts">
          <ScoreText score={score} />
          {categories.map((category, index) => (
            <ScoreText key={`${category.name}/${index}`} score={category} isNamed />
          ))}
        </p>
      </div>
      <Table
        caption={`KPIs of ${score.name}`}
        columns={COLUMNS}
        rows={rows}
        keyOf={({ kpi, number }) => `${kpi.code}/${number.series}`}
        empty="No KPI stands so."
      />
    </section>
  );
}

function ScoreText({ score, isNamed = false }: { score: Score; isNamed?: boolean }) {
  if (score.percent === null) return <span>no score: nothing has both a value of a year and a target</span>;
  return (
    <span title={`${score.points} points for ${score.scored} numbers; ${score.excluded} excluded`}>
      {isNamed ? `${score.name} ` : 'Score '}
      <b>{formatNumber(score.percent, 1)} %</b> ({score.band})
    </span>
  );
}

const COLUMNS: Column<Row>[] = [
  {
    id: 'code',
    title: 'Code',
    cell: ({ kpi }) => (
      <>
        <code class="u4ssc-code">{kpi.code}</code>
        <small class="under">{kpi.level}</small>
      </>
    ),
  },
  {
    id: 'name',
    title: 'KPI',
    cell: ({ kpi, number }) => (
      <div class="u4ssc-name">
        {number.kpi === '' ? <b>{kpi.name}</b> : <a href={link('kpi', [number.kpi])}>{kpi.name}</a>}
        {number.series === '' ? null : <b> {number.series}</b>}
        <small class="under">{kpi.definition}</small>
      </div>
    ),
  },
  { id: 'standing', title: 'Standing', cell: ({ kpi }) => <Standing kpi={kpi} /> },
  { id: 'value', title: 'Value', isNumber: true, cell: (row) => <Value row={row} /> },
  {
    id: 'quality',
    title: 'Data quality',
    cell: ({ number }) => <small class="u4ssc-quality">{number.quality ?? '–'}</small>,
  },
  { id: 'target', title: 'Target', isNumber: true, cell: (row) => <TargetOf row={row} /> },
  { id: 'points', title: 'Points', isNumber: true, cell: ({ number }) => <Points number={number} /> },
];

function Standing({ kpi }: { kpi: U4sscKpi }) {
  const missing = kpi.facts.filter(({ value }) => value === null).map(({ title }) => title);
  const under = kpi.part === '' ? '' : `${kpi.part}. `;
  return (
    <>
      <span class="tag">{STANDINGS[kpi.standing]}</span>
      {missing.length === 0 && under === '' ? null : (
        <small class="under">
          {under}
          {missing.length === 0 ? '' : `Not told: ${missing.join(', ')}`}
        </small>
      )}
    </>
  );
}

function Value({ row: { kpi, number, info } }: { row: Row }) {
  if (number.value === null) return <span class="muted">–</span>;
  const figure = info === undefined ? formatMeasured(number.value) : formatNumber(number.value, info.decimals);
  const from = number.origin === 'live' ? windowLabel(number.period) : number.period || 'from city facts';
  return (
    <>
      {figure} {number.unit === '' ? kpi.unit : number.unit}
      <small class="under">
        {from}
        {number.valid ? '' : ', incomplete'}
      </small>
    </>
  );
}

function TargetOf({ row: { number } }: { row: Row }) {
  if (number.target === null) return <span class="muted">–</span>;
  const sign = number.direction === 'lower' ? '≤ ' : number.direction === 'higher' ? '≥ ' : '';
  return (
    <>
      {sign}
      {formatMeasured(number.target)}
      {number.percentOfTarget === null ? null : (
        <small class="under">{formatNumber(number.percentOfTarget, 1)} % reached</small>
      )}
    </>
  );
}

function Points({ number }: { number: U4sscNumber }) {
  if (number.points !== null) return <b>{number.points} / 4</b>;
  return <small>{number.excluded}</small>;
}
