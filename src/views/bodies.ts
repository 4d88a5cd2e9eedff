import { isoTime } from '../base/index.ts';
import type { DevicePlacement } from '../config/index.ts';
import type { KpiInfo, KpiTarget } from '../kpis/index.ts';
import {
  type Accounting,
  type DataQuality,
  QUALITY_NAMES,
  qualityWith,
  type RevisedValue,
  type Series,
} from '../model/index.ts';
import { type DeviceRow, type QuarantineRow, ReadingStatus, type StoredReading } from '../store/index.ts';
import type { AggregateRow } from '../windows/index.ts';
import type {
  AccountingBody,
  AggregateRowBody,
  DeviceBody,
  KpiInfoBody,
  KpiValueBody,
  QuarantineBody,
  ReadingBody,
  SeriesBody,
} from './http/schemas.ts';
import { isoOrNull } from './times.ts';
import type { ViewSources } from './views.ts';

/*
 * The words of the model as they stand in JSON: times as ISO text, seconds where people look, no NaN and no Infinity.
 * API, stream and KPI topics all use these.
 */

/** Makes bodies of KPI values, each with the data-quality label that its city facts leave it (KPI.md 1.3). */
export function kpiBodies({ kpis, facts }: Pick<ViewSources, 'kpis' | 'facts'>): (value: RevisedValue) => KpiValueBody {
  const factsOf = new Map(kpis.map((info) => [info.id, info.facts ?? []]));
  return (value) => {
    const { startMs, endMs, watermarkMs, ...rest } = value;
    return {
      ...rest,
      value: finiteOrNull(value.value),
      reason: value.reason ?? null,
      start: isoTime(startMs),
      end: isoTime(endMs),
      watermark: isoOrNull(watermarkMs),
      quality: qualityWith(factsOf.get(value.kpi) ?? [], facts(value.zone, startMs)),
    };
  };
}

/**
 * @param aim what the city aims at; a direction of its own takes the place of the KPI's
 * @param quality label that a value of the city has now
 */
export function kpiInfoBody(info: KpiInfo, aim: number | KpiTarget | undefined, quality: DataQuality): KpiInfoBody {
  const { target, direction }: Partial<KpiTarget> = typeof aim === 'number' ? { target: aim } : (aim ?? {});
  return {
    ...info,
    bands: info.bands.map((band) => ({ ...band, upTo: finiteOrNull(band.upTo) })),
    scopes: [...info.scopes],
    facts: [...(info.facts ?? [])],
    target: target ?? null,
    direction: direction ?? info.direction,
    quality,
  };
}

export function deviceBody(row: DeviceRow, placement: DevicePlacement): DeviceBody {
  return {
    device: row.device,
    profile: row.profile,
    gateway: row.gateway,
    zone: row.zone,
    name: placement.name,
    location: placement.location ?? null,
    role: placement.role,
    firstSeen: isoOrNull(row.firstSeenMs),
    lastEvent: isoOrNull(row.lastEventMs),
    lastReceived: isoOrNull(row.lastReceivedMs),
    readings: row.readingCount,
    silent: row.silent,
  };
}

export function seriesBody(series: Series): SeriesBody {
  const { expectEveryMs, ...rest } = series;
  return { ...rest, expectEverySeconds: expectEveryMs / 1000 };
}

export function aggregateRowBody(row: AggregateRow): AggregateRowBody {
  const { startMs, endMs, expectedParts, ...rest } = row;
  return { ...rest, start: isoTime(startMs), end: isoTime(endMs), expected: expectedParts };
}

const STATUS_NAMES = {
  [ReadingStatus.counted]: 'counted',
  [ReadingStatus.invalid]: 'invalid',
  [ReadingStatus.lateFiled]: 'lateFiled',
  [ReadingStatus.again]: 'again',
} as const;

export function qualityName(quality: number): ReadingBody['quality'] {
  return QUALITY_NAMES[quality] ?? 'unchecked';
}

export function readingBody(reading: StoredReading): ReadingBody {
  return {
    time: isoTime(reading.timeMs),
    value: finiteOrNull(reading.value),
    quality: qualityName(reading.quality),
    status: STATUS_NAMES[reading.status as keyof typeof STATUS_NAMES] ?? 'counted',
  };
}

export function quarantineBody(row: QuarantineRow): QuarantineBody {
  const { receivedAtMs, ...rest } = row;
  return { ...rest, receivedAt: isoTime(receivedAtMs) };
}

function isBalanced({ received, ...ends }: { readonly received: number }): boolean {
  return Object.values(ends).reduce((sum: number, count) => sum + Number(count), 0) === received;
}

/** Whether the two identities of the accounting hold: what was received went somewhere, once. */
export function balanceOf({ messages, readings, again }: Accounting): { messages: boolean; readings: boolean } {
  return {
    messages: isBalanced(messages) && isBalanced(again.messages),
    readings: isBalanced(readings) && isBalanced(again.readings),
  };
}

/** Accounting with how far each consumer is, the rates and what is not well. */
export function accountingBody(accounting: Accounting, sources: ViewSources, nowMs: number): AccountingBody {
  const progress = sources.progress();
  const rates = sources.rates();
  return {
    sequence: accounting.sequence,
    messages: { ...accounting.messages },
    readings: { ...accounting.readings },
    again: accounting.again,
    rejects: { ...accounting.rejects },
    balanced: balanceOf(accounting),
    progress: {
      durableSequence: progress.durableSequence,
      engineSequence: progress.engineSequence,
      storeSequence: progress.storeSequence,
      engineLagSeconds: progress.engineLagMs / 1000,
    },
    rates: { messagesPerSecond: rates.messagesPerS, readingsPerSecond: rates.readingsPerS },
    problems: [...sources.problems()],
    at: isoTime(nowMs),
  };
}

function finiteOrNull(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
