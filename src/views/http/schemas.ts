import * as z from 'zod';
import type { JobState } from '../../jobs/index.ts';
import { DATA_QUALITIES, KPI_WINDOW_KINDS, REJECT_REASONS, REVISION_REASONS } from '../../model/index.ts';
import { AGGREGATE_PARTS, COUNTER_METHODS, STAT_METHODS } from '../../windows/index.ts';

/*
 * Every body of the HTTP API and of the stream, once: the routes validate and document with these, and the page takes
 * its types from here.
 */

const time = z.string().describe('ISO 8601, UTC, with milliseconds, such as 2026-01-15T12:00:00.000Z');
const domain = z.enum(['air', 'noise', 'water', 'energy', 'weather', 'device']);
const quantityKind = z.enum(['gauge', 'level', 'counter', 'delta', 'state', 'angle']);
const window = z.enum(KPI_WINDOW_KINDS);
const count = z.number();
const dataQuality = z.enum(DATA_QUALITIES).describe('How well the number is known, in the words of U4SSC');

export const errorSchema = z
  .object({ error: z.object({ code: z.string(), message: z.string().describe('cannot <do> <which thing>: <cause>') }) })
  .meta({ id: 'Error' });

export const deviceSchema = z
  .object({
    device: z.string(),
    profile: z.string(),
    gateway: z.string(),
    zone: z.string().describe('Innermost zone id; empty when the configuration assigns none'),
    name: z.string(),
    location: z
      .object({ latitude: z.number(), longitude: z.number() })
      .nullable()
      .describe('Degrees; null when the configuration does not say'),
    role: z.enum(['ambient', 'bulk', 'customer', 'generation', 'grid', 'ignore']),
    firstSeen: time.nullable(),
    lastEvent: time.nullable().describe('Newest event time'),
    lastReceived: time.nullable(),
    readings: count,
    silent: z.boolean().describe('Longer without a message than its time-out'),
  })
  .meta({ id: 'Device' });

export const latestReadingSchema = z.object({ time, value: z.number().nullable(), quality: z.string() });

export const seriesSchema = z
  .object({
    id: z.int(),
    device: z.string(),
    quantity: z.string(),
    channel: z.string(),
    unit: z.string().describe('UCUM code'),
    kind: quantityKind,
    domain,
    expectEverySeconds: z.number(),
    latest: latestReadingSchema.nullable().optional().describe('Newest reading that counts; only with latest=true'),
  })
  .meta({ id: 'Series' });

export const aggregateRowSchema = z
  .object({
    start: time,
    end: time,
    value: z.number().nullable(),
    min: z.number().nullable(),
    max: z.number().nullable(),
    first: z.number().nullable(),
    last: z.number().nullable(),
    count,
    validParts: count,
    expected: count,
    coverage: z.number().describe('0 to 1'),
    valid: z.boolean(),
    revision: z.int(),
    final: z.boolean(),
    l10: z.number().nullable().optional(),
    l50: z.number().nullable().optional(),
    l90: z.number().nullable().optional(),
    stats: z
      .record(z.string(), z.object({ value: z.number().nullable(), method: z.enum(Object.values(STAT_METHODS)) }))
      .optional()
      .describe('By name, each with how it was come by; only with stats'),
    statsReadings: count.optional().describe('Stored readings that the statistics are made of'),
  })
  .meta({ id: 'AggregateRow' });

export const aggregatesSchema = z
  .object({
    series: seriesSchema,
    window: z.string().describe('As asked for; of a plan, its last'),
    of: z.enum([...AGGREGATE_PARTS, 'windows']),
    plan: z.string().optional(),
    method: z.enum(COUNTER_METHODS),
    tz: z.string(),
    unit: z.string(),
    rows: z.array(aggregateRowSchema),
  })
  .meta({ id: 'Aggregates' });

export const readingSchema = z
  .object({
    time,
    value: z.number().nullable().describe('Null where the device had no value'),
    quality: z.enum(['unchecked', 'bad', 'likely bad', 'suspect', 'good']),
    status: z.enum(['counted', 'invalid', 'lateFiled', 'again']),
  })
  .meta({ id: 'Reading' });

export const kpiInfoSchema = z
  .object({
    id: z.string(),
    code: z.string().describe('U4SSC code, or empty'),
    title: z.string(),
    domain: z.enum([...domain.options, 'network']),
    unit: z.string().describe('UCUM code'),
    unitLabel: z.string(),
    window,
    direction: z.enum(['lower', 'higher', 'none']),
    decimals: z.int().describe('To print; values keep full precision'),
    bands: z.array(
      z.object({
        name: z.string(),
        upTo: z.number().nullable().describe('Inclusive; null for the last'),
        color: z.string(),
      }),
    ),
    scopes: z.array(z.enum(['device', 'zone', 'city'])),
    target: z.number().nullable().describe("The city's target, from its configuration"),
    quality: dataQuality.describe('Label that a value of the city has now, by the city facts it is made with'),
    facts: z.array(z.string()).describe('City facts that values are made with, beside the readings'),
    method: z.string(),
    completeness: z.string(),
    spatial: z.string(),
    source: z.string(),
  })
  .meta({ id: 'KpiInfo' });

