import { DAY_MS, HOUR_MS, MINUTE_MS, manualClock, QUARTER_MS } from '../../../src/base/index.ts';
import { type Config, citySchema } from '../../../src/config/index.ts';
import { U4SSC_KPIS, u4sscOverview } from '../../../src/kpis/index.ts';
import {
  type Accounting,
  type KpiValue,
  NOTHING_AGAIN,
  QUANTITIES,
  REJECT_REASONS,
  type Series,
} from '../../../src/model/index.ts';
import type { DeviceRow, KpiQuery, QuarantineQuery, QuarantineRow, StoredReading } from '../../../src/store/index.ts';
import type { ClusterStanding, LiveUpdate, ViewSources } from '../../../src/views/index.ts';
import { aggregateNeed, aggregatePanes, aggregateReadings } from '../../../src/windows/index.ts';
import { factsOfZones } from '../../../src/workers/kpi-city.ts';
import { seriesTerms } from '../../../src/workers/pipeline.ts';
import { fakeHistory, fakePane, fakeReading, fakeValue, hashRatio, newestEnd } from './fake-history.ts';
import { FAKE_KPIS } from './fake-kpis.ts';
import { fakeWhy } from './fake-why.ts';

/** 18 June 2026, 14:25 UTC: a Thursday afternoon. */
export const FAKE_NOW_MS = Date.UTC(2026, 5, 18, 14, 25);

