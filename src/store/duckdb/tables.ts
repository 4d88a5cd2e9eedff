import type { KpiValue, Pane, PaneLevel, Series } from '../../model/index.ts';
import type { DeviceRow, QuarantineRow, StoredReading } from '../store.ts';
import { defineTable, STAMP_DDL, type Table } from './table.ts';

/** Raised with every change of a table; an older program refuses a newer file. */
export const SCHEMA_VERSION = 5;

/** A pane with its series, flat as the table holds it. */
export interface FlatPane extends Pane {
  readonly series: number;
}

export const SERIES_TABLE = defineTable<Series>(
  'series',
  {
    id: 'count',
    device: 'text',
    quantity: 'text',
    channel: 'text',
    unit: 'text',
    kind: 'text',
    domain: 'text',
    expectEveryMs: 'double',
  },
  ['id'],
);

/** Times are doubles here, because a device that never reported an event time has none to store as an integer. */
export const DEVICES_TABLE = defineTable<DeviceRow>(
  'devices',
  {
    device: 'text',
    profile: 'text',
    gateway: 'text',
    zone: 'text',
    firstSeenMs: 'double',
    lastEventMs: 'double',
    lastReceivedMs: 'double',
    readingCount: 'double',
    silent: 'flag',
  },
  ['device'],
);

/** Append only; in the order of the journal, so that zone maps prune by time. No key: the engine removed duplicates. */
export const READINGS_TABLE = defineTable<StoredReading>('readings', {
  series: 'count',
  timeMs: 'ms',
  value: 'double',
  quality: 'count',
  status: 'count',
  sequence: 'ms',
});

/** A reading as it stood before the batch of position `replacedAt` exchanged it. */
export interface ReplacedReading extends StoredReading {
  readonly replacedAt: number;
}

/** Status of the row that says that an identity was exchanged at all: there may have been no reading. */
export const EXCHANGED = 255;

/** What messages said before they were decoded again; a replay of the journal sees it as it was. */
export const REPLACED_TABLE = defineTable<ReplacedReading>('replaced', {
  series: 'count',
  timeMs: 'ms',
  value: 'double',
  quality: 'count',
  status: 'count',
  sequence: 'ms',
  replacedAt: 'ms',
});

/** Only staged: identities whose rows are exchanged. */
export const IDENTITY_TABLE = defineTable<Pick<StoredReading, 'series' | 'timeMs'>>(
  'identity',
  { series: 'count', timeMs: 'ms' },
  ['series', 'timeMs'],
);

/** The newest counted reading of each series as of `meta.newest_position`; younger ones are found in `readings`. */
export const NEWEST_TABLE = defineTable<StoredReading>(
  'newest',
  { series: 'count', timeMs: 'ms', value: 'double', quality: 'count', status: 'count', sequence: 'ms' },
  ['series'],
);

/** One table a level: hours do not wade through quarters, and a batch's starts lie close together in each. */
export const PANE_TABLES: Readonly<Record<PaneLevel, Table<FlatPane>>> = {
  quarter: definePanes('panes_quarter'),
  hour: definePanes('panes_hour'),
};

function definePanes(name: string): Table<FlatPane> {
  return defineTable<FlatPane>(
    name,
    {
      series: 'count',
      startMs: 'ms',
      endMs: 'ms',
      count: 'count',
      invalidCount: 'count',
      coveredSlots: 'double',
      expectedSlots: 'double',
      sum: 'double',
      sumSin: 'double',
      min: 'double',
      max: 'double',
      firstMs: 'double',
      first: 'double',
      lastMs: 'double',
      last: 'double',
      increase: 'double',
      increaseCoveredMs: 'double',
      increaseAtEnd: 'double',
      deltaCount: 'count',
      counterEvents: 'count',
      revision: 'count',
      final: 'flag',
    },
    ['series', 'startMs'],
    { isStamped: true },
  );
}

export const KPIS_TABLE = defineTable<KpiValue>(
  'kpis',
  {
    kpi: 'text',
    zone: 'text',
    window: 'text',
    startMs: 'ms',
    endMs: 'ms',
    value: 'double?',
    band: 'double?',
    validCount: 'double',
    expectedCount: 'double',
    coverage: 'double',
    valid: 'flag',
    deviceCount: 'count',
    coveredPopulation: 'double',
    revision: 'count',
    final: 'flag',
    watermarkMs: 'double',
    method: 'text',
    note: 'text',
    reason: 'text?',
  },
  ['kpi', 'zone', 'window', 'startMs', 'revision'],
  { isStamped: true },
);

export const QUARANTINE_TABLE = defineTable<QuarantineRow>('quarantine', {
  sequence: 'ms',
  index: 'count',
  receivedAtMs: 'ms',
  reason: 'text',
  detail: 'text',
  topic: 'text',
  clientId: 'text',
  device: 'text',
  payloadBytes: 'ms',
  payloadHead: 'text',
});

/** Tables whose rows are replaced by key. */
export const UPSERTED_TABLES: readonly Table<unknown>[] = [
  SERIES_TABLE,
  DEVICES_TABLE,
  NEWEST_TABLE,
  ...Object.values(PANE_TABLES),
  KPIS_TABLE,
] as unknown as readonly Table<unknown>[];

/** Every table but `meta`. */
export const TABLES: readonly Table<unknown>[] = [
  ...UPSERTED_TABLES,
  READINGS_TABLE as unknown as Table<unknown>,
  REPLACED_TABLE as unknown as Table<unknown>,
  QUARANTINE_TABLE as unknown as Table<unknown>,
];

/** More quarters of an hour than any window begins after 1970. */
const STAMPS_BEFORE = 100_000_000;

/** What turns a file of a version into one of the next. */
export const MIGRATIONS: Readonly<Record<number, readonly string[]>> = {
  // Days are merged from hours.
  1: ['DROP TABLE panes_day'],
  // Revisions have a reason. Appenders go by the order of the columns, so the table is made anew.
  2: [
    'ALTER TABLE kpis RENAME TO kpis_before',
    KPIS_TABLE.ddl,
    'INSERT INTO kpis BY NAME SELECT * FROM kpis_before',
    'DROP TABLE kpis_before',
    'ALTER TABLE meta ADD COLUMN IF NOT EXISTS basis VARCHAR',
  ],
  // Messages can be decoded again.
  3: [REPLACED_TABLE.ddl.replace('CREATE TABLE', 'CREATE TABLE IF NOT EXISTS')],
  // Stores beside this one are told what changed.
  4: [
    ...[...Object.values(PANE_TABLES), KPIS_TABLE].flatMap(({ name }) => [
      `ALTER TABLE ${name} ADD COLUMN IF NOT EXISTS ${STAMP_DDL}`,
      // A stamp a quarter of an hour, before all later ones: nobody can take all of them at once.
      `UPDATE ${name} SET written_at = start_ms // 900000 - ${STAMPS_BEFORE} WHERE written_at = 0`,
    ]),
    'ALTER TABLE meta ADD COLUMN IF NOT EXISTS stamp BIGINT DEFAULT 0',
  ],
};

/** One row: what the file includes, how it is laid out, and what its KPI values depend on beside the readings. */
export const META_DDL = `CREATE TABLE meta (
  schema_version INTEGER NOT NULL, created_at_ms BIGINT NOT NULL, position BIGINT NOT NULL, newest_position BIGINT NOT NULL,
  basis VARCHAR, stamp BIGINT DEFAULT 0)`;
