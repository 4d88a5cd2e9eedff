import * as z from 'zod';
import { formatDuration, parseDuration } from '../base/index.ts';
import { DATA_QUALITIES, QUANTITIES } from '../model/index.ts';
import { externalBrokerSchema } from './external-broker.ts';
import { checkFacts, factsSchema, isDate, populationSchema, quoted } from './facts.ts';
import { bytes, duration, host, port } from './fields.ts';
import { checkJobs, jobsSchema } from './jobs.ts';
import { checkJournal, journalSchema } from './journal.ts';
import { checkMirrors, mirrorSchema } from './mirrors.ts';
import {
  certificateFiles,
  checkMqtt,
  deviceFilters,
  mqttTlsSchema,
  mqttWebSocketSchema,
  STATUS_TOPICS,
} from './mqtt.ts';
import { checkOwnKpis, ownKpisSchema } from './own-kpis.ts';

const ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
const id = z.string().regex(ID, 'ids are 1 to 64 of a-z, 0-9 and "-", starting with a letter or digit');

const timeZone = z.string().refine(isTimeZone, {
  error: (issue) => `"${String(issue.input)}" is no IANA time zone; write for example Europe/Madrid or UTC`,
});

const zoneSchema = z.strictObject({
  id,
  name: z.string().min(1),
  /** Zone that this one lies in; absent for a zone directly below the city. */
  parent: id.optional(),
  /** A number, or numbers by the date from which on they are in force. */
  population: populationSchema,
  areaKm2: z.number().positive().optional(),
  /** What no sensor says of the zone; see `CITY_FACTS`. */
  facts: factsSchema,
});

const deviceSchema = z.strictObject({
  /** A device id, or a pattern with `*` for any characters. The very id wins; otherwise the first pattern that fits. */
  match: z.string().min(1).max(256),
  /** Innermost zone; absent for a device that belongs to the city as a whole. */
  zone: id.optional(),
  name: z.string().optional(),
  /**
   * What the device measures for: `ambient` (outdoor air or noise), `bulk` (inflow of a district), `customer` (a
   * household's or building's own meter), `generation`, `grid`, `ignore` (decoded and stored, in no zone's KPI).
   */
  role: z.enum(['ambient', 'bulk', 'customer', 'generation', 'grid', 'ignore']).default('ambient'),
  /** What the metered supply is used for; absent when it is not known. */
  use: z.enum(['residential', 'public', 'commercial', 'industrial', 'street']).optional(),
  /** Floor area of the building behind a meter. */
  floorAreaM2: z.number().positive().optional(),
  /** Customers behind the device; 1 for a `customer`, 0 otherwise when absent. */
  customers: z.int().nonnegative().optional(),
  /** People whom the metered supply serves; needed for consumption per capita. */
  peopleServed: z.number().nonnegative().optional(),
  /** Connected properties behind a bulk meter, for the legitimate night use. */
  properties: z.number().nonnegative().optional(),
  /**
   * Largest believable increase of the device's registers an hour, in the unit of the quantity (m3, kWh); a larger step
   * is not counted. By role when absent: 20 m3 or 250 kWh for a `customer`, 10,000 m3 or 1,000,000 kWh otherwise.
   */
  registerRateMaxPerHour: z.number().positive().optional(),
  /** Overrides the profile's reporting interval. */
  expectEvery: z.string().optional(),
  /** Overrides the time zone that local stamps of this device are read in. */
  timeZone: timeZone.optional(),
  /** Latitude and longitude, degrees. */
  location: z.tuple([z.number().min(-90).max(90), z.number().min(-180).max(180)]).optional(),
});

const noiseSchema = z
  .strictObject({
    /** Local hours at which day, evening and night start (Directive 2002/49/EC, annex I). */
    dayStartHour: z.int().min(0).max(23).default(7),
    eveningStartHour: z.int().min(0).max(23).default(19),
    nightStartHour: z.int().min(0).max(23).default(23),
    /** Lden and Lnight above which people count as exposed (reporting thresholds of Directive 2002/49/EC, article 7). */
    ldenThresholdDb: z.number().min(20).max(120).default(55),
    lnightThresholdDb: z.number().min(20).max(120).default(50),
  })
  .prefault({});

