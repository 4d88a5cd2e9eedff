import { collectDefaultMetrics, Registry } from 'prom-client';
import type { PostRefusal } from '../../broker/index.ts';
import { REJECT_REASONS } from '../../model/index.ts';
import { isZoneValue } from '../newest.ts';
import type { MirrorBacklog } from '../views.ts';
import type { RouteContext } from './context.ts';
import { type Definer, definer, type Sample } from './metric-definer.ts';
import { brokerMetrics, clusterMetrics, journalMetrics, kpiTopicMetrics } from './process-metrics.ts';
import { JOB_STATES } from './schemas.ts';
import type { StreamHub } from './stream-hub.ts';

/** KPI gauges on the page: KPIs times zones, cut off here so that a city of many zones does not flood its monitoring. */
const KPI_SERIES_MAX = 5_000;

const POST_REFUSALS = [
  'connection_limit',
  'rate_limit',
  'login',
  'not_authorized',
  'topic',
  'foreign_page',
  'too_large',
  'encoding',
  'busy',
  'not_taken',
] as const satisfies readonly PostRefusal[];

const MESSAGE_OUTCOMES = ['decoded', 'ignored', 'quarantined'] as const;
const READING_OUTCOMES = ['counted', 'invalid', 'duplicate', 'lateFiled', 'quarantined'] as const;

/**
 * The product's metrics in a registry of their own: names `vitals_...` with the unit in the name, labels from closed
 * lists or from the city's configuration, never from the field.
 */
export function createMetrics(context: RouteContext, hub: StreamHub): Registry {
  const registry = new Registry();
  const define = definer(registry);
  collectDefaultMetrics({ register: registry, prefix: 'vitals_' });
  accountingMetrics(define, context);
  progressMetrics(define, context);
  lateMetrics(define, context);
  outageMetrics(define, context);
  eventMetrics(define, context);
  journalMetrics(define, context.sources);
  againMetrics(define, context);
  jobMetrics(define, context);
  brokerMetrics(define, context.sources);
  clusterMetrics(define, context.sources);
  kpiTopicMetrics(define, context.sources);
  postMetrics(define, context);
  storeMetrics(define, context);
  mirrorMetrics(define, context);
  streamMetrics(define, hub);
  kpiMetrics(define, context);
  return registry;
}

function accountingMetrics({ counter }: Definer, { sources }: RouteContext): void {
  counter('messages_received_total', 'Messages that the engine took from the journal', () => [
    [sources.accounting().messages.received],
  ]);
  counter(
    'messages_total',
    'Messages by what became of them',
    () => MESSAGE_OUTCOMES.map((outcome): Sample => [sources.accounting().messages[outcome], { outcome }]),
    ['outcome'],
  );
  counter('readings_received_total', 'Readings that messages gave', () => [[sources.accounting().readings.received]]);
  counter(
    'readings_total',
    'Readings by what became of them',
    () =>
      READING_OUTCOMES.map((outcome): Sample => [sources.accounting().readings[outcome], { outcome: snake(outcome) }]),
    ['outcome'],
  );
  counter(
    'rejects_total',
    'Quarantined messages and readings by reason',
    () => REJECT_REASONS.map((reason): Sample => [sources.accounting().rejects[reason] ?? 0, { reason }]),
    ['reason'],
  );
}

function againMetrics({ counter }: Definer, { sources }: RouteContext): void {
  const again = () => sources.accounting().again;
  counter(
    'messages_again_total',
    'Messages that were decoded again by order, by what became of them',
    () => MESSAGE_OUTCOMES.map((outcome): Sample => [again().messages[outcome], { outcome }]),
    ['outcome'],
  );
  counter(
    'readings_again_total',
    'Their readings by what became of them; withdrawn: readings that no message gives any more',
    () => [
      ...AGAIN_OUTCOMES.map((outcome): Sample => [again().readings[outcome], { outcome }]),
      [again().withdrawn, { outcome: 'withdrawn' }] as const,
    ],
    ['outcome'],
  );
  counter('quarantine_dropped_total', 'Rows of quarantine that went for want of room or for their age', () => [
    [sources.quarantineDropped()],
  ]);
}

const AGAIN_OUTCOMES = ['added', 'replaced', 'duplicate', 'quarantined'] as const;

