import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { OperatingError } from '../../src/base/index.ts';
import { CsvReader } from '../replay/index.ts';

/** One outage of the recording. */
export interface OutageEvent {
  readonly id: string;
  readonly state: string;
  readonly year: string;
  readonly zone: string;
  /** Local times as recorded, and the instants that they are in the state's zone, ms UTC; undefined where none is told. */
  readonly startMs: number | undefined;
  readonly restoredMs: number | undefined;
  /** As published, minutes of the clock. */
  readonly publishedMinutes: number | undefined;
  readonly customers: number | undefined;
  /** Customers served in the state in the year. */
  readonly customersServed: number;
}

/** File of a recording of outages: one row an event, and not one a reading. */
const FILE = 'events.csv';

/**
 * Main zone of each state, in which its local times are read: some states have parts in another one, and Indiana kept to
 * standard time until 2006, which the results to compare with do not know.
 */
const ZONES: Readonly<Record<string, string>> = {
  AK: 'America/Anchorage',
  AL: 'America/Chicago',
  AR: 'America/Chicago',
  AZ: 'America/Phoenix',
  CA: 'America/Los_Angeles',
  CO: 'America/Denver',
  CT: 'America/New_York',
  DC: 'America/New_York',
  DE: 'America/New_York',
  FL: 'America/New_York',
  GA: 'America/New_York',
  HI: 'Pacific/Honolulu',
  IA: 'America/Chicago',
  ID: 'America/Denver',
  IL: 'America/Chicago',
  IN: 'America/New_York',
  KS: 'America/Chicago',
  KY: 'America/New_York',
  LA: 'America/Chicago',
  MA: 'America/New_York',
  MD: 'America/New_York',
  ME: 'America/New_York',
  MI: 'America/New_York',
};

/** The events file of a recording of outages; undefined for a recording of another form. */
export function findOutageEvents(recording: string): { readonly folder: string; readonly name: string } | undefined {
  const folder = resolve(recording);
  return existsSync(join(folder, FILE)) ? { folder, name: basename(folder) } : undefined;
}

/** Reads all events of a recording. @throws OperatingError `recording_unreadable` */
export function readOutageEvents(folder: string): readonly OutageEvent[] {
  const reader = new CsvReader();
  const records = [...reader.push(readFileSync(join(folder, FILE), 'utf8')), ...reader.end()];
  const header = records[0]?.fields ?? [];
  return records.slice(1).map(({ fields, malformed }, index) => {
    const row = Object.fromEntries(header.map((column, at) => [column, fields[at] ?? '']));
    const zone = ZONES[row.postal ?? ''];
    if (malformed || fields.length !== header.length || zone === undefined) {
      throw new OperatingError(
        'recording_unreadable',
        `cannot read ${FILE}: row ${index + 2} is no event of a known state`,
      );
    }
    return eventOf(row, zone);
  });
}

function eventOf(row: Readonly<Record<string, string>>, zone: string): OutageEvent {
  return {
    id: row.event ?? '',
    state: row.state ?? '',
    year: row.year ?? '',
    zone,
    startMs: localInstant(row.start_local ?? '', zone),
    restoredMs: localInstant(row.restored_local ?? '', zone),
    publishedMinutes: numberOf(row.duration_min ?? ''),
    customers: numberOf(row.customers_affected ?? ''),
    customersServed: numberOf(row.total_customers_state_year ?? '') ?? 0,
  };
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');

/**
 * Reads a time such as `Sunday, May 29, 2011 6:30:00 PM`; one that the clock skipped counts as if it had not been put
 * forward, one that it showed twice as the first.
 *
 * @returns undefined for `NA NA` and anything else
 */
export function localInstant(text: string, zone: string): number | undefined {
  const parts = /^[A-Z][a-z]+, ([A-Z][a-z]+) (\d{1,2}), (\d{4}) (\d{1,2}):(\d{2}):(\d{2}) (AM|PM)$/.exec(text.trim());
  const month = MONTHS.indexOf(parts?.[1] ?? '') + 1;
  if (parts === null || month === 0) return undefined;
  const [day, year, hour, minute, second] = parts.slice(2, 7).map(Number) as [number, number, number, number, number];
  const clock = { year, month, day, hour: (hour % 12) + (parts[7] === 'PM' ? 12 : 0), minute, second };
  return Temporal.ZonedDateTime.from({ ...clock, timeZone: zone }).epochMilliseconds;
}

/** Minutes between start and restoration as clocks on the wall showed them. */
export function wallMinutes({ startMs, restoredMs, zone }: OutageEvent): number | undefined {
  if (startMs === undefined || restoredMs === undefined) return undefined;
  return (restoredMs + offsetMs(restoredMs, zone) - startMs - offsetMs(startMs, zone)) / 60_000;
}

/** Minutes that passed between start and restoration. */
export function realMinutes({ startMs, restoredMs }: OutageEvent): number | undefined {
  return startMs === undefined || restoredMs === undefined ? undefined : (restoredMs - startMs) / 60_000;
}

function offsetMs(atMs: number, zone: string): number {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).offsetNanoseconds / 1e6;
}

function numberOf(text: string): number | undefined {
  return text === '' || text === 'NA' ? undefined : Number(text);
}