/** Quantities of water quality that limits can be set for. */
const WATER_QUALITY = ['ph', 'turbidity', 'free_chlorine', 'conductivity', 'water_temperature'] as const;

const waterSchema = z
  .strictObject({
    /** Local hours between which the minimum night flow is looked for. */
    nightFromHour: z.int().min(0).max(23).default(2),
    nightToHour: z.int().min(1).max(24).default(5),
    /** A customer whose flow never falls to it within a day has a leak. */
    leakAboveLitresPerHour: z.number().min(0).max(1_000).default(0),
    /** Limits of water quality, both ends allowed, null for none (after WHO drinking-water guidelines). */
    limits: z
      .partialRecord(z.enum(WATER_QUALITY), z.tuple([z.number().nullable(), z.number().nullable()]))
      .default({ ph: [6.5, 8.5], turbidity: [null, 5], free_chlorine: [0.2, 5] }),
  })
  .prefault({});

const outagesSchema = z
  .strictObject({
    /** An interruption longer than this is sustained, any other momentary (IEEE 1366: 5 minutes). */
    sustainedOver: duration('5m'),
    /** False: one of exactly this length is sustained, too. */
    strict: z.boolean().default(true),
    /** Changes of supply are remembered for so long: a year, and the five before it that major event days are told from. */
    keep: duration('2200d'),
    /** Changes of supply that are remembered, of all devices together. */
    changesMax: z.int().min(1_000).max(20_000_000).default(1_000_000),
  })
  .prefault({});

const windowsSchema = z
  .strictObject({
    /** `wall`: now is the clock of the machine. `event`: now is the newest accepted event time (replay, back-fill, tests). */
    clock: z.enum(['wall', 'event']).default('wall'),
    /** How long after its end a window stays provisional, waiting for late readings. */
    lateness: duration('15m'),
    /** Readings of this time are kept in memory; older ones are filed, and their panes rebuilt from the store. */
    horizon: duration('2h'),
    /** A reading further ahead of its reception than this is quarantined. */
    aheadMax: duration('5m'),
    /** A reading older than this at reception is quarantined (`wall` only). */
    backlogMax: duration('400d'),
    /** A device is silent after this many expected intervals without a message, and at least `silentAfterMin`. */
    silentAfterIntervals: z.number().min(1).max(1_000).default(3),
    silentAfterMin: duration('5m'),
    /** Register neighbours further apart than this leave the time between them open (KPI.md 4.3). */
    counterGapMax: duration('3h'),
    /** How often changed windows are recomputed and sent to store and views. */
    tick: duration('1s'),
    seriesMax: z.int().min(1).max(1_000_000).default(20_000),
    /** What kept readings may take; those that find no room are filed as late ones are. */
    memoryMax: bytes('2GiB'),
    /** Late-filed readings that may wait for their panes to be rebuilt. */
    lateMax: z.int().min(1_000).max(10_000_000).default(1_000_000),
  })
  .prefault({});