function jobMetrics({ gauge }: Definer, { sources }: RouteContext): void {
  gauge(
    'jobs',
    'Jobs that are listed, by kind and state; failed ones failed for good',
    async () => {
      const counts = await sources.jobCounts();
      const kinds = [...new Set(counts.map(({ kind }) => kind))].sort();
      const countOf = (kind: string, state: string) =>
        counts.find((one) => one.kind === kind && one.state === state)?.count ?? 0;
      return kinds.flatMap((kind) => JOB_STATES.map((state): Sample => [countOf(kind, state), { kind, state }]));
    },
    ['kind', 'state'],
  );
}

function progressMetrics({ gauge }: Definer, { sources }: RouteContext): void {
  gauge('build_info', 'Version of the program', () => [[1, { version: sources.version }]], ['version']);
  gauge('ready', '1 when readiness reports no problem', () => [[sources.problems().length === 0 ? 1 : 0]]);
  gauge('engine_sequence', 'Journal sequence that the engine has reached', () => [[sources.progress().engineSequence]]);
  gauge('engine_lag_seconds', 'Time since the engine was last level with the journal', () => [
    [sources.progress().engineLagMs / 1000],
  ]);
  gauge('store_sequence', 'Journal sequence that the store includes', () => [[sources.progress().storeSequence]]);
  gauge('store_lag_records', 'Durable journal records that the store does not include yet', () => {
    const { durableSequence, storeSequence } = sources.progress();
    return [[Math.max(0, durableSequence - storeSequence)]];
  });
}

function lateMetrics({ gauge, counter }: Definer, { sources }: RouteContext): void {
  gauge('late_readings_waiting', 'Late-filed readings whose hours are still to be rebuilt', () => [
    [sources.engineStanding().late.waiting],
  ]);
  counter(
    'late_readings_total',
    'Late-filed readings by what became of them: hours rebuilt, said by a stored reading before, too old to rebuild, no place in the queue',
    () => {
      const { rebuilt, repeated, tooOld, noPlace } = sources.engineStanding().late;
      return [
        [rebuilt, { outcome: 'rebuilt' }],
        [repeated, { outcome: 'repeated' }],
        [tooOld, { outcome: 'too_old' }],
        [noPlace, { outcome: 'no_place' }],
      ];
    },
    ['outcome'],
  );
}

function outageMetrics({ gauge, counter }: Definer, { sources }: RouteContext): void {
  gauge('outage_changes', 'Changes of supply that are remembered', () => [[sources.engineStanding().outages.changes]]);
  counter(
    'outage_changes_left_total',
    'Changes of supply left out: too old, no place any more, repetitions given up for room',
    () => {
      const { tooOld, noPlace, repeatsLeft } = sources.engineStanding().outages;
      return [
        [tooOld, { reason: 'too_old' }],
        [noPlace, { reason: 'no_place' }],
        [repeatsLeft, { reason: 'repeated' }],
      ];
    },
    ['reason'],
  );
}

function eventMetrics({ counter }: Definer, { sources }: RouteContext): void {
  counter(
    'window_events_total',
    'Hours that closed empty, series that fell silent or were heard again, and final hours that were revised',
    () => Object.entries(sources.engineStanding().events).map(([kind, value]): Sample => [value, { kind }]),
    ['kind'],
  );
}

function postMetrics({ gauge, counter }: Definer, { sources }: RouteContext): void {
  const { postStats } = sources;
  counter('ingest_messages_total', 'Messages that posts over HTTP handed on', () => [[postStats()?.received ?? 0]]);
  counter('ingest_accepted_total', 'Posts over HTTP that were answered with success', () => [
    [postStats()?.accepted ?? 0],
  ]);
  gauge('ingest_waiting_messages', 'Messages of posts that wait for the journal before they are answered', () => [
    [postStats()?.waitingForJournal ?? 0],
  ]);
  counter(
    'ingest_refused_total',
    'Posts and connections over HTTP that were turned away, by reason',
    () => POST_REFUSALS.map((reason): Sample => [postStats()?.refused[reason] ?? 0, { reason }]),
    ['reason'],
  );
}

