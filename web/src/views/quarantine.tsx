import { useState } from 'preact/hooks';
import { api } from '../data/api.ts';
import { link, type Route, replaceRoute } from '../data/route.ts';
import type { State } from '../data/state.ts';
import { formatNumber, formatTime, words } from '../format.ts';
import { type Column, Table } from '../parts/table.tsx';
import type { QuarantineRow } from '../types.ts';
import { useLoaded } from './use-loaded.ts';

const PAGE = 50;

/** What was refused and why, newest first. */
export function QuarantineView({ route, state }: { route: Route; state: State }) {
  const reason = route.options.get('reason') ?? '';
  const device = route.options.get('device') ?? '';
  return <Rows key={`${reason} ${device}`} reason={reason} device={device} state={state} />;
}

function Rows({ reason, device, state }: { reason: string; device: string; state: State }) {
  // Where each page began: the last one is shown, and going back drops it.
  const [before, setBefore] = useState<readonly string[]>(['']);
  const [reload, setReload] = useState(0);
  const at = before.at(-1) ?? '';
  const query = { reason, device, before: at, limit: PAGE };
  const { data, error, isLoading } = useLoaded(`${JSON.stringify(query)} ${reload}`, () => api.quarantine(query));
  const rejects = Object.entries(state.accounting?.rejects ?? {}).sort((a, b) => b[1] - a[1]);
  const total = rejects.reduce((sum, [, count]) => sum + count, 0);
  const choose = (change: { reason?: string; device?: string }) =>
    replaceRoute(link('quarantine', [], { reason, device, ...change }));
  const next = data?.next ?? null;
  return (
    <>
      <div class="heading">
        <h1>Quarantine</h1>
        <p class="facts">
          <span>{formatNumber(total)} refused in all</span>
        </p>
      </div>
      <div class="filters">
        <label>
          <span>Reason</span>
          <select value={reason} onChange={(event) => choose({ reason: event.currentTarget.value })}>
            <option value="">All</option>
            {reason !== '' && !rejects.some(([name]) => name === reason) ? (
              <option value={reason}>{words(reason)}</option>
            ) : null}
            {rejects.map(([name, count]) => (
              <option key={name} value={name}>
                {words(name)} ({formatNumber(count)})
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Device</span>
          <input
            type="search"
            value={device}
            placeholder="exact id"
            onChange={(event) => choose({ device: event.currentTarget.value.trim() })}
          />
        </label>
        <button type="button" onClick={() => setReload(reload + 1)}>
          Reload
        </button>
      </div>
      {error === undefined ? null : <p class="failed">{error}</p>}
      <Table
        caption="Refused messages and readings, newest first"
        columns={COLUMNS}
        rows={data?.quarantine ?? []}
        keyOf={(row) => `${row.sequence}/${row.index}`}
        empty={isLoading ? 'Loading …' : 'Nothing was refused.'}
      />
      <div class="pager">
        <span role="status">Page {before.length}</span>
        <button type="button" disabled={before.length === 1} onClick={() => setBefore(before.slice(0, -1))}>
          Newer
        </button>
        <button type="button" disabled={next === null} onClick={() => setBefore([...before, next ?? ''])}>
          Older
        </button>
      </div>
    </>
  );
}

const COLUMNS: Column<QuarantineRow>[] = [
  { id: 'received', title: 'Received', cell: (row) => formatTime(row.receivedAt, 'full') },
  {
    id: 'reason',
    title: 'Reason',
    cell: (row) => (
      <>
        <b>{words(row.reason)}</b>
        <small class="under">{row.detail}</small>
      </>
    ),
  },
  {
    id: 'device',
    title: 'Device',
    cell: (row) =>
      row.device === '' ? <span class="muted">unknown</span> : <a href={link('device', [row.device])}>{row.device}</a>,
  },
  {
    id: 'topic',
    title: 'Topic and client',
    cell: (row) => (
      <>
        <code>{row.topic}</code>
        <small class="under">{row.clientId === '' ? 'no client' : row.clientId}</small>
      </>
    ),
  },
  {
    id: 'payload',
    title: 'Payload',
    cell: (row) => (
      <>
        <code class="payload">{row.payloadHead}</code>
        <small class="under">
          {formatNumber(row.payloadBytes)} bytes, record {row.sequence}
          {row.index < 0 ? '' : `, reading ${row.index}`}
        </small>
      </>
    ),
  },
];
