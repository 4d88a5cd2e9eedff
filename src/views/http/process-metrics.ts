import type { BrokerRefusal } from '../../broker/index.ts';
import type { PartitionStanding } from '../cluster.ts';
import type { ViewSources } from '../views.ts';
import type { Definer, Sample } from './metric-definer.ts';

const BROKER_REFUSALS = [
  'frame_too_large',
  'malformed_packet',
  'connection_limit',
  'rate_limit',
  'connect_timeout',
  'client_id',
  'not_authorized',
  'topic',
  'subscription',
  'slow_subscriber',
] as const satisfies readonly BrokerRefusal[];

/** Of the journal as this process sees it. */
export function journalMetrics({ gauge, counter }: Definer, sources: Pick<ViewSources, 'journalStats'>): void {
  gauge('journal_durable_sequence', 'Newest durable sequence', () => [[sources.journalStats().durableSequence]]);
  gauge('journal_first_sequence', 'Oldest sequence kept', () => [[sources.journalStats().firstSequence]]);
  gauge('journal_bytes', 'Bytes on disk', () => [[sources.journalStats().bytesOnDisk]]);
  gauge('journal_segments', 'Segment files', () => [[sources.journalStats().segmentCount]]);
  gauge('journal_waiting_records', 'Records accepted and not yet durable', () => [
    [sources.journalStats().waitingRecords],
  ]);
  gauge('journal_waiting_bytes', 'Bytes accepted and not yet durable', () => [[sources.journalStats().waitingBytes]]);
  gauge('journal_sync_max_seconds', 'Longest fdatasync seen', () => [[sources.journalStats().syncMsMax / 1000]]);
  gauge('journal_blocked', '1 while nothing is acknowledged: no room on disk, or journal.budget is reached', () => [
    [sources.journalStats().blocked ? 1 : 0],
  ]);
  counter('journal_blocked_total', 'How often nothing could be acknowledged for a while', () => [
    [sources.journalStats().blockedTotal ?? 0],
  ]);
  counter('journal_commits_total', 'Group commits', () => [[sources.journalStats().commitCount]]);
  counter('journal_records_total', 'Records in group commits', () => [[sources.journalStats().recordCount]]);
}

/** Of what publishers are connected to. */
export function brokerMetrics({ gauge, counter }: Definer, sources: Pick<ViewSources, 'brokerStats'>): void {
  gauge('broker_connections', 'Clients connected now', () => [[sources.brokerStats().connectedClients]]);
  counter('broker_connections_total', 'Clients that ever connected', () => [[sources.brokerStats().connectionsTotal]]);
  gauge('broker_waiting_publishes', 'Publishes that wait for the journal before they are acknowledged', () => [
    [sources.brokerStats().waitingForJournal],
  ]);
  counter(
    'broker_publishes_total',
    'Publishes handed on, by QoS',
    () => {
      const { receivedQos0, receivedQos1, receivedQos2 } = sources.brokerStats();
      return [receivedQos0, receivedQos1, receivedQos2].map((value, qos): Sample => [value, { qos: String(qos) }]);
    },
    ['qos'],
  );
  counter(
    'broker_refused_total',
    'What the broker turned away, by reason',
    () => BROKER_REFUSALS.map((reason): Sample => [sources.brokerStats().refused[reason] ?? 0, { reason }]),
    ['reason'],
  );
}

/** Of a city that is spread over processes; nothing where one serves it. */
export function clusterMetrics({ gauge, counter }: Definer, { cluster }: Pick<ViewSources, 'cluster'>): void {
  const partitions = () => cluster()?.partitions ?? [];
  const ofEach = (read: (partition: PartitionStanding) => number) => () =>
    partitions().map((one): Sample => [read(one), { partition: String(one.partition) }]);
  counter(
    'partition_messages_total',
    'Messages of a partition',
    ofEach(({ rawEnd }) => rawEnd),
    ['partition'],
  );
  gauge(
    'partition_lag_messages',
    'Messages of a partition that are not decoded yet',
    ofEach(({ rawEnd, madeEnd }) => Math.max(0, rawEnd - madeEnd)),
    ['partition'],
  );
  gauge(
    'partition_owned',
    '1 while a process owns it',
    ofEach(({ owner }) => (owner === undefined ? 0 : 1)),
    ['partition'],
  );
  counter(
    'partition_owners_total',
    'How often a partition got an owner',
    ofEach(({ handovers }) => handovers),
    ['partition'],
  );
  gauge(
    'partition_owner',
    '1 for the process that owns a partition',
    () =>
      partitions().flatMap(({ partition, owner }): Sample[] =>
        owner === undefined ? [] : [[1, { partition: String(partition), owner }]],
      ),
    ['partition', 'owner'],
  );
  gauge('cuts', 'Number of the newest cut', () => optional(cluster()?.cut.number));
  gauge('cutter_owned', '1 while a process makes cuts', () =>
    optional(cluster() && (cluster()?.cutter === undefined ? 0 : 1)),
  );
  gauge('processes', 'Processes of the city', () => optional(cluster()?.members.length));
  gauge('configurations', 'Configurations and profiles that make numbers: more than 1 where processes differ', () =>
    optional(cluster() && new Set(cluster()!.members.flatMap(({ basis }) => basis ?? [])).size),
  );
  gauge('engines', 'Processes that own partitions', () => optional(cluster()?.engines.length));
  gauge(
    'replica_behind_records',
    'Records up to the newest cut that a reader of the whole may still need',
    () => {
      const { replicas = [], cut = { position: 0 } } = cluster() ?? {};
      return replicas.map(({ name, position }): Sample => [Math.max(0, cut.position - position), { replica: name }]);
    },
    ['replica'],
  );
  gauge('streams_memory_bytes', 'Memory that Redis uses; of a cluster its fullest server', () =>
    optional(cluster()?.memory.usedBytes),
  );
  gauge('streams_memory_max_bytes', 'Memory that it may use; absent without a bound', () =>
    optional(cluster()?.memory.maxBytes ?? undefined),
  );
}

/** Of a process that may publish the KPI topics of a city over several. */
export function kpiTopicMetrics({ gauge, counter }: Definer, { cluster }: Pick<ViewSources, 'cluster'>): void {
  const topics = () => cluster()?.kpiTopics;
  gauge('kpi_topics_publisher', '1 while this process publishes the KPI topics of the city', () =>
    optional(asNumber(topics()?.isPublisher)),
  );
  gauge('kpi_topics_connected', '1 while it has a connection to the MQTT broker for that', () =>
    optional(asNumber(topics()?.isConnected)),
  );
  counter('kpi_topics_dropped_total', 'Values that the MQTT broker, away or slow, could not be sent at once', () =>
    optional(topics()?.dropped),
  );
}

function asNumber(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function optional(value: number | undefined): Sample[] {
  return value === undefined ? [] : [[value]];
}