function storeMetrics({ gauge }: Definer, { sources, log }: RouteContext): void {
  // A store that is away must not take the whole page with it: its two gauges are absent meanwhile.
  const stats = onceAtATime(async () => {
    try {
      return await sources.store.stats();
    } catch (err) {
      log.debug({ err }, 'store statistics are not to be had');
      return undefined;
    }
  });
  const sample = (value: number | undefined): Sample[] => (value === undefined ? [] : [[value]]);
  gauge('store_readings', 'Readings kept', async () => sample((await stats())?.readingCount));
  gauge('store_bytes', 'Bytes on disk', async () => sample((await stats())?.bytesOnDisk));
}

function mirrorMetrics({ gauge, counter }: Definer, { sources }: RouteContext): void {
  const each = (read: (mirror: MirrorBacklog) => number) => (): Sample[] =>
    sources
      .mirrors()
      .map((mirror): Sample => [read(mirror), { store: mirror.name }])
      .filter(([value]) => Number.isFinite(value));
  const totals = [
    ['mirror_lines_total', 'Lines that a store beside the embedded one has taken', 'linesTotal'],
    ['mirror_sent_bytes_total', 'Bytes of these lines before compression', 'bytesTotal'],
    ['mirror_refused_total', 'Points that it refused for good, written down beside its cursor', 'refusedTotal'],
    ['mirror_dropped_total', 'Points that were older than what it keeps', 'droppedTotal'],
    ['mirror_retries_total', 'Requests that had to be made again', 'retriesTotal'],
  ] as const;
  for (const [name, help, field] of totals)
    counter(
      name,
      help,
      each((mirror) => mirror[field]),
      ['store'],
    );
  const gauges = [
    ['mirror_up', '1 while it takes what it is told', (mirror: MirrorBacklog) => (mirror.problem === null ? 1 : 0)],
    [
      'mirror_backlog_records',
      'Journal records that it has not been told of',
      ({ backlogRecords }: MirrorBacklog) => backlogRecords,
    ],
    [
      'mirror_backlog_bytes',
      'Their bytes, by the mean of the journal',
      ({ backlogBytes }: MirrorBacklog) => backlogBytes,
    ],
    ['mirror_backlog_age_seconds', 'Since it had everything', ({ backlogAgeMs }: MirrorBacklog) => backlogAgeMs / 1000],
  ] as const;
  for (const [name, help, read] of gauges) gauge(name, help, each(read), ['store']);
}

function streamMetrics({ gauge, counter }: Definer, hub: StreamHub): void {
  gauge('stream_clients', 'Live stream clients connected now', () => [[hub.stats().clientCount]]);
  counter('stream_cut_total', 'Live stream clients cut because they did not read', () => [[hub.stats().cutCount]]);
  counter('stream_refused_total', 'Live stream clients refused at the limit', () => [[hub.stats().refusedCount]]);
}

function kpiMetrics({ gauge }: Definer, { latest, log }: RouteContext): void {
  const values = onceAtATime(async () => {
    try {
      return (await latest.kpis()).filter(isZoneValue);
    } catch (err) {
      log.debug({ err }, 'KPI values are not to be had');
      return [];
    }
  });
  const bounded = async () => (await values()).slice(0, KPI_SERIES_MAX);
  const labelsOf = ({ kpi, zone }: { kpi: string; zone: string }) => ({ kpi, zone });
  gauge(
    'kpi_value',
    "Newest value of a KPI in the KPI's unit; absent when there is none",
    async () =>
      (await bounded()).flatMap((value): Sample[] => (value.value === null ? [] : [[value.value, labelsOf(value)]])),
    ['kpi', 'zone'],
  );
  gauge(
    'kpi_valid',
    '1 when the newest value meets its completeness rule',
    async () => (await bounded()).map((value): Sample => [value.valid ? 1 : 0, labelsOf(value)]),
    ['kpi', 'zone'],
  );
  gauge(
    'kpi_coverage_ratio',
    'Valid parts of expected parts of the newest value',
    async () => (await bounded()).map((value): Sample => [value.coverage, labelsOf(value)]),
    ['kpi', 'zone'],
  );
  gauge('kpi_left_out', 'KPI values beyond the bound of this page', async () => [
    [Math.max(0, (await values()).length - KPI_SERIES_MAX)],
  ]);
}

/** Several gauges of one page ask for the same thing: the store is asked once. */
function onceAtATime<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let running: Promise<Value> | undefined;
  return () => {
    running ??= read().finally(() => {
      running = undefined;
    });
    return running;
  };
}

function snake(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