const mqttSchema = z
  .strictObject({
    host: host.default('127.0.0.1'),
    port: port.default(1883),
    /** False: nothing listens for MQTT over plain TCP; `tls` or `webSocket` is needed then. */
    plain: z.boolean().default(true),
    /** MQTT over TLS, beside the plain port. */
    tls: mqttTlsSchema.optional(),
    /** MQTT over WebSocket, beside the other ports. */
    webSocket: mqttWebSocketSchema.optional(),
    /** True: addresses beyond the loopback may be listened on without TLS. */
    allowUnencrypted: z.boolean().default(false),
    /**
     * Who is let in without a name. `auto`: clients of this machine, while there are neither users nor devices;
     * `loopback`: clients of this machine; `everywhere`: anybody; `never`: nobody.
     */
    anonymous: z.enum(['auto', 'loopback', 'everywhere', 'never']).default('auto'),
    /** Users by name; the secret is read from the named environment variable at start, never from this file. */
    users: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(64),
          secretEnv: z.string().min(1),
          /** Topic filters that the user may publish to; `+` and `#` as in MQTT. */
          publish: z.array(z.string().min(1)).default(['in/#']),
          /** Topic filters that the user may subscribe to. */
          subscribe: z.array(z.string().min(1)).default([]),
        }),
      )
      .default([]),
    connectionsMax: z.int().min(1).max(200_000).default(10_000),
    /** Of one address; of an IPv6 network of 64 bits together. */
    connectionsPerAddressMax: z.int().min(1).max(200_000).default(2_000),
    /** New connections of one address, on average; ten times as many at once. */
    connectsPerSecondMax: z.int().min(1).max(100_000).default(50),
    /** True: the limits by address hold for this machine's own clients, too. */
    limitLoopback: z.boolean().default(false),
    /** A publish larger than this is acknowledged and quarantined. */
    payloadMax: bytes('64KiB'),
    /** A packet announced larger than this closes the connection. */
    packetMax: bytes('1MiB'),
    topicBytesMax: z.int().min(1).max(65_535).default(256),
    subscriptionsPerClientMax: z.int().min(1).max(10_000).default(20),
    keepaliveMax: duration('1h'),
    /** Messages come from a broker of its own; nothing is listened on then. */
    external: externalBrokerSchema.optional(),
    /** PUBLISH at QoS 0 and 1 is taken straight from the connection, past the broker library; the same, only faster. */
    fastLane: z.boolean().default(true),
    /** Filters of topics that every device may publish to, `{id}` standing for its id. */
    deviceTopics: deviceFilters(['in/{id}', 'in/{id}/+', 'in/{id}/{id}/#']),
    /** The same for each device `{id}` that a gateway `{gateway}` lists. */
    gatewayTopics: deviceFilters(['in/{gateway}/{id}/#']),
    /** Where a device may leave a will. */
    statusTopics: deviceFilters(STATUS_TOPICS),
    /** A will larger than this is refused, and the connection with it. */
    willMax: bytes('1KiB'),
    /** What a device may send on average; 16 times as much at once. Over it, it waits. */
    deviceBytesPerSecond: bytes('1MiB'),
  })
  .prefault({});

const httpSchema = z
  .strictObject({
    host: host.default('127.0.0.1'),
    port: port.default(8080),
    /**
     * Whether a login is needed. `auto`: on an address beyond the loopback always, on the loopback as soon as there is a
     * user; `on`: always; `off`: never, because something in front of it asks.
     */
    users: z.enum(['auto', 'on', 'off']).default('auto'),
    /** HTTP is spoken over TLS alone when this is there. */
    tls: z.strictObject(certificateFiles).optional(),
    /** True: an address beyond the loopback may be listened on without TLS. */
    allowUnencrypted: z.boolean().default(false),
    /** Devices may post their readings. */
    ingest: z.boolean().default(true),
    /** A body of a post larger than this is refused, as it is sent and when it is unpacked. */
    bodyMax: bytes('1MiB'),
    streamClientsMax: z.int().min(1).max(10_000).default(200),
  })
  .prefault({});

const storeSchema = z
  .strictObject({
    kind: z.enum(['duckdb']).default('duckdb'),
    memoryMax: bytes('512MiB'),
    /** With more than one, DuckDB waits for a commit in a loop on one thread while another does it: half again the CPU. */
    threads: z.int().min(1).max(64).default(1),
    /** Raw readings older than this are deleted from the store (`windows.clock: wall` only); panes and KPI values stay. */
    readingsAge: duration('90d'),
    /** Likewise panes of 15 minutes; those of hours and KPI values stay for ever. */
    quartersAge: duration('730d'),
    /** Rows of quarantine beyond these go, the oldest messages first. */
    quarantineRowsMax: z.int().min(1_000).max(10_000_000).default(200_000),
    /** And those received longer ago than this. */
    quarantineAge: duration('30d'),
  })
  .prefault({});

const snapshotSchema = z
  .strictObject({
    every: duration('30s'),
  })
  .prefault({});

const targetSchema = z.union([
  z.number(),
  z.strictObject({
    target: z.number(),
    /** Which way is better; that of the KPI when absent. */
    direction: z.enum(['higher', 'lower']).optional(),
  }),
]);

const reportedSchema = z.strictObject({
  /** U4SSC code. */
  kpi: z.string().min(1),
  /** Which number of the KPI, where it has several. */
  series: z.string().optional(),
  /** A year, a month, or the first and the last day. */
  period: z.union([z.string(), z.int().min(1900).max(2999).transform(String)]).refine(isPeriod, {
    error: (issue) => `"${String(issue.input)}" is no period; write 2025, 2025-06 or 2024-07-01/2025-06-30`,
  }),
  value: z.number(),
  source: z.string().min(1).max(500),
  quality: z.enum(DATA_QUALITIES, {
    error: (issue) => `"${String(issue.input)}" is no data-quality label; allowed are ${quoted(DATA_QUALITIES)}`,
  }),
});

