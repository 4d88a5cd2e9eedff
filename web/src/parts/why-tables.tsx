import { link } from '../data/route.ts';
import { zoneName } from '../data/zones.ts';
import { formatMeasured, formatNumber, formatTime, unitLabel } from '../format.ts';
import type { KpiInfo, Why } from '../types.ts';
import { type Column, Pager, Table } from './table.tsx';
import { REASONS } from './values.tsx';

type Device = Why['devices'][number];
type Zone = Why['zones'][number];

interface PartProps {
  readonly kpi: KpiInfo;
  readonly why: Why;
}

const valueTitle = (kpi: KpiInfo) => (kpi.unitLabel === '' ? 'Value' : kpi.unitLabel);

/** A share with one decimal; amounts that add up have none. */
function weight(share: number | null): string {
  return share === null ? 'adds up' : `${formatNumber(100 * share, 1)} %`;
}

/** Zones in the scope with their people, and those that are left out with the reason. */
export function Zones({ kpi, why }: PartProps) {
  if (why.zones.length === 0) return null;
  const columns: Column<Zone>[] = [
    {
      id: 'zone',
      title: 'Zone',
      cell: ({ zone, own }) =>
        own ? `Outside of the zones of ${zoneName(zone)}` : <a href={link('kpi', [kpi.id, zone])}>{zoneName(zone)}</a>,
    },
    { id: 'value', title: valueTitle(kpi), isNumber: true, cell: ({ value }) => formatNumber(value, kpi.decimals) },
    { id: 'people', title: 'People', isNumber: true, cell: ({ population }) => formatNumber(population) },
    { id: 'weight', title: 'Weight', isNumber: true, cell: (row) => (row.used ? weight(row.weight) : '–') },
    { id: 'reason', title: 'Left out because', cell: ({ reason }) => reason },
  ];
  return (
    <Part title="Zones">
      <Table caption="Zones behind the value" columns={columns} rows={why.zones} keyOf={({ zone }) => zone} />
    </Part>
  );
}

const WHICH_DEVICE: readonly Column<Device>[] = [
  { id: 'device', title: 'Device', cell: (row) => <DeviceName row={row} /> },
  { id: 'zone', title: 'Zone', cell: ({ zone }) => (zone === '' ? 'none' : zoneName(zone)) },
];

interface UsedProps extends PartProps {
  readonly offset: number;
  readonly page: number;
  readonly onMove: (offset: number) => void;
}

export function UsedDevices({ kpi, why, offset, page, onMove }: UsedProps) {
  const columns: Column<Device>[] = [
    ...WHICH_DEVICE,
    { id: 'value', title: valueTitle(kpi), isNumber: true, cell: ({ value }) => formatNumber(value, kpi.decimals) },
    {
      id: 'valid',
      title: 'Valid',
      isNumber: true,
      cell: (row) => (row.expectedCount === 0 ? '–' : `${row.validCount}/${row.expectedCount}`),
    },
    { id: 'weight', title: 'Weight', isNumber: true, cell: (row) => weight(row.weight) },
    {
      id: 'note',
      title: 'Note',
      cell: ({ note, amounts }) => [note, ...amountsOf(amounts)].filter(Boolean).join(', '),
    },
  ];
  const last = Math.min(offset + page, why.deviceCount);
  return (
    <Part title={`Devices that it is made of: ${formatNumber(why.deviceCount)}`}>
      <Table
        caption="Devices behind the value"
        columns={columns}
        rows={why.devices}
        keyOf={({ device }) => device}
        empty="None."
      />
      {why.deviceCount > page ? (
        <Pager first={offset + 1} last={last} total={why.deviceCount} onMove={(step) => onMove(offset + step * page)} />
      ) : null}
    </Part>
  );
}

export function LeftOut({ why }: { why: Why }) {
  if (why.leftOutCount === 0) return null;
  const columns: Column<Device>[] = [
    ...WHICH_DEVICE,
    { id: 'reason', title: 'Left out because', cell: ({ reason }) => reason },
  ];
  return (
    <Part title={`Devices left out: ${formatNumber(why.leftOutCount)}`}>
      <Table
        caption="Devices left out"
        columns={columns}
        rows={why.leftOut}
        keyOf={({ device }) => device}
        empty="None on this page."
      />
    </Part>
  );
}