export const kpiValueSchema = z
  .object({
    kpi: z.string(),
    zone: z.string().describe('Zone id, city id, or device:<device id>'),
    window,
    start: time,
    end: time,
    value: z.number().nullable(),
    band: z.int().nullable().describe('1 is the first band of the KPI'),
    validCount: count,
    expectedCount: count,
    coverage: z.number().describe('0 to 1'),
    valid: z.boolean().describe('The completeness rule is met'),
    deviceCount: count,
    coveredPopulation: count,
    revision: z.int(),
    reason: z.enum(REVISION_REASONS).nullable().describe('Why the newest revision was made; null for revision 0'),
    before: z
      .number()
      .nullable()
      .optional()
      .describe('On the stream: the value that a revision takes the place of, where the server still has it'),
    final: z.boolean().describe('False while the window is open'),
    watermark: time.nullable(),
    method: z.string(),
    note: z.string(),
    quality: dataQuality,
  })
  .meta({ id: 'KpiValue' });

const direction = z.enum(['higher', 'lower']);

const reportedBody = z.object({
  series: z.string().describe('Which number of the KPI; empty where it has one'),
  period: z.string(),
  value: z.number(),
  source: z.string(),
  quality: dataQuality,
});

const u4sscNumberSchema = z
  .object({
    series: z.string().describe('Which number of the KPI; empty where it has one'),
    kpis: z.array(z.string()).describe('Ids of KPIs that compute it, the one that counts first'),
    value: z.number().nullable(),
    origin: z.enum(['live', 'facts', 'reported']).nullable(),
    kpi: z.string().describe('Id of the KPI that the value is of; empty unless live'),
    unit: z.string(),
    period: z.string().describe('Window of a live value, period of a reported one'),
    start: time.nullable(),
    end: time.nullable(),
    source: z.string(),
    quality: dataQuality.nullable(),
    valid: z.boolean(),
    target: z.number().nullable(),
    direction: direction.nullable(),
    percentOfTarget: z.number().nullable(),
    points: z.int().nullable().describe('1 to 4'),
    excluded: z
      .enum(['no value', 'not valid', 'not of a year', 'no target', 'no direction'])
      .nullable()
      .describe('Why it has no points'),
  })
  .meta({ id: 'U4sscNumber' });

export const u4sscKpiSchema = z
  .object({
    code: z.string(),
    alsoListedAs: z.string(),
    name: z.string(),
    dimension: z.string(),
    subDimension: z.string(),
    category: z.string(),
    level: z.enum(['core', 'advanced']),
    unit: z.string(),
    definition: z.string(),
    standing: z.enum(['live', 'facts', 'part', 'reported']),
    part: z.string().describe('Which part is computed; empty unless the standing is part'),
    facts: z.array(
      z.object({ id: z.string(), title: z.string(), value: z.number().nullable(), quality: dataQuality.nullable() }),
    ),
    numbers: z.array(u4sscNumberSchema),
    reported: z.array(reportedBody).describe('What the city entered, newest period first'),
  })
  .meta({ id: 'U4sscKpi' });

const scoreShape = {
  name: z.string(),
  percent: z.number().nullable().describe('Null when nothing in it has points'),
  band: z.enum(['0-33', '33-66', '66-95', '95+']).nullable(),
  points: count,
  scored: count,
  excluded: count.describe('Numbers without a value of a year, or without a target'),
};

export const u4sscSchema = z
  .object({
    kpis: z.array(u4sscKpiSchema),
    scores: z.array(
      z.object({
        ...scoreShape,
        subDimensions: z.array(z.object({ ...scoreShape, categories: z.array(z.object(scoreShape)) })),
      }),
    ),
  })
  .meta({ id: 'U4ssc' });

export const zonesSchema = z
  .object({
    city: z.object({ id: z.string(), name: z.string(), timeZone: z.string(), population: count.nullable() }),
    zones: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        parent: z.string().nullable().describe('Zone that this one lies in; null directly below the city'),
        population: count,
        areaKm2: z.number().nullable(),
      }),
    ),
    version: z.string().describe('Version of the program'),
  })
  .meta({ id: 'Zones' });

export const quantitySchema = z
  .object({ id: z.string(), title: z.string(), domain, kind: quantityKind, unit: z.string().describe('UCUM code') })
  .meta({ id: 'Quantity' });