/** city.yaml. Unknown keys are refused. */
export const citySchema = z.strictObject({
  city: z.strictObject({
    id,
    name: z.string().min(1),
    timeZone,
    /** As of a zone; absent: the sum of the zones. */
    population: populationSchema.optional(),
    /** What no sensor says of the city; see `CITY_FACTS`. */
    facts: factsSchema,
  }),
  zones: z.array(zoneSchema).max(10_000).default([]),
  devices: z.array(deviceSchema).max(200_000).default([]),
  noise: noiseSchema,
  water: waterSchema,
  outages: outagesSchema,
  /** What the city aims at, by KPI id or U4SSC code (`code/series` where the KPI has several numbers). */
  targets: z.record(z.string(), targetSchema).default({}),
  /** Values of U4SSC KPIs that the city enters. */
  reported: z.array(reportedSchema).max(10_000).default([]),
  /** KPIs of the city's own. */
  kpis: ownKpisSchema,
  mqtt: mqttSchema,
  http: httpSchema,
  journal: journalSchema,
  windows: windowsSchema,
  snapshot: snapshotSchema,
  store: storeSchema,
  /** Stores beside the embedded one. */
  stores: z.array(mirrorSchema).max(8).default([]),
  jobs: jobsSchema,
  /** Extra folder with device profiles of the city; they come before the built-in ones. */
  deviceProfiles: z.string().optional(),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    })
    .prefault({}),
});

/** city.yaml as it stands in the file, before defaults. */
export type CityFile = z.input<typeof citySchema>;
/** Checked and complete; sizes in bytes, durations in ms. */
export type CityConfig = z.output<typeof citySchema>;
export type ZoneConfig = z.output<typeof zoneSchema>;
export type DeviceConfig = z.output<typeof deviceSchema>;

/** Relations between keys that a schema of single keys cannot say; each names both keys and both values. */
export function checkRelations(config: CityConfig): string[] {
  return [
    ...checkZones(config),
    ...checkAreas(config),
    ...checkDevices(config),
    ...checkNoise(config),
    ...checkOwnKpis(config.kpis),
    ...checkWindows(config),
    ...checkMqtt(config.mqtt),
    ...checkHttp(config.http),
    ...checkJournal(config.journal, config.jobs),
    ...checkMirrors(config.stores),
    ...checkJobs(config.jobs),
    ...checkStore(config),
  ];
}

/** What late readings correct must be there still. */
function checkStore({ store: { readingsAge, quartersAge }, windows: { backlogMax } }: CityConfig): string[] {
  const least = Math.max(readingsAge, backlogMax);
  if (quartersAge >= least) return [];
  return [
    `store: quartersAge (${formatDuration(quartersAge)}) must be at least readingsAge (${formatDuration(readingsAge)}) and windows.backlogMax (${formatDuration(backlogMax)})`,
  ];
}

function checkAreas({ city, zones }: CityConfig): string[] {
  return [
    ...checkFacts('city', city, city.timeZone),
    ...zones.flatMap((zone) => checkFacts(`zones: "${zone.id}"`, zone, city.timeZone)),
  ];
}

function checkZones(config: CityConfig): string[] {
  const problems: string[] = [];
  const ids = new Set<string>([config.city.id]);
  for (const zone of config.zones) {
    if (ids.has(zone.id)) problems.push(`zones: id "${zone.id}" stands twice (zones and city share one list of ids)`);
    ids.add(zone.id);
  }
  const parents = new Map(config.zones.map((zone) => [zone.id, zone.parent]));
  for (const zone of config.zones) {
    if (zone.parent === undefined) continue;
    if (!parents.has(zone.parent)) problems.push(`zones: "${zone.id}" has the unknown parent "${zone.parent}"`);
    else if (isItsOwnAncestor(zone.id, parents))
      problems.push(`zones: "${zone.id}" lies in itself through its parents`);
  }
  return problems;
}

function isItsOwnAncestor(zone: string, parents: ReadonlyMap<string, string | undefined>): boolean {
  let at = parents.get(zone);
  for (let steps = 0; at !== undefined && steps <= parents.size; steps++) {
    if (at === zone) return true;
    at = parents.get(at);
  }
  return false;
}

