import { useMemo, useState } from 'preact/hooks';
import { type AggregatesQuery, api } from '../data/api.ts';
import { CHART_WINDOWS, PERIODS, periodOf, rangeUpTo, windowLabel, windowLengthMs } from '../data/periods.ts';
import { link, type Route, replaceRoute } from '../data/route.ts';
import { type State, serverNowMs, toMs } from '../data/state.ts';
import { zoneName } from '../data/zones.ts';
import { formatMeasured, formatNumber, formatPercent, formatTime, quantityTitle, unitLabel } from '../format.ts';
import { Chart, type ChartPoint } from '../parts/chart.tsx';
import { Choice } from '../parts/choice.tsx';
import { type Column, Table } from '../parts/table.tsx';
import type { AggregateRow, Device, Series } from '../types.ts';
import { Ago } from './devices.tsx';
import { useLoaded } from './use-loaded.ts';

const ROWS_SHOWN_MAX = 500;
/** More points than this are neither readable nor quick. */
const POINTS_MAX = 3_000;

/** One device: what it is, what it measures, and a chart of one of its series. */
export function DeviceView({ route, state }: { route: Route; state: State }) {
  const id = route.names[0] ?? '';
  const device = state.devices.get(id);
  const minute = Math.floor(serverNowMs() / 60_000);
  const { data, error } = useLoaded(`${id} ${minute}`, () => api.series(id));
  const series = data?.series ?? [];
  const wanted = route.options.get('series') ?? '';
  const chosen = series.find((row) => seriesName(row) === wanted) ?? series[0];
  const window = CHART_WINDOWS.find((name) => name === route.options.get('window')) ?? 'hour';
  const period = route.options.get('period') ?? '7d';
  const choose = (change: Record<string, string>) =>
    replaceRoute(
      link('device', [id], { series: chosen === undefined ? '' : seriesName(chosen), window, period, ...change }),
    );
  return (
    <>
      <nav class="crumbs" aria-label="Where you are">
        <a href={link('devices')}>Devices</a> <span aria-hidden="true">/</span> {id}
      </nav>
      <div class="heading">
        <h1>
          {id} {device === undefined || device.name === '' ? null : <small>{device.name}</small>}
        </h1>
        <a href={link('quarantine', [], { device: id })}>Its rejected messages</a>
      </div>
      {error === undefined ? null : <p class="failed">{error}</p>}
      <div class="detail">
        {device === undefined ? (
          <section class="panel present" aria-label="Device">
            Loading …
          </section>
        ) : (
          <Facts device={device} />
        )}
        <section class="panel" aria-labelledby="series">
          <h2 id="series">Series</h2>
          <SeriesTable rows={series} chosen={chosen} onChoose={(row) => choose({ series: seriesName(row) })} />
        </section>
      </div>
      {chosen === undefined ? null : (
        <Measured
          key={id}
          series={chosen}
          window={window}
          period={period}
          to={device?.lastEvent ?? null}
          choose={choose}
        />
      )}
    </>
  );
}

function seriesName({ quantity, channel }: Series): string {
  return channel === '' ? quantity : `${quantity}:${channel}`;
}

