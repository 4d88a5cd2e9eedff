import { ageMsOf, type Engine, isBehind, isSilent, type Partition, type Replica, rangesOf } from '../data/cluster.ts';
import { formatAge, formatNumber, formatTime } from '../format.ts';
import type { Cluster } from '../types.ts';
import { type Column, Table } from './table.tsx';
import { Bar } from './values.tsx';

/** Who owns how much: bars of one length are a fair share. */
export function EngineTable({ engines }: { engines: readonly Engine[] }) {
  const most = Math.max(1, ...engines.map(({ partitions }) => partitions.length));
  const columns: Column<Engine>[] = [
    {
      id: 'engine',
      title: 'Engine',
      isBroad: true,
      cell: ({ name, isCutter }) => (
        <span class="node">
          <code>{name}</code>
          {isCutter ? <span class="tag">makes the cuts</span> : null}
        </span>
      ),
    },
    {
      id: 'owns',
      title: 'Owns',
      isBroad: true,
      cell: ({ partitions }) => (
        <span class="owns">
          <Bar ratio={partitions.length / most} tone="good" />
          {formatNumber(partitions.length)}
        </span>
      ),
    },
    {
      id: 'partitions',
      title: 'Partitions',
      cell: ({ partitions }) => <span>{partitions.length === 0 ? '–' : rangesOf(partitions)}</span>,
    },
    { id: 'rate', title: 'Messages/s', isNumber: true, cell: ({ rate }) => formatNumber(rate, 1) },
    { id: 'lag', title: 'Lag', isNumber: true, cell: ({ lag }) => formatNumber(lag) },
  ];
  return (
    <Table
      caption="Engines and the partitions that each owns"
      columns={columns}
      rows={engines}
      keyOf={({ name }) => name}
      isStacked
      empty="No process with the role engine runs. Start one: vitals serve --roles engine."
    />
  );
}

/** Partitions in the order that they are given in. */
export function PartitionTable({ partitions }: { partitions: readonly Partition[] }) {
  return (
    <Table
      caption="Partitions, those without an owner first"
      columns={PARTITION_COLUMNS}
      rows={partitions}
      keyOf={({ partition }) => String(partition)}
      isAlarm={({ owner }) => owner === null}
      isStacked
    />
  );
}

const PARTITION_COLUMNS: Column<Partition>[] = [
  { id: 'partition', title: 'Partition', cell: ({ partition }) => <b>{partition}</b> },
  {
    id: 'owner',
    title: 'Owner',
    isBroad: true,
    cell: ({ owner }) => (owner === null ? <span class="tag silent">no owner</span> : <code>{owner}</code>),
  },
  { id: 'lag', title: 'Lag', isNumber: true, cell: (partition) => <Lag partition={partition} /> },
  { id: 'rate', title: 'Messages/s', isNumber: true, cell: ({ rate }) => formatNumber(rate, 1) },
  { id: 'messages', title: 'Messages', isNumber: true, cell: ({ messages }) => formatNumber(messages) },
  { id: 'handovers', title: 'Hand-overs', isNumber: true, cell: ({ handovers }) => formatNumber(handovers) },
  {
    id: 'since',
    title: 'Owned since',
    cell: ({ ownedSince }) => <span>{formatTime(ownedSince)}</span>,
  },
];

/** Messages, and how long they took to come where that says something. */
function Lag({ partition }: { partition: Partition }) {
  const { lag, rate } = partition;
  const seconds = rate === null || rate === 0 ? 0 : lag / rate;
  return (
    <span>
      {isBehind(partition) ? <span class="tag silent">behind</span> : null} {formatNumber(lag)}
      {seconds < 1 ? null : <small class="under">{formatAge(seconds * 1000)} of messages</small>}
    </span>
  );
}

/** How far each process is that reads all partitions. */
export function ReplicaTable({ cluster }: { cluster: Cluster }) {
  const columns: Column<Replica>[] = [
    { id: 'name', title: 'Reader', cell: ({ name }) => <code>{name}</code> },
    { id: 'behind', title: 'Behind', isNumber: true, cell: ({ behind }) => formatNumber(behind) },
    {
      id: 'heard',
      title: 'Last heard',
      isNumber: true,
      cell: (replica) => <Heard cluster={cluster} replica={replica} />,
    },
  ];
  return (
    <Table
      caption="Readers of the whole, and how far behind each is"
      columns={columns}
      rows={cluster.replicas}
      keyOf={({ name }) => name}
      isStacked
      empty="None has said yet how far it is."
    />
  );
}

function Heard({ cluster, replica }: { cluster: Cluster; replica: Replica }) {
  const ageMs = ageMsOf(cluster, replica.heard);
  const text = ageMs === null ? 'never' : `${formatAge(ageMs)} ago`;
  return (
    <span class={isSilent(cluster, replica) ? 'tag silent' : undefined} title={formatTime(replica.heard, 'full')}>
      {text}
    </span>
  );
}