function checkDevices(config: CityConfig): string[] {
  const zones = new Set(config.zones.map((zone) => zone.id));
  const problems: string[] = [];
  for (const device of config.devices) {
    if (device.zone !== undefined && !zones.has(device.zone)) {
      problems.push(
        `devices: "${device.match}" is in the unknown zone "${device.zone}"; known: ${[...zones].join(', ') || 'none'}`,
      );
    }
    if (device.expectEvery !== undefined && parseDuration(device.expectEvery) === undefined) {
      problems.push(`devices: "${device.match}" has expectEvery "${device.expectEvery}"; write 60s, 15m or 1h`);
    }
  }
  return problems;
}

/** Day, evening and night must fill 24 hours in this order, each with an hour at least (Directive 2002/49/EC, annex I). */
function checkNoise({ noise }: CityConfig): string[] {
  const { dayStartHour, eveningStartHour, nightStartHour } = noise;
  const hoursTo = (from: number, to: number): number => (to - from + 24) % 24;
  const periods = [
    hoursTo(dayStartHour, eveningStartHour),
    hoursTo(eveningStartHour, nightStartHour),
    hoursTo(nightStartHour, dayStartHour),
  ];
  if (periods.every((hours) => hours > 0) && periods.reduce((sum, hours) => sum + hours, 0) === 24) return [];
  return [
    `noise: dayStartHour (${dayStartHour}), eveningStartHour (${eveningStartHour}) and nightStartHour ` +
      `(${nightStartHour}) must follow each other round the clock`,
  ];
}

/** Posts wait for the journal in a bounded memory: a body must be a small part of it. */
const BODY_BYTES_MAX = 16 * 2 ** 20;

function checkHttp({ bodyMax }: CityConfig['http']): string[] {
  return bodyMax <= BODY_BYTES_MAX ? [] : [`http: bodyMax (${bodyMax} B) must not exceed ${BODY_BYTES_MAX} B`];
}

/** Each tick is a time mark in the journal, and with it a sync of the disk. */
const TICK_MS_MIN = 100;

function checkWindows(config: CityConfig): string[] {
  const problems: string[] = [];
  const { lateness, horizon, tick } = config.windows;
  if (tick < TICK_MS_MIN) {
    problems.push(`windows: tick (${formatDuration(tick)}) must be at least ${formatDuration(TICK_MS_MIN)}`);
  }
  if (lateness > horizon) {
    problems.push(
      `windows: lateness (${formatDuration(lateness)}) must not be longer than horizon (${formatDuration(horizon)})`,
    );
  }
  problems.push(...checkWindowMemory(config));
  if (config.water.nightFromHour >= config.water.nightToHour) {
    problems.push(
      `water: nightFromHour (${config.water.nightFromHour}) must be before nightToHour (${config.water.nightToHour})`,
    );
  }
  for (const kind of QUANTITIES.values()) if (kind.min >= kind.max) problems.push(`quantity ${kind.id} has no range`);
  return problems;
}

/** What the engine addresses at most, and what it needs before the first reading: a header and a place in a list a series. */
const WINDOW_MEMORY_BYTES_MAX = 4 * 2 ** 30;
const WINDOW_MEMORY_BYTES_MIN = 16 * 2 ** 20;
const SERIES_BYTES_MIN = 128;

function checkWindowMemory({ windows: { memoryMax, seriesMax } }: CityConfig): string[] {
  const bytesMin = WINDOW_MEMORY_BYTES_MIN + seriesMax * SERIES_BYTES_MIN;
  if (memoryMax >= bytesMin && memoryMax <= WINDOW_MEMORY_BYTES_MAX) return [];
  return [
    `windows: memoryMax (${memoryMax} B) must be from ${bytesMin} B, for a seriesMax of ${seriesMax}, to ${WINDOW_MEMORY_BYTES_MAX} B`,
  ];
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function isPeriod(text: string): boolean {
  if (/^\d{4}$/.test(text)) return true;
  if (/^\d{4}-\d{2}$/.test(text)) return isDate(`${text}-01`);
  const [first = '', last = '', ...more] = text.split('/');
  return more.length === 0 && isDate(first) && isDate(last) && first <= last;
}