export const quarantineSchema = z
  .object({
    sequence: z.int(),
    index: z.int().describe('Position of the reading in its message; -1 for a whole message'),
    receivedAt: time,
    reason: z.enum(REJECT_REASONS),
    detail: z.string(),
    topic: z.string(),
    clientId: z.string(),
    device: z.string(),
    payloadBytes: count,
    payloadHead: z.string(),
  })
  .meta({ id: 'QuarantineRow' });

export const progressSchema = z
  .object({
    durableSequence: count,
    engineSequence: count,
    storeSequence: count,
    engineLagSeconds: z.number(),
  })
  .meta({ id: 'Progress' });

export const accountingSchema = z
  .object({
    sequence: count.describe('Journal sequence up to which this speaks'),
    messages: z.object({ received: count, decoded: count, ignored: count, quarantined: count }),
    readings: z.object({
      received: count,
      counted: count,
      invalid: count,
      duplicate: count,
      lateFiled: count,
      quarantined: count,
    }),
    again: z
      .object({
        messages: z.object({ received: count, decoded: count, ignored: count, quarantined: count }),
        readings: z.object({ received: count, added: count, replaced: count, duplicate: count, quarantined: count }),
        withdrawn: count.describe('Readings that stood and that their messages do not give any more'),
      })
      .describe('Messages that were decoded again by order; in none of the other numbers'),
    rejects: z.partialRecord(z.enum(REJECT_REASONS), count),
    balanced: z.object({ messages: z.boolean(), readings: z.boolean() }),
    progress: progressSchema,
    rates: z.object({ messagesPerSecond: z.number(), readingsPerSecond: z.number() }),
    problems: z.array(z.string()),
    at: time.describe('Wall clock of the server'),
  })
  .meta({ id: 'Accounting' });

export const readinessSchema = z
  .object({
    ready: z.boolean(),
    problems: z.array(z.string()),
    /** Stores beside the embedded one. What they lack they get later; it keeps nobody from being ready. */
    stores: z.array(
      z.object({
        name: z.string(),
        up: z.boolean(),
        backlogRecords: z.number(),
        backlogBytes: z.number(),
        backlogAgeMs: z.number(),
      }),
    ),
  })
  .meta({ id: 'Readiness' });

const saidShape = {
  value: z.number().nullable(),
  valid: z.boolean(),
  validCount: count,
  expectedCount: count,
  neededCount: count.nullable().describe('Valid parts that it needs; null where no count decides'),
  note: z.string(),
  numerator: z.number().nullable(),
  denominator: z.number().nullable(),
  amounts: z.record(z.string(), z.number()).describe('Amounts behind the value by name'),
};

const useShape = {
  used: z.boolean(),
  weight: z.number().nullable().describe('Share of the value, 0 to 1; null where amounts add up'),
  reason: z.string().describe('Why it is left out; empty for what is used'),
};

const whyDeviceSchema = z
  .object({
    device: z.string(),
    name: z.string(),
    zone: z.string().describe('Empty outside of all zones'),
    role: z.enum(['ambient', 'bulk', 'customer', 'generation', 'grid', 'ignore']),
    ...useShape,
    ...saidShape,
  })
  .meta({ id: 'WhyDevice' });

export const whySchema = z
  .object({
    kpi: kpiInfoSchema,
    zone: z.string(),
    start: time,
    end: time,
    published: kpiValueSchema.nullable().describe('The newest revision that was published; null when there is none'),
    recomputed: kpiValueSchema.describe('The value as it is made now; of the published revision'),
    equal: z.boolean().nullable().describe('Whether both say the same; null when nothing was published'),
    formula: z.object({
      method: z.string().describe('With the version of the tables that it uses'),
      completeness: z.string(),
      spatial: z.string(),
      source: z.string(),
    }),
    whole: z.object(saidShape).describe('The value with what it is divided by and made of'),
    zones: z.array(
      z.object({
        zone: z.string(),
        own: z.boolean().describe('What lies in the zone itself, outside of the zones in it'),
        population: count,
        ...useShape,
        ...saidShape,
      }),
    ),
    devices: z.array(whyDeviceSchema).describe('A page of those that the value is made of'),
    deviceCount: count,
    leftOut: z.array(whyDeviceSchema).describe('A page of those that it is not made of'),
    leftOutCount: count,
    facts: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        unit: z.string(),
        value: z.number().nullable().describe('Null when it was never told'),
        source: z.string(),
        quality: z.enum(DATA_QUALITIES).nullable(),
        since: time.nullable().describe('In force since; null when it always was'),
      }),
    ),
    days: z
      .object({
        of: z.string().describe('KPI of the day'),
        level: z.enum(['device', 'zone']),
        ended: count.describe('Days of the window that have ended'),
        expected: count.describe('Days of the window'),
        subjects: count.describe('Devices or zones that said something of a day'),
        listed: count.describe('How many of these the list counts'),
        list: z.array(z.object({ start: time, value: z.number().nullable(), said: count, valid: count })),
      })
      .nullable()
      .describe('Of windows of many days: the days that they are folded from'),
    revisions: z
      .array(
        z.object({
          revision: z.int(),
          reason: z.enum(REVISION_REASONS).nullable(),
          before: z.number().nullable().describe('Value of the revision before'),
          value: z.number().nullable(),
          valid: z.boolean(),
          final: z.boolean(),
          watermark: time.nullable().describe('Event time up to which the inputs were complete when it was said'),
        }),
      )
      .describe('All that was published of the window, oldest first'),
    next: z.string().nullable().describe('Pass as `offset` to go on with either list of devices'),
  })
  .meta({ id: 'Why' });