export interface FakeOptions {
  /** 60 when absent. */
  readonly deviceCount?: number;
  /** Sections laid over the fake city's configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** View sources without a product behind them, and the levers that move them. */
export interface FakeSources extends ViewSources {
  readonly clock: ReturnType<typeof manualClock>;
  /** Tells listeners of a tick; what is absent is empty, and the sequence goes up by 10. */
  push(update?: Partial<LiveUpdate>): LiveUpdate;
  /** What readiness reports. */
  problemList: string[];
  /** Replaces parts of the accounting. */
  setAccounting(accounting: Accounting): void;
  /** Spreads the city over processes, which it is not at first. */
  setCluster(standing: ClusterStanding | undefined): void;
  readonly listenerCount: () => number;
}

const ZONES = [
  { id: 'centre', name: 'Centre', population: 61_200, areaKm2: 6.4 },
  { id: 'old-town', name: 'Old Town', parent: 'centre', population: 22_400, areaKm2: 1.9 },
  { id: 'harbour', name: 'Harbour', parent: 'centre', population: 18_900, areaKm2: 2.7 },
  { id: 'north', name: 'North', population: 74_800, areaKm2: 14.2 },
  { id: 'north-hill', name: 'North Hill', parent: 'north', population: 31_500, areaKm2: 5.1 },
  { id: 'university', name: 'University', parent: 'north', population: 26_000, areaKm2: 4.4 },
  { id: 'riverside', name: 'Riverside', population: 52_300, areaKm2: 9.8 },
  { id: 'industrial-park', name: 'Industrial Park', population: 26_000, areaKm2: 21.5 },
];

const LEAF_ZONES = ['old-town', 'harbour', 'north-hill', 'university', 'riverside', 'industrial-park'];

const KINDS = [
  { prefix: 'aq', profile: 'senseair/aq-station', quantities: ['pm2_5', 'pm10', 'no2', 'temperature', 'humidity'] },
  { prefix: 'noise', profile: 'generic/class-1-sound', quantities: ['laeq', 'la_max'] },
  { prefix: 'wm', profile: 'wmbus/ultrasonic-meter', quantities: ['water_volume', 'water_flow', 'battery_level'] },
  { prefix: 'em', profile: 'generic/three-phase-meter', quantities: ['energy_import', 'power_active'] },
] as const;

/** Creates a fake city with four domains, eight zones and KPI history of over a year. */
export function createFakeSources(options: FakeOptions = {}): FakeSources {
  const clock = manualClock(FAKE_NOW_MS);
  const config = fakeConfig(options.config);
  const devices = fakeDevices(options.deviceCount ?? 60);
  const series = fakeSeries(devices);
  const termsOf = seriesTerms(config);
  const listeners = new Set<(update: LiveUpdate) => void>();
  const problemList: string[] = [];
  let accounting = fakeAccounting(84_230);
  let cluster: ClusterStanding | undefined;
  let sequence = accounting.sequence;
  return {
    config,
    version: '0.1.0-test',
    store: fakeStore(config, devices, series, fakeQuarantine()),
    kpis: FAKE_KPIS,
    u4ssc: { kpis: U4SSC_KPIS, overview: u4sscOverview },
    facts: factsOfZones(config),
    windows: { aggregateNeed, aggregatePanes, aggregateReadings, paneRuleOf: (series) => termsOf(series).rule },
    clock,
    problemList,
    why: async (question) => {
      const info = FAKE_KPIS.find(({ id }) => id === question.kpi);
      if (info === undefined) return undefined;
      // Windows of the fake city end with an hour or a day.
      const endMs = question.atMs === undefined ? newestEnd(info, FAKE_NOW_MS) : question.atMs + 1;
      return fakeWhy(config, info, question, fakeValue(info, question.scope, endMs, FAKE_NOW_MS));
    },
    accounting: () => accounting,
    progress: () => ({
      durableSequence: sequence + 3,
      engineSequence: sequence,
      storeSequence: sequence - 40,
      engineLagMs: 120,
    }),
    engineStanding: () => ({
      nowMs: clock.nowMs(),
      late: { waiting: 12, rebuilt: 345, repeated: 6, tooOld: 7, noPlace: 8 },
      outages: { changes: 20, tooOld: 1, noPlace: 2, repeatsLeft: 3 },
      events: { empty: 4, silent: 3, heard: 2, revised: 1 },
    }),
    postStats: () => ({ received: 77, accepted: 71, waitingForJournal: 2, refused: { login: 3 } }),
    cluster: () => cluster,
    brokerStats: () => ({
      connectedClients: 58,
      connectionsTotal: 131,
      receivedQos0: 12_004,
      receivedQos1: 71_998,
      receivedQos2: 228,
      waitingForJournal: 3,
      refused: { not_authorized: 4, topic: 2 },
    }),
    quarantineDropped: () => 0,
    mirrors: () => [],
    journalStats: () => ({
      firstSequence: 1,
      durableSequence: sequence + 3,
      bytesOnDisk: 48_234_112,
      segmentCount: 3,
      commitCount: 20_311,
      recordCount: sequence + 3,
      syncMsMax: 18.4,
      waitingRecords: 3,
      waitingBytes: 1_204,
    }),
    jobCounts: async () => [
      { kind: 'export', state: 'active' as const, count: 1 },
      { kind: 'export', state: 'completed' as const, count: 7 },
      { kind: 'decode-again', state: 'failed' as const, count: 2 },
    ],
    rates: () => ({ messagesPerS: 41.6, readingsPerS: 118.3 }),
    problems: () => problemList,
    onUpdate(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    push(part = {}) {
      sequence = part.sequence ?? sequence + 10;
      const update: LiveUpdate = {
        sequence,
        atMs: clock.nowMs(),
        kpis: [],
        devices: [],
        accounting: { ...accounting, sequence },
        ...part,
      };
      accounting = update.accounting;
      for (const listener of listeners) listener(update);
      return update;
    },
    setAccounting(next) {
      accounting = next;
    },
    setCluster(standing) {
      cluster = standing;
    },
    listenerCount: () => listeners.size,
  };
}

/** The checked configuration of the fake city. */
export function fakeConfig(overrides: Readonly<Record<string, unknown>> = {}): Config {
  const city = citySchema.parse({
    city: { id: 'marenza', name: 'Marenza', timeZone: 'Europe/Madrid', population: 214_300 },
    zones: ZONES,
    devices: [
      { match: 'aq-0000', zone: 'old-town', name: 'Cathedral square', location: [37.3858, -5.9931] },
      { match: 'wm-*', role: 'customer' },
      { match: 'em-*', role: 'customer' },
    ],
    targets: {
      'air-pm2-5-24h': 15,
      'air-pm2-5-year': 5,
      'noise-lden-day': 53,
      'water-consumption': 130,
      'energy-renewable': 60,
    },
    http: { port: 0 },
    ...overrides,
  });
  return { ...city, dataFolder: '/nowhere', file: '/nowhere/city.yaml', secrets: new Map() };
}

/** The newest value of a KPI and zone, as the store would hold it. */
export function newestValue(kpi: string, zone: string, change: Partial<KpiValue> = {}): KpiValue {
  const info = FAKE_KPIS.find(({ id }) => id === kpi);
  if (info === undefined) throw new Error(`no fake KPI ${kpi}`);
  return { ...fakeValue(info, zone, newestEnd(info, FAKE_NOW_MS), FAKE_NOW_MS), ...change };
}

function fakeDevices(deviceCount: number): DeviceRow[] {
  return Array.from({ length: deviceCount }, (_, index) => {
    const kind = KINDS[index % KINDS.length]!;
    const device = `${kind.prefix}-${String(Math.floor(index / KINDS.length)).padStart(4, '0')}`;
    const silent = hashRatio(`${device}silent`) > 0.93;
    const agoMs = silent ? HOUR_MS * (1 + hashRatio(`${device}ago`) * 60) : 1000 + hashRatio(`${device}ago`) * 55_000;
    return {
      device,
      profile: kind.profile,
      gateway: kind.prefix === 'wm' ? `gw-${Math.floor(hashRatio(device) * 6)}` : '',
      zone:
        device === 'aq-0000'
          ? 'old-town'
          : (LEAF_ZONES[Math.floor(hashRatio(`${device}zone`) * LEAF_ZONES.length)] ?? ''),
      firstSeenMs: FAKE_NOW_MS - 90 * DAY_MS,
      lastEventMs: FAKE_NOW_MS - agoMs - 400,
      lastReceivedMs: FAKE_NOW_MS - agoMs,
      readingCount: 4_000 + Math.floor(hashRatio(`${device}count`) * 90_000),
      silent,
    };
  }).sort((a, b) => (a.device < b.device ? -1 : 1));
}

function fakeSeries(devices: readonly DeviceRow[]): Series[] {
  let id = 0;
  return devices.flatMap(({ device, profile }) => {
    const kind = KINDS.find((candidate) => candidate.profile === profile)!;
    return kind.quantities.map((quantity) => {
      const { unit, kind: quantityKind, domain } = QUANTITIES.get(quantity)!;
      return { id: id++, device, quantity, channel: '', unit, kind: quantityKind, domain, expectEveryMs: MINUTE_MS };
    });
  });
}

function fakeAccounting(sequence: number): Accounting {
  const messages = { received: 84_210, decoded: 81_944, ignored: 2_130, quarantined: 136 };
  const readings = {
    received: 241_880,
    counted: 238_106,
    invalid: 1_204,
    duplicate: 2_307,
    lateFiled: 190,
    quarantined: 73,
  };
  const rejects = {
    malformed: 61,
    unknown_topic: 58,
    time_in_future: 41,
    conflict: 22,
    id_not_allowed: 17,
    unknown_unit: 10,
  };
  return { sequence, messages, readings, again: NOTHING_AGAIN, rejects };
}

function fakeQuarantine(): QuarantineRow[] {
  const details: Readonly<Record<string, string>> = {
    malformed: 'cannot decode the payload: unexpected end of JSON at byte 41',
    unknown_topic: 'cannot find a profile for the topic',
    time_in_future: 'measured 00:17:02 after it was received; allowed 5m',
    conflict: 'another value, 12.4, was counted for the same instant',
    value_not_finite: 'the value is NaN',
  };
  const reasons = Object.keys(details);
  return Array.from({ length: 260 }, (_, index) => {
    const reason = reasons[Math.floor(hashRatio(`reason${index}`) * reasons.length)]!;
    const device = `aq-${String(index % 15).padStart(4, '0')}`;
    return {
      sequence: 84_000 - index * 37,
      index: reason === 'conflict' ? 2 : -1,
      receivedAtMs: FAKE_NOW_MS - index * 411_000,
      reason: REJECT_REASONS.find((known) => known === reason) ?? 'malformed',
      detail: details[reason] ?? '',
      topic: `in/senseair/${device}/up`,
      clientId: `gateway-${index % 4}`,
      device,
      payloadBytes: 180 + index,
      payloadHead: `{"id":"${device}","t":"2026-06-18T14:4`,
    };
  });
}

function fakeStore(
  config: Config,
  devices: readonly DeviceRow[],
  series: readonly Series[],
  quarantine: readonly QuarantineRow[],
): ViewSources['store'] {
  const zones = [config.city.id, ...config.zones.map(({ id }) => id)];
  const pairs = FAKE_KPIS.flatMap((info) =>
    zones
      .filter((zone) => info.scopes.includes(zone === config.city.id ? 'city' : 'zone'))
      .map((zone) => ({ info, zone })),
  );
  const readingsOf = (id: number, fromMs: number, toMs: number): StoredReading[] => {
    const found = series[id];
    const rows: StoredReading[] = [];
    if (found === undefined) return rows;
    const firstMs = Math.ceil(Math.max(fromMs, FAKE_NOW_MS - 40 * DAY_MS) / MINUTE_MS) * MINUTE_MS;
    for (let timeMs = firstMs; timeMs < Math.min(toMs, FAKE_NOW_MS); timeMs += MINUTE_MS) {
      rows.push(fakeReading(id, found.device, found.quantity, timeMs));
    }
    return rows;
  };
  return {
    series: async (filter) =>
      series.filter(
        (row) =>
          (filter.device === undefined || row.device === filter.device) &&
          (filter.quantity === undefined || row.quantity === filter.quantity) &&
          (filter.channel === undefined || row.channel === filter.channel),
      ),
    devices: async () => devices,
    readings: async (id, { fromMs, toMs }, limit) => readingsOf(id, fromMs, toMs).slice(0, limit),
    panes: async (id, level, { fromMs, toMs }) => {
      const { device, quantity, kind } = series[id]!;
      const stepMs = level === 'quarter' ? QUARTER_MS : level === 'hour' ? HOUR_MS : DAY_MS;
      const panes = [];
      const firstMs = Math.ceil(Math.max(fromMs, FAKE_NOW_MS - 40 * DAY_MS) / stepMs) * stepMs;
      for (let startMs = firstMs; startMs < Math.min(toMs, FAKE_NOW_MS); startMs += stepMs) {
        panes.push(fakePane(device, quantity, kind, startMs, startMs + stepMs));
      }
      return panes;
    },
    latest: async (ids) => ids.flatMap((id) => readingsOf(id, FAKE_NOW_MS - 2 * MINUTE_MS, FAKE_NOW_MS).slice(-1)),
    kpis: async (query: KpiQuery) =>
      pairs
        .filter(({ info, zone }) => (query.kpi ?? info.id) === info.id && (query.zone ?? zone) === zone)
        .filter(({ info }) => (query.window ?? info.window) === info.window)
        .flatMap(({ info, zone }) => fakeHistory(info, zone, query.fromMs, query.toMs, FAKE_NOW_MS))
        .sort((a, b) => a.startMs - b.startMs)
        .slice(0, query.limit),
    latestKpis: async () => pairs.map(({ info, zone }) => newestValue(info.id, zone)),
    quarantine: async ({ reason, device, beforeSequence, limit }: QuarantineQuery) =>
      quarantine
        .filter((row) => (reason ?? row.reason) === row.reason && (device ?? row.device) === row.device)
        .filter((row) => beforeSequence === undefined || row.sequence < beforeSequence)
        .slice(0, limit),
    stats: async () => ({
      stamp: 0,
      madeAtMs: 0,
      openedAt: { position: 0, stamp: 0 },
      position: 84_190,
      readingCount: 238_106,
      bytesOnDisk: 31_457_280,
    }),
  };
}
