import { useMemo, useState } from 'preact/hooks';
import { link, type Route, replaceRoute } from '../data/route.ts';
import { type State, serverNowMs, toMs } from '../data/state.ts';
import { flatZones, zoneIdsIn, zoneName } from '../data/zones.ts';
import { formatAge, formatNumber, formatTime } from '../format.ts';
import { type Column, Pager, type Sorting, Table } from '../parts/table.tsx';
import type { Device } from '../types.ts';

const PAGE = 50;

/** Every device that was ever heard of: silent ones first. */
export function DevicesView({ route, state }: { route: Route; state: State }) {
  const [sorting, setSorting] = useState<Sorting>({ column: 'silent', descending: true });
  const [page, setPage] = useState(0);
  const filter: Filter = {
    text: route.options.get('q') ?? '',
    zone: route.options.get('zone') ?? '',
    silentOnly: route.options.get('silent') === 'only',
  };
  const choose = (change: Partial<Filter>) => {
    const next = { ...filter, ...change };
    setPage(0);
    replaceRoute(link('devices', [], { q: next.text, zone: next.zone, silent: next.silentOnly ? 'only' : '' }));
  };
  const version = state.accounting?.sequence ?? 0;
  // Devices are changed in place; the sequence says when
  const rows = useMemo(
    () => selected(state, filter, sorting),
    [version, state.devices.size, filter.text, filter.zone, filter.silentOnly, sorting],
  );
  const first = Math.min(page, Math.max(0, Math.ceil(rows.length / PAGE) - 1)) * PAGE;
  const silentCount = rows.filter(({ silent }) => silent).length;
  return (
    <>
      <div class="heading">
        <h1>Devices</h1>
        <p class="facts">
          <span>{formatNumber(rows.length)} shown</span>
          <span>{formatNumber(silentCount)} silent</span>
        </p>
      </div>
      <Filters filter={filter} choose={choose} />
      <Table
        caption="Devices"
        columns={COLUMNS}
        rows={rows.slice(first, first + PAGE)}
        keyOf={({ device }) => device}
        sorting={sorting}
        onSort={(column) => setSorting(nextSorting(sorting, column))}
        empty={state.devices.size === 0 ? 'No device has been heard of yet.' : 'No device fits the filter.'}
      />
      <Pager
        first={rows.length === 0 ? 0 : first + 1}
        last={Math.min(first + PAGE, rows.length)}
        total={rows.length}
        onMove={(step) => setPage(first / PAGE + step)}
      />
    </>
  );
}

interface Filter {
  readonly text: string;
  readonly zone: string;
  readonly silentOnly: boolean;
}

function Filters({ filter, choose }: { filter: Filter; choose: (change: Partial<Filter>) => void }) {
  return (
    <div class="filters">
      <label>
        <span>Search</span>
        <input
          type="search"
          value={filter.text}
          placeholder="id, name or profile"
          onInput={(event) => choose({ text: event.currentTarget.value })}
        />
      </label>
      <label>
        <span>Zone</span>
        <select value={filter.zone} onChange={(event) => choose({ zone: event.currentTarget.value })}>
          <option value="">All</option>
          {flatZones().map(({ node, depth }) => (
            <option key={node.id} value={node.id}>
              {'\u00a0\u00a0'.repeat(depth)}
              {node.name}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={filter.silentOnly}
          onChange={(event) => choose({ silentOnly: event.currentTarget.checked })}
        />
        <span>Silent only</span>
      </label>
    </div>
  );
}

const COLUMNS: Column<Device>[] = [
  {
    id: 'device',
    title: 'Device',
    cell: ({ device, name }) => (
      <>
        <a href={link('device', [device])}>{device}</a>
        {name === '' ? null : <small class="under">{name}</small>}
      </>
    ),
  },
  {
    id: 'silent',
    title: 'State',
    cell: ({ silent }) => (silent ? <span class="tag silent">silent</span> : <span class="tag">reporting</span>),
  },
  { id: 'lastReceived', title: 'Last heard', isNumber: true, cell: ({ lastReceived }) => <Ago at={lastReceived} /> },
  { id: 'lastEvent', title: 'Newest measurement', isNumber: true, cell: ({ lastEvent }) => formatTime(lastEvent) },
  { id: 'zone', title: 'Zone', cell: ({ zone }) => (zone === '' ? <span class="muted">none</span> : zoneName(zone)) },
  { id: 'profile', title: 'Profile', cell: ({ profile }) => profile },
  { id: 'role', title: 'Role', cell: ({ role }) => role },
  { id: 'readings', title: 'Readings', isNumber: true, cell: ({ readings }) => formatNumber(readings) },
];

export function Ago({ at }: { at: string | null }) {
  if (at === null) return <span class="muted">never</span>;
  return <span title={formatTime(at, 'full')}>{formatAge(serverNowMs() - toMs(at))} ago</span>;
}

function selected(state: State, filter: Filter, sorting: Sorting): Device[] {
  const text = filter.text.trim().toLowerCase();
  const zones = filter.zone === '' ? undefined : zoneIdsIn(filter.zone);
  const rows: Device[] = [];
  for (const row of state.devices.values()) {
    if (filter.silentOnly && !row.silent) continue;
    if (zones !== undefined && !zones.has(row.zone)) continue;
    if (text !== '' && !`${row.device} ${row.name} ${row.profile}`.toLowerCase().includes(text)) continue;
    rows.push(row);
  }
  return rows.sort(comparison(sorting));
}

/** Equal rows are in order of their ids, so that the order does not jump while messages come in. */
function comparison({ column, descending }: Sorting): (a: Device, b: Device) => number {
  const sign = descending ? -1 : 1;
  const key = (row: Device) => row[column as keyof Device] ?? '';
  return (a, b) => {
    const [left, right] = [key(a), key(b)];
    if (left !== right) return left < right ? -sign : sign;
    return a.device < b.device ? -1 : 1;
  };
}

function nextSorting(sorting: Sorting, column: string): Sorting {
  return {
    column,
    descending: sorting.column === column ? !sorting.descending : column === 'silent' || column === 'readings',
  };
}