/** The words of JobState. */
export const JOB_STATES = [
  'waiting',
  'active',
  'completed',
  'failed',
  'cancelled',
] as const satisfies readonly JobState[];

export const jobSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    description: z.string().describe('What it is about, for people; empty where nothing more can be said'),
    state: z.enum(JOB_STATES),
    progress: z.number().min(0).max(1),
    attempts: count.describe('Begun since it was ordered, or ordered again'),
    createdAt: time,
    finishedAt: time.nullable(),
    nextAttemptAt: time.nullable().describe('While it waits after an attempt that failed: not before this'),
    error: z.string().nullable().describe('Why it failed, or why the last attempt did'),
    result: z.unknown().describe('Once it is completed'),
  })
  .meta({ id: 'Job' });

export const meSchema = z
  .object({
    name: z.string().describe('Empty where no login is asked for'),
    role: z.enum(['viewer', 'operator', 'admin']),
  })
  .meta({ id: 'Me' });

export const clusterSchema = z
  .object({
    node: z.string().describe('The process that answers'),
    roles: z.array(z.string()),
    at: time.nullable().describe('When it looked last'),
    problem: z.string().nullable().describe('Why it could not look since'),
    cut: z.object({ number: count, at: time.nullable().describe('Null when there is none yet'), position: count }),
    cutter: z.string().nullable().describe('The process that makes cuts; null when nobody does'),
    kpiTopics: z
      .object({ isPublisher: z.boolean(), isConnected: z.boolean(), dropped: count })
      .nullable()
      .describe('Whether this process publishes the KPI topics; null where it never does'),
    engines: z.array(z.string()).describe('Processes that own partitions'),
    members: z.array(
      z.object({
        name: z.string(),
        roles: z.array(z.string()),
        basis: z
          .string()
          .nullable()
          .describe('What its numbers depend on beside the messages, in short; null for one that makes none'),
      }),
    ),
    partitions: z.array(
      z.object({
        partition: z.int(),
        messages: count.describe('Messages so far'),
        lag: count.describe('Messages that are not decoded yet'),
        owner: z.string().nullable(),
        ownedSince: time.nullable(),
        handovers: count,
      }),
    ),
    replicas: z.array(
      z.object({
        name: z.string(),
        position: count,
        behind: count.describe('Records up to the newest cut that it may still need'),
        heard: time.nullable(),
      }),
    ),
    memory: z.object({ usedBytes: count, maxBytes: count.nullable().describe('Null where it has no bound') }),
  })
  .meta({ id: 'Cluster' });

export type DeviceBody = z.output<typeof deviceSchema>;
export type SeriesBody = z.output<typeof seriesSchema>;
export type AggregatesBody = z.output<typeof aggregatesSchema>;
export type AggregateRowBody = z.output<typeof aggregateRowSchema>;
export type ReadingBody = z.output<typeof readingSchema>;
export type KpiInfoBody = z.output<typeof kpiInfoSchema>;
export type KpiValueBody = z.output<typeof kpiValueSchema>;
export type U4sscBody = z.output<typeof u4sscSchema>;
export type U4sscKpiBody = z.output<typeof u4sscKpiSchema>;
export type ZonesBody = z.output<typeof zonesSchema>;
export type QuantityBody = z.output<typeof quantitySchema>;
export type QuarantineBody = z.output<typeof quarantineSchema>;
export type AccountingBody = z.output<typeof accountingSchema>;
export type ProgressBody = z.output<typeof progressSchema>;
export type ReadinessBody = z.output<typeof readinessSchema>;
export type WhyBody = z.output<typeof whySchema>;
export type JobBody = z.output<typeof jobSchema>;
export type MeBody = z.output<typeof meSchema>;
export type ClusterBody = z.output<typeof clusterSchema>;