function Facts({ device }: { device: Device }) {
  const facts: [string, preact.ComponentChildren][] = [
    ['State', device.silent ? <span class="tag silent">silent</span> : <span class="tag">reporting</span>],
    ['Last heard', <Ago at={device.lastReceived} />],
    ['Newest measurement', formatTime(device.lastEvent, 'full')],
    ['First heard', formatTime(device.firstSeen, 'date')],
    ['Readings', formatNumber(device.readings)],
    ['Zone', device.zone === '' ? 'none' : <a href={link('overview', [device.zone])}>{zoneName(device.zone)}</a>],
    ...(device.location === null ? [] : ([['Location', locationText(device.location)]] as [string, string][])),
    ['Profile', device.profile],
    ['Role', device.role],
    ...(device.gateway === '' ? [] : ([['Gateway', device.gateway]] as [string, preact.ComponentChildren][])),
  ];
  return (
    <section class="panel present" aria-label="Device">
      <dl class="facts-list">
        {facts.map(([title, content]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{content}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function locationText({ latitude, longitude }: NonNullable<Device['location']>): string {
  const degrees = (value: number, positive: string, negative: string) =>
    `${formatNumber(Math.abs(value), 5)}° ${value < 0 ? negative : positive}`;
  return `${degrees(latitude, 'N', 'S')}, ${degrees(longitude, 'E', 'W')}`;
}

interface SeriesTableProps {
  readonly rows: readonly Series[];
  readonly chosen: Series | undefined;
  readonly onChoose: (row: Series) => void;
}

function SeriesTable({ rows, chosen, onChoose }: SeriesTableProps) {
  const columns: Column<Series>[] = [
    {
      id: 'quantity',
      title: 'Quantity',
      cell: (row) => (
        <button type="button" class="text-button" aria-pressed={row.id === chosen?.id} onClick={() => onChoose(row)}>
          {quantityTitle(row.quantity)}
          {row.channel === '' ? '' : ` (${row.channel})`}
        </button>
      ),
    },
    {
      id: 'value',
      title: 'Newest',
      isNumber: true,
      cell: (row) => `${formatMeasured(row.latest?.value)} ${unitLabel(row.unit)}`,
    },
    { id: 'time', title: 'Measured', isNumber: true, cell: (row) => formatTime(row.latest?.time) },
    { id: 'quality', title: 'Quality', cell: (row) => row.latest?.quality ?? '–' },
    { id: 'kind', title: 'Kind', cell: (row) => row.kind },
    {
      id: 'expected',
      title: 'Expected every',
      isNumber: true,
      cell: (row) => `${formatNumber(row.expectEverySeconds)} s`,
    },
  ];
  return (
    <Table
      caption="Series of the device"
      columns={columns}
      rows={rows}
      keyOf={(row) => String(row.id)}
      empty="No series yet."
    />
  );
}

interface MeasuredProps {
  readonly series: Series;
  readonly window: (typeof CHART_WINDOWS)[number];
  readonly period: string;
  /** Newest event time of the device: a device that is silent shows its last data, not an empty chart. */
  readonly to: string | null;
  readonly choose: (change: Record<string, string>) => void;
}

function Measured({ series, window, period, to, choose }: MeasuredProps) {
  const [showsTable, setShowsTable] = useState(false);
  const lengthMs = windowLengthMs(window);
  const query = aggregatesQuery(series, window, period, to === null ? serverNowMs() : toMs(to));
  const isTooMuch = periodOf(period).lengthMs / lengthMs > POINTS_MAX;
  const { data, error, isLoading } = useLoaded(isTooMuch ? undefined : JSON.stringify(query), () =>
    api.aggregates(query),
  );
  const rows = useMemo(() => data?.rows ?? [], [data]);
  const points = useMemo(() => rows.map(pointOf), [rows]);
  const unit = unitLabel(series.unit);
  return (
    <section class="panel history" aria-label="Aggregates">
      <div class="panel-head">
        <h2>
          {quantityTitle(series.quantity)}
          <small>
            {' '}
            {isAmount(series) ? 'increase' : ''} {unit}
          </small>
        </h2>
        <Choice
          legend="Window"
          name="window"
          options={CHART_WINDOWS.map((id) => ({ id, label: windowLabel(id) }))}
          selected={window}
          onChoose={(id) => choose({ window: id })}
        />
        <Choice
          legend="Period"
          name="period"
          options={PERIODS}
          selected={period}
          onChoose={(id) => choose({ period: id })}
        />
        <span class="buttons">
          <button type="button" aria-pressed={showsTable} onClick={() => setShowsTable(!showsTable)}>
            Table
          </button>
          <button type="button" disabled={rows.length === 0} onClick={() => void download(query)}>
            CSV
          </button>
        </span>
      </div>
      {isTooMuch ? (
        <p class="empty-rows">Too many windows for a chart: choose a longer window or a shorter period.</p>
      ) : null}
      {error === undefined ? null : <p class="failed">{error}</p>}
      {!isTooMuch && error === undefined && rows.length === 0 ? (
        <p class="empty-rows">{isLoading ? 'Loading …' : 'No data in this period.'}</p>
      ) : null}
      {isTooMuch || rows.length === 0 ? null : showsTable ? (
        <RowTable
          rows={rows}
          unit={unit}
          caption={`${quantityTitle(series.quantity)} by ${windowLabel(window)}, newest first`}
        />
      ) : (
        <Chart
          label={`${quantityTitle(series.quantity)} of ${series.device} by ${windowLabel(window)}: ${rows.length} windows, newest ${formatMeasured(rows.at(-1)?.value)} ${unit}. The table has every value.`}
          points={points}
          unit={unit}
          format={formatMeasured}
          fromZero={isAmount(series)}
        />
      )}
    </section>
  );
}

/** Registers and interval values: a window holds an amount, not a level. */
function isAmount({ kind }: Series): boolean {
  return kind === 'counter' || kind === 'delta';
}

function aggregatesQuery(series: Series, window: string, period: string, newestMs: number): AggregatesQuery {
  return {
    device: series.device,
    quantity: series.quantity,
    channel: series.channel,
    window,
    ...rangeUpTo(newestMs, window, period),
  };
}

function pointOf(row: AggregateRow): ChartPoint {
  return { atMs: toMs(row.end), value: row.value, valid: row.valid, final: row.final };
}

function RowTable({ rows, unit, caption }: { rows: readonly AggregateRow[]; unit: string; caption: string }) {
  const columns: Column<AggregateRow>[] = [
    { id: 'start', title: 'From', cell: (row) => formatTime(row.start) },
    { id: 'end', title: 'To', cell: (row) => formatTime(row.end) },
    {
      id: 'value',
      title: unit === '' ? 'Value' : `Value, ${unit}`,
      isNumber: true,
      cell: (row) => formatMeasured(row.value),
    },
    { id: 'min', title: 'Lowest', isNumber: true, cell: (row) => formatMeasured(row.min) },
    { id: 'max', title: 'Highest', isNumber: true, cell: (row) => formatMeasured(row.max) },
    { id: 'count', title: 'Readings', isNumber: true, cell: (row) => formatNumber(row.count) },
    {
      id: 'coverage',
      title: 'Coverage',
      isNumber: true,
      cell: (row) => `${row.validParts}/${row.expected} · ${formatPercent(row.coverage)}`,
    },
    { id: 'valid', title: 'Valid', cell: (row) => (row.valid ? 'yes' : <b class="missed">no</b>) },
    { id: 'final', title: 'Standing', cell: (row) => (row.final ? 'final' : 'provisional') },
  ];
  return (
    <>
      <Table
        caption={caption}
        columns={columns}
        rows={rows.slice(-ROWS_SHOWN_MAX).reverse()}
        keyOf={(row) => row.start}
      />
      {rows.length > ROWS_SHOWN_MAX ? (
        <p class="hint">
          The newest {ROWS_SHOWN_MAX} of {formatNumber(rows.length)} windows; CSV has all.
        </p>
      ) : null}
    </>
  );
}

async function download(query: AggregatesQuery): Promise<void> {
  const address = URL.createObjectURL(await api.aggregatesCsv(query));
  const anchor = document.createElement('a');
  anchor.href = address;
  anchor.download = `${query.device}-${query.quantity}-${query.window}.csv`.replace(/[^\w.-]/g, '_');
  anchor.click();
  URL.revokeObjectURL(address);
}
