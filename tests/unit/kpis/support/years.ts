import { calendarOf, HOUR_MS } from '../../../../src/base/index.ts';
import { DayLedger } from '../../../../src/kpis/day-ledger.ts';
import type { DeviceFacts, Part, WeightedPart, ZoneFacts } from '../../../../src/kpis/index.ts';
import { elapsedDays } from '../../../../src/kpis/long-windows.ts';
import { type CityFactId, type FactsInForce, NO_FACTS } from '../../../../src/model/index.ts';
import { at, kpi, NO_DEVICE_FACTS, SETTINGS } from './fakes.ts';

export const MADRID = calendarOf('Europe/Madrid');
const YEAR_2026 = { startMs: at('2025-12-31T23:00:00Z'), endMs: at('2026-12-31T23:00:00Z') };

type Told = Partial<Record<CityFactId, number>>;

/** What a test says of a zone. */
export function facts(told: Told = {}, population = 100): ZoneFacts {
  const fact: FactsInForce = (id) => {
    const value = told[id];
    if (value === undefined) return NO_FACTS(id);
    return { value, fromMs: Number.NEGATIVE_INFINITY, source: '', quality: 'Based on accurate measurements' };
  };
  return { id: 'z', population, fact };
}

/** A meter's day: its amounts, and whether it is valid. */
export function meter(role: DeviceFacts['role'], amounts: Part['amounts'] & object, more: Partial<DeviceFacts> = {}) {
  const part: Part = { value: null, validCount: 24, expectedCount: 24, valid: true, note: '', amounts };
  return { part, facts: { ...NO_DEVICE_FACTS, role, ...more } };
}

export function notValid(one: ReturnType<typeof meter>): ReturnType<typeof meter> {
  return { ...one, part: { ...one.part, validCount: 0, valid: false } };
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * What a KPI makes of the days that the ledger holds of one subject, before facts of a zone; the days follow each other
 * from the first of January 2026 (or from an instant), `null` is one that said nothing, and the day after the last runs.
 */
export function folded(
  id: string,
  days: readonly (Part | null)[],
  fromMs = YEAR_2026.startMs,
  bounds: Span = YEAR_2026,
): Part {
  const fold = kpi(id).days;
  if (fold === undefined) throw new Error(`${id} is not made of days`);
  const ledger = new DayLedger();
  let atMs = fromMs;
  for (const part of days) {
    ledger.put(fold.of.id, 'z', atMs, part);
    atMs = MADRID.dayEnd(atMs);
  }
  const nowMs = atMs + HOUR_MS;
  const records = (since: number, until: number) => ledger.days(fold.of.id, 'z', since, until);
  const window = { ...bounds, calendar: MADRID, nowMs, settings: SETTINGS, cityFacts: NO_FACTS };
  const span = { window, ...elapsedDays(MADRID, bounds, nowMs), before: records(0, bounds.startMs) };
  return fold.fold(records(bounds.startMs, bounds.endMs), span);
}

/** Of a zone: its days, each the meters that are in it. */
export function yearOfMeters(id: string, days: readonly (readonly ReturnType<typeof meter>[] | null)[]): Part {
  const { days: fold } = kpi(id);
  const parts = days.map((meters) => (meters === null ? null : (fold?.of.spatial.zone(meters, facts()) ?? null)));
  return folded(id, parts);
}

/** What is published of a zone. */
export function published(id: string, part: Part, told: Told = {}, population = 100): Part {
  return kpi(id).spatial.whole?.(part, facts(told, population)) ?? part;
}

export function cityOf(id: string, parts: readonly WeightedPart[], told: Told = {}, population = 100): Part {
  return published(id, kpi(id).spatial.parent(parts), told, population);
}