export function Facts({ why }: { why: Why }) {
  if (why.facts.length === 0) return null;
  const columns: Column<Why['facts'][number]>[] = [
    { id: 'title', title: 'Fact', cell: ({ title }) => title },
    {
      id: 'value',
      title: 'Value',
      isNumber: true,
      cell: ({ value, unit }) => (value === null ? 'not told' : `${formatMeasured(value)} ${unitOf(unit)}`.trim()),
    },
    { id: 'since', title: 'Since', cell: ({ since }) => (since === null ? '–' : formatTime(since, 'date')) },
    { id: 'source', title: 'Source', cell: ({ source }) => source },
    { id: 'quality', title: 'Quality', cell: ({ quality }) => quality },
  ];
  return (
    <Part title="City facts">
      <Table caption="City facts used" columns={columns} rows={why.facts} keyOf={({ id }) => id} />
    </Part>
  );
}

/** Of windows of many days. */
export function Days({ kpi, why }: PartProps) {
  const { days } = why;
  if (days === null) return null;
  type Day = (typeof days.list)[number];
  const value: Column<Day> = {
    id: 'value',
    title: valueTitle(kpi),
    isNumber: true,
    cell: (row) => formatMeasured(row.value),
  };
  const columns: Column<Day>[] = [
    { id: 'day', title: 'Day', cell: ({ start }) => formatTime(start, 'date') },
    ...(days.listed === 1 ? [value] : []),
    { id: 'valid', title: 'Valid', isNumber: true, cell: ({ valid }) => formatNumber(valid) },
    { id: 'said', title: 'Said something', isNumber: true, cell: ({ said }) => formatNumber(said) },
  ];
  return (
    <Part title="Days that it is folded from">
      <p>
        {days.list.length} of {days.ended} days that have ended, of {days.expected} of the window; days of{' '}
        {formatNumber(days.subjects)} {days.level === 'zone' ? 'zones' : 'devices'}.
      </p>
      <details>
        <summary>Each day</summary>
        <Table caption="Days" columns={columns} rows={[...days.list].reverse()} keyOf={({ start }) => start} />
      </details>
    </Part>
  );
}

export function Revisions({ kpi, why }: PartProps) {
  type Row = Why['revisions'][number];
  const columns: Column<Row>[] = [
    { id: 'revision', title: 'Revision', isNumber: true, cell: ({ revision }) => revision },
    { id: 'before', title: 'Before', isNumber: true, cell: ({ before }) => formatNumber(before, kpi.decimals) },
    { id: 'value', title: 'Value', isNumber: true, cell: ({ value }) => formatNumber(value, kpi.decimals) },
    {
      id: 'reason',
      title: 'Reason',
      cell: ({ reason }) => (reason === null ? 'first value' : (REASONS[reason] ?? reason)),
    },
    { id: 'upTo', title: 'Inputs complete to', cell: ({ watermark }) => formatTime(watermark) },
  ];
  return (
    <Part title="What was published of this window">
      <Table
        caption="Revisions, newest first"
        columns={columns}
        rows={[...why.revisions].reverse()}
        keyOf={({ revision }) => String(revision)}
        empty="Nothing yet."
      />
    </Part>
  );
}

function Part({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return (
    <section class="why-part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function DeviceName({ row }: { row: Device }) {
  return (
    <>
      <a href={link('device', [row.device])}>{row.device}</a>
      {row.name === '' ? null : <small class="under">{row.name}</small>}
    </>
  );
}

function amountsOf(amounts: Device['amounts']): string[] {
  return Object.entries(amounts).map(([name, amount]) => `${name} ${formatMeasured(amount)}`);
}

/** Counts in braces are no units. */
function unitOf(unit: string): string {
  return unit.startsWith('{') ? '' : unitLabel(unit);
}
